//! The whole program over real HTTP against ministack: plan, apply, change, fail, repair, destroy; two accounts and
//! two regions. What it says is compared with what the services themselves tell through boto3.
//!
//! ministack knows SNS, SQS, SSM, IAM, logs, load balancers, ECS and much of EC2. The examples do not fit whole, so the
//! journey has a project of its own; what of them fits is taken there by `systems/`, the rest by the sandbox.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{boto, ministack};

/// A project in a folder of its own, with two accounts that nobody else has.
struct Project {
    folder: PathBuf,
    one: String,
    two: String,
}

/// What a command did.
struct Said {
    code: i32,
    out: String,
    all: String,
}

impl Project {
    fn new(name: &str, stacks: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("journey").join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let project = Self { folder, one: ministack::account(), two: ministack::account() };
        let head = format!(
            "project journey\n\naccount one {{ id: \"{}\" }}\naccount two {{ id: \"{}\" }}\n\n\
             env dev {{ account: one, regions: [\"eu-west-1\", \"us-east-1\"] }}\n\
             env prod {{ account: two, regions: [\"eu-west-1\"] }}\n",
            project.one, project.two
        );
        std::fs::write(project.folder.join("project.infra"), head).unwrap();
        project.write(stacks);
        project
    }

    fn write(&self, stacks: &str) {
        std::fs::write(self.folder.join("stacks.infra"), stacks).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Said {
        let output = Command::new(env!("CARGO_BIN_EXE_infra"))
            .current_dir(&self.folder)
            .args(arguments)
            .args(["--endpoint", ministack::address()])
            .env_remove("INFRA_SANDBOX")
            .output()
            .unwrap();
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let all = format!("$ infra {}\n{out}{}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
        Said { code: output.status.code().unwrap_or(-1), out, all }
    }

    /// Runs and expects that exit code.
    fn expect(&self, code: i32, arguments: &[&str]) -> Said {
        let said = self.run(arguments);
        assert_eq!(said.code, code, "{}", said.all);
        said
    }

    /// What boto3 prints for an expression in which `c` makes clients.
    fn boto(&self, account: &str, region: &str, expression: &str) -> String {
        boto::ask(ministack::address(), account, region, expression)
    }

    /// Names of queues, parameters and stacks that are really there.
    fn world(&self, account: &str, region: &str) -> String {
        self.boto(
            account,
            region,
            "[sorted(u.rsplit('/')[-1] for u in c('sqs').list_queues().get('QueueUrls', [])), \
             sorted(p['Name'] for p in c('ssm').describe_parameters()['Parameters']), \
             sorted(s['StackName'] for s in c('cloudformation').describe_stacks()['Stacks'])]",
        )
    }
}

const STACKS: &str = r#"
@regions(env.regions)
core base {
  resource Alarms = AWS::SNS::Topic {}

  output Alarms
}

@regions(env.regions)
service jobs {
  input Name: String = "jobs"
  input Seconds: Int = 30

  resource Queue = AWS::SQS::Queue {
    QueueName: Name
    VisibilityTimeout: Seconds
  }

  resource Where = AWS::SSM::Parameter {
    Name: "/jobs/where"
    Type: "String"
    Value: "${base.Alarms} ${Queue.Arn}"
  }

  output Queue
}
"#;

const EMPTY: &str = "[[], [], []]";

#[test]
fn apply_nothing_change_replace_and_destroy() {
    let project = Project::new("whole", STACKS);
    let (one, two) = (project.one.as_str(), project.two.as_str());

    let plan = project.expect(2, &["plan", "--env", "dev", "--detailed-exitcode"]);
    assert!(plan.out.contains("6 to create"), "{}", plan.all);
    assert_eq!(project.world(one, "eu-west-1"), EMPTY, "a plan leaves nothing behind");

    project.expect(0, &["apply", "--env", "dev", "--yes"]);
    let there = r#"[["jobs"], ["/jobs/where"], ["journey-base-dev", "journey-jobs-dev"]]"#;
    for region in ["eu-west-1", "us-east-1"] {
        assert_eq!(project.world(one, region), there, "{region}");
        // The value came from another stack of the same region, by way of a parameter.
        let value = project.boto(one, region, "c('ssm').get_parameter(Name='/jobs/where')['Parameter']['Value']");
        assert!(value.contains(&format!("arn:aws:sns:{region}:{one}:journey-base-dev-Alarms-")), "{value}");
        assert!(value.ends_with(&format!("arn:aws:sqs:{region}:{one}:jobs\"")), "{value}");
    }
    assert_eq!(project.world(two, "eu-west-1"), EMPTY, "the other account is another one");

    let again = project.expect(0, &["plan", "--env", "dev", "--detailed-exitcode"]);
    assert!(again.out.contains("no changes"), "{}", again.all);
    let again = project.expect(0, &["apply", "--env", "dev", "--yes"]);
    assert!(again.all.contains("no changes"), "{}", again.all);

    let set = ["--set", "jobs.Seconds=60"];
    let plan = project.expect(2, &["plan", "--env", "dev", "--detailed-exitcode", set[0], set[1]]);
    assert!(plan.out.contains("VisibilityTimeout"), "{}", plan.all);
    project.expect(0, &["apply", "--env", "dev", "--yes", set[0], set[1]]);
    assert_eq!(project.boto(one, "us-east-1", "queue('jobs', 'VisibilityTimeout')"), "\"60\"");
    // An input that is not set keeps what is deployed.
    project.expect(0, &["plan", "--env", "dev", "--detailed-exitcode"]);

    let rename = ["apply", "--env", "dev", "--yes", "--set", "jobs.Name=tasks"];
    let refused = project.expect(1, &rename);
    assert!(refused.all.contains("help: allow it with `--allow replace:jobs/Queue`"), "{}", refused.all);
    project.expect(0, &[&rename[..], &["--allow", "replace:jobs/Queue"]].concat());
    let there = r#"[["tasks"], ["/jobs/where"], ["journey-base-dev", "journey-jobs-dev"]]"#;
    assert_eq!(project.world(one, "eu-west-1"), there, "the queue was replaced, the old one is gone");
    let value = project.boto(one, "eu-west-1", "c('ssm').get_parameter(Name='/jobs/where')['Parameter']['Value']");
    assert!(value.ends_with(":tasks\""), "what depends on it was told: {value}");
    assert_eq!(project.boto(one, "eu-west-1", "queue('tasks', 'VisibilityTimeout')"), "\"60\"");

    project.expect(0, &["apply", "--env", "prod", "--yes"]);
    let outputs = project.expect(0, &["outputs", "--env", "prod"]);
    assert!(outputs.out.contains(&format!("arn:aws:sns:eu-west-1:{two}:journey-base-prod-")), "{}", outputs.all);

    project.expect(0, &["destroy", "--env", "dev", "--yes", "--allow", "delete:*"]);
    for region in ["eu-west-1", "us-east-1"] {
        assert_eq!(project.world(one, region), EMPTY, "{region}");
        assert_eq!(project.boto(one, region, "c('sns').list_topics()['Topics']"), "[]");
    }
    assert!(project.world(two, "eu-west-1").contains("journey-jobs-prod"), "prod stays");
}

/// A queue that waits for a signal that nobody sends: it fails after a second, and what was made has to go again.
const GATE: &str = r#"
service gate {
  resource Before = AWS::SQS::Queue { QueueName: "before" }

  resource Handle = AWS::CloudFormation::WaitConditionHandle {}

  @after(Before)
  resource Opened = AWS::CloudFormation::WaitCondition {
    Handle: Handle.ref
    Timeout: "1"
  }

  output Before
}

service late {
  resource After = AWS::SSM::Parameter {
    Name: "/late"
    Type: "String"
    Value: gate.Before
  }
}
"#;

#[test]
fn a_failure_rolls_back_stops_what_depends_on_it_and_is_repaired() {
    let project = Project::new("failing", &format!("{STACKS}{GATE}"));
    let two = project.two.as_str();
    let failed = project.expect(1, &["apply", "--env", "prod", "--yes"]);
    for expected in ["Opened", "stacks.infra:", "WaitCondition timed out"] {
        assert!(failed.all.contains(expected), "{expected} is missing:\n{}", failed.all);
    }
    let there = r#"[["jobs"], ["/jobs/where"], ["journey-base-prod", "journey-jobs-prod"]]"#;
    assert_eq!(project.world(two, "eu-west-1"), there, "the independent stack is there, nothing of the others is");

    let open = GATE.replace("  @after(Before)\n", "").replace(
        "  resource Opened = AWS::CloudFormation::WaitCondition {\n    Handle: Handle.ref\n    Timeout: \"1\"\n  }\n",
        "",
    );
    project.write(&format!("{STACKS}{open}"));
    project.expect(0, &["apply", "--env", "prod", "--yes"]);
    let world = project.world(two, "eu-west-1");
    assert!(world.starts_with(r#"[["before", "jobs"], ["/jobs/where", "/late"], ["#), "{world}");
    project.expect(0, &["plan", "--env", "prod", "--detailed-exitcode"]);

    // An update that fails brings the old values back.
    let slower = open.replace("QueueName: \"before\"", "QueueName: \"before\"\n    VisibilityTimeout: 99");
    let slower = slower.replace(
        "  output Before\n",
        "  @after(Before)\n  resource Opened = AWS::CloudFormation::WaitCondition {\n    Handle: Handle.ref\n    \
         Timeout: \"1\"\n  }\n\n  output Before\n",
    );
    project.write(&format!("{STACKS}{slower}"));
    let failed = project.expect(1, &["apply", "--env", "prod", "--yes"]);
    assert!(failed.all.contains("Opened"), "{}", failed.all);
    assert_eq!(project.boto(two, "eu-west-1", "queue('before', 'VisibilityTimeout')"), "\"30\"");
    let status = "c('cloudformation').describe_stacks(StackName='journey-gate-prod')['Stacks'][0]['StackStatus']";
    assert_eq!(project.boto(two, "eu-west-1", status), "\"UPDATE_ROLLBACK_COMPLETE\"");

    project.write(&format!("{STACKS}{open}"));
    project.expect(0, &["apply", "--env", "prod", "--yes"]);
    project.expect(0, &["plan", "--env", "prod", "--detailed-exitcode"]);
    project.expect(0, &["destroy", "--env", "prod", "--yes", "--allow", "delete:*"]);
    assert_eq!(project.world(two, "eu-west-1"), EMPTY);
}

#[test]
fn the_hello_example_lives_and_dies() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello/hello.infra");
    let source = std::fs::read_to_string(example).unwrap();
    let account = ministack::account();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("journey/hello");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("hello.infra"), source.replace("111111111111", &account)).unwrap();
    let project = Project { folder, one: account, two: String::new() };
    project.expect(0, &["apply", "--env", "dev", "--yes"]);
    project.expect(0, &["plan", "--env", "dev", "--detailed-exitcode"]);
    // The subscription really delivers: what is announced on the topic comes out of the queue.
    let heard = "[c('sns').publish(TopicArn=c('sns').list_topics()['Topics'][0]['TopicArn'], Message='hi'), \
        c('sqs').receive_message(QueueUrl=c('sqs').list_queues()['QueueUrls'][0], WaitTimeSeconds=5)\
        ['Messages'][0]['Body']][1]";
    assert_eq!(project.boto(&project.one, "eu-west-1", heard), "\"hi\"");
    project.expect(0, &["destroy", "--env", "dev", "--yes", "--allow", "delete:*"]);
    assert_eq!(project.world(&project.one, "eu-west-1"), EMPTY);
}

#[test]
fn a_stack_of_somebody_else_is_left_alone() {
    let project = Project::new("foreign", STACKS);
    let template = r#"{"Resources":{"Q":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"theirs"}}}}"#;
    let make = format!(
        "c('cloudformation').create_stack(StackName='journey-base-prod', TemplateBody='{template}')['StackId']"
    );
    project.boto(&project.two, "eu-west-1", &make);
    let refused = project.expect(1, &["apply", "--env", "prod", "--yes"]);
    assert!(refused.all.contains("journey-base-prod"), "{}", refused.all);
    let there = r#"[["theirs"], [], ["journey-base-prod"]]"#;
    assert_eq!(project.world(&project.two, "eu-west-1"), there);
}

#[test]
fn a_saved_plan_is_carried_out_once_or_discarded() {
    let project = Project::new("saved", STACKS);
    let two = project.two.as_str();
    project.expect(0, &["apply", "--env", "prod", "--yes"]);
    let plan = |seconds: &str| {
        let set = format!("jobs.Seconds={seconds}");
        project.expect(0, &["plan", "--env", "prod", "-o", "plan.json", "--set", &set]);
    };
    let seconds = || project.boto(two, "eu-west-1", "queue('jobs', 'VisibilityTimeout')");
    plan("60");
    project.expect(0, &["apply", "plan.json"]);
    assert_eq!(seconds(), "\"60\"");
    // Again, it finds that all of it was done, and does it no second time.
    let events = "len(c('cloudformation').describe_stack_events(StackName='journey-jobs-prod')['StackEvents'])";
    let before = project.boto(two, "eu-west-1", events);
    let again = project.expect(0, &["apply", "plan.json"]);
    assert_eq!(project.boto(two, "eu-west-1", events), before, "{}", again.all);

    // What somebody else did in between makes the plan stale, and nothing is written.
    plan("70");
    project.expect(0, &["apply", "--env", "prod", "--yes", "--set", "jobs.Seconds=80"]);
    project.expect(3, &["apply", "plan.json"]);
    assert_eq!(seconds(), "\"80\"");

    plan("90");
    let open = "len([s for s in c('cloudformation').list_change_sets(StackName='journey-jobs-prod')['Summaries'] \
        if s['ExecutionStatus'] == 'AVAILABLE'])";
    assert_eq!(project.boto(two, "eu-west-1", open), "1");
    project.expect(0, &["discard", "plan.json"]);
    assert_eq!(project.boto(two, "eu-west-1", open), "0");
    assert_eq!(seconds(), "\"80\"");
}
