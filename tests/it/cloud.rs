//! The cloud port through the real SDK client: what is sent, what is believed, what is tried again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use infra::cloud::aws::{Aws, Settings};
use infra::cloud::{
    Account, Call, ChangeAction, ChangeSetKind, ChangeSetStatus, Clouds, ErrorKind, NewChangeSet, OnStackFailure,
    ParameterValue, Replacement, Secret, StackStatus, Target, TemplateText, Token,
};

use crate::support::script::{Script, answer, error, socket, target, wait};

const STACK: &str = "arn:aws:cloudformation:eu-west-1:111111111111:stack/web/1";

fn token(text: &str) -> Token {
    Token::new(text).unwrap()
}

fn describe(members: &str) -> String {
    answer("DescribeStacks", &format!("<Stacks>{members}</Stacks>"))
}

fn member(name: &str, status: &str) -> String {
    format!(
        "<member><StackId>arn:aws:cloudformation:eu-west-1:111111111111:stack/{name}/1</StackId><StackName>{name}\
         </StackName><CreationTime>2026-11-21T08:00:00.123Z</CreationTime><StackStatus>{status}</StackStatus>\
         <Tags><member><Key>infra:project</Key><Value>p</Value></member></Tags><Outputs><member><OutputKey>Vpc\
         </OutputKey><OutputValue>vpc-1</OutputValue></member></Outputs></member>"
    )
}

fn change_set() -> NewChangeSet {
    NewChangeSet {
        stack: "web".into(),
        name: "infra-0123-web".into(),
        kind: ChangeSetKind::Create,
        template: TemplateText::Body("{\"Resources\":{}}".into()),
        parameters: BTreeMap::from([
            ("Password".into(), ParameterValue::Value(Secret::new("hunter2"))),
            ("Size".into(), ParameterValue::Previous),
        ]),
        tags: BTreeMap::from([("infra:project".into(), "p".into())]),
        capabilities: vec!["CAPABILITY_NAMED_IAM".into()],
        role: None,
        on_stack_failure: Some(OnStackFailure::Delete),
        description: None,
    }
}

#[test]
fn a_full_quota_is_not_waited_for() {
    let script = Script::new([(400, error("LimitExceededException", "Limit for stacks has been exceeded"))]);
    let failure = wait(script.cloud().create_change_set(&change_set())).unwrap_err();
    assert_eq!((failure.kind, script.asked().len()), (ErrorKind::Limit, 1));
    assert_eq!(failure.code.as_deref(), Some("LimitExceededException"));
    assert_eq!(failure.request_id.as_deref(), Some("r-1"));
}

#[test]
fn throttling_is_waited_for_eight_times_at_most() {
    let script = Script::new([(400, error("Throttling", "Rate exceeded"))]);
    let failure = wait(script.cloud().stack("web")).unwrap_err();
    assert_eq!((failure.kind, script.asked().len()), (ErrorKind::Throttled, 8));
}

#[test]
fn one_stack_costs_one_call_and_is_told_whole() {
    let script = Script::new([(200, describe(&member("web", "UPDATE_COMPLETE")))]);
    let stack = wait(script.cloud().stack("web")).unwrap().unwrap();
    assert_eq!(stack.status, StackStatus::UpdateComplete);
    assert_eq!(stack.tags["infra:project"], "p");
    assert_eq!(stack.outputs["Vpc"].value, "vpc-1");
    assert_eq!(stack.created.unwrap().to_string(), "2026-11-21T08:00:00.123Z");
    assert_eq!(script.asked().len(), 1);
    assert_eq!(script.asked()[0]["StackName"], "web");
    let agent = &script.headers()[0]["x-amz-user-agent"];
    assert!(agent.contains("app/infra"), "{agent}");
}

#[test]
fn absent_is_not_an_error_in_any_wording() {
    for text in [
        "Stack with id web does not exist",
        "Stack [web] does not exist",
        "Stack 'web' does not exist",
        "Stack web does not exist",
    ] {
        let script = Script::new([(400, error("ValidationError", text))]);
        assert_eq!(wait(script.cloud().stack("web")).unwrap(), None, "{text}");
        assert_eq!(wait(script.cloud().template("web")).unwrap(), None, "{text}");
        assert_eq!(wait(script.cloud().resources("web")).unwrap(), None, "{text}");
        assert!(wait(script.cloud().events("web", &BTreeSet::new(), None)).unwrap().is_empty());
    }
    let script = Script::new([(404, error("ChangeSetNotFound", "ChangeSet [x] does not exist"))]);
    assert_eq!(wait(script.cloud().change_set("web", "x")).unwrap(), None);
    let script = Script::new([(400, error("ValidationError", "Template error: instance of Fn::GetAtt"))]);
    assert_eq!(wait(script.cloud().stack("web")).unwrap_err().kind, ErrorKind::Validation);
}

#[test]
fn every_write_carries_its_token_also_when_repeated() {
    let token = token("x-0123-web");
    let cases: [(&str, &str, String); 4] = [
        ("ExecuteChangeSet", "ClientRequestToken", answer("ExecuteChangeSet", "")),
        ("DeleteStack", "ClientRequestToken", answer("DeleteStack", "")),
        ("ContinueUpdateRollback", "ClientRequestToken", answer("ContinueUpdateRollback", "")),
        ("RollbackStack", "ClientRequestToken", answer("RollbackStack", "")),
    ];
    for (operation, field, good) in cases {
        let script = Script::new([(500, String::new()), (200, good)]);
        let cloud = script.cloud();
        wait(async {
            match operation {
                "ExecuteChangeSet" => cloud.execute_change_set(STACK, "cs", Some(false), &token).await,
                "DeleteStack" => cloud.delete_stack(STACK, &[], &token).await,
                "ContinueUpdateRollback" => cloud.continue_update_rollback(STACK, &[], &token).await,
                _ => cloud.rollback_stack(STACK, &token).await,
            }
        })
        .unwrap();
        let asked = script.asked();
        assert_eq!(asked.len(), 2, "{operation}");
        for request in &asked {
            assert_eq!((request["Action"].as_str(), request[field].as_str()), (operation, token.as_str()));
        }
    }
}

#[test]
fn a_change_set_is_asked_for_as_it_was_meant() {
    let made = answer("CreateChangeSet", &format!("<Id>arn:cs</Id><StackId>{STACK}</StackId>"));
    let script = Script::new([(200, made)]);
    let made = wait(script.cloud().create_change_set(&change_set())).unwrap();
    assert_eq!((made.id.as_str(), made.stack_id.as_str()), ("arn:cs", STACK));
    let asked = &script.asked()[0];
    for (field, value) in [
        ("ChangeSetType", "CREATE"),
        ("OnStackFailure", "DELETE"),
        ("Capabilities.member.1", "CAPABILITY_NAMED_IAM"),
        ("Parameters.member.1.ParameterKey", "Password"),
        ("Parameters.member.1.ParameterValue", "hunter2"),
        ("Parameters.member.2.UsePreviousValue", "true"),
        ("Tags.member.1.Key", "infra:project"),
    ] {
        assert_eq!(asked[field], value, "{field}");
    }
    assert!(!format!("{:?}", change_set()).contains("hunter2"));
}

fn described(changes: &[(&str, &str, &str)], next: Option<&str>) -> String {
    let changes: String = changes
        .iter()
        .map(|(id, action, replacement)| {
            format!(
                "<member><Type>Resource</Type><ResourceChange><Action>{action}</Action><LogicalResourceId>{id}\
                 </LogicalResourceId><ResourceType>AWS::SQS::Queue</ResourceType><Replacement>{replacement}\
                 </Replacement></ResourceChange></member>"
            )
        })
        .collect();
    let next = next.map(|n| format!("<NextToken>{n}</NextToken>")).unwrap_or_default();
    answer(
        "DescribeChangeSet",
        &format!(
            "<ChangeSetName>x</ChangeSetName><ChangeSetId>arn:cs</ChangeSetId><StackName>web</StackName><StackId>\
             {STACK}</StackId><Status>CREATE_COMPLETE</Status><ExecutionStatus>AVAILABLE</ExecutionStatus><Changes>\
             {changes}</Changes>{next}"
        ),
    )
}

#[test]
fn a_change_set_is_read_to_its_last_page_in_both_forms() {
    let script = Script::new([
        (200, described(&[("A", "Modify", "False")], Some("2"))),
        (200, described(&[("B", "Add", "")], None)),
        (200, described(&[("A", "Modify", "False")], Some("2"))),
        (200, described(&[("B", "Add", "")], Some("3"))),
        (200, described(&[("Hidden", "Remove", "")], None)),
    ]);
    let set = wait(script.cloud().change_set(STACK, "x")).unwrap().unwrap();
    let told: Vec<_> = set.changes.iter().map(|c| (c.logical_id.as_str(), &c.action)).collect();
    assert_eq!(
        told,
        [("A", &ChangeAction::Modify), ("B", &ChangeAction::Add), ("Hidden", &ChangeAction::Remove)],
        "a change that the form with values leaves out is shown"
    );
    assert_eq!(set.changes[0].replacement, Some(Replacement::False));
    assert_eq!((set.pages, set.state.status), (3, ChangeSetStatus::CreateComplete));
    let forms: Vec<_> = script
        .asked()
        .iter()
        .map(|r| (r["IncludePropertyValues"].clone(), r.get("NextToken").cloned().unwrap_or_default()))
        .collect();
    let expected = [("true", ""), ("true", "2"), ("false", ""), ("false", "2"), ("false", "3")];
    assert_eq!(forms, expected.map(|(form, place)| (form.to_owned(), place.to_owned())));
}

#[test]
fn two_forms_that_contradict_each_other_are_no_plan() {
    let script = Script::new([
        (200, described(&[("A", "Modify", "False")], None)),
        (200, described(&[("A", "Modify", "True")], None)),
    ]);
    assert_eq!(wait(script.cloud().change_set(STACK, "x")).unwrap_err().kind, ErrorKind::Incomplete);
}

#[test]
fn a_list_that_goes_in_circles_ends() {
    let script = Script::new([(200, described(&[], Some("again")))]);
    assert_eq!(wait(script.cloud().change_set(STACK, "x")).unwrap_err().kind, ErrorKind::Incomplete);
    assert_eq!(script.asked().len(), 2);
}

fn events(list: &[(&str, u32, &str, &str)], next: Option<&str>) -> String {
    let list: String = list
        .iter()
        .map(|(id, second, token, physical)| {
            format!(
                "<member><EventId>{id}</EventId><StackId>{STACK}</StackId><StackName>web</StackName>\
                 <LogicalResourceId>web</LogicalResourceId><PhysicalResourceId>{physical}</PhysicalResourceId>\
                 <ResourceType>AWS::CloudFormation::Stack</ResourceType><Timestamp>2026-11-21T08:00:{second:02}Z\
                 </Timestamp><ResourceStatus>UPDATE_IN_PROGRESS</ResourceStatus><ClientRequestToken>{token}\
                 </ClientRequestToken></member>"
            )
        })
        .collect();
    let next = next.map(|n| format!("<NextToken>{n}</NextToken>")).unwrap_or_default();
    answer("DescribeStackEvents", &format!("<StackEvents>{list}</StackEvents>{next}"))
}

#[test]
fn events_are_read_back_to_what_is_known_and_put_in_order() {
    let script = Script::new([
        (200, events(&[("e5", 9, "t", STACK), ("e4", 7, "t", "q"), ("e3", 7, "t", "q")], Some("2"))),
        (200, events(&[("e3", 7, "t", "q"), ("e2", 6, "t", "q"), ("e1", 5, "t", STACK)], Some("3"))),
        (200, events(&[], None)),
    ]);
    let seen = BTreeSet::from(["e1".to_owned()]);
    let told = wait(script.cloud().events(STACK, &seen, None)).unwrap();
    let ids: Vec<_> = told.iter().map(|e| e.id.as_str()).collect();
    assert_eq!(ids, ["e2", "e3", "e4", "e5"]);
    assert_eq!(script.asked().len(), 2);
}

#[test]
fn events_of_one_operation_do_not_cost_the_history() {
    let script = Script::new([
        (200, events(&[("e9", 9, "ours", STACK), ("e8", 8, "ours", "q")], Some("2"))),
        (200, events(&[("e7", 7, "ours", STACK), ("e6", 6, "older", STACK)], Some("3"))),
        (200, events(&[("e5", 5, "older", STACK)], Some("4"))),
    ]);
    let told = wait(script.cloud().events(STACK, &BTreeSet::new(), Some(&token("ours")))).unwrap();
    assert_eq!((told.len(), script.asked().len()), (4, 2));
}

#[test]
fn a_login_page_is_not_taken_for_an_answer() {
    let page = "<!DOCTYPE html><html><body>Please log in</body></html>";
    let script = Script::new([(200, page)]);
    let cloud = script.cloud();
    let read = wait(cloud.stack("web")).unwrap_err();
    let write = wait(cloud.delete_stack(STACK, &[], &token("d-1"))).unwrap_err();
    let execute = wait(cloud.execute_change_set(STACK, "x", Some(false), &token("x-1"))).unwrap_err();
    for failure in [&read, &write, &execute] {
        assert_eq!(failure.kind, ErrorKind::NotAws);
        assert!(failure.message.contains("cloudformation.eu-west-1.amazonaws.com"), "{failure}");
        assert!(!failure.message.contains("Please log in"), "{failure}");
    }
    assert_eq!(script.asked().len(), 3, "a page is not asked for again");
}

#[test]
fn a_body_cut_off_anywhere_is_asked_for_again_and_never_believed() {
    let whole = described(&[("A", "Remove", ""), ("B", "Remove", "")], None);
    for end in (0..whole.len()).step_by(7) {
        let script = Script::new([(200, &whole[..end]), (200, &whole), (200, &whole[..end]), (200, &whole)]);
        let set = wait(script.cloud().change_set(STACK, "x")).unwrap().unwrap();
        assert_eq!((set.changes.len(), script.asked().len()), (2, 4), "cut at {end}");
    }
    let script = Script::new([(200, &whole[..whole.len() / 2])]);
    let failure = wait(script.cloud().change_set(STACK, "x")).unwrap_err();
    assert_eq!((failure.kind, script.asked().len()), (ErrorKind::Incomplete, 8));
}

#[test]
fn a_cut_off_answer_is_noticed_in_every_framing_of_a_real_socket() {
    let body = describe(&member("web", "CREATE_COMPLETE"));
    let (cut, rest) = body.split_at(body.len() / 2);
    let whole = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let framings = [
        ("close", format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{cut}")),
        ("length", format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{cut}", cut.len() + rest.len())),
        ("chunked", format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{cut}\r\n", cut.len())),
    ];
    for (framing, broken) in framings {
        let (address, count) = socket(vec![broken.into_bytes(), whole.clone().into_bytes()]);
        let clouds = Aws::new(Settings { endpoint: Some(address), ..Settings::default() });
        let stack = wait(clouds.at(&target("111111111111", "eu-west-1")).stack("web")).unwrap().unwrap();
        assert_eq!((stack.name.as_str(), *count.lock().unwrap()), ("web", 2), "{framing}");
    }
}

#[test]
fn calls_are_counted_and_each_target_asks_once_who_we_are() {
    let identity = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
        <GetCallerIdentityResult><Arn>arn:aws:iam::111111111111:root</Arn><Account>111111111111</Account>\
        </GetCallerIdentityResult></GetCallerIdentityResponse>";
    let script = Script::new([(200, identity)]);
    let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
    let log = Arc::clone(&calls);
    let settings =
        Settings { observer: Some(Arc::new(move |c| log.lock().unwrap().push(c.clone()))), ..script.settings() };
    let clouds = Aws::new(settings);
    for region in ["eu-west-1", "us-east-1", "eu-west-1"] {
        let identity = wait(clouds.at(&target("111111111111", region)).identify()).unwrap();
        assert_eq!(identity.account, "111111111111");
    }
    let operations: Vec<_> = calls.lock().unwrap().iter().map(|c| c.operation).collect();
    assert_eq!(operations, ["GetCallerIdentity"]);

    let failure = wait(clouds.at(&target("222222222222", "eu-west-1")).identify()).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::WrongAccount);
    assert!(failure.message.contains("belong to 111111111111, not to 222222222222"), "{failure}");
}

#[test]
fn nobody_at_the_address_is_one_clear_error_soon() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let clouds = Aws::new(Settings { endpoint: Some(format!("http://{free}")), ..Settings::default() });
    let failure = wait(clouds.at(&target("111111111111", "eu-west-1")).identify()).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Unreachable);
    assert!(failure.message.contains(&free.to_string()), "{failure}");
    assert!(failure.help.unwrap().contains("start the emulator"));
}

#[test]
fn codes_of_credentials_are_told_apart_and_say_what_to_do() {
    for (code, kind, help) in [
        ("ExpiredToken", ErrorKind::ExpiredCredentials, "aws sso login --profile prod"),
        ("InvalidClientTokenId", ErrorKind::NoCredentials, "check the access key"),
        ("AccessDenied", ErrorKind::Denied, "cloudformation:DescribeStacks"),
    ] {
        let script = Script::new([(403, error(code, "no"))]);
        let account = Account { name: "prod".into(), profile: Some("prod".into()), ..Account::default() };
        let cloud = Aws::new(script.settings()).at(&Target { account, region: "eu-west-1".into() });
        let failure = wait(cloud.stack("web")).unwrap_err();
        assert_eq!((failure.kind, script.asked().len()), (kind, 1), "{code}");
        assert!(failure.help.as_ref().unwrap().contains(help), "{failure:?}");
    }
}
