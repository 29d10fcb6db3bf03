//! Signals, closed pipes and lost sight, as processes meet them: what runs is never told as failed or done, and the way
//! back to it is said.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::support::cli::{Project, Said, finish, operation};
use crate::support::listening::Listening;

/// Two stacks, one after the other, and one beside them.
const THREE: &str = r#"project three

account nonprod { id: "111111111111" }
env dev { account: nonprod, regions: ["eu-west-1"] }

core first {
  resource Topic = AWS::SNS::Topic {}
  output Topic
}

core beside {
  resource Topic = AWS::SNS::Topic {}
}

service second {
  input Seconds: Int = 30
  resource Queue = AWS::SQS::Queue { VisibilityTimeout: Seconds }
  resource Subscription = AWS::SNS::Subscription { TopicArn: first.Topic, Protocol: "sqs", Endpoint: Queue.Arn }
}
"#;

fn project() -> Project {
    Project::new(&[("main.infra", THREE)])
}

fn begin(project: &Project, there: &Listening, line: &str) -> Child {
    let line = format!("{line} --endpoint {}", there.address);
    let mut command = project.command(&line.split(' ').collect::<Vec<_>>());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn run(project: &Project, there: &Listening, line: &str) -> Said {
    finish(begin(project, there, line))
}

fn send(signal: &str, child: &Child) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

/// Waits until that many change sets are executed.
fn executed(there: &Listening, count: usize) {
    there.until(|calls| calls.iter().filter(|call| operation(call) == "ExecuteChangeSet").count() >= count);
}

/// An apply in which `first` and `beside` are under way, and no operation goes on.
fn held(project: &Project) -> (Listening, Child) {
    let there = Listening::start();
    there.hold();
    let child = begin(project, &there, "apply --yes");
    executed(&there, 2);
    (there, child)
}

/// Reads what a child says until a line has `text` in it.
#[track_caller]
fn hear(lines: &mut impl Iterator<Item = String>, text: &str) -> String {
    let mut all = String::new();
    for line in lines {
        all.push_str(&line);
        all.push('\n');
        if line.contains(text) {
            return line;
        }
    }
    panic!("it never says `{text}`:\n{all}");
}

fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok)
}

#[test]
fn either_signal_lets_what_runs_end_and_begins_nothing() {
    for signal in ["-INT", "-TERM"] {
        let project = project();
        let (there, mut child) = held(&project);
        let mut said = lines(&mut child);
        send(signal, &child);
        let told = hear(&mut said, "nothing new is started");
        assert!(told.contains("following beside@dev/eu-west-1, first@dev/eu-west-1"), "{told}");
        there.release();
        let out = std::io::read_to_string(child.stdout.take().unwrap()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{out}");
        assert!(out.contains("created      first@") && out.contains("not started  second@"), "{out}");
        assert!(!there.calls().iter().any(|call| call.contains("three-second-dev") && call.contains("ChangeSet")));
        run(&project, &there, "apply --yes").ended(0);
    }
}

/// What a cancelled job of GitHub gets: first the one, then the other.
#[test]
fn a_second_signal_leaves_at_once_and_says_the_way_back() {
    let project = project();
    let (there, mut child) = held(&project);
    let mut said = lines(&mut child);
    send("-INT", &child);
    hear(&mut said, "nothing new is started");
    send("-TERM", &child);
    let left = hear(&mut said, "left");
    assert!(left.contains("beside@dev/eu-west-1, first@dev/eu-west-1"), "{left}");
    hear(&mut said, "`infra watch` for the same environment");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    there.release();
    let said = run(&project, &there, "apply --yes").ended(0);
    assert!(said.out.contains("second@"), "{}", said.out);
    assert!(there.sandbox.look().iter().all(|stack| stack.began.len() == 1), "what ran was not begun again");
}

#[test]
fn destroy_and_recover_hear_signals_too() {
    let project = project();
    let there = Listening::start();
    run(&project, &there, "apply --yes").ended(0);
    // An update that fails, and whose rollback fails.
    use infra::sandbox::{Moment, Rule};
    there.sandbox.order(Rule::fail("three-second-dev", "Subscription", "no").at(Moment::Rollback));
    there.sandbox.order(Rule::fail("three-second-dev", "Queue", "gone").at(Moment::Rollback));
    there.sandbox.order(Rule::fail("three-second-dev", "Queue", "no").at(Moment::Update).times(1));
    run(&project, &there, "apply --yes --set second.Seconds=60").ended(1);
    there.sandbox.clear_orders();
    for (line, call) in [("recover --yes", "ContinueUpdateRollback"), ("destroy --yes --allow delete:*", "DeleteStack")]
    {
        there.hold();
        let mut child = begin(&project, &there, line);
        there.until(|calls| calls.iter().any(|c| operation(c) == call));
        let mut said = lines(&mut child);
        send("-TERM", &child);
        hear(&mut said, "nothing new is started; following");
        there.release();
        let out = std::io::read_to_string(child.stdout.take().unwrap()).unwrap();
        let code = if line.starts_with("recover") { 0 } else { 130 };
        assert_eq!(child.wait().unwrap().code(), Some(code), "{line}: {out}");
    }
    run(&project, &there, "destroy --yes --allow delete:*").ended(0);
    assert!(there.sandbox.look().iter().all(|stack| !stack.is_live()));
}

#[test]
fn a_sandbox_ends_well_with_either_signal() {
    for signal in ["-INT", "-TERM"] {
        let mut command = crate::support::cli::infra();
        let mut child = command.arg("sandbox").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut String::new()).unwrap();
        send(signal, &child);
        assert_eq!(child.wait().unwrap().code(), Some(0), "{signal}");
    }
}

/// Whoever reads goes away at any time: an apply goes on to its end, and its exit code says how it ended.
#[test]
fn an_apply_that_nobody_reads_goes_on() {
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        writer
    };
    for (out, err) in [(true, false), (false, true), (true, true)] {
        let project = project();
        let there = Listening::start();
        let line = format!("apply --yes --endpoint {}", there.address);
        let apply = |more: &str| {
            let mut command = project.command(&format!("{line}{more}").split(' ').collect::<Vec<_>>());
            command.stdout(Stdio::null()).stderr(Stdio::piped());
            if out {
                command.stdout(closed());
            }
            if err {
                command.stderr(closed());
            }
            let child = command.spawn().unwrap();
            drop(command);
            let ended = child.wait_with_output().unwrap();
            let said = String::from_utf8(ended.stderr).unwrap();
            assert!(!said.contains("panicked") && !said.to_lowercase().contains("pipe"), "{said}");
            ended.status.code()
        };
        there.sandbox.order(infra::sandbox::Rule::fail("three-second-dev", "Queue", "no").times(1));
        assert_eq!(apply(""), Some(1), "a failure is told, {out} {err}");
        assert_eq!(apply(" --format json"), Some(0), "{out} {err}");
        assert_eq!(apply(""), Some(0), "nothing to do, {out} {err}");
        let living = there.sandbox.look().into_iter().filter(|stack| stack.is_live());
        let mut status: Vec<String> = living.map(|stack| stack.status).collect();
        status.dedup();
        assert_eq!(status, ["CREATE_COMPLETE"]);
    }
}

/// The reader goes in the middle, when much is already written.
#[test]
fn an_apply_whose_reader_goes_midway_goes_on() {
    let project = project();
    let (there, mut child) = held(&project);
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(!first.is_empty());
    drop(child.stderr.take());
    there.release();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(there.sandbox.look().iter().filter(|stack| stack.status == "CREATE_COMPLETE").count(), 3);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_and_no_success() {
    let project = project();
    let there = Listening::start();
    for (line, code) in [("plan", 1), ("apply --yes", 0), ("ls", 1)] {
        let mut command =
            project.command(&format!("{line} --endpoint {}", there.address).split(' ').collect::<Vec<_>>());
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let ended = command.stdout(full).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(code), "{line}: {said}");
        assert!(said.contains("error: cannot write to stdout: the disk is full"), "{line}: {said}");
    }
}

/// Credentials that run out, or are taken away, while something runs.
#[test]
fn lost_sight_is_outcome_unknown_and_watch_finds_it_again() {
    let project = project();
    let (there, child) = held(&project);
    there.sandbox.enforce(
        "111111111111",
        json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "*", "Resource": "*" },
            { "Effect": "Deny", "Action": ["cloudformation:DescribeStackEvents", "cloudformation:DescribeStacks"], "Resource": "*" }
        ]}),
    );
    let said = finish(child).ended(4);
    assert!(said.err.contains("outcome-unknown"), "{}", said.err);
    assert!(said.err.contains("`infra watch` for the same environment follows it"), "{}", said.err);
    assert!(said.out.contains("unknown      first@"), "{}", said.out);
    there.sandbox.enforce("111111111111", allow_all());
    let mut child = begin(&project, &there, "watch");
    let mut said = lines(&mut child);
    hear(&mut said, "CREATE_IN_PROGRESS, begun by an earlier run of infra (token x-infra-");
    there.release();
    let said: String = said.map(|line| line + "\n").collect();
    let out = std::io::read_to_string(child.stdout.take().unwrap()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said}\n{out}");
    assert!(
        out.contains("created      first@") && out.contains("nothing runs second@dev/eu-west-1: not deployed"),
        "{out}"
    );
    assert!(said.contains("first@dev/eu-west-1: Topic CREATE_COMPLETE"), "{said}");
    run(&project, &there, "apply --yes").ended(0);
}

/// A stack that the source no longer has is under way as any other.
#[test]
fn a_removal_that_was_left_is_watched() {
    let project = project();
    let there = Listening::start();
    run(&project, &there, "apply --yes").ended(0);
    let (start, end) = (THREE.find("core beside").unwrap(), THREE.find("service second").unwrap());
    project.write("main.infra", format!("{}{}", &THREE[..start], &THREE[end..]));
    there.hold();
    let mut child = begin(&project, &there, "apply --yes --prune");
    there.until(|calls| calls.iter().any(|call| operation(call) == "DeleteStack"));
    child.kill().unwrap();
    finish(child);
    let mut child = begin(&project, &there, "watch");
    let mut said = lines(&mut child);
    hear(&mut said, "beside@dev/eu-west-1: DELETE_IN_PROGRESS, begun by an earlier run of infra");
    there.release();
    let out = std::io::read_to_string(child.stdout.take().unwrap()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{out}");
    assert!(out.contains("deleted      beside@dev/eu-west-1"), "{out}");
}

fn allow_all() -> serde_json::Value {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] })
}
