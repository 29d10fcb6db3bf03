//! Decorators and ways out of the language, from the source to what is deployed: in the simulator, through the real
//! planner and executor.

use std::sync::Arc;

use serde_json::{Value, json};

use infra::build::{self, Build};
use infra::diagnostics::{Code, Diagnostic};
use infra::plan::{self, Cause, Desired, Plan, Replaces, Setting, StackAction};
use infra::sandbox::Sandbox;
use infra::schema::Types;
use infra::semantics::{self, Target};
use infra::source::Sources;
use infra::world::Table;

use crate::support::cli::{Project, Served, run};
use crate::support::stacks::World;

const HEAD: &str = "project shop
account nonprod { id: \"111111111111\", role: \"arn:aws:iam::111111111111:role/deploy\" }
account tools { id: \"222222222222\", role: \"arn:aws:iam::222222222222:role/deploy\" }
env dev { account: nonprod, regions: [\"eu-west-1\"] }
";

fn built(text: &str) -> Build {
    built_with(text, Table::default())
}

/// A program, and what else lies in its folder.
fn built_with(text: &str, table: Table) -> Build {
    let mut sources = Sources::default();
    sources.add("main.infra", format!("{HEAD}{text}"));
    let program = semantics::analyze(sources.iter().cloned().collect(), Arc::new(table), Types::aws());
    let target = Target { envs: vec!["dev".into()], shared: true, ..Default::default() };
    let build = build::build(&program, &target);
    assert!(build.diagnostics.is_empty(), "{:#?}", build.diagnostics);
    build
}

fn desired(text: &str) -> Desired {
    plan::desired(&built(text))
}

/// Plans and applies; all of it must go well.
async fn deploy(world: &World, text: &str) -> Plan {
    let desired = desired(text);
    let plan = world.plan(&desired).await.unwrap_or_else(|e| panic!("{e:#?}"));
    let report = world.apply(&desired, &plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    plan
}

async fn policy_of(world: &World, text: &str) -> Value {
    let wanted = desired(text);
    let wanted = &wanted.stacks[0];
    let cloud = world.at(wanted);
    let stack = cloud.stack(&wanted.name).await.unwrap().unwrap();
    let policy = cloud.stack_policy(&stack.id).await.unwrap();
    serde_json::from_str(&policy.unwrap_or_else(|| "null".to_owned())).unwrap()
}

async fn template_of(world: &World, text: &str, stack: &str) -> Value {
    let wanted = desired(text);
    let wanted = wanted.stacks.iter().find(|w| w.stack == stack).unwrap();
    let cloud = world.at(wanted);
    let found = cloud.stack(&wanted.name).await.unwrap().unwrap();
    serde_json::from_str(&cloud.template(&found.id).await.unwrap().unwrap()).unwrap()
}

fn queues(policy: &str, delay: i64) -> String {
    format!(
        "{policy}
        core queues {{
          resource Jobs = AWS::SQS::Queue {{ DelaySeconds: {delay} }}
          @protect(\"known outside\")
          resource Topic = AWS::SNS::Topic {{}}
        }}"
    )
}

const FROZEN: &str = r#"@policy({ Statement: [
  { Effect: "Allow", Action: "Update:*", Resource: "*" }
  { Effect: "Deny", Action: "Update:Modify", Resource: "LogicalResourceId/Jobs" }
] })"#;

#[tokio::test(start_paused = true)]
async fn a_stack_policy_comes_into_force_with_what_is_protected() {
    let world = World::new();
    let text = queues(FROZEN, 1);
    let plan = deploy(&world, &text).await;
    let Setting::StackPolicy { protects, own, .. } = &plan.stacks[0].settings[0] else { panic!("{plan:#?}") };
    assert_eq!(protects, &["Topic"]);
    assert!(own.as_ref().unwrap().contains("LogicalResourceId/Jobs"));
    let shown = plan::to_text(&plan, plan::Style { colour: false, width: 200 });
    assert!(
        shown
            .contains("stack policy: allow Update:* on all; deny Update:Modify on Jobs; never replace or delete Topic"),
        "{shown}"
    );
    let allow = json!({"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"});
    let jobs =
        json!({"Effect": "Deny", "Principal": "*", "Action": "Update:Modify", "Resource": "LogicalResourceId/Jobs"});
    let ours = json!({"Effect": "Deny", "Principal": "*", "Action": ["Update:Delete", "Update:Replace"],
        "Resource": ["LogicalResourceId/Topic"]});
    assert_eq!(policy_of(&world, &text).await, json!({ "Statement": [allow, jobs, ours] }));
    assert!(!world.plan(&desired(&text)).await.unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn what_a_stack_policy_denies_is_refused_before_anything_is_made() {
    let world = World::new();
    deploy(&world, &queues(FROZEN, 1)).await;
    world.calls();
    let problems = world.plan(&desired(&queues(FROZEN, 2))).await.unwrap_err();
    assert_eq!(problems[0].code, Code::ProtectedResource);
    assert!(problems[0].message.contains("would change `Jobs`"), "{}", problems[0].message);
    assert!(problems[0].help.as_ref().unwrap().contains("statement 2 of `@policy`"), "{problems:#?}");
    assert!(!world.calls().contains(&"CreateChangeSet"));

    // Another policy alone is a change of its own; then the queue may change too.
    let open = FROZEN.replace("Deny", "Allow");
    let plan = deploy(&world, &queues(&open, 1)).await;
    assert_eq!((plan.stacks[0].action, plan.stacks[0].settings.len()), (StackAction::None, 1));
    deploy(&world, &queues(&open, 2)).await;
}

#[tokio::test(start_paused = true)]
async fn a_stack_policy_that_leaves_the_source_stays_in_force() {
    let world = World::new();
    deploy(&world, &queues(FROZEN, 1)).await;
    // Its guard holds for whoever changes the stack now.
    let problems = world.plan(&desired(&queues("", 2))).await.unwrap_err();
    assert_eq!(problems[0].code, Code::ProtectedResource, "{problems:#?}");
    assert!(problems[0].help.as_ref().unwrap().contains("`@policy`"), "{problems:#?}");
    let plan = world.plan(&desired(&queues("", 1))).await.unwrap();
    assert!(!plan.has_changes());
    assert!(plan.stacks[0].notes.iter().any(|note| note.contains("stack policy is in force")), "{plan:#?}");
}

fn reading(live: &str, cidr: &str, topic: &str) -> String {
    format!(
        "core network {{
          resource Vpc = AWS::EC2::VPC {{ CidrBlock: \"{cidr}\" }}
          output Vpc
        }}
        @in(tools, [\"us-east-1\"])
        core tools {{
          resource Topic = AWS::SNS::Topic {{}}
          output Topic
        }}
        service api {{
          resource Security = AWS::EC2::SecurityGroup {{ GroupDescription: \"api\", VpcId: {live} network.Vpc }}
          resource Queue = AWS::SQS::Queue {{ QueueName: \"jobs{topic}\" }}
          output Where = {live} tools.Topic
        }}"
    )
}

#[tokio::test(start_paused = true)]
async fn a_live_output_is_read_while_the_stack_is_deployed() {
    let world = World::new();
    let text = reading("live", "10.0.0.0/16", "");
    let plan = deploy(&world, &text).await;
    let api = plan.stack("api@dev/eu-west-1").unwrap();
    assert_eq!(api.after, ["network@dev/eu-west-1", "tools@shared/us-east-1"]);
    assert!(api.parameters.is_empty());
    let wanted = desired(&text);
    let stack = |name: &str| {
        let wanted = wanted.stacks.iter().find(|w| w.stack == name).unwrap();
        let (cloud, name) = (world.at(wanted), wanted.name.clone());
        async move { cloud.stack(&name).await.unwrap().unwrap() }
    };
    let (tools, api) = (stack("tools").await, stack("api").await);
    assert_eq!(api.outputs["Where"].value, tools.outputs["Topic"].value);
    assert!(!world.plan(&wanted).await.unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn a_live_output_is_never_planned_again_and_may_replace() {
    let world = World::new();
    deploy(&world, &reading("live", "10.0.0.0/16", "")).await;
    // The VPC is replaced, and nobody looks at who reads it live: that is the price.
    let plan = world.plan(&desired(&reading("live", "10.9.0.0/16", ""))).await.unwrap();
    assert!(plan.stack("network@dev/eu-west-1").unwrap().has_changes());
    assert!(!plan.stack("api@dev/eu-west-1").unwrap().has_changes());
    // Whatever else changes in the stack, CloudFormation plans for another value.
    let renamed = desired(&reading("live", "10.0.0.0/16", "2"));
    let plan = world.plan_allowing(&renamed, &["replace:api/Queue"]).await.unwrap();
    let api = plan.stack("api@dev/eu-west-1").unwrap();
    let group = api.changes.iter().find(|change| change.logical_id == "Security").unwrap();
    assert_ne!(group.replacement, Replaces::No, "{group:#?}");
    // A plain reference is a parameter, and says so.
    let world = World::new();
    deploy(&world, &reading("", "10.0.0.0/16", "")).await;
    let plan = world.plan(&desired(&reading("", "10.9.0.0/16", ""))).await.unwrap();
    assert!(plan.stack("api@dev/eu-west-1").unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn a_provisional_plan_counts_with_what_is_read_live() {
    let text = |cidr: &str, queue: &str| {
        format!(
            "core network {{
              resource Vpc = AWS::EC2::VPC {{ CidrBlock: \"{cidr}\" }}
              output Vpc
            }}
            core names {{
              resource Topic = AWS::SNS::Topic {{ TopicName: \"{queue}\" }}
              output Topic
            }}
            service api {{
              resource Security = AWS::EC2::SecurityGroup {{ GroupDescription: \"api\", VpcId: live network.Vpc }}
              resource Where = AWS::SSM::Parameter {{ Type: \"String\", Value: names.Topic }}
            }}"
        )
    };
    let world = World::new();
    deploy(&world, &text("10.0.0.0/16", "a")).await;
    let plan = deploy(&world, &text("10.0.0.0/16", "b")).await;
    let api = plan.stack("api@dev/eu-west-1").unwrap();
    let group = api.changes.iter().find(|change| change.logical_id == "Security").unwrap();
    let cause = Cause::Live { stack: "shop-network-dev".into(), output: "Vpc".into() };
    assert_eq!(group.properties[0].cause, Some(cause), "{group:#?}");
    assert_eq!(group.replacement, Replaces::Maybe);
}

#[tokio::test(start_paused = true)]
async fn a_live_output_that_is_not_there_is_told_before_anything_is_made() {
    let world = World::new();
    let text = reading("live", "10.0.0.0/16", "");
    let problems: Vec<Diagnostic> = world.plan_of(&desired(&text), &["api@dev/eu-west-1"]).await.unwrap_err();
    assert!(problems.iter().all(|problem| problem.code == Code::NotDeployed), "{problems:#?}");
    assert!(problems[0].span().is_some());
    assert!(!world.calls().contains(&"CreateChangeSet"));
}

#[tokio::test(start_paused = true)]
async fn a_published_output_is_a_parameter() {
    let text = "core network {
      resource Vpc = AWS::EC2::VPC { CidrBlock: \"10.0.0.0/16\" }
      @publish(\"/shop/vpc\")
      output Vpc
    }";
    let world = World::new();
    deploy(&world, text).await;
    let parameter = template_of(&world, text, "network").await["Resources"]["PublishedVpc"].clone();
    let properties = json!({"Name": "/shop/vpc", "Type": "String", "Value": {"Ref": "Vpc"}});
    assert_eq!(parameter, json!({"Type": "AWS::SSM::Parameter", "Properties": properties}));
    assert!(!world.plan(&desired(text)).await.unwrap().has_changes());
}

fn service(count: i64, family: &str, name: &str) -> String {
    format!(
        "core names {{
          resource Topic = AWS::SNS::Topic {{ TopicName: \"{name}\" }}
          output Topic
        }}
        service api {{
          @initial(DesiredCount)
          resource App = AWS::ECS::Service {{
            DesiredCount: {count}
            TaskDefinition: \"arn:aws:ecs:eu-west-1:111111111111:task-definition/{family}:1\"
          }}
          resource Where = AWS::SSM::Parameter {{ Type: \"String\", Value: names.Topic }}
        }}"
    )
}

async fn count(world: &World, text: &str) -> Value {
    template_of(world, text, "api").await["Resources"]["App"]["Properties"]["DesiredCount"].clone()
}

#[tokio::test(start_paused = true)]
async fn an_initial_property_is_set_once() {
    let world = World::new();
    let first = service(2, "api", "a");
    deploy(&world, &first).await;
    assert_eq!(count(&world, &first).await, json!(2));

    // Another value alone changes nothing, and says so.
    let second = service(5, "api", "a");
    let plan = world.plan(&desired(&second)).await.unwrap();
    assert!(!plan.has_changes(), "{plan:#?}");
    let api = plan.stack("api@dev/eu-west-1").unwrap();
    assert_eq!(api.notes, ["App keeps its deployed `DesiredCount`, as `@initial` says"]);

    // With another change it stays as deployed; afterwards the stack is known by its digest.
    let third = service(5, "web", "a");
    let plan = deploy(&world, &third).await;
    let api = plan.stack("api@dev/eu-west-1").unwrap();
    let paths: Vec<&str> = api.changes[0].properties.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(paths, ["TaskDefinition"]);
    assert_eq!(count(&world, &third).await, json!(2));
    world.calls();
    assert!(!world.plan(&desired(&third)).await.unwrap().has_changes());
    assert!(!world.calls().contains(&"GetTemplate"));

    // Also where the change waits for another stack, and is made while applying.
    let fourth = service(7, "web", "b");
    let plan = deploy(&world, &fourth).await;
    assert_eq!(plan.stack("api@dev/eu-west-1").unwrap().certainty, plan::Certainty::Provisional);
    assert_eq!(count(&world, &fourth).await, json!(2));
    assert!(!world.plan(&desired(&fourth)).await.unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn a_replaced_resource_gets_its_initial_value_anew() {
    let text = |cidr: &str, hostnames: bool| {
        format!(
            "core network {{
              @initial(EnableDnsHostnames)
              resource Vpc = AWS::EC2::VPC {{ CidrBlock: \"{cidr}\", EnableDnsHostnames: {hostnames} }}
            }}"
        )
    };
    let world = World::new();
    deploy(&world, &text("10.0.0.0/16", false)).await;
    let second = text("10.9.0.0/16", true);
    deploy(&world, &second).await;
    let vpc = template_of(&world, &second, "network").await["Resources"]["Vpc"]["Properties"].clone();
    assert_eq!(vpc, json!({"CidrBlock": "10.9.0.0/16", "EnableDnsHostnames": true}));
}

#[test]
fn the_metadata_of_a_template_says_what_others_may_change() {
    let build = built(
        "service api {
          @ignore_drift(DesiredCount)
          @initial(DesiredCount)
          resource App = AWS::ECS::Service { DesiredCount: 1, TaskDefinition: \"arn:aws:ecs:eu-west-1:111111111111:task-definition/a:1\" }
        }",
    );
    let template: Value = serde_json::from_str(&build.stacks[0].template.body).unwrap();
    let infra = &template["Metadata"]["infra"];
    let paths = json!({"App": ["DesiredCount"]});
    assert_eq!((&infra["ignore_drift"], &infra["initial"]), (&paths, &paths));
    // Neither touches the resource itself.
    assert!(template["Resources"]["App"].get("Metadata").is_none());
}

const SCHEMA: &str = r#"{
  "typeName": "Acme::Queue::Thing",
  "additionalProperties": false,
  "properties": { "Name": { "type": "string" }, "Count": { "type": "integer" }, "Arn": { "type": "string" } },
  "createOnlyProperties": ["/properties/Name"],
  "readOnlyProperties": ["/properties/Arn"],
  "primaryIdentifier": ["/properties/Arn"]
}"#;

#[tokio::test(start_paused = true)]
async fn a_type_of_others_is_planned_and_simulated_by_its_schema() {
    let desired = |name: &str, count: i64| {
        let text = format!(
            "core queues {{
              resource Thing = Acme::Queue::Thing {{ Name: \"{name}\", Count: {count} }}
              output Arn = Thing.Arn
            }}"
        );
        let table: Table = [("schemas/thing.json", SCHEMA.as_bytes().to_vec())].into_iter().collect();
        plan::desired(&built_with(&text, table))
    };
    let types = desired("a", 1).stacks[0].types;
    let world = World::of(Sandbox::new(infra::sandbox::Settings { types, ..Default::default() }));
    for (wanted, replacement) in
        [(desired("a", 1), None), (desired("a", 2), Some(Replaces::No)), (desired("b", 2), Some(Replaces::Yes))]
    {
        let plan = world.plan(&wanted).await.unwrap_or_else(|e| panic!("{e:#?}"));
        assert_eq!(plan.stacks[0].changes[0].replacement, replacement.unwrap_or(Replaces::No), "{plan:#?}");
        let report = world.apply(&wanted, &plan).await;
        assert_eq!(report.exit_code(), 0, "{report:#?}");
    }
    assert!(!world.plan(&desired("b", 2)).await.unwrap().has_changes());
}

#[test]
fn a_type_of_others_is_explained_and_served_where_its_schema_lies() {
    let main = "project p\naccount a { id: \"111111111111\" }\nenv dev { account: a, regions: [\"eu-west-1\"] }\n\
                core queues {\n  resource Thing = Acme::Queue::Thing { Name: \"a\" }\n\n  output Arn = Thing.Arn\n}\n";
    let project = Project::new(&[("main.infra", main), ("schemas/thing.json", SCHEMA), ("below/note.txt", "")]);
    let explain = |line: &str, code: i32| project.infra(&format!("{line} explain Acme::Queue::Thing")).ended(code);
    let said = explain("-C below", 0).out;
    for part in ["Acme::Queue::Thing\n", "`ref` gives the Arn", "Count: Int", "Name: String (replaces)"] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    assert!(project.infra("explain Acme::Queue::Thing.Count").ended(0).out.contains("Int"));
    let slip = project.infra("explain Acme::Queue::Thin").ended(1).err;
    assert!(slip.contains("the nearest is `Acme::Queue::Thing`"), "{slip}");
    assert!(explain("-C schemas/..", 0).out == said);
    let elsewhere = Project::new(&[("schemas/thing.json", SCHEMA)]);
    elsewhere.infra("explain Acme::Queue::Thing").ended(1);
    // Both sides of the port know it.
    let root = project.path("");
    let served = Served::start(&["-C", root.to_str().unwrap()]);
    let line = format!("apply --yes --endpoint {}", served.address);
    let mut apply = project.command(&line.split_whitespace().collect::<Vec<_>>());
    apply.env("AWS_ACCESS_KEY_ID", "111111111111").env("AWS_SECRET_ACCESS_KEY", "x");
    run(apply).ended(0);
    // What is wrong with a schema is said, and no other answer given.
    project.write("schemas/thing.json", SCHEMA.replace("integer", "integr"));
    let wrong = explain("", 1).err;
    assert!(wrong.contains("schemas/thing.json:") && wrong.contains("`integr`"), "{wrong}");
    assert!(project.infra("explain AWS::SQS::Queue").ended(0).out.starts_with("AWS::SQS::Queue\n"));
}

const FAMILY: &str = "arn:aws:ecs:eu-west-1:111111111111:task-definition/api:1";

#[tokio::test(start_paused = true)]
async fn what_is_said_above_a_component_holds_for_all_that_is_in_it() {
    let text = |count: i64, cidr: &str| {
        format!(
            "component app {{
              param count: Int
              param cidr: Cidr
              resource Vpc = AWS::EC2::VPC {{ CidrBlock: cidr }}
              resource Service = AWS::ECS::Service {{ DesiredCount: count, TaskDefinition: \"{FAMILY}\" }}
            }}
            core apps {{
              @protect(\"everybody uses it\")
              @on_delete(retain)
              @initial(DesiredCount)
              resource App = app {{ count: {count}, cidr: \"{cidr}\" }}
            }}"
        )
    };
    let world = World::new();
    let first = text(2, "10.0.0.0/16");
    let plan = deploy(&world, &first).await;
    let protects = vec!["AppService".to_owned(), "AppVpc".to_owned()];
    assert_eq!(plan.stacks[0].settings, [Setting::StackPolicy { protects, own: None, lifts: vec![] }]);
    let template = template_of(&world, &first, "apps").await;
    for id in ["AppService", "AppVpc"] {
        assert_eq!(template["Resources"][id]["DeletionPolicy"], "Retain", "{template:#}");
    }
    let plan = world.plan(&desired(&text(5, "10.0.0.0/16"))).await.unwrap();
    assert!(!plan.has_changes(), "{plan:#?}");
    // The place that is shown is that in the component, and where the component is used.
    let problems = world.plan(&desired(&text(2, "10.9.0.0/16"))).await.unwrap_err();
    assert_eq!((problems[0].code, problems[0].labels.len()), (Code::ProtectedResource, 2), "{problems:#?}");
    assert!(problems[0].message.contains("everybody uses it"), "{problems:#?}");
}
