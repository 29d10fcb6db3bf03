//! What ministack 1.5.33 does not do as AWS does, by name, so that no journey is taken to show it. Each is checked to
//! be so still: where one of these tests fails, the emulator has learned something, and a journey can use it.
//!
//! The sandbox shows how AWS behaves, and `cloud::aws`' list of deviations what the client does about it.

use std::collections::BTreeMap;

use infra::apply::Outcome;
use infra::cloud::{ChangeSetKind, CloudError, ErrorKind, NewChangeSet, TemplateText};
use infra::diagnostics::Code;

use super::Bed;
use crate::support::peer::Peer;
use crate::support::script::wait;

/// Types of AWS that it refuses as if there were none: no template with one of them can be deployed there.
pub(crate) const TYPES: [&str; 14] = [
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudFormation::Macro",
    "AWS::CodePipeline::Pipeline",
    "AWS::CodePipeline::Webhook",
    "AWS::CodeStarConnections::Connection",
    "AWS::EC2::DHCPOptions",
    "AWS::EC2::EIP",
    "AWS::EC2::NatGateway",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::VPCDHCPOptionsAssociation",
    "AWS::ElastiCache::ServerlessCache",
    "AWS::Route53::HealthCheck",
    "AWS::Route53::RecordSetGroup",
];

const QUEUE: &str = "core jobs {\n  resource Queue = AWS::SQS::Queue { QueueName: \"jobs\" }\n}";

/// Asks for a change set of a new stack without saying that it may make roles.
async fn ask(bed: &Bed, stack: &str, template: &str) -> Result<(), CloudError> {
    let new = NewChangeSet {
        stack: stack.into(),
        name: "x".into(),
        kind: ChangeSetKind::Create,
        template: TemplateText::Body(template.into()),
        parameters: BTreeMap::new(),
        tags: BTreeMap::new(),
        capabilities: Vec::new(),
        role: None,
        on_stack_failure: None,
        description: None,
    };
    bed.cloud.create_change_set(&new).await.map(drop)
}

#[test]
fn types_that_are_refused() {
    let bed = Bed::fresh();
    for ty in TYPES {
        assert!(infra::schema::Types::aws().resource(ty).is_some(), "{ty} is a type of AWS");
        let refused = wait(ask(&bed, "web", &format!(r#"{{"Resources":{{"R":{{"Type":"{ty}"}}}}}}"#))).unwrap_err();
        let told = format!("Template format error: Unrecognized resource types: [{ty}]");
        assert_eq!((refused.kind, refused.message), (ErrorKind::Validation, told));
    }
}

#[test]
fn templates_that_are_taken_although_they_are_wrong() {
    let bed = Bed::fresh();
    let role = r#"{"Type":"AWS::IAM::Role","Properties":{"RoleName":"r","AssumeRolePolicyDocument":{}}}"#;
    for (stack, resource) in [
        // AWS: `InsufficientCapabilitiesException`.
        ("capability", role),
        // AWS: `Template format error: Unresolved resource dependencies [Nobody] …`.
        ("reference", r#"{"Type":"AWS::SNS::Topic","Properties":{"DisplayName":{"Ref":"Nobody"}}}"#),
        // AWS: `Circular dependency between resources: [R]`.
        ("circle", r#"{"Type":"AWS::SNS::Topic","Properties":{"DisplayName":{"Ref":"R"}}}"#),
        // AWS: the change set fails with `Encountered unsupported property Nothing`.
        ("property", r#"{"Type":"AWS::SNS::Topic","Properties":{"Nothing":1}}"#),
    ] {
        wait(ask(&bed, stack, &format!(r#"{{"Resources":{{"R":{resource}}}}}"#)))
            .unwrap_or_else(|e| panic!("{stack}: {e}"));
    }
}

#[test]
fn a_stack_policy_is_kept_and_not_obeyed() {
    let peer = Peer::ministack();
    let guarded = |seconds: u32| {
        peer.source(&format!(
            "@policy({{ Statement: [{{ Effect: \"Deny\", Action: \"Update:*\", Principal: \"*\", Resource: \"*\" }}] }})\n\
             service jobs {{ resource Queue = AWS::SQS::Queue {{ QueueName: \"jobs\", VisibilityTimeout: {seconds} }} }}"
        ))
    };
    wait(async {
        peer.settle(&guarded(30)).await;
        let policy = "c('cloudformation').get_stack_policy(StackName='peer-jobs-dev')['StackPolicyBody']";
        assert!(peer.boto(policy).contains("Deny"), "{}", peer.boto(policy));
        // A plan sees what AWS would deny; what goes past it is denied by AWS, not by ministack.
        let refused = peer.plan(&guarded(60), &[]).await.unwrap_err();
        assert_eq!(refused[0].code, Code::ProtectedResource, "{refused:#?}");
        let theirs = peer.source(QUEUE).desired.stacks[0].body.replace("\"jobs\"", "\"jobs\",\"VisibilityTimeout\":60");
        peer.boto(&format!(
            "[c('cloudformation').update_stack(StackName='peer-jobs-dev', TemplateBody={theirs:?})['StackId'], \
             c('cloudformation').get_waiter('stack_update_complete').wait(StackName='peer-jobs-dev', \
             WaiterConfig={{'Delay': 0.02}})]"
        ));
        assert_eq!(peer.boto("queue('jobs', 'VisibilityTimeout')"), "\"60\"");
    });
}

#[test]
fn a_change_of_outputs_alone_is_none() {
    let peer = Peer::ministack();
    wait(async {
        peer.settle(&peer.source(QUEUE)).await;
        // AWS: the change set has no changes of resources and can be executed, after which the output is there.
        let with = peer.source(&QUEUE.replace("\n}", "\n  output Queue\n}"));
        let (plan, report) = peer.deploy(&with).await;
        assert!(plan.stacks[0].notes[0].contains("CloudFormation sees nothing to do"), "{:#?}", plan.stacks[0]);
        assert_eq!((report.exit_code(), report.stacks[0].outcome), (0, Outcome::Unchanged));
        let outputs = "c('cloudformation').describe_stacks(StackName='peer-jobs-dev')['Stacks'][0].get('Outputs', [])";
        assert_eq!(peer.boto(outputs), "[]");
        // With the next change of a resource it comes along.
        let slower = QUEUE.replace("\n}", "\n  output Queue\n}").replace(" }\n", ", VisibilityTimeout: 60 }\n");
        peer.settle(&peer.source(&slower)).await;
        assert!(peer.boto(outputs).contains("OutputValue"), "{}", peer.boto(outputs));
    });
}

#[test]
fn a_secret_is_told_in_a_change_set() {
    let bed = Bed::fresh();
    let template =
        r#"{"Parameters":{"P":{"Type":"String","NoEcho":true}},"Resources":{"T":{"Type":"AWS::SNS::Topic"}}}"#;
    // AWS: `****`. What a plan hides, it hides by what the template says of the parameter.
    let told = bed.boto(&format!(
        "[c('cloudformation').create_change_set(StackName='s', ChangeSetName='x', ChangeSetType='CREATE', \
         TemplateBody='{template}', Parameters=[{{'ParameterKey': 'P', 'ParameterValue': 'correct-horse'}}])['Id'], \
         c('cloudformation').describe_change_set(StackName='s', ChangeSetName='x')['Parameters']][1]"
    ));
    assert!(told.contains("correct-horse"), "{told}");
}
