//! `kill -9` in the middle of an apply, of the client and of the service: the next apply ends where an
//! undisturbed one ends.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use regex::Regex;
use serde_json::{Value, json};

use crate::support::cli::{Project, Served, finish, operation};

/// Four stacks: two stand on the first, the last on these two.
const QUAD: &str = r#"project quad

account nonprod { id: "111111111111" }
env dev { account: nonprod, regions: ["eu-west-1"] }

core base {
  resource Vpc = AWS::EC2::VPC { CidrBlock: "10.0.0.0/16" }
  resource Subnet = AWS::EC2::Subnet { VpcId: Vpc, CidrBlock: "10.0.0.0/24" }
  resource Topic = AWS::SNS::Topic {}
  output Vpc
  output Subnet
  output Topic
}

service left {
  input Seconds: Int = 30
  resource Queue = AWS::SQS::Queue { VisibilityTimeout: Seconds }
  resource Subscription = AWS::SNS::Subscription { TopicArn: base.Topic, Protocol: "sqs", Endpoint: Queue.Arn }
  output Queue = Queue.Arn
}

service right {
  resource Security = AWS::EC2::SecurityGroup { GroupDescription: "right", VpcId: base.Vpc }
  output Security = Security.GroupId
}

service top {
  resource Role = AWS::IAM::Role {
    AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [] }
  }
  resource Function = AWS::Lambda::Function {
    Role: Role
    Code: { ZipFile: "pass" }
    Handler: "index.handler"
    Runtime: "python3.13"
    VpcConfig: { SubnetIds: [base.Subnet], SecurityGroupIds: [right.Security] }
    Environment: { Variables: { QUEUE: left.Queue } }
  }
}
"#;

const STATE: &str = "state";

/// Made-up ids differ between two worlds: letters and digits that mean nothing are drawn as one.
struct Blind(Regex);

impl Blind {
    fn new() -> Self {
        Self(Regex::new("[0-9a-f]{8,}(-[0-9a-f]{4,})*|[A-Z0-9]{12}").unwrap())
    }

    fn see(&self, value: &Value) -> Value {
        serde_json::from_str(&self.0.replace_all(&value.to_string(), "#")).unwrap()
    }
}

/// What a user can see of every stack that is there, and what must not be left behind.
fn end(project: &Project) -> BTreeMap<String, Value> {
    let blind = Blind::new();
    let all = project.stacks(STATE);
    let living = all.iter().filter(|s| s["status"] != "DELETE_COMPLETE");
    let seen = living.map(|stack| {
        let resources = stack["resources"].as_object().unwrap().iter().map(|(id, r)| {
            let ended = r["status"].as_str().unwrap().ends_with("_COMPLETE");
            (id.clone(), json!([r["kind"], ended, blind.see(&r["properties"])]))
        });
        let resources: BTreeMap<String, Value> = resources.collect();
        let sets = stack["change_sets"].as_object().unwrap().values();
        let open: Vec<&Value> = sets.filter(|set| set["execution"] != "EXECUTE_COMPLETE").collect();
        let view = json!({
            "status": stack["status"],
            "template": stack["current"]["body"],
            "parameters": blind.see(&stack["current"]["parameters"]),
            "tags": stack["current"]["tags"],
            "outputs": blind.see(&stack["outputs"]),
            "resources": resources,
            "open change sets": open,
            "under way": stack["operation"],
        });
        (stack["place"]["stack_name"].as_str().unwrap().to_owned(), view)
    });
    let seen: BTreeMap<String, Value> = seen.collect();
    assert!(all.len() == seen.len(), "nothing was made twice: {} stacks, {} live", all.len(), seen.len());
    seen
}

/// The calls that are news: the first of each kind for each stack. How often something is asked depends on
/// the machine, what is asked first does not.
fn news(calls: &[String]) -> usize {
    let named = calls.iter().filter(|line| !line.contains("Mark"));
    named.map(|line| line.split(' ').skip(3).collect::<Vec<_>>()).collect::<BTreeSet<_>>().len()
}

fn serve(project: &Project, port: &str) -> Served {
    Served::start(&["--step", "4", "--port", port, "--state", project.path(STATE).to_str().unwrap()])
}

fn apply(project: &Project, served: &Served, more: &[&str]) -> std::process::Child {
    let mut command = project.command(&["apply", "--yes", "--endpoint", &served.address]);
    command.args(more).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A world in which `quad` may stand already.
fn world(stands: bool) -> (Project, Served) {
    let project = Project::new(&[("main.infra", QUAD)]);
    let served = serve(&project, "0");
    if stands {
        finish(apply(&project, &served, &[])).ended(0);
        served.calls();
    }
    (project, served)
}

/// The end of an undisturbed run, and how many news it had.
fn undisturbed(stands: bool, more: &[&str]) -> (BTreeMap<String, Value>, usize) {
    let (project, served) = world(stands);
    finish(apply(&project, &served, more)).ended(0);
    let calls = served.calls();
    let end = end(&project);
    assert_eq!(end.len(), 4);
    (end, news(&calls))
}

/// Kills an apply after its call number `at` that is news, applies again, and looks at the end.
fn killed(stands: bool, more: &[&str], at: usize, wanted: &BTreeMap<String, Value>) -> bool {
    let (project, served) = world(stands);
    let mut child = apply(&project, &served, more);
    let midway = served.until(&mut child, |calls| news(calls) >= at);
    child.kill().unwrap();
    let first = finish(child);
    let again = finish(apply(&project, &served, more)).ended(0);
    let said = || format!("killed at {at}\n{}\n---\n{}", first.err, again.err);
    assert_eq!(&end(&project), wanted, "{}", said());
    served.calls();
    let plan = project.infra(&format!("plan --detailed-exitcode --endpoint {}", served.address)).ended(0);
    assert!(plan.out.starts_with("no changes"), "{}\n{}", plan.out, said());
    let calls = served.calls();
    assert!(!calls.iter().any(|c| operation(c) == "CreateChangeSet"), "{calls:#?}");
    midway && first.code.is_none()
}

/// `count` instants spread over `news`, each tried in a world of its own, a few at once.
fn instants(stands: bool, more: &[&str], count: usize) {
    let (wanted, news) = undisturbed(stands, more);
    assert!(news >= count, "{news} instants to choose from");
    let at: Vec<usize> = (0..count).map(|i| 1 + i * (news - 2) / (count - 1).max(1)).collect();
    let midway: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = at
            .chunks(count.div_ceil(4))
            .map(|some| scope.spawn(|| some.iter().filter(|at| killed(stands, more, **at, &wanted)).count()))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert!(midway + 2 >= count, "only {midway} of {count} were killed before their end");
}

#[test]
fn twenty_instants_of_a_first_apply() {
    instants(false, &[], 20);
}

#[test]
fn some_instants_of_an_update() {
    instants(true, &["--set", "left.Seconds=90"], 6);
}

#[test]
fn some_instants_of_a_destroy() {
    let destroy = |project: &Project, served: &Served| {
        let mut command = project.command(&["destroy", "--yes", "--allow", "delete:*", "--endpoint", &served.address]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for at in [4, 7, 10, 13] {
        let (project, served) = world(true);
        let mut child = destroy(&project, &served);
        assert!(served.until(&mut child, |calls| news(calls) >= at), "it ended before call {at}");
        child.kill().unwrap();
        let first = finish(child);
        let again = finish(destroy(&project, &served)).ended(0);
        let left = project.living(STATE);
        assert!(left.is_empty(), "killed at {at}: {:?}\n{}\n---\n{}", left.keys(), first.err, again.err);
    }
}

#[test]
fn the_service_dies_and_comes_back() {
    let (wanted, news_in_all) = undisturbed(false, &[]);
    for part in 1..5 {
        let (project, mut served) = world(false);
        let mut child = apply(&project, &served, &[]);
        let at = news_in_all * part / 5;
        assert!(served.until(&mut child, |calls| news(calls) >= at), "it ended before call {at}");
        let port = served.port().to_owned();
        served.kill();
        let back = serve(&project, &port);
        finish(child).ended(0);
        assert_eq!(end(&project), wanted, "killed at {at}");
        let plan = project.infra(&format!("plan --detailed-exitcode --endpoint {}", back.address)).ended(0);
        assert!(plan.out.starts_with("no changes"), "{}", plan.out);
    }
}

#[test]
fn a_directory_outlives_a_killed_apply() {
    // Without a port: the simulator dies with the command that holds it.
    let project = Project::new(&[("main.infra", QUAD)]);
    let line = ["apply", "--yes", "--sandbox=state"];
    let mut killed = 0;
    for files in 1..4 {
        let mut command = project.command(&line);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let there = || std::fs::read_dir(project.path("state/111111111111/eu-west-1")).map_or(0, Iterator::count);
        while there() < files && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        killed += usize::from(finish(child).code.is_none());
    }
    assert!(killed > 0);
    project.run(&line).ended(0);
    assert!(project.infra("plan --detailed-exitcode --sandbox=state").ended(0).out.starts_with("no changes"));
    assert_eq!(project.living(STATE).len(), 4);
}
