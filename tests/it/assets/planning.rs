//! Plans bring assets to their buckets, in the sandbox: when, how often, and what stands in the way.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use infra::build;
use infra::cloud::ObjectId;
use infra::diagnostics::{Code, Diagnostic, has_errors};
use infra::host::Disk;
use infra::plan::{self, Desired};
use infra::sandbox::Sandbox;
use infra::schema::Types;
use infra::semantics::{self, Target};
use infra::source::Sources;

use crate::support::cli::Project;
use crate::support::script::{target, wait};
use crate::support::stacks::World;

const PROGRAM: &str = r#"
project shop

account nonprod { id: "111111111111" }
account prod { id: "222222222222" }

env dev { account: nonprod, regions: ["eu-west-1"], assets: "shop-dev" }
env prod {
  account: prod
  regions: ["eu-west-1", "us-east-1"]
  assets: { "eu-west-1": "shop-prod-eu", "us-east-1": "shop-prod-us" }
}

let code = asset("code")

@regions(env.regions)
service api {
  resource Hello = AWS::Lambda::Function {
    Code: code
    Handler: "index.handler"
    Runtime: "nodejs22.x"
    Role: "arn:aws:iam::111111111111:role/api"
    MemorySize: 128
  }
}

@regions(env.regions)
service jobs {
  resource Nightly = AWS::Lambda::Function {
    Code: code
    Handler: "index.nightly"
    Runtime: "nodejs22.x"
    Role: "arn:aws:iam::111111111111:role/api"
  }
  resource Shared = AWS::Lambda::LayerVersion { Content: asset("layer", exclude: ["*.md"]) }
}
"#;

fn project() -> Project {
    Project::new(&[
        ("main.infra", PROGRAM),
        ("code/index.mjs", "export const handler = async () => {}\n"),
        ("layer/nodejs/a.mjs", "export const a = 1\n"),
        ("layer/README.md", "not part of it\n"),
    ])
}

fn desired(root: &Path, env: &str) -> Desired {
    let mut sources = Sources::default();
    sources.add("main.infra", fs::read_to_string(root.join("main.infra")).unwrap());
    let world = Arc::new(Disk { root: root.to_path_buf() });
    let program = semantics::analyze(sources.iter().cloned().collect(), world, Types::aws());
    let built = build::build(&program, &Target { envs: vec![env.into()], shared: true, ..Target::default() });
    assert!(!has_errors(&built.diagnostics), "{:#?}", built.diagnostics);
    plan::desired(&built)
}

/// How often each call to S3 was made since the last time.
fn to_s3(world: &World) -> [usize; 3] {
    let calls = world.calls();
    ["HeadObject", "PutObject", "HeadBucket"].map(|name| calls.iter().filter(|call| **call == name).count())
}

#[test]
fn each_asset_is_brought_once_and_an_unchanged_world_costs_nothing() {
    let (project, world) = (project(), World::new());
    let root = project.path("");
    wait(async {
        // Two stacks share one asset: it is asked for and put once in each bucket.
        let prod = desired(&root, "prod");
        world.plan(&prod).await.unwrap();
        assert_eq!(to_s3(&world), [4, 4, 0]);
        // A second plan of what is not deployed yet asks again, and finds it.
        let (_, report) = world.deploy(&prod).await;
        assert!(report.stacks.iter().all(|stack| stack.outcome == infra::apply::Outcome::Done), "{report:#?}");
        assert_eq!(to_s3(&world), [4, 0, 0]);

        let unchanged = world.plan(&desired(&root, "prod")).await.unwrap();
        assert!(!unchanged.has_changes());
        assert_eq!(to_s3(&world), [0, 0, 0]);

        // A stack that changes otherwise asks for its assets; the other one does not.
        project.write("main.infra", PROGRAM.replace("MemorySize: 128", "MemorySize: 256"));
        assert!(world.plan(&desired(&root, "prod")).await.unwrap().has_changes());
        assert_eq!(to_s3(&world), [2, 0, 0]);

        // What is left out of a package does not make another one.
        project.write("main.infra", PROGRAM);
        project.write("layer/README.md", "changed\n");
        assert!(!world.plan(&desired(&root, "prod")).await.unwrap().has_changes());
        assert_eq!(to_s3(&world), [0, 0, 0]);

        project.write("layer/nodejs/a.mjs", "export const a = 2\n");
        world.deploy(&desired(&root, "prod")).await;
        assert_eq!(to_s3(&world), [4, 2, 0]);
    });
}

#[test]
fn only_what_is_planned_is_uploaded() {
    let (project, world) = (project(), World::new());
    wait(async {
        let dev = desired(&project.path(""), "dev");
        world.plan_of(&dev, &["api@dev/eu-west-1"]).await.unwrap();
        assert_eq!(to_s3(&world), [1, 1, 0]);
        world.destroy(&dev).await.unwrap();
        assert_eq!(to_s3(&world), [0, 0, 0]);
    });
}

fn said(problems: &[Diagnostic]) -> Vec<String> {
    let of = |problem: &Diagnostic| format!("{}: {}", problem.code, problem.message);
    problems.iter().map(of).collect()
}

#[test]
fn a_bucket_of_somebody_else_is_never_written() {
    let (project, world) = (project(), World::new());
    wait(async {
        // Somebody took the name.
        let theirs = world.clouds.store(&target("999999999999", "eu-west-1"));
        let object = ObjectId { bucket: "shop-dev".into(), key: "mine".into() };
        theirs.put(&object, b"x".to_vec()).await.unwrap();
        world.calls();
        let problems = world.plan(&desired(&project.path(""), "dev")).await.unwrap_err();
        assert_eq!(to_s3(&world), [2, 2, 2]);
        assert!(problems.iter().all(|p| p.code == Code::AwsCall && p.span().is_some()), "{problems:#?}");
        for problem in said(&problems) {
            assert!(problem.contains("belongs to somebody else than account `nonprod`"), "{problem}");
        }
        assert!(!world.sandbox.calls().contains_key("CreateChangeSet"));
    });
}

#[test]
fn a_bucket_in_another_region_is_told() {
    let (project, world) = (project(), World::new());
    wait(async {
        let there = world.clouds.store(&target("111111111111", "us-east-1"));
        there.put(&ObjectId { bucket: "shop-dev".into(), key: "mine".into() }, b"x".to_vec()).await.unwrap();
        let problems = said(&world.plan(&desired(&project.path(""), "dev")).await.unwrap_err());
        assert!(problems[0].contains("`shop-dev` is in another region than `eu-west-1`"), "{problems:?}");
    });
}

#[test]
fn what_changes_between_compiling_and_planning_stops_the_plan() {
    let (project, world) = (project(), World::new());
    wait(async {
        let dev = desired(&project.path(""), "dev");
        project.write("code/index.mjs", "export const handler = async () => 2\n");
        let problems = world.plan(&dev).await.unwrap_err();
        assert!(
            said(&problems)[0].starts_with("unreadable: cannot read `code/index.mjs`: it has changed"),
            "{problems:#?}"
        );
        assert_eq!(problems[0].span(), Some(dev.stacks[0].assets[0].place));
    });
}

#[test]
fn a_function_whose_code_is_gone_fails_as_on_aws() {
    let (project, sandbox) = (project(), Sandbox::default());
    let world = World::of(sandbox);
    wait(async {
        let mut dev = desired(&project.path(""), "dev");
        world.plan(&dev).await.unwrap();
        // Another key than the one that was uploaded.
        for wanted in &mut dev.stacks {
            let wanted = Arc::make_mut(wanted);
            wanted.body = wanted.body.replace("assets/", "assets/0");
        }
        let broken = world.plan(&dev).await.unwrap();
        let report = format!("{:#?}", world.apply(&dev, &broken).await);
        assert!(report.contains("S3 Error Code: NoSuchKey"), "{report}");
    });
}

#[test]
fn whole_commands_upload_deploy_and_rest() {
    let project = project();
    let plan = project.infra("plan --env dev --sandbox state").ended(0);
    assert!(plan.err.contains("api@dev/eu-west-1: uploaded code to shop-dev"), "{}", plan.err);
    assert_eq!(plan.err.matches("uploaded").count(), 2, "{}", plan.err);
    let applied = project.infra("apply --env dev --yes --sandbox state").ended(0);
    assert!(!applied.err.contains("uploaded"), "{}", applied.err);
    let again = project.infra("plan --env dev --sandbox state --detailed-exitcode").ended(0);
    assert!(again.out.starts_with("no changes"), "{}", again.out);

    project.write("code/index.mjs", "export const handler = async () => 2\n");
    let plan = project.infra("plan --env dev --sandbox state --format json").ended(0).json();
    let changed: Vec<(&str, usize)> = plan["stacks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stack| (stack["stack"].as_str().unwrap(), stack["changes"].as_array().unwrap().len()))
        .collect();
    assert_eq!(changed, [("api", 1), ("jobs", 1)]);
    let property = &plan["stacks"][0]["changes"][0]["properties"][0];
    assert_eq!((&property["path"], &property["replaces"]), (&"Code.S3Key".into(), &"no".into()), "{plan:#}");
    project.infra("apply --env dev --yes --sandbox state").ended(0);
    project.infra("destroy --env dev --yes --allow delete:* --sandbox state").ended(0);
}

#[test]
fn a_build_has_the_assets_beside_its_templates() {
    let project = project();
    let said = project.infra("build --env prod -o out").ended(0);
    assert_eq!(said.err, "4 templates and 2 assets in out\n");
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(project.path("out/manifest.json")).unwrap()).unwrap();
    let api = &manifest["stacks"][0];
    assert_eq!((&api["id"], &api["assets"][0]["bucket"]), (&"api@prod/eu-west-1".into(), &"shop-prod-eu".into()));
    let file = api["assets"][0]["file"].as_str().unwrap().to_owned();
    assert_eq!(api["assets"][0]["key"], file.as_str());
    assert!(fs::read(project.path("out").join(&file)).unwrap().starts_with(b"PK"));
    let template = fs::read_to_string(project.path("out").join(api["template"].as_str().unwrap())).unwrap();
    assert!(template.contains(&format!(r#""S3Key":"{file}""#)), "{template}");

    // An asset that is no more goes, and nothing else does.
    project.write("out/assets/mine.txt", "kept");
    project.write("code/index.mjs", "changed");
    project.infra("build --env prod -o out").ended(0);
    assert!(!project.path("out").join(&file).exists());
    assert!(project.path("out/assets/mine.txt").exists());
    let names = |folder: &str| fs::read_dir(project.path(folder)).unwrap().count();
    assert_eq!((names("out/assets"), names("out/templates")), (3, 4));
}

#[test]
fn sam_finds_packaged_code() {
    let project = Project::new(&[
        (
            "main.infra",
            r#"
project shop

account nonprod { id: "111111111111" }

env dev { account: nonprod, regions: ["eu-west-1"], assets: "shop-dev" }

service api {
  resource Hello = AWS::Serverless::Function {
    CodeUri: "./code"
    Handler: "index.handler"
    Runtime: "nodejs22.x"
  }
  resource Machine = AWS::Serverless::StateMachine { DefinitionUri: "machine.asl.json" }
}
"#,
        ),
        ("code/index.mjs", "export const handler = async () => {}\n"),
        ("machine.asl.json", r#"{ "StartAt": "End", "States": { "End": { "Type": "Succeed" } } }"#),
    ]);
    let plan = project.infra("plan --env dev --sandbox state").ended(0);
    assert_eq!(plan.err.matches("uploaded").count(), 2, "{}", plan.err);
    project.infra("apply --env dev --yes --sandbox state").ended(0);
    let template = project.infra("build --env dev -o out").ended(0);
    assert_eq!(template.err, "1 template and 2 assets in out\n");
}

#[test]
fn templates_with_assets_pass_cfn_lint() {
    let project = project();
    project.infra("build --env prod -o out").ended(0);
    let mut lint = crate::support::venv::tool("cfn-lint");
    lint.args(["--non-zero-exit-code", "error", "--format", "parseable", "--regions", "eu-west-1", "us-east-1", "--"]);
    let folder = fs::read_dir(project.path("out/templates")).unwrap();
    lint.args(folder.map(|entry| entry.unwrap().path()).filter(|path| !path.to_string_lossy().contains("us-east-1")));
    crate::support::venv::said(&lint.output().unwrap(), "cfn-lint");
}
