//! A resource that fails: its stack rolls back, its dependents stop, the rest finishes, the next apply repairs.

use crate::support::cli::{Project, Served, operation};

/// `base` feeds `reader`; `alone` needs nobody.
const TRIO: &str = r#"project trio

account nonprod { id: "111111111111" }
env dev { account: nonprod, regions: ["eu-west-1"] }

core base {
  input Seconds: Int = 30

  resource Topic = AWS::SNS::Topic {}

  resource Queue = AWS::SQS::Queue {
    VisibilityTimeout: Seconds
  }

  output Queue
}

service reader {
  resource Policy = AWS::SQS::QueuePolicy {
    Queues: [base.Queue]
    PolicyDocument: { Version: "2012-10-17", Statement: [] }
  }
}

service alone {
  resource Logs = AWS::Logs::LogGroup { RetentionInDays: 7 }
}
"#;

const REASON: &str = "You have reached the limit of queues (Service: Sqs, Status Code: 400)";

fn script(on: &str) -> String {
    serde_json::json!({"rules": [
        {"stack": "trio-base-dev", "resource": "Queue", "on": on, "fail": REASON, "times": 1}
    ]})
    .to_string()
}

/// What the report draws: the failed resource at its line, with AWS's words.
const DRAWN: &str = "resource-failed

  × `Queue` (AWS::SQS::Queue) of `base@dev/eu-west-1` failed: You have reached the limit of queues
  │ (Service: Sqs, Status Code: 400)
    ╭─[main.infra:11:12]
 10 │
 11 │   resource Queue = AWS::SQS::Queue {
    ·            ──┬──
";

#[test]
fn a_failed_creation_stops_what_needs_it_and_nothing_else() {
    let project = Project::new(&[("main.infra", TRIO), ("state/script.json", &script("create"))]);
    let there = |line: &str| project.infra(&format!("{line} --sandbox=state"));
    let said = there("apply --yes").ended(1);
    assert!(said.err.contains(DRAWN), "{}", said.err);
    assert!(said.out.ends_with("1 done, 1 not started, 1 failed\n"), "{}", said.out);
    for line in ["failed       base@", "not started  reader@", "created      alone@"] {
        assert!(said.out.contains(line), "{line}\n{}", said.out);
    }
    assert_eq!(project.living("state").keys().collect::<Vec<_>>(), ["trio-alone-dev"], "rolled back, whole");

    let said = there("apply --yes").ended(0);
    assert!(said.out.ends_with("1 unchanged, 2 done\n"), "{}", said.out);
    assert!(there("plan --detailed-exitcode").ended(0).out.starts_with("no changes"));
    assert_eq!(project.living("state").len(), 3);
}

#[test]
fn a_failed_update_comes_back_and_is_repaired() {
    let project = Project::new(&[("main.infra", TRIO), ("state/script.json", &script("update"))]);
    let there = |line: &str| project.infra(&format!("{line} --sandbox=state"));
    there("apply --yes").ended(0);
    let said = there("apply --yes --set base.Seconds=60").ended(1);
    assert!(said.err.contains(DRAWN) && said.err.contains("UPDATE_FAILED"), "{}", said.err);
    let queue = || project.living("state")["trio-base-dev"]["resources"]["Queue"].clone();
    assert_eq!(queue()["properties"]["VisibilityTimeout"].to_string().trim_matches('"'), "30", "brought back");
    assert!(there("plan --detailed-exitcode").ended(0).out.starts_with("no changes"), "the old value holds");

    there("apply --yes --set base.Seconds=60").ended(0);
    assert_eq!(queue()["properties"]["VisibilityTimeout"].to_string().trim_matches('"'), "60");
    assert!(there("plan --detailed-exitcode").ended(0).out.starts_with("no changes"));
}

#[test]
fn the_same_on_a_port_told_by_an_option() {
    let project = Project::new(&[("main.infra", TRIO)]);
    let served = Served::start(&["--step", "1", "--fail", &format!("trio-base-dev/Queue={REASON}")]);
    let said = project.infra(&format!("apply --yes --format json --endpoint {}", served.address)).ended(1);
    let report = said.json();
    assert_eq!(report["exit_code"], 1);
    let outcome = |stack: &str| {
        let stacks = report["stacks"].as_array().unwrap();
        stacks.iter().find(|s| s["id"] == format!("{stack}@dev/eu-west-1")).unwrap().clone()
    };
    assert_eq!(outcome("base")["outcome"], "failed");
    assert_eq!(outcome("base")["cause"]["reason"], REASON);
    assert_eq!(outcome("reader")["outcome"], "not_started");
    assert_eq!(outcome("alone")["outcome"], "done");
    assert!(said.err.contains(DRAWN), "{}", said.err);
    let calls = served.calls();
    assert!(!calls.iter().any(|c| operation(c) == "CreateChangeSet" && c.contains("reader")), "{calls:#?}");
}
