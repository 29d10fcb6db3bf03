//! The generated project of the performance table: a core, and service stacks of ten-resource
//! units on top of it in six layers. Each stack reads eight outputs of the core and the queue
//! outputs of two stacks of the layer below.

use std::fmt::Write as _;

/// How the units of a stack are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// Every resource spelled.
    Flat,
    /// One unit, in a loop.
    Loop,
    /// One unit for all stacks: a component, used in a loop.
    Component,
}

impl Form {
    pub(crate) const ALL: [Self; 3] = [Self::Loop, Self::Component, Self::Flat];

    /// As the command line has it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Loop => "for",
            Self::Component => "component",
        }
    }
}

/// Units of ten resources in a stack.
const UNITS: usize = 20;

/// How deep the services lie on top of each other.
const LAYERS: usize = 6;

/// The files of a project with that many service stacks: names and texts. A stack has 200 resources.
pub(crate) fn project(stacks: usize, form: Form) -> Vec<(String, String)> {
    let mut files = vec![("project.infra".to_owned(), CORE.to_owned())];
    if form == Form::Component {
        files.push(("unit.infra".to_owned(), component()));
    }
    files.extend((0..stacks).map(|i| (format!("{}.infra", name(i)), service(i, stacks, form))));
    files
}

fn name(stack: usize) -> String {
    format!("s{stack:04}")
}

/// Two stacks of the layer below; none for the lowest layer.
fn below(stack: usize, stacks: usize) -> Vec<usize> {
    let layer = stack * LAYERS / stacks;
    let Some(under) = layer.checked_sub(1) else { return Vec::new() };
    let members: Vec<usize> = (0..stacks).filter(|i| i * LAYERS / stacks == under).collect();
    let mut two: Vec<usize> =
        [stack, stack + 1].iter().filter_map(|i| members.get(i % members.len())).copied().collect();
    two.dedup();
    two
}

/// The unit as a component.
fn component() -> String {
    let inside = UNIT.replace("[u]", "").replace("${u}", "${key}").replace("@stack", "${stack}");
    let inside = inside.replace("@priority", "priority").replace("@queues", "\n          ...upstream");
    format!(
        "component unit {{\n  param key: Int\n  param stack: String\n  param priority: Int\n  param upstream: Json\n{inside}  \
         output queue = Work.QueueUrl\n  output dead_letters = Dead.QueueUrl\n}}\n"
    )
}

fn service(stack: usize, stacks: usize, form: Form) -> String {
    let name = name(stack);
    let queues: String = below(stack, stacks)
        .iter()
        .enumerate()
        .map(|(i, b)| format!("\n          {{ Name: \"UPSTREAM_{i}\", Value: {}.Queue }}", self::name(*b)))
        .collect();
    let mut out = format!("/// Service {stack} of the generated project\nservice {name} {{\n");
    match form {
        Form::Flat => {
            for unit in 0..UNITS {
                // Inside a stack without a loop nothing needs the key.
                let text = UNIT.replace("[u]", &unit.to_string()).replace("${u}", &unit.to_string());
                out.push_str(&text.replace("@priority", &(stack * UNITS + unit + 1).to_string()));
            }
        }
        Form::Loop => {
            writeln!(out, "  for u in 0..{UNITS} {{").unwrap();
            out.push_str(&UNIT.replace("@priority", &format!("{} + u", stack * UNITS + 1)));
            out.push_str("  }\n");
        }
        Form::Component => {
            let priority = format!("{} + u", stack * UNITS + 1);
            writeln!(
                out,
                "  for u in 0..{UNITS} {{\n    resource Unit[u] = unit {{ key: u, stack: \"@stack\", priority: {priority}, \
                 upstream: [@queues\n    ] }}\n  }}"
            )
            .unwrap();
        }
    }
    let (queue, dead_letters) = match form {
        Form::Flat => ("Work0.QueueUrl", "Dead0.QueueUrl"),
        Form::Loop => ("Work[0].QueueUrl", "Dead[0].QueueUrl"),
        Form::Component => ("Unit[0].queue", "Unit[0].dead_letters"),
    };
    writeln!(out, "  output Queue = {queue}\n  output DeadLetters = {dead_letters}\n}}").unwrap();
    out.replace("@stack", &name).replace("@queues", &queues)
}

const CORE: &str = r#"project bench

account nonprod { id: "111111111111" }

env dev { account: nonprod, regions: ["eu-west-1"], assets: "bench-templates" }

/// What every service of the generated project stands on
core platform {
  resource Vpc = AWS::EC2::VPC { CidrBlock: "10.0.0.0/16" }

  for i in 0..2 {
    resource Subnet[i] = AWS::EC2::Subnet {
      VpcId: Vpc
      CidrBlock: cidr_subnet("10.0.0.0/16", 8, i)
      AvailabilityZone: zone(i)
    }
  }

  resource LoadBalancer = AWS::ElasticLoadBalancingV2::LoadBalancer {
    Scheme: "internal"
    Subnets: [for s in Subnet: s.SubnetId]
  }

  resource Listener = AWS::ElasticLoadBalancingV2::Listener {
    LoadBalancerArn: LoadBalancer
    Port: 80
    Protocol: "HTTP"
    DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }]
  }

  resource Cluster = AWS::ECS::Cluster {}

  resource ExecutionRole = AWS::IAM::Role {
    AssumeRolePolicyDocument: {
      Version: "2012-10-17"
      Statement: [{ Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" }]
    }
  }

  resource Alarms = AWS::SNS::Topic {}

  output Vpc
  output VpcCidr = Vpc.CidrBlock
  output Subnets = [for s in Subnet: s.SubnetId]
  output DnsName = LoadBalancer.DNSName
  output Listener
  output Cluster
  output ExecutionRoleArn = ExecutionRole.Arn
  output Alarms
}
"#;

const UNIT: &str = r#"    resource Logs[u] = AWS::Logs::LogGroup {
      LogGroupName: "/bench/@stack/${u}"
      RetentionInDays: 14
      Tags: [{ Key: "unit", Value: "@stack-${u}" }]
    }
    resource Role[u] = AWS::IAM::Role {
      Description: "what unit ${u} of @stack may do"
      AssumeRolePolicyDocument: {
        Version: "2012-10-17"
        Statement: [{ Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" }]
      }
      Policies: [{
        PolicyName: "queues"
        PolicyDocument: {
          Version: "2012-10-17"
          Statement: [{
            Effect: "Allow"
            Action: ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage"]
            Resource: [Work[u].Arn, Dead[u].Arn]
          }]
        }
      }]
    }
    resource Dead[u] = AWS::SQS::Queue {
      MessageRetentionPeriod: 1209600
      SqsManagedSseEnabled: true
      Tags: [{ Key: "unit", Value: "@stack-${u}" }]
    }
    resource Work[u] = AWS::SQS::Queue {
      VisibilityTimeout: 60
      ReceiveMessageWaitTimeSeconds: 20
      SqsManagedSseEnabled: true
      RedrivePolicy: { deadLetterTargetArn: Dead[u].Arn, maxReceiveCount: 5 }
      Tags: [{ Key: "unit", Value: "@stack-${u}" }]
    }
    resource Security[u] = AWS::EC2::SecurityGroup {
      GroupDescription: "unit ${u} of @stack"
      VpcId: platform.Vpc
      SecurityGroupIngress: [{ IpProtocol: "tcp", FromPort: 3000, ToPort: 3000, CidrIp: platform.VpcCidr }]
    }
    resource Target[u] = AWS::ElasticLoadBalancingV2::TargetGroup {
      VpcId: platform.Vpc
      Port: 3000
      Protocol: "HTTP"
      TargetType: "ip"
      HealthCheckPath: "/health"
      HealthCheckIntervalSeconds: 15
      HealthyThresholdCount: 2
      UnhealthyThresholdCount: 4
      Matcher: { HttpCode: "200-299" }
      TargetGroupAttributes: [{ Key: "deregistration_delay.timeout_seconds", Value: "30" }]
    }
    resource Rule[u] = AWS::ElasticLoadBalancingV2::ListenerRule {
      ListenerArn: platform.Listener
      Priority: @priority
      Conditions: [{ Field: "path-pattern", Values: ["/@stack/${u}/*"] }]
      Actions: [{ Type: "forward", TargetGroupArn: Target[u] }]
    }
    resource Task[u] = AWS::ECS::TaskDefinition {
      Family: "bench-@stack-${u}"
      Cpu: 256
      Memory: 512
      NetworkMode: "awsvpc"
      RequiresCompatibilities: ["FARGATE"]
      ExecutionRoleArn: platform.ExecutionRoleArn
      TaskRoleArn: Role[u]
      ContainerDefinitions: [{
        Name: "app"
        Image: "registry.example.com/@stack:1"
        Essential: true
        PortMappings: [{ ContainerPort: 3000 }]
        Environment: [
          { Name: "WORK", Value: Work[u].QueueUrl }
          { Name: "BASE_URL", Value: "http://${platform.DnsName}/@stack/${u}" }@queues
        ]
        LogConfiguration: {
          LogDriver: "awslogs"
          Options: { "awslogs-group": Logs[u].ref, "awslogs-region": aws.region, "awslogs-stream-prefix": "app" }
        }
      }]
    }
    resource Service[u] = AWS::ECS::Service {
      Cluster: platform.Cluster
      TaskDefinition: Task[u]
      DesiredCount: 2
      EnableECSManagedTags: true
      PropagateTags: "SERVICE"
      DeploymentConfiguration: {
        MinimumHealthyPercent: 100
        MaximumPercent: 200
        DeploymentCircuitBreaker: { Enable: true, Rollback: true }
      }
      LaunchType: "FARGATE"
      NetworkConfiguration: {
        AwsvpcConfiguration: { Subnets: platform.Subnets, SecurityGroups: [Security[u]] }
      }
      LoadBalancers: [{ ContainerName: "app", ContainerPort: 3000, TargetGroupArn: Target[u] }]
    }
    resource Alarm[u] = AWS::CloudWatch::Alarm {
      AlarmDescription: "messages of @stack ${u} wait"
      Namespace: "AWS/SQS"
      MetricName: "ApproximateAgeOfOldestMessage"
      Dimensions: [{ Name: "QueueName", Value: Work[u].QueueName }]
      Statistic: "Maximum"
      Period: 300
      EvaluationPeriods: 3
      Threshold: 600
      ComparisonOperator: "GreaterThanThreshold"
      TreatMissingData: "notBreaching"
      OKActions: [platform.Alarms]
      AlarmActions: [platform.Alarms]
    }
"#;
