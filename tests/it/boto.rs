//! Other clients than ours understand the sandbox on a port: boto3 and the AWS CLI.

use infra::sandbox::Sandbox;
use serde_json::Value;

use crate::support::script::wait;
use crate::support::venv;

/// A sandbox that answers on a loopback port until the test ends.
struct Served {
    address: String,
}

impl Served {
    /// Answers from a thread of its own, which ends with the tests.
    fn new() -> Self {
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            wait(async {
                let server = Sandbox::default().serve(([127, 0, 0, 1], 0).into()).await.unwrap();
                tell.send(server.address()).unwrap();
                server.run().await;
            });
        });
        Self { address: format!("http://{}", told.recv().unwrap()) }
    }

    /// What a Python program prints; `c` makes clients.
    fn boto(&self, program: &str) -> String {
        let begin = "import boto3, json, sys\n\
            def c(service, account='111111111111', region='eu-west-1', secret='x', token=None):\n  \
              return boto3.client(service, region_name=region, endpoint_url=sys.argv[1], \
                aws_access_key_id=account, aws_secret_access_key=secret, aws_session_token=token)\n";
        venv::python(&format!("{begin}{program}"), &[&self.address])
    }

    /// What the AWS CLI says, as JSON.
    fn cli(&self, arguments: &[&str]) -> Value {
        let mut command = venv::tool("aws");
        command
            .args(["--endpoint-url", &self.address, "--region", "eu-west-1", "--output", "json", "cloudformation"])
            .args(arguments)
            .env("AWS_ACCESS_KEY_ID", "111111111111")
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("AWS_CONFIG_FILE", "/nonexistent")
            .env("AWS_PAGER", "");
        serde_json::from_str(&venv::said(&command.output().unwrap(), &arguments.join(" "))).unwrap()
    }
}

/// Defines `deploy(cfn, name, template, kind, attempt)`, which ends when the stack rests.
const DEPLOY: &str = r"
def deploy(cfn, name, template, kind, attempt, **more):
    made = cfn.create_change_set(StackName=name, ChangeSetName='cs-' + attempt, ChangeSetType=kind,
        TemplateBody=json.dumps(template), ClientToken='c-' + attempt, **more)
    while True:
        told = cfn.describe_change_set(ChangeSetName=made['Id'], IncludePropertyValues=True)
        if told['Status'] not in ('CREATE_PENDING', 'CREATE_IN_PROGRESS'): break
    cfn.execute_change_set(ChangeSetName=made['Id'], ClientRequestToken='x-' + attempt)
    while True:
        stack = cfn.describe_stacks(StackName=made['StackId'])['Stacks'][0]
        if not stack['StackStatus'].endswith('_IN_PROGRESS'): break
    return told, stack
TEMPLATE = {
  'Parameters': {'Seconds': {'Type': 'Number', 'Default': '30'}},
  'Resources': {'Jobs': {'Type': 'AWS::SQS::Queue', 'Properties': {'VisibilityTimeout': {'Ref': 'Seconds'}}},
                'News': {'Type': 'AWS::SNS::Topic'}},
  'Outputs': {'Arn': {'Value': {'Fn::GetAtt': ['Jobs', 'Arn']}, 'Export': {'Name': 'jobs'}}}}
";

#[test]
fn boto3_deploys_to_the_sandbox_and_reads_everything_back() {
    let served = Served::new();
    let said = served.boto(&format!(
        r"{DEPLOY}
cfn = c('cloudformation')
first, stack = deploy(cfn, 'web', TEMPLATE, 'CREATE', '1', Tags=[{{'Key': 'team', 'Value': 'a'}}])
assert [x['ResourceChange']['Action'] for x in first['Changes']] == ['Add', 'Add'], first
assert stack['StackStatus'] == 'CREATE_COMPLETE', stack
assert stack['Tags'] == [{{'Key': 'team', 'Value': 'a'}}], stack
arn = stack['Outputs'][0]['OutputValue']
assert arn.startswith('arn:aws:sqs:eu-west-1:111111111111:'), arn
assert cfn.get_template(StackName='web')['TemplateBody'] == TEMPLATE
pages = cfn.get_paginator('list_stack_resources').paginate(StackName='web')
resources = [r for page in pages for r in page['StackResourceSummaries']]
assert {{r['LogicalResourceId']: r['ResourceStatus'] for r in resources}} == \
    {{'Jobs': 'CREATE_COMPLETE', 'News': 'CREATE_COMPLETE'}}, resources
events = [e for page in cfn.get_paginator('describe_stack_events').paginate(StackName='web') for e in page['StackEvents']]
assert events[0]['ResourceStatus'] == 'CREATE_COMPLETE' and events[0]['LogicalResourceId'] == 'web', events[0]
assert {{e.get('ClientRequestToken') for e in events[:-1]}} == {{'x-1'}}, events
assert events[-1]['ResourceStatus'] == 'REVIEW_IN_PROGRESS'
assert cfn.list_exports()['Exports'][0]['Value'] == arn

second, stack = deploy(cfn, 'web', TEMPLATE, 'UPDATE', '2', Parameters=[{{'ParameterKey': 'Seconds', 'ParameterValue': '60'}}],
    Tags=[{{'Key': 'team', 'Value': 'a'}}])
change = second['Changes'][0]['ResourceChange']
assert (change['LogicalResourceId'], change['Action'], change['Replacement']) == ('Jobs', 'Modify', 'False'), change
assert change['Details'][0]['Target']['AfterValue'] == '60', change
assert stack['StackStatus'] == 'UPDATE_COMPLETE', stack

cfn.delete_stack(StackName='web', ClientRequestToken='d-3')
while cfn.describe_stacks(StackName=stack['StackId'])['Stacks'][0]['StackStatus'] != 'DELETE_COMPLETE': pass
try:
    cfn.describe_stacks(StackName='web')
except cfn.exceptions.ClientError as e:
    print(e.response['Error']['Code'], e.response['Error']['Message'])
"
    ));
    assert_eq!(said.trim(), "ValidationError Stack with id web does not exist");
}

#[test]
fn accounts_and_roles_lead_to_worlds_of_their_own() {
    let served = Served::new();
    let said = served.boto(&format!(
        r"{DEPLOY}
deploy(c('cloudformation'), 'web', TEMPLATE, 'CREATE', '1')
assert c('sts').get_caller_identity()['Account'] == '111111111111'
role = c('sts').assume_role(RoleArn='arn:aws:iam::222222222222:role/deploy', RoleSessionName='tests')['Credentials']
keys = dict(account=role['AccessKeyId'], secret=role['SecretAccessKey'], token=role['SessionToken'])
assert c('sts', **keys).get_caller_identity()['Account'] == '222222222222'
for cfn in (c('cloudformation', **keys), c('cloudformation', region='us-east-1'), c('cloudformation', '333333333333')):
    assert cfn.describe_stacks()['Stacks'] == []
print(len(c('cloudformation').describe_stacks()['Stacks']))
"
    ));
    assert_eq!(said.trim(), "1");
}

#[test]
fn the_aws_cli_reads_stacks_resources_and_events() {
    let served = Served::new();
    served.boto(&format!("{DEPLOY}\ndeploy(c('cloudformation'), 'web', TEMPLATE, 'CREATE', '1')"));
    let stacks = served.cli(&["describe-stacks", "--stack-name", "web"]);
    assert_eq!(stacks["Stacks"][0]["StackStatus"], "CREATE_COMPLETE");
    assert_eq!(stacks["Stacks"][0]["Parameters"][0]["ParameterValue"], "30");
    let resources = served.cli(&["list-stack-resources", "--stack-name", "web"]);
    let ids: Vec<_> =
        resources["StackResourceSummaries"].as_array().unwrap().iter().map(|r| &r["ResourceType"]).collect();
    assert_eq!(ids, ["AWS::SQS::Queue", "AWS::SNS::Topic"]);
    let events = served.cli(&["describe-stack-events", "--stack-name", "web"]);
    assert_eq!(events["StackEvents"][0]["ResourceStatus"], "CREATE_COMPLETE");
}

#[test]
fn the_port_answers_our_own_client() {
    use infra::cloud::Clouds;
    let served = Served::new();
    served.boto(&format!("{DEPLOY}\ndeploy(c('cloudformation'), 'web', TEMPLATE, 'CREATE', '1')"));
    let settings = infra::cloud::aws::Settings { endpoint: Some(served.address.clone()), ..Default::default() };
    let cloud = infra::cloud::aws::Aws::new(settings).at(&crate::support::script::target("111111111111", "eu-west-1"));
    let stack = wait(cloud.stack("web")).unwrap().unwrap();
    assert!(stack.change_set.unwrap().contains(":changeSet/cs-1/"));
    assert_eq!(wait(cloud.identify()).unwrap().account, "111111111111");
}

#[test]
fn boto3_puts_objects_and_the_sandbox_keeps_the_rules_of_s3() {
    let served = Served::new();
    let said = served.boto(
        r"
import base64, hashlib
from botocore.exceptions import ClientError
def refused(call, **arguments):
    try: call(**arguments)
    except ClientError as e: return e.response['Error']['Code']
    raise AssertionError('it was not refused')
s3 = c('s3')
at = dict(Bucket='shop', Key='assets/a b+c.zip', ExpectedBucketOwner='111111111111')
assert refused(s3.head_bucket, Bucket='shop') == '404'
assert refused(s3.head_object, **at) == '404'
checksum = base64.b64encode(hashlib.sha256(b'hello').digest()).decode()
assert refused(s3.put_object, Body=b'hullo', ChecksumSHA256=checksum, **at) == 'BadDigest'
s3.put_object(Body=b'hello', IfNoneMatch='*', ChecksumSHA256=checksum, **at)
assert s3.head_object(**at)['ContentLength'] == 5
assert refused(s3.put_object, Body=b'other', IfNoneMatch='*', **at) == 'PreconditionFailed'
s3.head_bucket(Bucket='shop')
wrong = dict(at, ExpectedBucketOwner='222222222222')
assert refused(s3.put_object, Body=b'hello', **wrong) == 'AccessDenied'
other = c('s3', '222222222222')
assert refused(other.put_object, Body=b'hello', Bucket='shop', Key='k') == 'AccessDenied'
print('fine')
",
    );
    assert_eq!(said.trim(), "fine");
}
