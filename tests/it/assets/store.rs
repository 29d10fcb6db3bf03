//! The port to S3 through the real SDK client: what is sent, what is believed, what is tried again.

use std::sync::Arc;

use infra::cloud::aws::Aws;
use infra::cloud::{Clouds, ErrorKind, ObjectId, Store};

use infra::sandbox::Sandbox;

use crate::support::faults::{Fault, Faulty};
use crate::support::script::{Script, target, wait};

fn object() -> ObjectId {
    ObjectId { bucket: "shop-assets".into(), key: "assets/1234.zip".into() }
}

fn store(script: &Script) -> Arc<dyn Store> {
    Aws::new(script.settings()).store(&target("111111111111", "eu-west-1"))
}

fn error(code: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>said by S3</Message><RequestId>r</RequestId></Error>"
    )
}

const ADDRESS: &str = "https://shop-assets.s3.eu-west-1.amazonaws.com/assets/1234.zip";

#[test]
fn a_look_says_whose_the_bucket_must_be() {
    let script = Script::new([(200, "")]);
    assert!(wait(store(&script).holds(&object())).unwrap());
    assert_eq!(script.lines(), [format!("HEAD {ADDRESS}")]);
    assert_eq!(script.headers()[0]["x-amz-expected-bucket-owner"], "111111111111");
}

#[test]
fn absent_or_not_to_be_asked_is_no() {
    for status in [400, 403, 404, 301] {
        let script = Script::new([(status, "")]);
        assert!(!wait(store(&script).holds(&object())).unwrap(), "{status}");
        assert_eq!(script.lines().len(), 1, "{status}");
    }
    let script = Script::new([(503, "")]);
    assert!(wait(store(&script).holds(&object())).is_err());
    assert_eq!(script.lines().len(), 8);
}

#[test]
fn an_upload_carries_owner_checksum_and_condition_also_when_repeated() {
    let script = Script::new([(500, error("InternalError")), (503, error("SlowDown")), (200, String::new())]);
    wait(store(&script).put(&object(), b"hello".to_vec())).unwrap();
    assert_eq!(script.lines().len(), 3);
    for (line, headers) in script.lines().iter().zip(script.headers()) {
        assert!(line.starts_with(&format!("PUT {ADDRESS}")), "{line}");
        assert_eq!(headers["x-amz-expected-bucket-owner"], "111111111111");
        assert_eq!(headers["x-amz-checksum-sha256"], "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=");
        assert_eq!(headers["if-none-match"], "*");
        assert_eq!(headers["content-length"], "5");
    }
}

#[test]
fn who_was_faster_has_put_the_same_there() {
    let script = Script::new([(412, error("PreconditionFailed"))]);
    wait(store(&script).put(&object(), b"hello".to_vec())).unwrap();
    assert_eq!(script.lines().len(), 1);
    let script = Script::new([(409, error("ConditionalRequestConflict")), (200, String::new())]);
    wait(store(&script).put(&object(), b"hello".to_vec())).unwrap();
    assert_eq!(script.lines().len(), 2);
    let script = Script::new([(409, error("ConditionalRequestConflict"))]);
    assert!(wait(store(&script).put(&object(), b"hello".to_vec())).is_err());
    assert_eq!(script.lines().len(), 8);
}

#[test]
fn a_login_page_is_no_upload() {
    // The page of a proxy does not carry what S3 puts into every answer; the script does, so a real socket answers.
    let page = "<html>log in</html>";
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n{page}", page.len());
    let (endpoint, _) = crate::support::script::socket(vec![answer.into_bytes()]);
    let settings = infra::cloud::aws::Settings { endpoint: Some(endpoint), ..Default::default() };
    let store = Aws::new(settings).store(&target("111111111111", "eu-west-1"));
    let failure = wait(store.put(&object(), b"hello".to_vec())).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::NotAws, "{failure}");
}

fn refused(answers: &[(u16, String)]) -> String {
    let script = Script::new(answers.to_vec());
    let failure = wait(store(&script).put(&object(), b"hello".to_vec())).unwrap_err();
    assert_eq!(script.lines().len(), answers.len());
    format!("{failure} | {}", failure.help.as_deref().unwrap_or_default())
}

#[test]
fn refusals_say_what_to_do() {
    let none = refused(&[(404, error("NoSuchBucket"))]);
    assert!(none.contains("there is no bucket `shop-assets`"), "{none}");
    assert!(none.contains("`aws s3 mb s3://shop-assets --region eu-west-1`"), "{none}");

    // The bucket may be looked at: it is ours, and the permission to write is missing.
    let lacks = refused(&[(403, error("AccessDenied")), (200, String::new())]);
    assert!(lacks.contains("allow `s3:PutObject`") && !lacks.contains("somebody else"), "{lacks}");
    let foreign = refused(&[(403, error("AccessDenied")), (403, String::new())]);
    assert!(foreign.contains("belongs to somebody else than account `a111111111111` (111111111111)"), "{foreign}");
    let gone = refused(&[(403, error("AccessDenied")), (404, String::new())]);
    assert!(gone.contains("there is no bucket"), "{gone}");

    let elsewhere = refused(&[(301, error("PermanentRedirect"))]);
    assert!(elsewhere.contains("in another region than `eu-west-1`"), "{elsewhere}");
    assert!(elsewhere.contains(r#"assets: { "eu-west-1": "BUCKET" }"#), "{elsewhere}");
}

#[test]
fn lost_answers_change_nothing_in_the_end() {
    for fault in [Fault::LostBefore, Fault::LostAfter, Fault::Unavailable] {
        let sandbox = Sandbox::default();
        let faults =
            Faulty::new(sandbox.connector(), [("HeadObject", fault), ("PutObject", fault), ("HeadObject", fault)]);
        let clock = Script::default().settings();
        let settings = infra::cloud::aws::Settings { http: Some(faults.http()), ..clock };
        let store = Aws::new(settings).store(&target("111111111111", "eu-west-1"));
        wait(async {
            assert!(!store.holds(&object()).await.unwrap(), "{fault:?}");
            // Where the first attempt was carried out, the second one meets its own object.
            store.put(&object(), b"hello".to_vec()).await.unwrap();
            assert!(store.holds(&object()).await.unwrap(), "{fault:?}");
        });
        assert_eq!(faults.left(), 0, "{fault:?}");
    }
}
