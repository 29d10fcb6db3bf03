//! `examples/compose-x`: what three accounts share, and the release pipelines of three services. The application that they
//! release is tested beside it.

use serde_json::{Value, json};

use super::frame::{Departure, Example, Life};

/// Stacks, accounts and resources of the published system. Its images and pipelines are in stacks that are named by hand.
const ORIGINAL: &str = "
    cicd--kms-key 111111111111 eu-west-1 = 2
      KMS::Key 1, KMS::Alias 1
    cicd--buckets 111111111111 eu-west-1 = 4
      S3::Bucket 2, S3::BucketPolicy 2
    cicd--iam-roles 222222222222 eu-west-1 = 6
      IAM::Role 4, IAM::ManagedPolicy 2
    cicd--iam-roles 777777777777 eu-west-1 = 6
      IAM::Role 4, IAM::ManagedPolicy 2
    cicd--crossaccounts-iam-roles 111111111111 eu-west-1 = 10
      SSM::Parameter 10
    compose-x-frontend-images 111111111111 eu-west-1 = 1
      ECR::Repository 1
    compose-x-backend-images 111111111111 eu-west-1 = 1
      ECR::Repository 1
    compose-x-batch-processor-images 111111111111 eu-west-1 = 1
      ECR::Repository 1
    compose-x-frontend-release 111111111111 eu-west-1 = 9
      CodeBuild::Project 1, CodePipeline::Pipeline 1, IAM::Role 2, IAM::Policy 3, SNS::Topic 1, SNS::TopicPolicy 1
    compose-x-backend-release 111111111111 eu-west-1 = 9
      CodeBuild::Project 1, CodePipeline::Pipeline 1, IAM::Role 2, IAM::Policy 3, SNS::Topic 1, SNS::TopicPolicy 1
    compose-x-batch-processor-release 111111111111 eu-west-1 = 9
      CodeBuild::Project 1, CodePipeline::Pipeline 1, IAM::Role 2, IAM::Policy 3, SNS::Topic 1, SNS::TopicPolicy 1
";

const MERGED: &str = "compose-x-demo-release 111111111111 eu-west-1";

const DEPARTURES: &[Departure] = &[
    (
        "cicd--crossaccounts-iam-roles",
        "SSM::Parameter",
        -10,
        "who needs a role or an account refers to it: nothing is copied, so nothing can differ from where it came from",
    ),
    ("cicd--iam-roles", "IAM::Policy", 2, "what two of the roles may do stands beside them, not in them"),
    (MERGED, "CodeBuild::Project", 1, "the other era of the system: one pipeline for the merged compose file"),
    (MERGED, "CodePipeline::Pipeline", 1, "that pipeline"),
    (MERGED, "IAM::Role", 2, "what it and its build act with"),
    (MERGED, "IAM::Policy", 3, "what these may do"),
    (
        "cicd--connection 111111111111 eu-west-1",
        "CodeStarConnections::Connection",
        1,
        "made by hand there; here only the handshake is left to do by hand",
    ),
];

const ROLES: [&str; 2] = ["nonprod_roles@shared/eu-west-1", "prod_roles@shared/eu-west-1"];

#[test]
fn it_has_what_the_original_has() {
    let system = Example::new("compose-x").build("--shared");
    system.departs_from(ORIGINAL, DEPARTURES);
    system.is_sound();
    let protected = system.build.stacks.iter().filter(|s| s.head.termination_protection);
    assert_eq!(protected.map(|s| &*s.head.stack_name).collect::<Vec<_>>(), ["cicd--kms-key"]);
    for id in ["frontend_release", "backend_release", "batch_processor_release", "demo_release"] {
        let id = format!("{id}@shared/eu-west-1");
        let head = &system.build.stacks.iter().find(|s| s.head.key.to_string() == id).unwrap().head;
        assert_eq!(head.uses.len(), head.parameters.len(), "everything that it takes, another stack gives");
    }
}

/// The stages of the pipeline of the frontend, and how many actions each has.
fn stages(set: &str) -> Vec<(String, usize)> {
    let system = Example::new("compose-x").build(&format!("--shared {set}"));
    system.is_sound();
    let pipeline = system.resource("frontend_release@shared/eu-west-1", "ReleasePipelinePipeline");
    let stages = pipeline["Properties"]["Stages"].as_array().unwrap().clone();
    let stage =
        |stage: &Value| (stage["Name"].as_str().unwrap().to_owned(), stage["Actions"].as_array().unwrap().len());
    stages.iter().map(stage).collect()
}

#[test]
fn its_pipelines_have_the_stages_and_actions_of_the_original() {
    let toggles = [
        ("--set deploy_to_prod=false", 4, 6),
        ("", 5, 9),
        ("--set test_project=tests", 6, 10),
        ("--set test_project=tests --set test_repository=tests", 6, 11),
        ("--set test_project=tests --set test_repository=tests --set configuration_repository=settings", 6, 12),
        ("--set deploy_to_prod=false --set configuration_repository=settings", 4, 7),
    ];
    for (set, count, actions) in toggles {
        let stages = stages(set);
        assert_eq!((stages.len(), stages.iter().map(|(_, n)| n).sum()), (count, actions), "{set}: {stages:?}");
    }
    let all = stages("--set test_project=tests");
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "PipelineSource",
        "ApplicationBuildArtifact",
        "DeployToDev",
        "TestDevEnvironment",
        "DeployToStaging",
        "DeployToProduction",
    ];
    assert_eq!(names, expected);
}

#[test]
fn the_merged_compose_file_has_a_pipeline_of_its_own() {
    let system = Example::new("compose-x").build("--shared");
    let pipeline = system.resource("demo_release@shared/eu-west-1", "ReleasePipeline");
    let stages = pipeline["Properties"]["Stages"].as_array().unwrap();
    let names: Vec<&Value> = stages.iter().map(|stage| &stage["Name"]).collect();
    let expected =
        ["PipelineSource", "GenerateCfnTemplates", "DeployToDev", "DestroyDev", "ApproveToProd", "DeployToProd"];
    assert_eq!(names, expected);
    assert_eq!(stages[3]["Actions"][0]["Configuration"]["ActionMode"], "DELETE_ONLY");
    for (stage, account) in [(2, "Nonprod"), (3, "Nonprod"), (5, "Prod")] {
        assert_eq!(stages[stage]["Actions"][0]["RoleArn"], json!({ "Ref": format!("{account}RolesPipeline") }));
    }
}

/// All statements of a policy that allow an action.
fn allowing<'a>(policy: &'a Value, action: &str) -> Vec<&'a Value> {
    let says = |value: &Value| match value {
        Value::String(one) => one == action,
        other => other.as_array().is_some_and(|all| all.iter().any(|one| one == action)),
    };
    policy["Statement"].as_array().unwrap().iter().filter(|s| s["Effect"] == "Allow" && says(&s["Action"])).collect()
}

#[test]
fn its_wiring_is_that_of_the_original_without_its_defects() {
    let example = Example::new("compose-x");
    let system = example.build("--shared");
    let key = system.resource("keys@shared/eu-west-1", "SharedKey");
    assert_eq!(key["Properties"]["EnableKeyRotation"], true);
    let users = key["Properties"]["KeyPolicy"]["Statement"][1]["Principal"].clone();
    assert_eq!(users, json!({ "AWS": ["arn:aws:iam::222222222222:root", "arn:aws:iam::777777777777:root"] }));
    let bucket = system.resource("buckets@shared/eu-west-1", "SharedArtifactsBucket");
    assert_eq!(bucket["Properties"]["BucketName"], "shared-codepipeline.111111111111.eu-west-1");
    assert_eq!(bucket["DeletionPolicy"], "Retain");

    for (id, account) in ROLES.iter().zip(["222222222222", "777777777777"]) {
        // The role that deploys can read what it deploys: the original allows `GetBucket*` on objects only.
        let use_artifacts = system.resource(id, "RolesUseArtifactsPolicy");
        let read = allowing(&use_artifacts["Properties"]["PolicyDocument"], "s3:GetObject");
        assert_eq!(read[0]["Resource"], json!({ "Fn::Sub": "arn:aws:s3:::${BucketsArtifacts}/*" }));
        // A boundary is there where one is named, and nothing called `none` elsewhere.
        let role = system.resource(id, "RolesDeployRole");
        assert!(role["Properties"]["PermissionsBoundary"].is_null(), "{role:#}");
        let bound = example.build("--shared --set boundary=developers").resource(id, "RolesDeployRole");
        assert_eq!(bound["Properties"]["PermissionsBoundary"], format!("arn:aws:iam::{account}:policy/developers"));
        let pipeline = system.resource(id, "RolesPipelinePolicy")["Properties"]["PolicyDocument"].clone();
        let passed = &allowing(&pipeline, "iam:PassRole")[0]["Resource"];
        assert_eq!(*passed, json!({ "Fn::GetAtt": ["RolesDeployRole", "Arn"] }));
    }

    // Every deployment is made with the two roles of the account it goes to, from a file that the build has written.
    let release = "frontend_release@shared/eu-west-1";
    let pipeline = system.resource(release, "ReleasePipelinePipeline");
    let actions =
        pipeline["Properties"]["Stages"].as_array().unwrap().iter().flat_map(|s| s["Actions"].as_array().unwrap());
    let build = system.resource(release, "ReleaseBuildProject");
    let spec = build["Properties"]["Source"]["BuildSpec"].as_str().unwrap();
    let mut stacks = Vec::new();
    for action in actions.filter(|a| a["ActionTypeId"]["Provider"] == "CloudFormation") {
        let stack = action["Configuration"]["StackName"].as_str().unwrap();
        let account = if stack.ends_with("-prod") { "Prod" } else { "Nonprod" };
        assert_eq!(action["RoleArn"], json!({ "Ref": format!("{account}RolesPipeline") }));
        if let Some(path) = action["Configuration"]["TemplatePath"].as_str() {
            let folder = path.strip_prefix("AppDefinition::").unwrap().split('/').next().unwrap();
            assert!(spec.contains(&format!("-o {folder}\"")) && spec.contains(&format!("\"{folder}/**/*\"")), "{spec}");
            assert_eq!(action["Configuration"]["RoleArn"], json!({ "Ref": format!("{account}RolesDeploy") }));
            // The images that it has made are told to the template by a file of the same build.
            assert_eq!(action["Configuration"]["TemplateConfiguration"], "AppDefinition::tag.json");
            assert!(spec.contains("> tag.json\"") && spec.contains("\"tag.json\"]"), "{spec}");
            stacks.push(stack.to_owned());
        }
    }
    assert_eq!(stacks, ["frontend-dev", "frontend-stg", "frontend-prod"]);
}

#[test]
fn accounts_may_be_the_same_and_buckets_closed() {
    let example = Example::new("compose-x");
    let statements = |system: &super::frame::System| {
        let policy = system.resource("buckets@shared/eu-west-1", "SharedArtifactsPolicy");
        policy["Properties"]["PolicyDocument"].clone()
    };
    let closed = statements(&example.build("--shared --set roles_only=true"));
    let roles =
        json!(["arn:aws:iam::222222222222:role/cicd--iam-roles-*", "arn:aws:iam::777777777777:role/cicd--iam-roles-*"]);
    for statement in allowing(&closed, "s3:PutObject") {
        assert_eq!(statement["Condition"], json!({ "ArnLike": { "aws:PrincipalArn": roles } }));
    }
    // Production in the account of the pipelines: it needs no permission from outside.
    example.edit("project.infra", "account prod { id: \"777777777777\" }\n", "");
    example.edit("project.infra", "env prod { account: prod", "env prod { account: cicd");
    example.edit("bootstrap.infra", "@in(prod)", "@in(cicd)");
    let system = example.build("--shared");
    system.is_sound();
    for statement in allowing(&statements(&system), "s3:PutObject") {
        assert_eq!(statement["Principal"], json!({ "AWS": ["arn:aws:iam::222222222222:root"] }));
    }
}

#[test]
fn it_lives_over_three_accounts() {
    let example = Example::new("compose-x");
    let life = Life::new(&example, "--all");
    life.come_up("");
    let changed = life.change("--set build_size=medium");
    let update = "update/no".to_owned();
    assert_eq!(changed.get("ReleaseBuildProject"), Some(&update), "{changed:?}");
    // The key is held until somebody says otherwise.
    let refused = life.infra("destroy --yes --allow delete:*").ended(1).err;
    assert!(refused.contains("cicd--kms-key"), "{refused}");
    example.edit("bootstrap.infra", "protect_bootstrap: Bool = true", "protect_bootstrap: Bool = false");
    life.infra("apply --yes").ended(0);
    let image = "c('ecr').put_image(repositoryName='frontend', imageManifest='1', imageTag='release-1') and 0";
    life.go_full("111111111111", "eu-west-1", image);
}

#[test]
fn it_lives_on_the_emulator() {
    let lacks = [
        "CodePipeline::Pipeline",
        "CodeStarConnections::Connection",
        "IAM::Policy reads CodeStarConnections::Connection",
    ];
    Example::new("compose-x").emulated("--shared", "--set build_size=medium", &lacks, &[]);
}

#[test]
fn its_readme_is_right() {
    Example::new("compose-x").readme_is_right("--shared");
}
