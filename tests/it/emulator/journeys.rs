//! Whole journeys of the library. After each step that goes well, a plan has nothing to do; what was done is read
//! back through the services, for an emulator may say that all went well when nothing did.

use infra::apply::Outcome;
use infra::diagnostics::Code;
use infra::plan::StackAction;

use crate::support::peer::{Peer, compile};
use crate::support::script::wait;
use crate::support::stacks::text;

/// A queue and a parameter that tells where it is, in two stacks.
const PAIR: &str = r#"
core jobs {
  input Name: String = "jobs"
  input Seconds: Int = 30
  resource Queue = AWS::SQS::Queue { QueueName: Name, VisibilityTimeout: Seconds }
  output Queue = Queue.Arn
}
service note {
  resource Where = AWS::SSM::Parameter { Name: "/where", Type: "String", Value: jobs.Queue }
}
"#;

const WHERE: &str = "c('ssm').get_parameter(Name='/where')['Parameter']['Value']";

#[test]
fn what_is_replaced_is_told_to_the_stacks_that_read_it() {
    let peer = Peer::ministack();
    wait(async {
        let first = peer.settle(&peer.source(PAIR)).await;
        assert_eq!(first.counts().create, 2);
        assert_eq!((peer.queues().as_str(), peer.boto(WHERE).ends_with(":jobs\"")), (r#"["jobs"]"#, true));

        let slower = peer.source_with(PAIR, &[("jobs.Seconds", "60")]);
        let update = peer.settle(&slower).await;
        assert_eq!((update.counts().update, update.counts().replace), (1, 0), "{}", text(&update));
        assert_eq!(peer.boto("queue('jobs', 'VisibilityTimeout')"), "\"60\"");
        peer.settle(&peer.source(PAIR)).await;
        assert_eq!(peer.boto("queue('jobs', 'VisibilityTimeout')"), "\"60\"", "an input stays as deployed");

        let moved = peer.source_with(PAIR, &[("jobs.Name", "tasks")]);
        let refused = peer.plan(&moved, &[]).await.unwrap_err();
        assert_eq!(refused[0].code, Code::StatefulResource, "{refused:#?}");
        let plan = peer.settle(&moved).await;
        assert_eq!(plan.counts().replace, 1, "{}", text(&plan));
        assert_eq!(peer.queues(), r#"["tasks"]"#);
        assert!(peer.boto(WHERE).ends_with(":tasks\""), "{}", peer.boto(WHERE));

        peer.destroy(&moved).await;
        assert_eq!((peer.queues().as_str(), peer.stacks().as_str()), ("[]", "{}"));
        peer.settle(&peer.source(PAIR)).await;
        assert_eq!(peer.queues(), r#"["jobs"]"#, "what was destroyed is made again");
    });
}

/// SQS takes at most 43,200 seconds, which shows only when it is deployed.
const TOO_LONG: (&str, &str) = ("jobs.Seconds", "99999");

#[test]
fn a_creation_that_fails_leaves_nothing_and_is_made_again() {
    let peer = Peer::ministack();
    wait(async {
        let (_, report) = peer.deploy(&peer.source_with(PAIR, &[TOO_LONG])).await;
        assert_eq!(report.exit_code(), 1, "{report:#?}");
        let jobs = report.stack("jobs@dev/eu-west-1").unwrap();
        let cause = jobs.cause.as_ref().unwrap();
        assert_eq!((jobs.outcome, cause.logical_id.as_str()), (Outcome::Failed, "Queue"));
        assert!(cause.reason.contains("VisibilityTimeout") && cause.place.is_some(), "{cause:?}");
        assert_eq!(report.stack("note@dev/eu-west-1").unwrap().outcome, Outcome::NotStarted);
        assert_eq!(peer.queues(), "[]");
        peer.settle(&peer.source_with(PAIR, &[("jobs.Seconds", "30")])).await;
        assert_eq!(peer.queues(), r#"["jobs"]"#);
    });
}

#[test]
fn an_update_that_fails_brings_the_old_values_back_and_is_repaired() {
    let peer = Peer::ministack();
    wait(async {
        peer.settle(&peer.source(PAIR)).await;
        let (_, report) = peer.deploy(&peer.source_with(PAIR, &[TOO_LONG])).await;
        let jobs = report.stack("jobs@dev/eu-west-1").unwrap();
        assert_eq!((report.exit_code(), jobs.outcome), (1, Outcome::Failed));
        assert!(jobs.reason.as_deref().unwrap().contains("UPDATE_ROLLBACK_COMPLETE"), "{jobs:?}");
        assert_eq!(peer.boto("queue('jobs', 'VisibilityTimeout')"), "\"30\"");
        // What was rolled back is as it was before: the same source has nothing to do, another one goes on from there.
        assert!(!peer.plan(&peer.source(PAIR), &[]).await.unwrap().has_changes());
        peer.settle(&peer.source_with(PAIR, &[("jobs.Seconds", "45")])).await;
        assert_eq!(peer.boto("queue('jobs', 'VisibilityTimeout')"), "\"45\"");
    });
}

/// A function that does not go back: setting `Step` to 1 again fails. The queue beside it fails where its time is too
/// long, which is what begins a rollback.
const ONE_WAY: &str = r#"
service jobs {
  input Step: String = "1"
  input Seconds: Int = 30
  resource Role = AWS::IAM::Role {
    AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [{
      Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole"
    }] }
  }
  resource Function = AWS::Lambda::Function {
    Role: Role.Arn
    Runtime: "python3.12"
    Handler: "index.handler"
    Code: { ZipFile: """
      import json, urllib.request
      def handler(event, context):
          back = event["RequestType"] == "Update" and event["ResourceProperties"]["Step"] == "1"
          told = {"Status": "FAILED" if back else "SUCCESS", "Reason": "there is no way back",
                  "PhysicalResourceId": "one-way", "StackId": event["StackId"], "RequestId": event["RequestId"],
                  "LogicalResourceId": event["LogicalResourceId"], "Data": {}}
          urllib.request.urlopen(urllib.request.Request(
              event["ResponseURL"], data=json.dumps(told).encode(), method="PUT", headers={"Content-Type": ""}))
      """ }
  }
  resource Way = Custom::Way { ServiceToken: Function.Arn, Step: Step }
  @after(Way)
  resource Queue = AWS::SQS::Queue { QueueName: "jobs", VisibilityTimeout: Seconds }
}
"#;

#[test]
fn a_rollback_that_fails_is_continued_without_what_cannot_go_back() {
    let peer = Peer::ministack();
    wait(async {
        peer.settle(&peer.source(ONE_WAY)).await;
        let bad = peer.source_with(ONE_WAY, &[("jobs.Step", "2"), TOO_LONG]);
        let (_, report) = peer.deploy(&bad).await;
        assert_eq!(report.exit_code(), 1, "{report:#?}");
        assert_eq!(peer.stacks(), r#"{"peer-jobs-dev": "UPDATE_ROLLBACK_FAILED"}"#);
        let problem = peer.plan(&peer.source(ONE_WAY), &[]).await.unwrap_err().remove(0);
        assert_eq!(problem.code, Code::StuckStack, "{problem:?}");

        let again = peer.recover(&bad, &[]).await.remove(0);
        assert_eq!(again.outcome, Outcome::Failed, "{again:?}");
        let told = again.problem.unwrap();
        assert!(told.message.contains("there is no way back"), "{told:?}");
        let done = peer.recover(&bad, &["Way"]).await.remove(0);
        assert_eq!((done.outcome, done.problem), (Outcome::Done, None));
        assert_eq!(peer.stacks(), r#"{"peer-jobs-dev": "UPDATE_ROLLBACK_COMPLETE"}"#);
        peer.settle(&peer.source_with(ONE_WAY, &[("jobs.Step", "3"), ("jobs.Seconds", "40")])).await;
        assert_eq!(peer.boto("queue('jobs', 'VisibilityTimeout')"), "\"40\"");
        peer.destroy(&peer.source(ONE_WAY)).await;
        assert_eq!((peer.queues().as_str(), peer.stacks().as_str()), ("[]", "{}"));
    });
}

#[test]
fn resources_come_go_change_their_names_and_stay_where_told_so() {
    let peer = Peer::ministack();
    wait(async {
        let one = "service jobs { resource A = AWS::SQS::Queue { QueueName: \"a\" } }";
        peer.settle(&peer.source(one)).await;
        let two = "service jobs {\n  resource A = AWS::SQS::Queue { QueueName: \"a\" }\n  @on_delete(retain)\n  \
             resource B = AWS::SQS::Queue { QueueName: \"b\" }\n}";
        peer.settle(&peer.source(two)).await;
        assert_eq!(peer.queues(), r#"["a", "b"]"#);
        // Another name in the source is another resource; the old one goes.
        let renamed = two.replace("resource A", "resource Z").replace("\"a\"", "\"z\"");
        peer.settle(&peer.source(&renamed)).await;
        assert_eq!(peer.queues(), r#"["b", "z"]"#);
        let without = "service jobs { resource Z = AWS::SQS::Queue { QueueName: \"z\" } }";
        peer.settle(&peer.source(without)).await;
        assert_eq!(peer.queues(), r#"["b", "z"]"#, "what is retained stays when it leaves its stack");
        peer.destroy(&peer.source(without)).await;
        assert_eq!((peer.queues().as_str(), peer.stacks().as_str()), (r#"["b"]"#, "{}"));
    });
}

#[test]
fn many_accounts_and_regions_are_deployed_as_one() {
    let peer = Peer::ministack();
    let accounts: Vec<String> = (0..4).map(|_| Peer::ministack().account).collect();
    let mut program = "project peer\n".to_owned();
    for (at, account) in accounts.iter().enumerate() {
        program += &format!(
            "account a{at} {{ id: \"{account}\" }}\nenv e{at} {{ account: a{at}, regions: [\"eu-west-1\", \"us-east-1\"] }}\n"
        );
    }
    let pair = PAIR.replace("core jobs", "@regions(env.regions)\ncore jobs");
    let pair = pair.replace("service note", "@regions(env.regions)\nservice note");
    let source = compile(&format!("{program}{pair}"), &["e0", "e1", "e2", "e3"], &[]);
    wait(async {
        let plan = peer.settle(&source).await;
        assert_eq!((plan.stacks.len(), plan.counts().create), (16, 16));
        for account in &accounts {
            for region in ["eu-west-1", "us-east-1"] {
                let told = peer.boto_at(account, region, WHERE);
                assert_eq!(told, format!("\"arn:aws:sqs:{region}:{account}:jobs\""));
            }
        }
        assert_eq!((peer.queues().as_str(), peer.stacks().as_str()), ("[]", "{}"), "an account that has no part in it");
        peer.destroy(&source).await;
        for account in &accounts {
            assert_eq!(peer.boto_at(account, "us-east-1", "c('cloudformation').describe_stacks()['Stacks']"), "[]");
        }
    });
}

#[test]
fn a_plan_leaves_no_stack_and_goes_without_a_trace() {
    let peer = Peer::ministack();
    wait(async {
        let source = peer.source(PAIR);
        let plan = peer.plan(&source, &[]).await.unwrap();
        infra::plan::discard(&peer.clouds, &source.desired, &plan).await.unwrap();
        assert_eq!((peer.queues().as_str(), peer.stacks().as_str()), ("[]", "{}"));
        peer.settle(&source).await;
        let slower = peer.source_with(PAIR, &[("jobs.Seconds", "60")]);
        let plan = peer.plan(&slower, &[]).await.unwrap();
        let open = "[s['ExecutionStatus'] for s in c('cloudformation').list_change_sets(StackName='peer-jobs-dev')\
             ['Summaries'] if s['ExecutionStatus'] == 'AVAILABLE']";
        assert_eq!(peer.boto(open), r#"["AVAILABLE"]"#);
        infra::plan::discard(&peer.clouds, &slower.desired, &plan).await.unwrap();
        assert_eq!(peer.boto(open), "[]");
        assert_eq!(peer.boto("queue('jobs', 'VisibilityTimeout')"), "\"30\"");
    });
}

#[test]
fn a_plan_that_no_longer_holds_is_not_carried_out() {
    let peer = Peer::ministack();
    wait(async {
        peer.settle(&peer.source(PAIR)).await;
        let mine = peer.source_with(PAIR, &[("jobs.Seconds", "60")]);
        let plan = peer.plan(&mine, &[]).await.unwrap();
        peer.settle(&peer.source_with(PAIR, &[("jobs.Seconds", "90")])).await;
        let moved = infra::apply::preflight(&peer.clouds, &mine.desired, &plan).await.unwrap_err();
        assert_eq!(moved[0].code, Code::StalePlan, "{moved:#?}");
        let report = peer.apply(&mine, &plan).await;
        assert_eq!(report.exit_code(), 3, "{report:#?}");
        assert_eq!(peer.boto("queue('jobs', 'VisibilityTimeout')"), "\"90\"");
    });
}

#[test]
fn what_was_carried_out_is_not_carried_out_again() {
    let peer = Peer::ministack();
    wait(async {
        let source = peer.source(PAIR);
        let plan = peer.plan(&source, &[]).await.unwrap();
        assert_eq!(peer.apply(&source, &plan).await.exit_code(), 0);
        let events = "len(c('cloudformation').describe_stack_events(StackName='peer-jobs-dev')['StackEvents'])";
        let before = peer.boto(events);
        // AWS tells the change set that was executed last, by which we know that all is done; ministack does not.
        assert_eq!(peer.apply(&source, &plan).await.exit_code(), 3);
        assert_eq!(peer.boto(events), before);
    });
}

#[test]
fn two_runs_at_once_end_as_one() {
    let peer = Peer::ministack();
    wait(async {
        let source = peer.source(PAIR);
        let plan = peer.plan(&source, &[]).await.unwrap();
        let (one, two) = tokio::join!(peer.apply(&source, &plan), peer.apply(&source, &plan));
        assert!([one.exit_code(), two.exit_code()].contains(&0), "{one:#?}\n{two:#?}");
        assert!(!peer.plan(&source, &[]).await.unwrap().has_changes());
        assert_eq!(peer.queues(), r#"["jobs"]"#);
    });
}

#[test]
fn what_others_changed_or_deleted_is_brought_back() {
    let peer = Peer::ministack();
    wait(async {
        peer.settle(&peer.source(PAIR)).await;
        let theirs = r#"{"Resources":{"Queue":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"jobs","VisibilityTimeout":7}}}}"#;
        peer.boto(&format!(
            "[c('cloudformation').update_stack(StackName='peer-jobs-dev', TemplateBody='{theirs}', \
             Tags=c('cloudformation').describe_stacks(StackName='peer-jobs-dev')['Stacks'][0]['Tags'])['StackId'], \
             c('cloudformation').get_waiter('stack_update_complete').wait(StackName='peer-jobs-dev', \
             WaiterConfig={{'Delay': 0.02}})]"
        ));
        assert_eq!(peer.boto("queue('jobs', 'VisibilityTimeout')"), "\"7\"");
        let plan = peer.settle(&peer.source(PAIR)).await;
        assert_eq!(plan.stack("jobs@dev/eu-west-1").unwrap().action, StackAction::Update);
        assert_eq!(peer.boto("queue('jobs', 'VisibilityTimeout')"), "\"30\"");

        peer.boto(
            "[c('cloudformation').delete_stack(StackName='peer-note-dev')['ResponseMetadata']['HTTPStatusCode'], \
             c('cloudformation').get_waiter('stack_delete_complete').wait(StackName='peer-note-dev', \
             WaiterConfig={'Delay': 0.02})]",
        );
        let plan = peer.settle(&peer.source(PAIR)).await;
        assert_eq!(plan.stack("note@dev/eu-west-1").unwrap().action, StackAction::Create);
        assert!(peer.boto(WHERE).ends_with(":jobs\""));
    });
}

#[test]
fn termination_protection_holds_until_the_source_lifts_it() {
    let peer = Peer::ministack();
    wait(async {
        let guarded = PAIR.replace("core jobs", "@termination_protection\ncore jobs");
        peer.settle(&peer.source(&guarded)).await;
        let protected = "c('cloudformation').describe_stacks(StackName='peer-jobs-dev')['Stacks'][0]['EnableTerminationProtection']";
        assert_eq!(peer.boto(protected), "true");
        let lifted = peer.source(PAIR);
        peer.settle(&lifted).await;
        assert_eq!(peer.boto(protected), "false");
        peer.destroy(&lifted).await;
        assert_eq!(peer.stacks(), "{}");
    });
}

#[test]
fn a_secret_arrives_and_is_not_told() {
    let peer = Peer::ministack();
    wait(async {
        let stacks = "service vault {\n  input Password: Secret\n  \
             resource Kept = AWS::SecretsManager::Secret { Name: \"kept\", SecretString: Password }\n}";
        let source = peer.source_with(stacks, &[("vault.Password", "correct-horse")]);
        let plan = peer.plan(&source, &[]).await.unwrap();
        let report = peer.apply(&source, &plan).await;
        assert_eq!(report.exit_code(), 0, "{report:#?}");
        let kept = "c('secretsmanager').get_secret_value(SecretId='kept')['SecretString']";
        assert_eq!(peer.boto(kept), "\"correct-horse\"");
        // ministack tells it in the clear in `DescribeChangeSet`, so what hides it is ours.
        let other = peer.source_with(stacks, &[("vault.Password", "battery-staple")]);
        let (plan, report) = peer.deploy(&other).await;
        let told = format!("{}{}{:?}", infra::plan::to_json(&plan), text(&plan), report);
        assert!(!told.contains("correct-horse") && !told.contains("battery-staple"), "{told}");
        assert_eq!(peer.boto(kept), "\"battery-staple\"");
    });
}

#[test]
fn a_large_template_goes_through_a_bucket() {
    let peer = Peer::ministack();
    wait(async {
        let long = "x".repeat(4000);
        let mut stacks = "service notes {\n".to_owned();
        for at in 0..15 {
            stacks += &format!(
                "  resource Note{at} = AWS::SSM::Parameter {{ Name: \"/note/{at}\", Type: \"String\", Value: \"{long}\" }}\n"
            );
        }
        let source = peer.source(&format!("{stacks}}}"));
        let place = format!(
            "c('s3').create_bucket(Bucket='assets-{}', CreateBucketConfiguration={{'LocationConstraint': 'eu-west-1'}})",
            peer.account
        );
        peer.boto(&format!("{place}['ResponseMetadata']['HTTPStatusCode']"));
        peer.settle(&source).await;
        let objects =
            format!("[o['Key'] for o in c('s3').list_objects_v2(Bucket='assets-{}')['Contents']]", peer.account);
        let keys = peer.boto(&objects);
        assert!(keys.starts_with("[\"templates/") && keys.matches("templates/").count() == 1, "{keys}");
        assert_eq!(peer.boto("len(c('ssm').get_parameter(Name='/note/14')['Parameter']['Value'])"), "4000");
    });
}

#[test]
fn what_the_source_no_longer_has_goes_where_asked_for() {
    let peer = Peer::ministack();
    wait(async {
        peer.settle(&peer.source(PAIR)).await;
        let mut fewer = peer.source(PAIR.split("service note").next().unwrap());
        peer.settle(&fewer).await;
        assert!(peer.boto(WHERE).ends_with(":jobs\""), "without being asked, nothing goes");
        let orphans = infra::plan::orphans(&peer.clouds, &fewer.desired).await.unwrap();
        assert_eq!(orphans.iter().map(|o| o.name.as_str()).collect::<Vec<_>>(), ["peer-note-dev"]);
        fewer.desired.stacks.extend(orphans);
        let (_, report) = peer.deploy(&fewer).await;
        assert_eq!(report.exit_code(), 0, "{report:#?}");
        assert_eq!(peer.stacks(), r#"{"peer-jobs-dev": "CREATE_COMPLETE"}"#);
    });
}

#[test]
fn roles_and_their_policies() {
    let peer = Peer::ministack();
    wait(async {
        let stacks = r#"
service access {
  param action: String = "sqs:SendMessage"
  resource Role = AWS::IAM::Role {
    RoleName: "worker"
    AssumeRolePolicyDocument: { Version: "2012-10-17", Statement: [{
      Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole"
    }] }
    Policies: [{ PolicyName: "send", PolicyDocument: { Version: "2012-10-17", Statement: [{
      Effect: "Allow", Action: action, Resource: "arn:aws:sqs:eu-west-1:111111111111:jobs"
    }] } }]
  }
  output Role = Role.Arn
}"#;
        peer.settle(&peer.source(stacks)).await;
        let allowed = "c('iam').get_role_policy(RoleName='worker', PolicyName='send')['PolicyDocument']\
             ['Statement'][0]['Action']";
        assert_eq!(peer.boto(allowed), "\"sqs:SendMessage\"");
        let plan = peer.settle(&peer.source(&stacks.replace("SendMessage", "DeleteMessage"))).await;
        assert_eq!((plan.counts().update, plan.counts().replace), (1, 0), "{}", text(&plan));
        assert_eq!(peer.boto(allowed), "\"sqs:DeleteMessage\"");
        peer.destroy(&peer.source(stacks)).await;
        assert_eq!(peer.boto("[r['RoleName'] for r in c('iam').list_roles()['Roles']]"), "[]");
    });
}

#[test]
fn a_network_and_what_stands_in_it() {
    let peer = Peer::ministack();
    wait(async {
        let stacks = r#"
core network {
  param range: String = "10.0.0.0/16"
  resource Vpc = AWS::EC2::VPC { CidrBlock: range }
  output Vpc
}
service web {
  resource Group = AWS::EC2::SecurityGroup { GroupDescription: "web", VpcId: network.Vpc }
  output Group = Group.GroupId
}"#;
        peer.settle(&peer.source(stacks)).await;
        let vpcs = "{v['VpcId']: v['CidrBlock'] for v in c('ec2').describe_vpcs()['Vpcs'] if not v.get('IsDefault')}";
        let group = "[g['VpcId'] for g in c('ec2').describe_security_groups()['SecurityGroups'] \
             if g['Description'] == 'web']";
        let before = (peer.boto(vpcs), peer.boto(group));
        assert!(before.0.contains("10.0.0.0/16"), "{before:?}");
        let (plan, report) = peer.deploy(&peer.source(&stacks.replace("10.0.0.0/16", "10.9.0.0/16"))).await;
        assert_eq!((plan.counts().replace, report.exit_code()), (2, 0), "{}\n{report:#?}", text(&plan));
        let after = (peer.boto(vpcs), peer.boto(group));
        assert!(after.0.contains("10.9.0.0/16"), "{after:?}");
        // As in AWS, a network in which something still stands cannot go; that it stays is told.
        let notes = &report.stack("network@dev/eu-west-1").unwrap().notes;
        assert!(notes[0].starts_with("Vpc (AWS::EC2::VPC) could not be removed and stays in AWS"), "{notes:?}");
        assert!(after.0.contains("10.0.0.0/16"), "{after:?}");
        assert_ne!(before.1, after.1, "the group stands in the new network");
    });
}
