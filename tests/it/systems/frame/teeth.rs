//! The frame finds what it looks for.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Example, priorities_are_unique};

const HEAD: &str = r#"project shop
account main { id: "111111111111" }
env dev { account: main, regions: ["eu-west-1"] }
"#;

/// What an assertion said that does not hold.
fn failure(check: impl FnOnce()) -> String {
    let why = catch_unwind(AssertUnwindSafe(check)).expect_err("it holds");
    why.downcast_ref::<String>().unwrap().clone()
}

#[test]
fn what_is_copied_by_hand_is_found() {
    let wrong = Example::of(&format!(
        "{HEAD}{}",
        r#"
service orders { resource Queue = AWS::SQS::Queue { QueueName: "orders" } }
service reader {
  resource Where = AWS::SSM::Parameter { Type: "String", Value: "arn:aws:sqs:eu-west-1:111111111111:${name}" }
  let name = "orders"
}
"#
    ));
    let found = wrong.build("--env dev").unsound();
    let expected =
        ["main.infra: the account 111111111111 is written by hand: say `NAME.id`", "\"orders\" is written 2 times"];
    assert_eq!(found, expected);
    let right = Example::of(&format!(
        "{HEAD}{}",
        r#"
service orders {
  resource Queue = AWS::SQS::Queue { QueueName: "orders" }

  output Arn = Queue.Arn
}
service reader {
  resource Where = AWS::SSM::Parameter { Type: "String", Value: orders.Arn }
}
"#
    ));
    right.build("--env dev").is_sound();
}

#[test]
fn what_a_system_consists_of_is_compared() {
    let text = format!("{HEAD}service a {{ resource Q = AWS::SQS::Queue {{}} }}\n");
    let system = Example::of(&text).build("--env dev");
    system.consists_of("\nshop-a-dev 111111111111 eu-west-1 = 1\n  SQS::Queue 1\n");
    let other = "shop-a-dev 111111111111 eu-west-1 = 3\n  SQS::Queue 2, SNS::Topic 1\nshop-b-dev 1 eu-west-1 = 0";
    let said = failure(|| system.consists_of(other));
    for line in [
        "shop-a-dev 111111111111 eu-west-1: SNS::Topic is there 0 times, not 1",
        "shop-a-dev 111111111111 eu-west-1: SQS::Queue is there 1 times, not 2",
        "missing: shop-b-dev 1 eu-west-1",
    ] {
        assert!(said.contains(line), "{said}");
    }
    system.departs_from(
        "shop-a-dev 111111111111 eu-west-1 = 2\n  SQS::Queue 2",
        &[("shop-a-dev", "SQS::Queue", -1, "one is enough")],
    );
}

const EDGE: &str = r#"
core edge {
  resource Http = AWS::ElasticLoadBalancingV2::Listener {
    LoadBalancerArn: "arn:aws:elasticloadbalancing:eu-west-1:222222222222:loadbalancer/app/a/1"
    Port: 80
    Protocol: "HTTP"
    DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }]
  }
  resource Own = rule { listener: Http, priority: 10 }

  output Http
}
"#;

const OTHER: &str = r#"
extern core edge { stack: "shop-edge-dev", Http: AWS::ElasticLoadBalancingV2::Listener.ListenerArn }
param priority: Int
service b { resource Own = rule { listener: edge.Http, priority: priority } }
"#;

const RULE: &str = r#"
component rule {
  param listener: AWS::ElasticLoadBalancingV2::Listener.ListenerArn
  param priority: Int
  resource Rule = AWS::ElasticLoadBalancingV2::ListenerRule {
    ListenerArn: listener
    Priority: priority
    Conditions: [{ Field: "path-pattern", Values: ["/"] }]
    Actions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "200" } }]
  }
}
"#;

#[test]
fn rules_of_two_projects_at_one_listener_are_held_against_each_other() {
    let edge = Example::of(&format!("{HEAD}{RULE}{EDGE}")).build("--env dev");
    let other = Example::of(&format!("{}{RULE}{OTHER}", HEAD.replace("shop", "other")));
    let other = |priority: usize| other.build(&format!("--env dev --set priority={priority}"));
    priorities_are_unique(&[&edge, &other(11)]);
    let said = failure(|| priorities_are_unique(&[&edge, &other(10)]));
    assert!(said.ends_with("have the priority 10"), "{said}");
}
