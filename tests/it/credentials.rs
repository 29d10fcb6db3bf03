//! Credentials as people have them: environment, profiles, roles, logins that ran out. Nothing leaves the process.
//!
//! The SDK reads environment and home folder itself, so each case runs again in a process of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use infra::cloud::aws::{Aws, Settings};
use infra::cloud::{Account, CloudError, Clouds, ErrorKind, Stack, Target};

use crate::support::script::{Script, answer, error, wait};

const ROLE: &str = "arn:aws:iam::111111111111:role/deploy";

/// Runs `body` in a child that has only these variables; the parent fails with what the child said.
fn with_environment(test: &str, variables: &[(&str, &str)], body: impl FnOnce()) {
    if std::env::var("INFRA_TEST_CHILD").is_ok_and(|name| name == test) {
        return body();
    }
    let home = home(test);
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("credentials::{test}"), "--nocapture"])
        .env_clear()
        .env("INFRA_TEST_CHILD", test)
        .env("HOME", &home)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "the child ran no test: {said}");
}

/// An empty home folder of that test.
fn home(test: &str) -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("home").join(test);
    let _ = std::fs::remove_dir_all(&home);
    std::fs::create_dir_all(home.join(".aws/sso/cache")).unwrap();
    home
}

fn account() -> Account {
    Account { name: "prod".into(), ..Account::default() }
}

/// Looks for a stack with real credentials in a world where the script answers.
fn look(script: &Script, account: Account) -> Result<Option<Stack>, CloudError> {
    let clouds = Aws::new(Settings { real_credentials: true, ..script.settings() });
    wait(clouds.at(&Target { account, region: "eu-west-1".into() }).stack("web"))
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];

#[test]
fn a_bad_retry_setting_in_the_environment_does_no_harm() {
    let variables = [KEYS[0], KEYS[1], ("AWS_MAX_ATTEMPTS", "abc"), ("AWS_RETRY_MODE", "legacy")];
    with_environment("a_bad_retry_setting_in_the_environment_does_no_harm", &variables, || {
        let script = Script::new([(400, error("Throttling", "Rate exceeded"))]);
        assert_eq!(look(&script, account()).unwrap_err().kind, ErrorKind::Throttled);
        assert_eq!(script.asked().len(), 8);
        assert!(script.headers()[0]["authorization"].contains("Credential=AKIDEXAMPLE/"));
        let agent = &script.headers()[0]["x-amz-user-agent"];
        assert!(agent.contains("app/infra") && agent.contains("lib/infra/"), "{agent}");
    });
}

#[test]
fn no_credentials_is_said_soon() {
    with_environment("no_credentials_is_said_soon", &[], || {
        let script = Script::new([(200, "")]);
        let begin = Instant::now();
        let failure = look(&script, account()).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::NoCredentials);
        assert_eq!(failure.message, "there are no AWS credentials for account `prod`");
        assert!(failure.help.unwrap().contains("aws sso login"));
        assert!(script.asked().is_empty() && begin.elapsed().as_secs() < 10);
    });
}

#[test]
fn a_metadata_service_that_refuses_is_no_other_error() {
    let variables = [("AWS_EC2_METADATA_DISABLED", "false")];
    with_environment("a_metadata_service_that_refuses_is_no_other_error", &variables, || {
        let script = Script::new([(403, "")]);
        let failure = look(&script, account()).unwrap_err();
        assert_eq!(failure.message, "there are no AWS credentials for account `prod`");
        assert!(!script.asked().is_empty(), "it was asked");
    });
}

#[test]
fn a_login_that_ran_out_says_how_to_log_in() {
    with_environment("a_login_that_ran_out_says_how_to_log_in", &[], || {
        let aws = PathBuf::from(std::env::var("HOME").unwrap()).join(".aws");
        let config = "[profile prod]\nsso_session = corp\nsso_account_id = 111111111111\nsso_role_name = Admin\n\
                      region = eu-west-1\n[sso-session corp]\nsso_region = eu-west-1\n\
                      sso_start_url = https://corp.awsapps.com/start\n";
        std::fs::write(aws.join("config"), config).unwrap();
        // The file is named after the SHA-1 of the session's name.
        let token = r#"{"accessToken":"t","expiresAt":"2020-01-01T00:00:00Z","region":"eu-west-1",
            "startUrl":"https://corp.awsapps.com/start"}"#;
        std::fs::write(aws.join("sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json"), token).unwrap();
        let script = Script::new([(200, "")]);
        let failure = look(&script, Account { profile: Some("prod".into()), ..account() }).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::ExpiredCredentials, "{failure:?}");
        assert!(failure.help.unwrap().contains("aws sso login --profile prod"));
    });
}

#[test]
fn a_profile_that_is_not_there_is_named() {
    with_environment("a_profile_that_is_not_there_is_named", &[], || {
        let script = Script::new([(200, "")]);
        let failure = look(&script, Account { profile: Some("nope".into()), ..account() }).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::NoCredentials);
        assert!(failure.message.contains("profile `nope`"), "{failure}");
    });
}

#[test]
fn a_role_is_assumed_with_its_external_id() {
    with_environment("a_role_is_assumed_with_its_external_id", &KEYS, || {
        let credentials = "<Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
            <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
            <AssumedRoleUser><Arn>arn:aws:sts::111111111111:assumed-role/deploy/infra</Arn>\
            <AssumedRoleId>A:infra</AssumedRoleId></AssumedRoleUser>";
        let script = Script::new([
            (200, answer("AssumeRole", credentials)),
            (200, answer("DescribeStacks", "<Stacks></Stacks>")),
        ]);
        let account = Account { role: Some(ROLE.into()), external_id: Some("tenant-7".into()), ..account() };
        assert_eq!(look(&script, account).unwrap(), None);
        let asked = script.asked();
        for (field, value) in [
            ("Action", "AssumeRole"),
            ("RoleArn", ROLE),
            ("ExternalId", "tenant-7"),
            ("RoleSessionName", "infra"),
            ("DurationSeconds", "3600"),
        ] {
            assert_eq!(asked[0][field], value, "{field}");
        }
        assert_eq!(asked[1]["Action"], "DescribeStacks");
        assert!(script.headers()[1]["authorization"].contains("Credential=ASIAROLE/"));
    });
}

#[test]
fn a_role_that_may_not_be_assumed_is_named() {
    with_environment("a_role_that_may_not_be_assumed_is_named", &KEYS, || {
        let script = Script::new([(403, error("AccessDenied", "User is not authorized to perform sts:AssumeRole"))]);
        let failure = look(&script, Account { role: Some(ROLE.into()), ..account() }).unwrap_err();
        assert_eq!(failure.kind, ErrorKind::Denied);
        assert!(failure.message.contains(ROLE), "{failure}");
        assert!(failure.help.unwrap().contains("external_id"));
    });
}

#[test]
fn credentials_are_read_once_for_all_regions() {
    with_environment("credentials_are_read_once_for_all_regions", &KEYS, || {
        let script = Script::new([(200, answer("DescribeStacks", "<Stacks></Stacks>"))]);
        let clouds = Aws::new(Settings { real_credentials: true, ..script.settings() });
        for region in ["eu-west-1", "us-east-1"] {
            let cloud = clouds.at(&Target { account: account(), region: region.into() });
            assert_eq!(wait(cloud.stack("web")).unwrap(), None);
        }
        let scopes: Vec<_> = script.headers().iter().map(|h| h["authorization"].clone()).collect();
        assert!(scopes[0].contains("/eu-west-1/cloudformation/") && scopes[1].contains("/us-east-1/cloudformation/"));
    });
}
