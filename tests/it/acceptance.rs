//! The whole way of the small examples in both environments: apply, nothing to do, change, nothing to do, destroy.

use serde_json::Value;

use crate::support::cli::{Project, infra, run};
use crate::systems::frame::{Example, Life};

fn hello(env: &'static str) {
    let example = Example::new("hello");
    let life = Life::new(&example, &format!("--env {env}"));
    life.come_up("");
    let changed = life.change("--set inbox.VisibilityTimeout=60");
    life.rests("");
    assert_eq!(changed["Messages"], "update/no");
    let retention = if env == "dev" { 86_400 } else { 1_209_600 };
    let inbox = &life.living()[&format!("hello-inbox-{env}")];
    assert_eq!(inbox["resources"]["Messages"]["properties"]["MessageRetentionPeriod"], retention);
    life.go();
}

#[test]
fn hello_in_dev() {
    hello("dev");
}

#[test]
fn hello_in_prod() {
    hello("prod");
}

#[test]
fn two_environments_do_not_disturb_each_other() {
    let project = Project::example("hello");
    let there = |line: &str| project.infra(&format!("{line} --sandbox=state"));
    there("apply --env dev --yes").ended(0);
    let prod = there("plan --env prod --format json").ended(0).json();
    assert_eq!(prod["counts"]["create"], 4, "nothing of dev is taken for prod's");
    there("apply --env prod --yes --set inbox.VisibilityTimeout=90").ended(0);
    assert!(there("plan --env dev").ended(0).out.starts_with("no changes"));
    assert!(there("plan --env prod").ended(0).out.starts_with("no changes"));
    let timeout = |stack: &str| {
        project.living("state")[stack]["resources"]["Messages"]["properties"]["VisibilityTimeout"].to_string()
    };
    assert!(timeout("hello-inbox-dev").contains("30") && timeout("hello-inbox-prod").contains("90"));
    there("destroy --env dev --yes --allow delete:*").ended(0);
    let left = project.living("state");
    assert_eq!(left.keys().collect::<Vec<_>>(), ["hello-events-prod", "hello-inbox-prod"]);
    assert!(there("plan --env prod").ended(0).out.starts_with("no changes"));
}

/// The project that the reference begins with: the environment `prod` in two regions.
fn shop(env: &'static str, regions: &[&str], zones: usize) {
    let example = Example::new("shop");
    let life = Life::new(&example, &format!("--env {env}"));
    let missing = life.infra("apply --yes").ended(1);
    assert!(missing.err.contains("missing-input") && missing.err.contains("--set api.Image="), "{}", missing.err);
    assert_eq!(life.writes(), Vec::<String>::new(), "nothing is begun that cannot be ended");
    life.come_up("--set api.Image=registry/api:1");
    let listed = life.infra("ls --format json").ended(0).json();
    let statuses: Vec<&str> =
        listed["stacks"].as_array().unwrap().iter().map(|s| s["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, vec!["CREATE_COMPLETE"; 2 * regions.len()]);
    let outputs = life.infra("outputs --format json").ended(0).json();
    for region in regions {
        let name = |stack: &str| if regions.len() == 1 { stack.to_owned() } else { format!("{stack}@{region}") };
        assert_eq!(outputs[name("network")]["PublicSubnets"].as_str().unwrap().split(',').count(), zones);
        let url = outputs[name("api")]["Url"].as_str().unwrap();
        assert!(url.starts_with("http://") && url.contains(region), "{url}");
    }
    let changed = life.change("--set api.Image=registry/api:2");
    life.rests("");
    let some: Vec<(&str, &str)> = changed.iter().map(|(id, what)| (id.as_str(), what.as_str())).collect();
    assert_eq!(some, [("AppService", "update/no"), ("AppTask", "replace/yes")]);

    let refused = life.infra("destroy --yes --allow delete:*").ended(1).err;
    assert!(refused.contains("protected-resource") && refused.contains("protected here"), "{refused}");
    example.edit("shop.infra", "  @protect(\"every service lives in it\")\n", "");
    life.infra("apply --yes").ended(0);
    life.go();
}

#[test]
fn shop_in_dev() {
    shop("dev", &["eu-west-1"], 2);
}

#[test]
fn shop_in_prod() {
    shop("prod", &["eu-west-1", "us-east-1"], 3);
}

/// Two environments in one account and region, and a stack that both share and neither uses.
const EVERYWHERE: &str = r#"project shop

account main { id: "111111111111" }

env dev { account: main, regions: ["eu-west-1"] }
env prod { account: main, regions: ["eu-west-1"] }

@in(main)
core images {
  resource Repository = AWS::ECR::Repository {}
}

service jobs {
  resource Queue = AWS::SQS::Queue {}

  output Queue
}
"#;

#[test]
fn all_environments_and_what_they_share_go_in_one_run() {
    let project = Project::new(&[("shop.infra", EVERYWHERE)]);
    let said = |line: &str, code| project.infra(&format!("{line} --sandbox")).ended(code);
    let ids = |said: &crate::support::cli::Said| -> Vec<String> {
        said.json()["stacks"].as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap().to_owned()).collect()
    };
    let plan = said("plan --all --format json --detailed-exitcode", 2);
    let all = ["images@shared/eu-west-1", "jobs@dev/eu-west-1", "jobs@prod/eu-west-1"];
    assert_eq!(ids(&plan), all);
    assert_eq!(plan.json()["env"], Value::Null);
    said("apply --all --yes", 0);
    said("plan --all --detailed-exitcode", 0);
    assert_eq!(ids(&said("ls --all --format json", 0)), all);
    let outputs = said("outputs --all --format json", 0).json();
    let named = ["images", "jobs@dev/eu-west-1", "jobs@prod/eu-west-1"];
    assert_eq!(outputs.as_object().unwrap().keys().collect::<Vec<_>>(), named);
    assert_ne!(outputs["jobs@dev/eu-west-1"], outputs["jobs@prod/eu-west-1"]);
    said("destroy --all jobs@prod --yes --allow delete:*", 0);
    assert_eq!(ids(&said("plan --all --format json --detailed-exitcode", 2)).len(), 3);
    said("plan --env dev --shared --detailed-exitcode", 0);
    said("destroy --all --yes --allow delete:*", 0);
    assert_eq!(said("outputs --all --format json", 0).json(), serde_json::json!({}));
    assert!(project.infra("plan --all --env dev --sandbox").ended(1).err.contains("--all"));
}

/// A component, used with protection.
const INSIDE: &str = r#"project shop

account main { id: "111111111111" }

env dev { account: main, regions: ["eu-west-1"] }

component store {
  param name: String

  resource Queue = AWS::SQS::Queue { QueueName: name }
}

service orders {
  param name: String = "orders"

  @protect("orders that are not paid yet")
  resource Incoming = store { name: name }
}
"#;

#[test]
fn what_is_refused_inside_a_component_shows_where_it_is_used() {
    let project = Project::new(&[("shop.infra", INSIDE)]);
    project.infra("apply --sandbox --yes").ended(0);
    for line in ["plan --sandbox --set orders.name=others", "destroy --sandbox --yes --allow delete:*"] {
        let said = project.infra(line).ended(1).err;
        for part in ["`IncomingQueue`", "orders that are not paid yet", "protected here", "in `Incoming`, used here"] {
            assert!(said.contains(part), "{part}:\n{said}");
        }
    }
}

/// The commands of the first block of shell in the README, as a reader would copy them.
fn readme() -> Vec<String> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let fence = ["```sh\n", "```bash\n", "```shell\n", "```console\n"];
    let begin = fence.iter().filter_map(|f| text.find(f).map(|at| at + f.len())).min().expect("a block of shell");
    let block = text[begin..].split("```").next().unwrap();
    let lines =
        block.lines().map(|l| l.trim_start_matches("$ ").trim()).filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines.map(str::to_owned).collect()
}

#[test]
fn the_first_command_of_the_readme_deploys_the_example() {
    let commands = readme();
    let line = &commands[0];
    // What cargo would run is the binary that this test was built with.
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|w| ["--", "infra"].contains(w)).expect("a command that runs infra");
    assert!(words[0] == "cargo" || words[0].ends_with("infra"), "{line}");
    let args = words[at + 1..].iter().take_while(|w| !w.starts_with('#'));
    let copy = Project::example("backend-service");
    let args: Vec<String> =
        args.map(|a| if *a == "examples/backend-service" { ".".into() } else { (*a).into() }).collect();
    assert!(args.iter().any(|a| a == "apply"), "{line}");
    let said = run({
        let mut command = infra();
        command.current_dir(copy.path("")).args(&args);
        command
    });
    let said = said.ended(0);
    assert!(said.out.contains("79 to create") && said.out.contains("3 done"), "{}", said.out);
    assert!(commands[1].contains("test"), "the second runs the tests: {commands:?}");
}

#[test]
fn the_project_of_the_readme_stands() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let program = text.split("```infra\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let project = Project::new(&[("shop.infra", program)]);
    assert_eq!(project.infra("check").ended(0).err, "no problems found\n");
    assert_eq!(project.infra("fmt --check").ended(0).out, "");
    project.infra("apply --env prod --yes --sandbox=s").ended(0);
    assert!(project.infra("plan --env prod --sandbox=s").ended(0).out.starts_with("no changes"));
}
