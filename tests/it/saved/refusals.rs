//! Files that are not taken for a plan.

use super::*;
use infra::plan::Refused;

async fn small() -> Saved {
    let world = World::new();
    let wanted = desired([topic()]);
    filed(&keep(&world, &wanted, &[]).await, &wanted)
}

#[tokio::test(start_paused = true)]
async fn any_byte_that_differs_is_noticed() {
    let bytes = small().await.to_text().unwrap().into_bytes();
    assert!(Saved::read(&bytes).is_ok());
    let mut wrong = bytes.clone();
    for at in 0..bytes.len() {
        for other in [bytes[at] ^ 1, bytes[at] ^ 0x20, bytes[at] ^ 0x80, b' ', b'0', b'"'] {
            if other != bytes[at] {
                wrong[at] = other;
                assert!(Saved::read(&wrong).is_err(), "byte {at} as {other}");
            }
        }
        wrong[at] = bytes[at];
    }
    for at in 0..bytes.len() {
        let without: Vec<u8> = [&bytes[..at], &bytes[at + 1..]].concat();
        assert!(Saved::read(&without).is_err(), "without byte {at}");
        let with: Vec<u8> = [&bytes[..at], &[bytes[at]], &bytes[at..]].concat();
        assert!(Saved::read(&with).is_err(), "byte {at} twice");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_cut_off_says_so_wherever_it_is_cut() {
    let bytes = small().await.to_text().unwrap().into_bytes();
    for length in 0..bytes.len() {
        let refused = Saved::read(&bytes[..length]).unwrap_err();
        let expected = match length {
            0..2 => ["is empty", "is no plan file"][length.min(1)],
            2..18 => "is no plan file",
            // Only its last line end is missing: all that could be read is there.
            _ if length + 1 == bytes.len() => "was changed after it was saved",
            _ => "is cut off: its end is missing",
        };
        assert_eq!(refused.why, expected, "{length} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn each_refusal_says_what_it_is() {
    let saved = small().await;
    let good = saved.to_text().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let why = |bytes: &str| Saved::read(bytes.as_bytes()).unwrap_err().why;
    assert_eq!(why("project shop\n"), "is no plan file");
    assert_eq!(why("{}"), "is no plan file");
    assert_eq!(why(" \n"), "is empty");
    let shown = format!("{:#}", plan::to_json(&saved.plan));
    assert_eq!(why(&shown), "is what `infra plan --format json` shows, which is no plan file");
    let newer = format!("has format 2, and this is infra {version}, which reads format 1");
    assert_eq!(why(&good.replace("\"infra_plan\": 1", "\"infra_plan\": 2")), newer);
    assert_eq!(why("{\n  \"infra_plan\": 2,\n  \"plans\": []\n}\n"), newer);
    assert_eq!(why(&good.replace("alerts", "alarms")), "was changed after it was saved");
    assert_eq!(why(&good.replace("  ", "\t")), "was changed after it was saved");
    assert_eq!(why(&format!("{good}\n")), "was changed after it was saved");

    let told = |refused: Result<(), Refused>| refused.unwrap_err().why;
    assert_eq!(told(saved.belongs(Some("other"), None)), "is a plan of project `shop`, and this is project `other`");
    assert_eq!(
        told(saved.belongs(Some("shop"), Some("prod"))),
        "is a plan for environment `dev`, and `--env prod` asks for another one"
    );
    assert!(saved.belongs(Some("shop"), Some("dev")).is_ok() && saved.belongs(None, None).is_ok());
    assert_eq!(told(saved.fits("7.0.0")), format!("was saved by infra {version}, and this is infra 7.0.0"));
    assert!(saved.fits(version).is_ok());

    let (then, day) = (saved.made.time, Duration::from_secs(86_400));
    assert!(saved.is_fresh(then, day).is_ok() && saved.is_fresh(then + 86_400_000, day).is_ok());
    let old = saved.is_fresh(then + 86_400_001, day).unwrap_err();
    assert_eq!((old.why.as_str(), old.again), ("was saved 24 hours ago, and may be at most 24 hours old", true));
    assert!(saved.is_fresh(then - 300_000, day).is_ok());
    let early = saved.is_fresh(then - 300_001, day).unwrap_err();
    assert!(!early.again && early.why.contains("still to come"), "{early:?}");
}
