//! A project of several stacks whose second version does about everything that a plan can show.

use super::cli::Project;

/// Plans it, with all that is lost.
pub(crate) const PLAN: &str = "plan --env dev --sandbox --allow replace:shop/* --allow delete:shop/Old";

const HEAD: &str = r#"project town

account main { id: "111111111111" }

env dev { account: main, regions: ["eu-west-1"] }
"#;

/// The files as they are deployed, or as they are wanted then.
fn files(wanted: bool) -> [(&'static str, String); 4] {
    let (cidr, table, class) = match wanted {
        false => ("10.0.0.0/16", "orders", "db.t4g.micro"),
        true => ("10.9.0.0/16", "purchases", "db.t4g.small"),
    };
    let network = format!(
        r#"core network {{
  resource Vpc = AWS::EC2::VPC {{ CidrBlock: "{cidr}" }}

  output Vpc
}}
"#
    );
    let security = r#"core security {
  resource Group = AWS::EC2::SecurityGroup {
    GroupDescription: "services"
    VpcId: network.Vpc
  }

  output Group
}
"#;
    let statements = match wanted {
        false => {
            r#"{ Sid: "Read", Effect: "Allow", Action: ["s3:GetObject", "s3:GetObjectTagging"], Resource: "${Files.Arn}/*" }
        { Effect: "Allow", Action: "sqs:SendMessage", Resource: "*" }"#
        }
        true => {
            r#"{ Sid: "Read", Effect: "Allow", Action: ["s3:GetObject", "s3:*"], Resource: ["${Files.Arn}/*", "*"] }
        { Effect: "Deny", Action: "iam:*", Resource: "*" }
        { Effect: "Allow", Action: "sqs:SendMessage", Resource: "*" }"#
        }
    };
    let port = if wanted { 8080 } else { 80 };
    let old = if wanted { "" } else { "\n  resource Old = AWS::SQS::Queue {}\n" };
    let new = if wanted { "\n  resource Topic = AWS::SNS::Topic { DisplayName: \"orders\" }\n" } else { "" };
    let shop = format!(
        r##"service shop {{
  input Image: String = "shop:1"

  resource Files = AWS::S3::Bucket {{}}

  resource Orders = AWS::DynamoDB::Table {{
    TableName: "{table}"
    BillingMode: "PAY_PER_REQUEST"
    AttributeDefinitions: [{{ AttributeName: "id", AttributeType: "S" }}]
    KeySchema: [{{ AttributeName: "id", KeyType: "HASH" }}]
  }}

  @on_delete(snapshot)
  @on_replace(snapshot)
  resource Database = AWS::RDS::DBInstance {{
    DBInstanceClass: "{class}"
    Engine: "postgres"
    AllocatedStorage: "20"
    MasterUsername: "app"
    ManageMasterUserPassword: true
    VPCSecurityGroups: [security.Group]
  }}

  resource Policy = AWS::IAM::ManagedPolicy {{
    PolicyDocument: {{
      Version: "2012-10-17"
      Statement: [
        {statements}
      ]
    }}
  }}

  resource Template = AWS::EC2::LaunchTemplate {{
    LaunchTemplateData: {{
      SecurityGroupIds: [security.Group]
      UserData: base64("#!/bin/sh\nset -eu\nserve --port {port} --name ${{Image}}\n")
    }}
  }}
{old}{new}}}
"##
    );
    [
        ("town.infra", HEAD.to_owned()),
        ("core/network.infra", network),
        ("core/security.infra", security.to_owned()),
        ("services/shop.infra", shop),
    ]
}

/// The project deployed in its sandbox, and its sources as they are wanted next.
pub(crate) fn town() -> Project {
    let write = |project: &Project, wanted: bool| {
        files(wanted).iter().for_each(|(name, text)| project.write(name, text));
    };
    let project = Project::new(&[]);
    write(&project, false);
    project.write(
        "services/quiet.infra",
        "service quiet {\n  resource Group = AWS::Logs::LogGroup { RetentionInDays: 7 }\n}\n",
    );
    project.infra("apply --env dev --sandbox --yes").ended(0);
    write(&project, true);
    project.write("services/late.infra", "service late {\n  resource Queue = AWS::SQS::Queue {}\n}\n");
    project
}

/// One stack with policies, scripts, build files, state machines and dashboards, deployed; its sources as they are wanted
/// next.
pub(crate) fn workshop() -> Project {
    let project = Project::new(&[("workshop.infra", works(false).as_str())]);
    project.infra("apply --sandbox --yes").ended(0);
    project.write("workshop.infra", works(true));
    project
}

fn works(wanted: bool) -> String {
    let either = |now: &'static str, then: &'static str| if wanted { then } else { now };
    let trust = either(r#""ec2.amazonaws.com""#, r#"["ec2.amazonaws.com", "lambda.amazonaws.com"]"#);
    let actions = either(r#"["s3:GetObject", "s3:GetObjectTagging"]"#, r#"["s3:GetObject", "s3:PutObject"]"#);
    let (timeout, seconds, widgets) = (either("30", "60"), either("5", "50"), either("3", "4"));
    let principal = either(r#"{ Service: "sns.amazonaws.com" }"#, r#""*""#);
    let (source, command, port) = (either("topic", "*"), either("image", "everything"), either("80", "8080"));
    format!(
        r##"project workshop
account main {{ id: "111111111111" }}
env dev {{ account: main, regions: ["eu-west-1"] }}

service works {{
  input Bucket: String = "files"

  resource Role = AWS::IAM::Role {{
    AssumeRolePolicyDocument: {{
      Version: "2012-10-17"
      Statement: [{{ Effect: "Allow", Principal: {{ Service: {trust} }}, Action: "sts:AssumeRole" }}]
    }}
    Policies: [{{
      PolicyName: "inline"
      PolicyDocument: {{
        Version: "2012-10-17"
        Statement: [
          {{ Sid: "Read", Effect: "Allow", Action: {actions}, Resource: "arn:aws:s3:::${{Bucket}}/*" }}
        ]
      }}
    }}]
  }}

  resource QueueWithAVeryLongNameThatFillsTheLineOnItsOwn = AWS::SQS::Queue {{ VisibilityTimeout: {timeout} }}

  resource Access = AWS::SQS::QueuePolicy {{
    Queues: [QueueWithAVeryLongNameThatFillsTheLineOnItsOwn]
    PolicyDocument: {{
      Version: "2012-10-17"
      Statement: [{{ Effect: "Allow", Principal: {principal}, Action: "sqs:SendMessage", Resource: QueueWithAVeryLongNameThatFillsTheLineOnItsOwn.Arn, Condition: {{ ArnLike: {{ "aws:SourceArn": "arn:aws:sns:eu-west-1:111111111111:{source}" }} }} }}]
    }}
  }}

  resource Machine = AWS::StepFunctions::StateMachine {{
    RoleArn: Role.Arn
    DefinitionString: json({{ StartAt: "A", States: {{ A: {{ Type: "Wait", Seconds: {seconds}, Next: "B" }}, B: {{ Type: "Pass", End: true }} }} }})
  }}

  resource Board = AWS::CloudWatch::Dashboard {{
    DashboardName: "board"
    DashboardBody: json({{ widgets: [for i in 0..{widgets}: {{ type: "text", x: i, properties: {{ markdown: "number ${{i}}" }} }}] }})
  }}

  resource Build = AWS::CodeBuild::Project {{
    ServiceRole: Role.Arn
    Artifacts: {{ Type: "NO_ARTIFACTS" }}
    Environment: {{ ComputeType: "BUILD_GENERAL1_SMALL", Image: "aws/codebuild/standard:7.0", Type: "LINUX_CONTAINER" }}
    Source: {{
      Type: "NO_SOURCE"
      BuildSpec: """
        version: 0.2
        phases:
          build:
            commands:
              - make test
              - make {command}
              - make publish
        """
    }}
  }}

  resource Server = AWS::EC2::Instance {{
    ImageId: "ami-0123456789abcdef0"
    InstanceType: "t3.micro"
    UserData: base64("#!/bin/sh\nset -eu\necho one\necho two\necho three\necho four\nserve --port {port}\n")
  }}
}}
"##
    )
}
