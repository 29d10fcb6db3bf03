//! What is made of what AWS tells, in the forms in which it tells it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use serde_json::json;

use super::*;
use crate::cloud::{ChangeSetState, ChangeSetStatus, ExecutionStatus};
use crate::plan::diff::{Sides, diff};

fn set(changes: Vec<ResourceChange>) -> ChangeSet {
    let state = ChangeSetState {
        id: "id".into(),
        name: "name".into(),
        stack_id: "stack".into(),
        stack_name: "stack".into(),
        status: ChangeSetStatus::CreateComplete,
        status_reason: None,
        execution: ExecutionStatus::Available,
        created: None,
        description: None,
    };
    ChangeSet { state, parameters: BTreeMap::new(), tags: BTreeMap::new(), capabilities: vec![], changes, pages: 1 }
}

fn modify(id: &str, kind: &str, details: Vec<ChangeDetail>) -> ResourceChange {
    ResourceChange {
        action: ChangeAction::Modify,
        logical_id: id.into(),
        physical_id: None,
        resource_type: kind.into(),
        replacement: Some(Replacement::False),
        policy: None,
        scope: vec!["Properties".into()],
        details,
        before: None,
        after: None,
    }
}

fn detail(path: &str, before: &str, after: &str) -> ChangeDetail {
    ChangeDetail {
        attribute: Some("Properties".into()),
        name: path.split('/').next().map(str::to_owned),
        path: Some(format!("/Properties/{path}")),
        recreation: Some(Recreation::Never),
        evaluation: Some("Static".into()),
        source: Some("DirectModification".into()),
        cause: None,
        before: Some(Secret::new(before)),
        after: Some(Secret::new(after)),
    }
}

fn read(before: &Value, after: &Value, told: Vec<ResourceChange>) -> Vec<Change> {
    let (parameters, types) = (BTreeMap::new(), Types::aws());
    let local = diff(&Sides { before: Some(before), after, parameters: &parameters, types });
    Reader { before: Some(before), after, parameters: &parameters, local: &local, types }.read(&set(told))
}

fn role(actions: [&str; 2]) -> Value {
    let statements = actions.map(|action| json!({"Effect": "Allow", "Action": action, "Resource": "*"}));
    json!({"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"Policies": [
        {"PolicyName": "a", "PolicyDocument": {"Statement": statements}}]}}}})
}

#[test]
fn a_policy_is_told_as_a_whole_wherever_aws_says_it_changes() {
    let (before, after) = (role(["a:A", "b:B"]), role(["c:C", "d:D"]));
    let whole = |template: &Value| template["Resources"]["Role"]["Properties"]["Policies"].to_string();
    let deep = |at: usize| format!("Policies/0/PolicyDocument/Statement/{at}/Action");
    for details in [
        vec![detail("Policies", &whole(&before), &whole(&after))],
        vec![detail(&deep(0), "a:A", "c:C"), detail(&deep(1), "b:B", "d:D")],
    ] {
        let changes = read(&before, &after, vec![modify("Role", "AWS::IAM::Role", details)]);
        let properties = &changes[0].properties;
        assert_eq!(properties.len(), 1, "{properties:#?}");
        assert_eq!(properties[0].path, "Policies.0.PolicyDocument");
        let is = |side: &Option<Shown>| matches!(side, Some(Shown::Value(value)) if is_policy(value));
        assert!(is(&properties[0].before) && is(&properties[0].after), "{properties:#?}");
    }
}

#[test]
fn what_reads_a_name_that_stays_is_said_to_stay() {
    let template = |action: &str, build: &str| {
        let mut all = role([action, "b:B"]);
        all["Resources"]["Build"] = json!({"Type": "AWS::CodeBuild::Project", "Properties": {
            "ServiceRole": {"Fn::GetAtt": ["Role", "Arn"]}, "Description": build}});
        all
    };
    let reads = ChangeDetail {
        evaluation: Some("Dynamic".into()),
        source: Some("ResourceAttribute".into()),
        cause: Some("Role.Arn".into()),
        before: None,
        after: None,
        ..detail("ServiceRole", "", "")
    };
    let told = vec![
        modify("Build", "AWS::CodeBuild::Project", vec![reads, detail("Description", "x", "y")]),
        modify("Role", "AWS::IAM::Role", vec![detail("Policies/0/PolicyDocument/Statement/0/Action", "a:A", "c:C")]),
    ];
    let changes = read(&template("a:A", "x"), &template("c:C", "y"), told);
    let differs: Vec<_> = changes[0].properties.iter().map(|p| (p.path.as_str(), p.differs)).collect();
    assert_eq!(differs, [("Description", Differs::Yes), ("ServiceRole", Differs::No)]);
}
