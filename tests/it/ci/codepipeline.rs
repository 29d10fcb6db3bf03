//! `infra ci codepipeline`: what it writes is carried out by an interpreter of pipelines, and ends where `infra apply` does.

use std::path::Path;

use serde_json::{Value, json};

use crate::lint;
use crate::support::cli::{Project, Served};
use crate::support::{boto, examples, venv};

const RUN: &str = include_str!("pipeline.py");

/// A project, its pipeline, and the sandbox that both work in.
struct World {
    project: Project,
    sandbox: Served,
    home: &'static str,
    env: &'static str,
}

impl World {
    /// Writes the pipeline with these options, deploys its project, and builds it.
    fn new(project: Project, env: &'static str, home: &'static str, options: &str) -> Self {
        let sandbox = Served::start(&["--step", "1", "--state", project.path("state").to_str().unwrap()]);
        let world = Self { project, sandbox, home, env };
        world.write(options);
        world
    }

    fn write(&self, options: &str) -> String {
        let (project, env) = (&self.project, self.env);
        let line = format!("ci codepipeline --env {env} --install true --bucket sources --key shop.zip {options}");
        let said = project.infra(&line).ended(0);
        project.infra(&format!("-C .codepipeline build --env {env} -o built")).ended(0);
        said.err
    }

    /// Runs the pipeline.
    #[track_caller]
    fn run(&self, variables: Value) -> Value {
        self.tries(variables).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Runs it; what is said where it ends early.
    fn tries(&self, variables: Value) -> Result<Value, String> {
        let templates = std::fs::read_dir(self.project.path("built/templates")).unwrap();
        let mut templates = templates.map(|entry| entry.unwrap().path());
        let template =
            templates.find(|path| path.file_name().unwrap().to_string_lossy().starts_with("pipeline@")).unwrap();
        let tool = Path::new(env!("CARGO_BIN_EXE_infra")).parent().unwrap();
        let (template, sources) = (template.display().to_string(), self.project.path("").display().to_string());
        let arguments = [
            &self.sandbox.address,
            &template,
            &sources,
            &tool.display().to_string(),
            self.home,
            &variables.to_string(),
        ];
        let output = venv::tool("python").args(["-c", RUN]).args(arguments).output().unwrap();
        let said = String::from_utf8(if output.status.success() { output.stdout } else { output.stderr }).unwrap();
        if output.status.success() { Ok(serde_json::from_str(&said).unwrap()) } else { Err(said) }
    }

    fn infra(&self, line: &str) -> crate::support::cli::Said {
        self.project.infra(&format!("{line} --env {} --endpoint {}", self.env, self.sandbox.address))
    }
}

/// Everything that is deployed in a place: names, parameters, outputs, tags, templates, policies. The sandbox calls what it
/// makes by stack and logical id, so two of them agree.
fn deployed(sandbox: &Served, account: &str, region: &str, ours: &str) -> Value {
    let expression = format!(
        "[{{'name': s['StackName'], 'parameters': s.get('Parameters'), 'outputs': s.get('Outputs'), 'tags': s.get('Tags'), \
         'capabilities': s.get('Capabilities'), 'protected': s.get('EnableTerminationProtection'), \
         'template': c('cloudformation').get_template(StackName=s['StackName'])['TemplateBody'], \
         'policy': c('cloudformation').get_stack_policy(StackName=s['StackName']).get('StackPolicyBody')}} \
         for s in sorted(c('cloudformation').describe_stacks()['Stacks'], key=lambda s: s['StackName']) \
         if s['StackName'].startswith('{ours}-')]"
    );
    serde_json::from_str(&boto::ask(&sandbox.address, account, region, &expression)).unwrap()
}

/// What a run of `infra apply` makes of the same project in a sandbox of its own is what the pipeline made.
fn is_as_applied(world: &World, set: &str, places: &[(&str, &str)], ours: &str) {
    let other = Served::start(&["--step", "1", "--state", world.project.path("other").to_str().unwrap()]);
    let line = format!("apply --env {} --yes {set} --endpoint {}", world.env, other.address);
    world.project.infra(&line).ended(0);
    let look = |sandbox: &Served| -> Vec<Value> {
        places.iter().map(|(account, region)| deployed(sandbox, account, region, ours)).collect()
    };
    let (made, applied) = (look(&world.sandbox), look(&other));
    assert!(applied.iter().all(|place| !place.as_array().unwrap().is_empty()), "{applied:#?}");
    let text = |of: &[Value]| serde_json::to_string_pretty(of).unwrap();
    let (made, applied) = (text(&made), text(&applied));
    let difference =
        similar::TextDiff::from_lines(&applied, &made).unified_diff().header("applied", "by the pipeline").to_string();
    assert!(made == applied, "{difference}");
}

fn rests(world: &World) {
    let said = world.infra("plan --detailed-exitcode").ended(0);
    assert!(said.out.starts_with("no changes"), "{}", said.out);
}

#[test]
fn shop_in_two_regions_ends_as_it_does_when_applied() {
    let world = World::new(Project::example("shop"), "prod", "222222222222", "");
    let ran = world.run(json!({ "set": "api.Image=repo:1" }));
    assert_eq!(
        ran,
        json!([
            { "Source": ["Source"] },
            { "Build": ["Plan"] },
            { "Wave1": ["network.eu-west-1.prepare", "network.us-east-1.prepare", "network.eu-west-1.execute", "network.us-east-1.execute"] },
            { "Wave2": ["api.eu-west-1.prepare", "api.us-east-1.prepare", "api.eu-west-1.execute", "api.us-east-1.execute"] },
        ])
    );
    rests(&world);
    is_as_applied(
        &world,
        "--set api.Image=repo:1",
        &[("222222222222", "eu-west-1"), ("222222222222", "us-east-1")],
        "shop",
    );

    // Nothing set: the image stays, and nothing changes.
    let again = world.run(json!({}));
    assert!(again[3]["Wave2"].to_string().matches("(nothing)").count() == 2, "{again}");
    rests(&world);

    // Another image, and another source.
    let text = std::fs::read_to_string(world.project.path("shop.infra")).unwrap();
    world.project.write("shop.infra", text.replace("port: 3000", "port: 8080"));
    world.run(json!({ "set": "api.Image=repo:2" }));
    rests(&world);
    let outputs = world.infra("outputs --format json").ended(0).out;
    assert!(outputs.contains("Url"), "{outputs}");
    is_as_applied(
        &world,
        "--set api.Image=repo:2",
        &[("222222222222", "eu-west-1"), ("222222222222", "us-east-1")],
        "shop",
    );
}

/// Tools and production, each in its account; values go both ways, lists and protected resources among them.
const TWO_ACCOUNTS: &str = r#"
project shop

account tools { id: "111111111111" }
account prod { id: "222222222222", role: "arn:aws:iam::222222222222:role/deploy" }

env prod { account: prod, regions: ["us-east-1"], branch: "main" }

@in(tools, ["eu-west-1"])
core images {
  @protect("every service is made of it")
  resource Repository = std::repository { pull: "222222222222" }

  output Repository = Repository.uri
}

core network {
  resource Vpc = AWS::EC2::VPC { CidrBlock: "10.0.0.0/16" }
  for i in 0..2 {
    resource Subnet[i] = AWS::EC2::Subnet { VpcId: Vpc, CidrBlock: cidr_subnet("10.0.0.0/16", 8, i) }
  }

  output Subnets = [for s in Subnet: s.SubnetId]
}

service api {
  input Size: Int = 2

  resource Role = std::role { trust: "ecs-tasks.amazonaws.com", name: "shop-api" }
  resource Cache = AWS::ElastiCache::SubnetGroup { Description: "of ${images.Repository}", SubnetIds: network.Subnets }
  resource Where = AWS::SSM::Parameter { Type: "String", Value: "${images.Repository}:${Size}" }

  output Role = Role.arn
}

@in(tools, ["eu-west-1"])
service board {
  resource Shown = AWS::SSM::Parameter { Type: "String", Value: api[prod].Role }
}
"#;

#[test]
fn two_accounts_end_as_they_do_when_applied_and_somebody_approves_each_wave() {
    let project = Project::new(&[("main.infra", TWO_ACCOUNTS)]);
    let world = World::new(project, "prod", "111111111111", "--account tools --approve --shared");
    let ran = world.run(json!({}));
    let wave = |names: &[&str]| -> Value {
        let each = |what: &str| names.iter().map(|name| format!("{name}.{what}")).collect::<Vec<_>>();
        json!([each("prepare"), vec!["Approve".to_owned()], each("execute")].concat())
    };
    assert_eq!(ran[2]["Wave1"], wave(&["images", "network"]));
    assert_eq!(ran[3]["Wave2"], wave(&["api"]));
    assert_eq!(ran[4]["Wave3"], wave(&["board"]));
    let said = world.infra("plan --shared --detailed-exitcode").ended(0);
    assert!(said.out.starts_with("no changes"), "{}", said.out);
    is_as_applied(&world, "--shared", &[("222222222222", "us-east-1"), ("111111111111", "eu-west-1")], "shop");

    // A value that is set once is kept by the runs after it, which are not told.
    world.run(json!({ "set": "api.Size=5" }));
    world.run(json!({}));
    is_as_applied(
        &world,
        "--shared --set api.Size=5",
        &[("222222222222", "us-east-1"), ("111111111111", "eu-west-1")],
        "shop",
    );
}

#[test]
fn what_is_written_passes_cfn_lint_and_deploys() {
    let shop = World::new(Project::example("shop"), "prod", "222222222222", "");
    let two = World::new(
        Project::new(&[("main.infra", TWO_ACCOUNTS)]),
        "prod",
        "111111111111",
        "--account tools --approve --shared",
    );
    for world in [&shop, &two] {
        let said = world.infra("-C .codepipeline apply --yes").ended(0);
        assert!(!said.out.is_empty());
    }
    let build = |(name, world): (&str, &World)| {
        let program = examples::program(&world.project.path(".codepipeline"));
        (name.to_owned(), examples::built(&program, &examples::everything(&program), name))
    };
    let builds = [("shop", &shop), ("two", &two)].map(build);
    lint::lint("codepipeline", builds);
}

#[test]
fn what_to_do_once_is_said() {
    let project = Project::new(&[("main.infra", TWO_ACCOUNTS)]);
    let line = "ci codepipeline --env prod --shared --account tools --install ./install --connection \
                arn:aws:codeconnections:eu-west-1:111111111111:connection/1b2c --repository acme/shop";
    let said = project.infra(line).ended(0).err;
    for part in [
        ".codepipeline/pipeline.infra: written",
        "the connection arn:aws:codeconnections:eu-west-1:111111111111:connection/1b2c must be \"available\"",
        "account 111111111111: the role arn:aws:iam::111111111111:role/infra-cloudformation",
        "account 222222222222: the role arn:aws:iam::222222222222:role/infra-cloudformation",
        "the role arn:aws:iam::222222222222:role/deploy trusts account 111111111111",
        "`infra -C .codepipeline apply --env prod` makes the pipeline",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    // By hand is by hand.
    let file = project.path(".codepipeline/pipeline.infra");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("BranchName: \"main\""), "{text}");
    std::fs::write(&file, text.replace("expire: { \"\": 30 }", "expire: { \"\": 60 }")).unwrap();
    let refused = project.infra(line).ended(1).err;
    assert!(refused.contains("was changed by hand"), "{refused}");
    project.infra(&format!("{line} --force")).ended(0);
    // The project around it goes on without it.
    project.infra("check").ended(0);
    assert!(!project.infra("graph --env prod").ended(0).out.contains("pipeline"));
}

/// A table and a function of a folder, which read what an environment that the pipeline does not deploy gives out.
const STORED: &str = r#"
project shop

account main { id: "222222222222" }

env dev { account: main, regions: ["eu-west-1"], assets: "shop-assets" }
env prod { account: main, regions: ["eu-west-1"], assets: "shop-assets" }

core data {
  resource Orders = AWS::DynamoDB::Table {
    BillingMode: "PAY_PER_REQUEST"
    AttributeDefinitions: [{ AttributeName: "KEY", AttributeType: "S" }]
    KeySchema: [{ AttributeName: "KEY", KeyType: "HASH" }]
  }

  output Orders
}

service api {
  resource Role = std::role { trust: "lambda.amazonaws.com" }
  resource Handler = AWS::Lambda::Function {
    Role: Role.role
    Runtime: "python3.13"
    Handler: "index.main"
    Code: asset("source")
    Environment: { Variables: { ORDERS: data.Orders, OTHERS: data[dev].Orders } }
  }
}
"#;

#[test]
fn a_plan_that_loses_data_ends_the_run_before_anything_changes() {
    let source = [("main.infra", &*STORED.replace("KEY\"", "id\"")), ("source/index.py", "def main(*_): pass")];
    let project = Project::new(&source);
    let world = World::new(project, "prod", "222222222222", "");
    let line = format!("apply --env dev --yes --endpoint {}", world.sandbox.address);
    world.project.infra(&line).ended(0);
    world.run(json!({}));
    rests(&world);
    // The function came from the bucket: the build has put it there.
    let calls = world.sandbox.calls();
    assert!(calls.iter().any(|call| call.contains("PutObject")), "{calls:#?}");

    world.project.write("main.infra", STORED.replace("KEY\"", "key\""));
    let before = deployed(&world.sandbox, "222222222222", "eu-west-1", "shop");
    let refused = world.tries(json!({})).unwrap_err();
    assert!(refused.contains("this may replace `Orders` of `data@prod/eu-west-1`"), "{refused}");
    assert_eq!(deployed(&world.sandbox, "222222222222", "eu-west-1", "shop"), before);
    world.run(json!({ "allow": "replace:data/Ord*" }));
    assert_ne!(deployed(&world.sandbox, "222222222222", "eu-west-1", "shop"), before);
    rests(&world);
}

#[test]
fn a_wave_of_many_stacks_is_several_stages() {
    let stacks: String =
        (0..60).map(|i| format!("service s{i} {{\n  resource Queue = AWS::SQS::Queue {{}}\n}}\n")).collect();
    let begin = "project shop
account main { id: \"222222222222\", role: \"arn:aws:iam::222222222222:role/deploy\" }
env prod { account: main, regions: [\"eu-west-1\"], assets: \"shop-assets\" }
";
    let project = Project::new(&[("main.infra", &format!("{begin}{stacks}"))]);
    let world = World::new(project, "prod", "222222222222", "--approve");
    let ran = world.run(json!({}));
    let lengths: Vec<usize> = (1..4).map(|at| ran[at + 1][format!("Wave{at}")].as_array().unwrap().len()).collect();
    assert_eq!(lengths, [49, 49, 25]);
    rests(&world);
    // Without a role, the build needs a policy that names them all.
    let own = format!("{begin}{stacks}").replace(", role: \"arn:aws:iam::222222222222:role/deploy\"", "");
    world.project.write("main.infra", own);
    let said = world.project.infra("ci codepipeline --env prod --install x --bucket b --key k").ended(1);
    assert!(said.err.contains("say with `role` in `account main` which role it assumes there"), "{}", said.err);
    // Stacks that wait for each other, one after the other, are more stages than there may be.
    let chain: String = (0..49)
        .map(|i| match i {
            0 => "service s0 {\n  resource Queue = AWS::SQS::Queue {}\n  output Name = Queue.QueueName\n}\n".to_owned(),
            _ => format!(
                "service s{i} {{\n  resource Queue = AWS::SQS::Queue {{ Tags: [{{ Key: \"after\", Value: s{}.Name }}] }}\n  \
                 output Name = Queue.QueueName\n}}\n",
                i - 1
            ),
        })
        .collect();
    world.project.write("main.infra", format!("{begin}{chain}"));
    let said = world.project.infra("ci codepipeline --env prod --install x --bucket b --key k").ended(1);
    assert!(said.err.contains("the stacks take 49 stages, and a pipeline has at most 50"), "{}", said.err);
}

const CANNOT: &str = r#"
project shop

account tools { id: "111111111111" }
account prod { id: "222222222222" }

env prod { account: prod, regions: ["eu-west-1"] }

@in(tools, ["eu-west-1"])
core images {
  resource Repository = std::repository {}
}

core wide {
  for i in 0..40 {
    resource Queue[i] = AWS::SQS::Queue {}
    OUTPUT
  }
}

service api {
  input Token: Secret

  resource Cluster = AWS::ECS::Cluster { Tags: [{ Key: "token", Value: "x" }] }
  @initial(DesiredCount)
  resource Service = AWS::ECS::Service { Cluster: Cluster, DesiredCount: 2, TaskDefinition: "web" }
  resource Hook = AWS::SecretsManager::Secret { SecretString: Token }
  resource All = AWS::SSM::Parameter { Type: "String", Value: "ALL" }
}
"#;

#[test]
fn what_cannot_be_carried_is_refused_with_the_stack_it_is_about() {
    let outputs: String = (0..40).map(|i| format!("  output LongNameOfQueue{i} = Queue[{i}].QueueName\n")).collect();
    let all: String = (0..40).map(|i| format!("${{wide.LongNameOfQueue{i}}}")).collect();
    let program = CANNOT
        .replace("    OUTPUT\n", "")
        .replace("core wide {\n", &format!("core wide {{\n{outputs}"))
        .replace("ALL", &all);
    let project = Project::new(&[("main.infra", &program)]);
    let said = project.infra("ci codepipeline --env prod --shared --install x --bucket b --key k").ended(1);
    assert!(!project.path(".codepipeline").exists());
    let expected = "\
error: `images@shared/eu-west-1` lies in account `tools`, and the pipeline in `prod`: say with `role` in `account tools` which role the pipeline assumes there
`api@prod/eu-west-1` has the secret input `Token`, which CodePipeline can neither keep nor be given: read it from where it lies, with `secret(…)` or `ssm_secret(…)`
`api@prod/eu-west-1` keeps what `Service` has (`@initial`), and CodePipeline sends the template as it is: leave `@initial` out
`api@prod/eu-west-1` is given 40 outputs of other stacks, which take";
    assert!(said.err.starts_with(expected), "{}", said.err);
    for (option, part) in [
        ("--env none --bucket b --key k", "none"),
        ("--env prod --bucket b --key k --account other", "there is no account `other`; there are: tools, prod"),
        (
            "--env prod --connection arn:aws:codeconnections:eu-west-1:1:connection/x --repository a/b",
            "say which branch is deployed",
        ),
        ("--env prod", "--connection <ARN>"),
        ("--env prod --bucket b --key k -o ../elsewhere", "write a hidden folder of this project"),
    ] {
        let said = project.infra(&format!("ci codepipeline --install x {option}")).ended(1);
        assert!(said.err.contains(part), "{option}: {}", said.err);
    }
}
