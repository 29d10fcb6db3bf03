//! Projects that know nothing of each other and put rules on one listener: a priority that is taken is told by the plan.

use infra::diagnostics::Code;
use infra::plan::Wanted;
use serde_json::json;

use crate::support::stacks::{World, desired, reading, stack, text};

const EDGE: &str = "edge@dev/eu-west-1";

/// The stack with the listener, and a rule of its own.
fn edge() -> Wanted {
    let fixed = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]);
    let listener = json!({"Type": "AWS::ElasticLoadBalancingV2::Listener", "Properties": {
        "LoadBalancerArn": "arn:aws:elasticloadbalancing:eu-west-1:111111111111:loadbalancer/app/edge/0123456789abcdef",
        "Port": 80, "Protocol": "HTTP", "DefaultActions": fixed}});
    stack(
        "edge",
        json!({
            "Resources": {"Listener": listener, "Own": rule(json!({"Ref": "Listener"}), 5)},
            "Outputs": {
                "Listener": {"Value": {"Ref": "Listener"}},
                "Both": {"Value": {"Fn::Join": [",", ["arn:other", {"Ref": "Listener"}]]}}
            }
        }),
    )
}

fn rule(listener: serde_json::Value, priority: i64) -> serde_json::Value {
    json!({"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {
        "ListenerArn": listener, "Priority": priority,
        "Conditions": [{"Field": "path-pattern", "Values": ["/a/*"]}],
        "Actions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200"}}]}})
}

/// A stack of another project with a rule on that listener, whose ARN it is given.
fn service(project: &str, priority: i64) -> Wanted {
    let template = json!({
        "Parameters": {"Listener": {"Type": "String"}},
        "Resources": {
            "Rule": rule(json!({"Ref": "Listener"}), priority),
            "Topic": {"Type": "AWS::SNS::Topic"}
        }
    });
    let mut wanted = reading(stack("service", template), "Listener", EDGE, "Listener");
    wanted.tags.insert("infra:project".into(), project.into());
    wanted.name = format!("{project}-service-dev");
    wanted
}

/// What a project sees of the listener's stack: others deploy it.
fn project(service: Wanted) -> infra::plan::Desired {
    let project = service.tags["infra:project"].clone();
    let mut all = desired([edge(), service]);
    all.project = project;
    all
}

async fn only(world: &World, service: Wanted) -> Result<infra::plan::Plan, Vec<infra::diagnostics::Diagnostic>> {
    let id = service.id.clone();
    world.plan_of(&project(service), &[&id]).await
}

async fn deployed(world: &World, service: Wanted) {
    let plan = only(world, service.clone()).await.unwrap();
    let report = world.apply(&project(service), &plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
}

async fn world() -> World {
    let world = World::new();
    let (_, report) = world.deploy(&desired([edge()])).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    world
}

#[tokio::test(start_paused = true)]
async fn a_priority_that_another_project_has_is_refused_before_anything_is_made() {
    let world = world().await;
    deployed(&world, service("games", 10)).await;
    world.calls();
    for (priority, whose) in [(10, "`Rule` of stack `games-service-dev`"), (5, "`Own` of stack `shop-edge-dev`")] {
        let problems = only(&world, service("expenses", priority)).await.unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert_eq!(problems[0].code, Code::DuplicatePriority);
        assert!(problems[0].message.contains(whose), "{}", problems[0].message);
        let free = format!("give it a priority that no other rule of the listener has, such as {}", priority + 1);
        assert_eq!(problems[0].help.as_deref(), Some(&*free));
    }
    assert!(!world.calls().contains(&"ExecuteChangeSet"));
    deployed(&world, service("expenses", 11)).await;
    // One that is deployed and moves onto another one's is refused as well; what stays is not in its own way.
    let problems = only(&world, service("expenses", 10)).await.unwrap_err();
    assert_eq!(problems[0].code, Code::DuplicatePriority, "{problems:#?}");
    assert!(!only(&world, service("expenses", 11)).await.unwrap().has_changes());
}

#[tokio::test(start_paused = true)]
async fn a_listener_of_a_list_is_the_same_one() {
    let world = world().await;
    let of_list = |project: &str, priority: i64| {
        let mut wanted = service(project, priority);
        wanted.body = wanted.body.replace("{\"Ref\":\"Listener\"}", "{\"Fn::Select\":[1,{\"Ref\":\"Listener\"}]}");
        wanted.body = wanted.body.replace("{\"Type\":\"String\"}", "{\"Type\":\"CommaDelimitedList\"}");
        wanted.sha256 = "1".repeat(64);
        reading(wanted, "Listener", EDGE, "Both")
    };
    deployed(&world, of_list("games", 10)).await;
    for project in [service("expenses", 10), of_list("expenses", 10)] {
        let problems = only(&world, project).await.unwrap_err();
        assert_eq!(problems[0].code, Code::DuplicatePriority, "{problems:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn looking_costs_a_list_and_only_where_a_rule_is_made_or_moved() {
    let world = world().await;
    deployed(&world, service("games", 10)).await;
    deployed(&world, service("expenses", 11)).await;
    world.calls();
    let mut changed = service("expenses", 11);
    changed.body =
        changed.body.replace("\"AWS::SNS::Topic\"", "\"AWS::SNS::Topic\",\"Properties\":{\"DisplayName\":\"news\"}");
    changed.sha256 = "0".repeat(64);
    let id = changed.id.clone();
    let settings = infra::plan::Settings {
        only: Some([id].into()),
        ..crate::support::stacks::allowing(&["replace:*", "delete:*"])
    };
    let observer: std::sync::Arc<dyn infra::plan::Observer> = std::sync::Arc::new(infra::plan::Silent);
    let plan = infra::plan::plan(&world.clouds, &project(changed), &settings, &observer).await;
    assert!(plan.unwrap().has_changes());
    let lists = |calls: &[&str]| calls.iter().filter(|call| **call == "DescribeStacks").count();
    let calls = world.calls();
    assert_eq!(lists(&calls), 2, "{calls:?}");
    only(&world, service("photos", 12)).await.unwrap();
    let calls = world.calls();
    assert_eq!(lists(&calls), 3, "{calls:?}");
    // The templates of those who know the listener: its own stack, and the two that have rules there.
    assert_eq!(calls.iter().filter(|call| **call == "GetTemplate").count(), 3, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn where_nobody_may_look_the_plan_says_so_and_the_service_refuses() {
    let world = world().await;
    deployed(&world, service("games", 10)).await;
    let own = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "arn:aws:cloudformation:*:*:stack/*"}]});
    world.sandbox.enforce("111111111111", own);
    let plan = only(&world, service("expenses", 10)).await.unwrap();
    let shown = text(&plan).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("has a rule of the same priority could not be found out"), "{shown}");
    let report = world.apply(&project(service("expenses", 10)), &plan).await;
    assert_eq!(report.exit_code(), 1);
    assert!(format!("{report:?}").contains("Priority '10' is currently in use"), "{report:#?}");
}
