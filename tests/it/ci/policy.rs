//! The printed IAM documents, with the sandbox as the judge: what commands call is allowed, and nothing else is.

use std::fs;

use aws_sdk_cloudformation::error::ProvideErrorMetadata as _;
use aws_sdk_cloudformation::types::ChangeSetType;
use infra::cloud::{ErrorKind, ObjectId};
use infra::sandbox::Sandbox;
use serde_json::{Value, json};

use crate::sandbox::client_of;
use crate::support::cli::Project;
use crate::support::script::{target, wait};
use crate::support::stacks::World;

const PROGRAM: &str = r#"
project shop

account nonprod { id: "111111111111" }
account prod { id: "222222222222" }

env dev { account: nonprod, regions: ["eu-west-1"], assets: "shop-dev" }
env prod {
  account: prod
  regions: ["eu-west-1", "us-east-1"]
  assets: { "eu-west-1": "shop-prod-eu", "us-east-1": "shop-prod-us" }
}

core network {
  @protect("every service lives in it")
  resource Vpc = AWS::EC2::VPC { CidrBlock: "10.0.0.0/16" }
  output Vpc
}

@regions(env.regions)
@termination_protection(env.name == "prod")
service api {
  resource Group = AWS::EC2::SecurityGroup { GroupDescription: "api", VpcId: network.Vpc }
  resource Hello = AWS::Serverless::Function { CodeUri: "code", Handler: "index.handler", Runtime: "nodejs22.x" }
  output Group = Group.GroupId
}

service queues {
  for i in 0..COUNT {
    resource Queue[i] = AWS::SQS::Queue { QueueName: "a-queue-of-a-rather-long-name-for-the-orders-of-the-shop-${i}" }
  }
}
"#;

fn project(count: usize) -> Project {
    let project = Project::new(&[("code/index.mjs", "export const handler = async () => {}\n")]);
    write(&project, count);
    project
}

fn write(project: &Project, count: usize) {
    project.write("main.infra", PROGRAM.replace("COUNT", &count.to_string()));
}

/// From now on, every account may do what the documents of that role say.
fn become_role(project: &Project, role: &str) {
    let all = project.infra("ci policy").ended(0).json();
    let of = |account: &Value| (account["account"].as_str().unwrap().to_owned(), account["policies"][role].clone());
    let documents: serde_json::Map<String, Value> = all["accounts"].as_array().unwrap().iter().map(of).collect();
    project.write("state/policies.json", Value::Object(documents).to_string());
}

#[test]
fn each_role_can_do_what_it_is_for_and_no_more() {
    let project = project(500);
    let infra = |line: &str, code: i32| project.infra(&format!("{line} --sandbox state")).ended(code);
    become_role(&project, "apply");
    for env in ["dev", "prod"] {
        infra(&format!("plan --env {env}"), 0);
        infra(&format!("apply --env {env} --yes"), 0);
    }
    write(&project, 499);
    infra("apply --env dev --yes --allow delete:queues/*", 0);
    let refused = infra("destroy --env dev --yes --allow delete:* queues", 1);
    assert!(refused.err.contains("help: allow `cloudformation:DeleteStack` in account `nonprod`"), "{}", refused.err);

    become_role(&project, "plan");
    write(&project, 498);
    let plan = infra("plan --env dev --allow delete:queues/* --detailed-exitcode", 2);
    assert!(plan.out.contains("Queue498"), "{}", plan.out);
    let refused = infra("apply --env dev --yes --allow delete:queues/*", 1);
    assert!(refused.err.contains("help: allow `cloudformation:ExecuteChangeSet`"), "{}", refused.err);

    become_role(&project, "read");
    infra("ls --env prod", 0);
    infra("outputs --env prod", 0);
    write(&project, 2);
    let refused = infra("plan --env dev --allow delete:queues/*", 1);
    assert!(refused.err.contains("help: allow `cloudformation:CreateChangeSet`"), "{}", refused.err);
    let plan = infra("plan --env dev --allow delete:queues/* --read-only --detailed-exitcode", 2);
    assert!(plan.out.contains("local: computed") && !plan.out.contains("digest"), "{}", plan.out);
    // Where nothing changes, nothing is asked for.
    write(&project, 499);
    infra("plan --env dev", 0);

    become_role(&project, "destroy");
    infra("destroy --env dev --yes --allow delete:* api", 0);
    assert!(!project.living("state").contains_key("shop-api-dev"));
    // What the source no longer has goes too; it is in no list of stacks, but carries our tags.
    let source = fs::read_to_string(project.path("main.infra")).unwrap();
    project.write("main.infra", source.split("\nservice queues").next().unwrap());
    become_role(&project, "destroy");
    assert!(infra("ls --env dev", 0).out.contains("(not in the source)"));
    let refused = infra("destroy --env dev --yes --allow delete:* --prune", 1);
    assert!(refused.err.starts_with("protected-resource"), "{}", refused.err);
    project
        .write("main.infra", source.split("\nservice queues").next().unwrap().replace("  @protect", "  // @protect"));
    infra("destroy --env dev --yes --allow delete:* --prune", 0);
    assert!(!project.living("state").contains_key("shop-queues-dev"));
}

#[test]
fn documents_of_another_project_allow_nothing_here() {
    let project = project(2);
    become_role(&project, "apply");
    let policies = fs::read_to_string(project.path("state/policies.json")).unwrap();
    project.write("state/policies.json", policies.replace("/shop-", "/shop2-"));
    let refused = project.infra("apply --env dev --sandbox state --yes").ended(1);
    assert!(refused.err.contains("help: allow `cloudformation:CreateChangeSet`"), "{}", refused.err);
    assert!(project.living("state").is_empty());
}

/// The document of that role for account 111111111111.
fn document(project: &Project, role: &str) -> Value {
    project.run(&["ci", "policy", "--account", "nonprod", "--role", role]).ended(0).json()
}

#[test]
fn what_no_command_calls_is_refused() {
    let project = project(2);
    let sandbox = Sandbox::default();
    sandbox.enforce("111111111111", document(&project, "apply"));
    let client = client_of(&sandbox, "111111111111", "eu-west-1");
    let body = json!({ "Resources": { "Q": { "Type": "AWS::SQS::Queue" } } }).to_string();
    let propose = |stack: &str, name: &str| {
        let request = client.create_change_set().stack_name(stack).change_set_name(name);
        request.change_set_type(ChangeSetType::Create)
    };
    wait(async {
        let mut codes = Vec::new();
        let made = client.create_stack().stack_name("shop-api-dev").template_body(&body).send().await;
        codes.push(made.unwrap_err().code().map(str::to_owned));
        for (stack, name) in [("shop-api-dev", "mine"), ("shop-api-prod", "infra-1"), ("other", "infra-1")] {
            let made = propose(stack, name).template_body(&body).send().await;
            codes.push(made.unwrap_err().code().map(str::to_owned));
        }
        for url in [
            "https://s3.eu-west-1.amazonaws.com/other/templates/1.json",
            "https://s3.eu-west-1.amazonaws.com/shop-dev/1.json",
        ] {
            let made = propose("shop-api-dev", "infra-1").template_url(url).send().await;
            codes.push(made.unwrap_err().code().map(str::to_owned));
        }
        let deleted = client.delete_stack().stack_name("shop-api-dev").send().await;
        codes.push(deleted.unwrap_err().code().map(str::to_owned));
        let listed = client.list_stacks().send().await;
        codes.push(listed.unwrap_err().code().map(str::to_owned));
        assert_eq!(codes, vec![Some("AccessDenied".to_owned()); 8]);
        // Its own is made.
        propose("shop-api-dev", "infra-1").template_body(&body).send().await.unwrap();
    });
    let world = World::of(sandbox);
    let store = world.clouds.store(&target("111111111111", "eu-west-1"));
    let object = |bucket: &str, key: &str| ObjectId { bucket: bucket.into(), key: key.into() };
    for (bucket, key) in [("shop-dev", "mine/1"), ("other", "assets/1.zip")] {
        let refused = wait(store.put(&object(bucket, key), b"x".to_vec())).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::Denied, "{refused:?}");
    }
    wait(store.put(&object("shop-dev", "assets/1.zip"), b"x".to_vec())).unwrap();
}

#[test]
fn documents_are_the_same_every_time_and_name_no_more_than_the_project_has() {
    let project = project(2);
    let all = project.infra("ci policy").ended(0);
    assert_eq!(all.out, project.infra("ci policy").ended(0).out);
    let all = all.json();
    let accounts: Vec<&str> = all["accounts"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
    assert_eq!(accounts, ["nonprod", "prod"]);
    let text = all["accounts"][0].to_string();
    assert!(!text.contains("222222222222") && !text.contains("shop-prod-eu") && !text.contains("us-east-1"), "{text}");
    let prod = &all["accounts"][1]["policies"]["plan"]["Statement"];
    let stacks = &prod[1]["Resource"];
    assert_eq!(
        stacks,
        &json!([
            "arn:aws:cloudformation:eu-west-1:222222222222:stack/shop-api-prod/*",
            "arn:aws:cloudformation:eu-west-1:222222222222:stack/shop-network-prod/*",
            "arn:aws:cloudformation:eu-west-1:222222222222:stack/shop-queues-prod/*",
            "arn:aws:cloudformation:us-east-1:222222222222:stack/shop-api-prod/*",
        ])
    );
    let sids: Vec<&str> = prod.as_array().unwrap().iter().map(|s| s["Sid"].as_str().unwrap()).collect();
    assert_eq!(
        sids,
        [
            "ReadStacks",
            "OwnChangeSets",
            "TagStacks",
            "Transforms",
            "OwnBucket",
            "NeverExecute",
            "LookAround",
            "ReadTheirTemplates"
        ]
    );
    assert_eq!(prod[3]["Resource"][1], "arn:aws:cloudformation:us-east-1:aws:transform/Serverless-2016-10-31");

    let refused = project.infra("ci policy --role apply").ended(1);
    assert!(refused.err.contains("`--account` with one of: nonprod, prod"), "{}", refused.err);
    let refused = project.infra("ci policy --account staging").ended(1);
    assert!(refused.err.contains("there are: nonprod (111111111111), prod (222222222222)"), "{}", refused.err);
    // A stack that is only read is only read.
    project.write("read.infra", "extern core platform { stack: \"platform-${env.name}\", Zone: String }\n\nservice site {\n  resource Topic = AWS::SNS::Topic { DisplayName: platform.Zone }\n}\n");
    let platform = json!("arn:aws:cloudformation:eu-west-1:111111111111:stack/platform-dev/*");
    let reading = document(&project, "destroy");
    assert!(reading["Statement"][0]["Resource"].as_array().unwrap().contains(&platform), "{reading:#}");
    assert!(!reading["Statement"][1]["Resource"].as_array().unwrap().contains(&platform), "{reading:#}");

    let dev = project.infra("ci policy --env dev --role read").ended(0);
    assert_eq!(dev.out, project.infra("ci policy --account 111111111111 --role read").ended(0).out);
}
