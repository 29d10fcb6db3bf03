//! The world in a directory: kept, taken up again, and never overwritten when it is damaged.

use std::path::{Path, PathBuf};

use infra::sandbox::StoreError;
use serde_json::json;

use super::*;

fn body(seconds: u32) -> String {
    let name = format!("topic-{seconds}");
    resources(json!({
        "A": queue(json!({ "VisibilityTimeout": seconds })),
        "B": { "Type": "AWS::SNS::Topic", "DependsOn": "A", "Properties": { "DisplayName": name } },
        "C": { "Type": "AWS::SNS::Topic", "DependsOn": "B", "Properties": { "DisplayName": name } },
    }))
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![directory.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn stack_file(directory: &Path) -> PathBuf {
    files(directory).into_iter().find(|path| path.file_name().unwrap().to_string_lossy().starts_with("s.")).unwrap()
}

#[tokio::test]
async fn operations_go_on_in_the_next_process() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Sandbox::open(directory.path(), Settings::default()).unwrap();
    let sandbox = open();
    let one = client(&sandbox);
    deploy(&one, Ask { stack: "s", body: &body(1), token: Some("first"), ..Ask::default() }).await;
    let before = physical(&one, "s").await;
    one.update_stack().stack_name("s").template_body(body(2)).client_request_token("second").send().await.unwrap();
    assert_eq!(status(&describe(&one, "s").await), "UPDATE_IN_PROGRESS");
    let mut cut = 0;
    drop((one, sandbox));
    // Every single step in its own process.
    let done = loop {
        let sandbox = open();
        let seen = describe(&client(&sandbox), "s").await;
        cut += 1;
        if status(&seen) == "UPDATE_COMPLETE" {
            break sandbox;
        }
    };
    assert!(cut > 2, "{cut}");
    let two = client(&done);
    assert_eq!(physical(&two, "s").await, before);
    let times: Vec<_> = events(&two, "s").await.iter().map(|event| *event.timestamp().unwrap()).collect();
    assert!(times.is_sorted());
    assert!(
        files(directory.path()).iter().all(|path| !path.file_name().unwrap().to_string_lossy().starts_with(".tmp"))
    );
    // Tokens are remembered too.
    two.update_stack().stack_name("s").template_body(body(2)).client_request_token("second").send().await.unwrap();
    assert_eq!(status(&describe(&two, "s").await), "UPDATE_COMPLETE");
}

#[tokio::test]
async fn one_process_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let first = Sandbox::open(directory.path(), Settings::default()).unwrap();
    let second = Sandbox::open(directory.path(), Settings::default()).unwrap_err();
    assert!(matches!(second, StoreError::Busy { .. }), "{second}");
    drop(first);
    Sandbox::open(directory.path(), Settings::default()).unwrap();
}

#[tokio::test]
async fn damage_is_told_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::open(directory.path(), Settings::default()).unwrap();
    deploy(&client(&sandbox), Ask { stack: "s", body: &body(1), ..Ask::default() }).await;
    drop(sandbox);
    let file = stack_file(directory.path());
    let whole = std::fs::read(&file).unwrap();
    let half = whole[..whole.len() / 2].to_vec();
    let newer = String::from_utf8(whole.clone())
        .unwrap()
        .replacen("\"format_version\":1", "\"format_version\":7", 1)
        .into_bytes();
    let other = String::from_utf8(whole.clone()).unwrap().replace("eu-west-1", "us-east-1").into_bytes();
    for (bytes, newer) in [
        (half, false),
        (b"{}".to_vec(), false),
        (b"".to_vec(), false),
        (b"[1]".to_vec(), false),
        (newer, true),
        (other, false),
    ] {
        std::fs::write(&file, &bytes).unwrap();
        let error = Sandbox::open(directory.path(), Settings::default()).unwrap_err();
        let named = match &error {
            StoreError::Damaged { file, .. } if !newer => file,
            StoreError::Newer { file, version: 7 } if newer => file,
            other => panic!("{other}"),
        };
        assert_eq!(named, &file);
        assert!(error.to_string().contains(&file.display().to_string()));
        assert_eq!(std::fs::read(&file).unwrap(), bytes, "it is as it was");
    }
    // What a killed write left behind is no harm.
    std::fs::write(&file, &whole).unwrap();
    std::fs::write(file.with_file_name(".tmpAbC123"), b"{\"form").unwrap();
    let sandbox = Sandbox::open(directory.path(), Settings::default()).unwrap();
    assert_eq!(status(&describe(&client(&sandbox), "s").await), "CREATE_COMPLETE");
}

#[tokio::test]
async fn no_prefix_of_a_state_file_panics() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::open(directory.path(), Settings::default()).unwrap();
    let body = resources(json!({ "A": queue(json!({})) }));
    deploy(&client(&sandbox), Ask { stack: "s", body: &body, ..Ask::default() }).await;
    drop(sandbox);
    let file = stack_file(directory.path());
    let whole = std::fs::read(&file).unwrap();
    for end in (0..whole.len()).step_by(97) {
        std::fs::write(&file, &whole[..end]).unwrap();
        assert!(matches!(Sandbox::open(directory.path(), Settings::default()), Err(StoreError::Damaged { .. })));
    }
}

#[tokio::test]
async fn rules_come_from_a_file_and_stay_spent() {
    let directory = tempfile::tempdir().unwrap();
    let rules = json!({ "rules": [{ "stack": "s", "resource": "B", "fail": "told so", "times": 1 }] });
    std::fs::write(directory.path().join("script.json"), rules.to_string()).unwrap();
    let sandbox = Sandbox::open(directory.path(), Settings::default()).unwrap();
    let failed = deploy(&client(&sandbox), Ask { stack: "s", body: &body(1), ..Ask::default() }).await;
    assert_eq!(status(&failed), "ROLLBACK_COMPLETE");
    drop(sandbox);
    let sandbox = Sandbox::open(directory.path(), Settings::default()).unwrap();
    let made = deploy(&client(&sandbox), Ask { stack: "t", body: &body(1), ..Ask::default() }).await;
    assert_eq!(status(&made), "CREATE_COMPLETE");
    drop(sandbox);
    std::fs::write(directory.path().join("script.json"), r#"{"rules":[{"stack":1}]}"#).unwrap();
    assert!(Sandbox::open(directory.path(), Settings::default()).unwrap_err().to_string().contains("script.json"));
}

#[tokio::test]
async fn secrets_on_disk_are_only_those_that_are_needed() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::open(directory.path(), Settings::default()).unwrap();
    let body = json!({
        "Parameters": { "Password": { "Type": "String", "NoEcho": true } },
        "Resources": { "P": { "Type": "AWS::SSM::Parameter", "Properties": { "Type": "String", "Value": { "Ref": "Password" } } } },
        "Outputs": { "O": { "Value": { "Ref": "Password" } } },
    })
    .to_string();
    deploy(
        &client(&sandbox),
        Ask { stack: "s", body: &body, parameters: &[("Password", "hunter2hunter2")], ..Ask::default() },
    )
    .await;
    drop(sandbox);
    let kept: Value = serde_json::from_slice(&std::fs::read(stack_file(directory.path())).unwrap()).unwrap();
    for part in ["events", "outputs"] {
        assert!(!kept["stack"][part].to_string().contains("hunter2"), "{part}");
    }
}
