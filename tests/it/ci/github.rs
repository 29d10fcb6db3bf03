//! The workflows for GitHub Actions: read by a YAML parser, held against the published schema, and for what they must
//! never say.

use std::fs;

use serde_json::{Value, json};

use crate::support::cli::Project;
use crate::support::venv;

/// Takes the names of files, and prints what each holds; fails where one is no workflow by the published schema, which
/// the package `schemastore` brings.
const READ: &str = r#"
import json, pathlib, pickle, sqlite3, sys
import jsonschema, schemastore, yaml

cache = pathlib.Path(schemastore.__file__).with_name("cache.sqlite")
rows = sqlite3.connect(f"{cache.as_uri()}?mode=ro&immutable=1", uri=True).execute(
    "select value from responses where instr(value, ?)", (b'"reusableWorkflowCallJob"',)
).fetchall()
assert len(rows) == 1, len(rows)
schema = json.loads(pickle.loads(rows[0][0])["_content"])
assert {"on", "jobs", "permissions"} <= schema["properties"].keys()
validator = jsonschema.Draft7Validator(schema)
read = []
for name in sys.argv[1:]:
    # A workflow's `on` is no boolean to GitHub.
    loader = type("Loader", (yaml.SafeLoader,), {"yaml_implicit_resolvers": {
        first: [(tag, regexp) for tag, regexp in all if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
        for first, all in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }})
    workflow = yaml.load(pathlib.Path(name).read_text("utf-8"), loader)
    for job in workflow["jobs"].values():
        # The schema lists runners, and is older than this one.
        assert job["runs-on"] == "ubuntu-24.04"
        job["runs-on"] = "ubuntu-22.04"
    wrong = ["/".join(map(str, e.absolute_path)) + ": " + e.message[:300] for e in validator.iter_errors(workflow)]
    assert not wrong, (name, wrong)
    read.append(workflow)
    workflow["jobs"]["dev"]["permissions"]["contents"] = "all"
    assert [*validator.iter_errors(workflow)], "the schema finds nothing"
    workflow["jobs"]["dev"]["permissions"]["contents"] = "read"
print(json.dumps(read))
"#;

const PROGRAM: &str = r#"
project shop

account nonprod { id: "111111111111" }
account prod { id: "222222222222" }
account china { id: "333333333333" }

env dev { account: nonprod, regions: ["eu-west-1"], branch: "develop" }
env prod { account: prod, regions: ["eu-central-1", "us-east-1"], branch: "release/1.x" }
env beijing { account: china, regions: ["cn-north-1"], branch: "cn" }
env sandbox { account: nonprod, regions: ["eu-west-1"] }

core queues {
  resource Queue = AWS::SQS::Queue {}
}
"#;

const FILES: [&str; 2] = [".github/workflows/infra-plan.yml", ".github/workflows/infra-apply.yml"];

/// A project in the folder `system` of a repository.
fn repository(program: &str) -> Project {
    let project = Project::new(&[("system/main.infra", program)]);
    fs::create_dir(project.path(".git")).unwrap();
    project
}

fn write(project: &Project, more: &[&str]) -> crate::support::cli::Said {
    project.run(&[&["-C", "system", "ci", "github", "--install", "./install \"infra\"  # v1"], more].concat())
}

fn read(project: &Project) -> [Value; 2] {
    let paths = FILES.map(|file| project.path(file).to_str().unwrap().to_owned());
    serde_json::from_str(&venv::python(READ, &[&paths[0], &paths[1]])).unwrap()
}

#[test]
fn workflows_plan_requests_and_apply_pushes_with_no_more_rights_than_that() {
    let project = repository(PROGRAM);
    let said = write(&project, &[]).ended(0);
    assert_eq!(said.err, format!("{}: written\n{}: written\n", FILES[0], FILES[1]));
    let [plan, apply] = read(&project);
    let branches = json!(["develop", "release/1.x", "cn"]);
    assert_eq!(plan["on"], json!({ "pull_request": { "branches": branches } }));
    assert_eq!(apply["on"], json!({ "push": { "branches": branches } }));
    for workflow in [&plan, &apply] {
        assert_eq!(workflow["permissions"], json!({}));
        let jobs = workflow["jobs"].as_object().unwrap();
        assert_eq!(jobs.keys().collect::<Vec<_>>(), ["beijing", "dev", "prod"]);
        for job in jobs.values() {
            assert_eq!(job["permissions"], json!({ "contents": "read", "id-token": "write" }));
            let steps = job["steps"].as_array().unwrap();
            assert_eq!(steps[0]["with"], json!({ "persist-credentials": false }));
            // What is installed runs before there are credentials.
            assert_eq!(steps[1]["run"], "./install \"infra\"  # v1");
            for uses in steps.iter().filter_map(|step| step["uses"].as_str()) {
                let (_, version) = uses.split_once('@').unwrap();
                assert!(version.len() == 40 && version.bytes().all(|b| b.is_ascii_hexdigit()), "{uses}");
            }
            assert_eq!(steps[3]["working-directory"], "system");
        }
    }
    let credentials = |workflow: &Value, env: &str| workflow["jobs"][env]["steps"][2]["with"].clone();
    let with = |role: &str, region: &str| json!({ "role-to-assume": role, "aws-region": region });
    assert_eq!(credentials(&plan, "dev"), with("arn:aws:iam::111111111111:role/infra-plan", "eu-west-1"));
    assert_eq!(credentials(&apply, "prod"), with("arn:aws:iam::222222222222:role/infra-apply", "eu-central-1"));
    assert_eq!(credentials(&apply, "beijing"), with("arn:aws-cn:iam::333333333333:role/infra-apply", "cn-north-1"));

    let prod = &plan["jobs"]["prod"];
    let same = "github.event.pull_request.head.repo.full_name == github.repository";
    assert_eq!(prod["if"], format!("github.base_ref == 'release/1.x' && {same}"));
    assert_eq!(prod["environment"], Value::Null);
    assert_eq!(prod["steps"][3]["run"], "exec infra plan --env prod --format markdown >> \"$GITHUB_STEP_SUMMARY\"");
    let prod = &apply["jobs"]["prod"];
    assert_eq!(prod["if"], "github.ref == 'refs/heads/release/1.x'");
    assert_eq!(prod["environment"], "prod");
    assert_eq!(prod["concurrency"], json!({ "group": "infra-prod", "cancel-in-progress": false }));
    assert_eq!(prod["steps"][3]["run"], "exec infra apply --env prod --yes");
}

#[test]
fn what_people_changed_is_not_written_over() {
    let project = repository(PROGRAM);
    write(&project, &[]).ended(0);
    assert_eq!(write(&project, &[]).ended(0).err, format!("{}: as it was\n{}: as it was\n", FILES[0], FILES[1]));
    // Another program is no reason to ask: nobody touched the files.
    project.write("system/main.infra", PROGRAM.replace("develop", "main"));
    assert_eq!(write(&project, &[]).ended(0).err, format!("{}: written\n{}: written\n", FILES[0], FILES[1]));

    let apply = project.path(FILES[1]);
    let edited = fs::read_to_string(&apply).unwrap().replace("timeout-minutes: 360", "timeout-minutes: 60");
    fs::write(&apply, &edited).unwrap();
    project.write("system/main.infra", PROGRAM);
    let plan = fs::read_to_string(project.path(FILES[0])).unwrap();
    let refused = write(&project, &[]).ended(1);
    assert!(refused.err.contains("`.github/workflows/infra-apply.yml` was changed by hand"), "{}", refused.err);
    assert_eq!(fs::read_to_string(&apply).unwrap(), edited);
    // Neither file is written where one may not be.
    assert_eq!(fs::read_to_string(project.path(FILES[0])).unwrap(), plan);
    write(&project, &["--force"]).ended(0);
    assert!(fs::read_to_string(&apply).unwrap().contains("timeout-minutes: 360"));

    fs::remove_dir_all(project.path(".github")).unwrap();
    let shown = write(&project, &["--stdout"]).ended(0);
    assert!(!project.path(".github").exists());
    assert!(shown.out.starts_with("---\n# .github/workflows/infra-plan.yml\n# Written by"), "{}", shown.out);
    write(&project, &[]).ended(0);
    let files = FILES.map(|file| format!("---\n# {file}\n{}", fs::read_to_string(project.path(file)).unwrap()));
    assert_eq!(shown.out, files.concat());
}

#[test]
fn no_name_of_the_program_becomes_a_command_or_an_expression() {
    for branch in ["${{secrets.KEY}}", "a'||true||'", "x$(id)", "a\\nb", "\u{202e}niam", "a b"] {
        let project = repository(&PROGRAM.replace("develop", branch));
        let refused = write(&project, &[]).ended(1);
        assert!(!project.path(".github").exists(), "{branch}");
        assert!(refused.err.contains("cannot stand in a workflow") || refused.err.contains("×"), "{}", refused.err);
    }
    let project = repository(PROGRAM);
    for (option, value) in [
        ("--install", "echo ${{ github.event.issue.title }}"),
        ("--install", "a\nb"),
        ("--install", " "),
        ("--plan-role", "x\" y: z"),
        ("--apply-role", "${{secrets.X}}"),
    ] {
        let refused = project.run(&["-C", "system", "ci", "github", "--install", "true", option, value]);
        assert!(refused.code != Some(0), "{option} {value}: {}", refused.out);
        assert!(!project.path(".github").exists(), "{option} {value}");
    }
    let odd = Project::new(&[("${{x}}/main.infra", PROGRAM)]);
    fs::create_dir(odd.path(".git")).unwrap();
    let refused = odd.run(&["-C", "${{x}}", "ci", "github", "--install", "true"]).ended(1);
    assert!(refused.err.contains("cannot stand in a workflow"), "{}", refused.err);
}

#[test]
fn what_no_workflow_can_be_written_for_is_said() {
    let project = repository(
        &PROGRAM
            .replace(", branch: \"develop\"", "")
            .replace(", branch: \"release/1.x\"", "")
            .replace(", branch: \"cn\"", ""),
    );
    let refused = write(&project, &[]).ended(1);
    assert!(
        refused.err.contains("no environment says which branch deploys it; add `branch: \"main\"`"),
        "{}",
        refused.err
    );
    let project = repository(&PROGRAM.replace("AWS::SQS::Queue {}", "AWS::SQS::Queue { Nonsense: 1 }"));
    let refused = write(&project, &[]).ended(1);
    assert!(refused.err.contains("unknown-property"), "{}", refused.err);
}
