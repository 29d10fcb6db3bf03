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
    assert_eq!(apply["on"]["push"], json!({ "branches": branches }));
    assert_eq!(apply["on"]["workflow_dispatch"]["inputs"]["allow"]["required"], false);
    assert_eq!(apply["on"].as_object().unwrap().len(), 2);
    let names = |workflow: &Value| workflow["jobs"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&plan), ["beijing", "comment-beijing", "comment-dev", "comment-prod", "dev", "prod"]);
    assert_eq!(names(&apply), ["beijing", "dev", "plan-beijing", "plan-dev", "plan-prod", "prod"]);
    for workflow in [&plan, &apply] {
        assert_eq!(workflow["permissions"], json!({}));
        for (name, job) in workflow["jobs"].as_object().unwrap() {
            let steps = job["steps"].as_array().unwrap();
            for uses in steps.iter().filter_map(|step| step["uses"].as_str()) {
                let (_, version) = uses.split_once('@').unwrap();
                assert!(version.len() == 40 && version.bytes().all(|b| b.is_ascii_hexdigit()), "{uses}");
            }
            if name.starts_with("comment-") {
                // What comments reaches neither AWS nor the code of the request.
                assert_eq!(job["permissions"], json!({ "pull-requests": "write" }));
                assert_eq!(job["needs"], json!(name.trim_start_matches("comment-")));
                assert_eq!(steps.len(), 2);
                assert!(steps[0]["uses"].as_str().unwrap().starts_with("actions/download-artifact@"));
                continue;
            }
            assert_eq!(job["permissions"], json!({ "contents": "read", "id-token": "write" }));
            assert_eq!(steps[0]["with"], json!({ "persist-credentials": false }));
            // What is installed runs before there are credentials.
            assert_eq!(steps[1]["run"], "./install \"infra\"  # v1");
            let own = steps.iter().skip(3).filter(|step| step["run"].is_string());
            assert!(own.clone().count() > 0 && own.clone().all(|step| step["working-directory"] == "system"));
        }
    }
    let credentials = |workflow: &Value, job: &str| workflow["jobs"][job]["steps"][2]["with"].clone();
    let with = |role: &str, region: &str| json!({ "role-to-assume": role, "aws-region": region });
    assert_eq!(credentials(&plan, "dev"), with("arn:aws:iam::111111111111:role/infra-plan", "eu-west-1"));
    assert_eq!(credentials(&apply, "plan-dev"), with("arn:aws:iam::111111111111:role/infra-plan", "eu-west-1"));
    assert_eq!(credentials(&apply, "prod"), with("arn:aws:iam::222222222222:role/infra-apply", "eu-central-1"));
    assert_eq!(credentials(&apply, "beijing"), with("arn:aws-cn:iam::333333333333:role/infra-apply", "cn-north-1"));

    let prod = &plan["jobs"]["prod"];
    let same = "github.event.pull_request.head.repo.full_name == github.repository";
    assert_eq!(prod["if"], format!("github.base_ref == 'release/1.x' && {same}"));
    assert_eq!(prod["environment"], Value::Null);
    assert_eq!(prod["steps"][3]["run"], "exec infra plan --env prod --format github -o \"$RUNNER_TEMP/plan.json\"");
    assert_eq!(prod["steps"][5]["if"], "always()", "a plan of a request leaves nothing");
    let planned = &apply["jobs"]["plan-prod"];
    assert_eq!(planned["if"], "github.ref == 'refs/heads/release/1.x'");
    assert_eq!(planned["environment"], Value::Null);
    let prod = &apply["jobs"]["prod"];
    assert_eq!((&prod["needs"], &prod["environment"]), (&json!("plan-prod"), &json!("prod")));
    assert_eq!(prod["if"], "needs.plan-prod.outputs.changes == 'true'");
    assert_eq!(prod["concurrency"], json!({ "group": "infra-prod", "cancel-in-progress": false }));
    assert_eq!(prod["steps"][4]["run"], "exec infra apply \"$RUNNER_TEMP/plan.json\" --env prod");
    let artifact = |step: &Value| step["with"]["name"].clone();
    assert_eq!(artifact(&planned["steps"][5]), artifact(&prod["steps"][3]));
    scripts_do_as_they_say(&project, &plan, &apply);
}

/// Runs the scripts of the jobs, with a shell as runners have it and stand-ins for `infra` and `gh`.
fn scripts_do_as_they_say(project: &Project, plan: &Value, apply: &Value) {
    let bash = |script: &Value, stand_in: &str, body: &str, allow: &str| {
        project.write(&format!("bin/{stand_in}"), format!("#!/bin/sh\n{body}\n"));
        let mut command = std::process::Command::new("bash");
        let path = format!("{}:/usr/bin:/bin", project.path("bin").display());
        command.args(["-e", "-c", &format!("chmod +x bin/*; {}", script.as_str().unwrap())]);
        command.current_dir(project.path("")).env("PATH", path).env("RUNNER_TEMP", project.path("temp"));
        command.env("GITHUB_OUTPUT", project.path("temp/output")).env("GITHUB_REPOSITORY", "org/repo");
        command.env("NUMBER", "7").env("START", "### Plan").env("ALLOW", allow);
        let code = command.output().unwrap().status.code();
        let read = |name: &str| fs::read_to_string(project.path(&format!("temp/{name}"))).unwrap_or_default();
        let said = (code, read("output"), read("calls"));
        let _ = fs::remove_file(project.path("temp/output"));
        let _ = fs::remove_file(project.path("temp/calls"));
        said
    };
    project.write("temp/plan.md", "### Plan\n");
    let planned = &apply["jobs"]["plan-dev"]["steps"][3]["run"];
    for (exit, code, output) in [(0, 0, ""), (2, 0, "changes=true\n"), (1, 1, ""), (3, 3, "")] {
        let (ended, told, _) = bash(planned, "infra", &format!("exit {exit}"), "");
        assert_eq!((ended, told.as_str()), (Some(code), output), "{exit}");
    }
    // What somebody allows reaches the plan word by word, and is nothing to the shell.
    let log_words = "for word in \"$@\"; do echo \"<$word>\" >> temp/calls; done";
    let (ended, _, calls) = bash(planned, "infra", log_words, "replace:api/* delete:api/$(id);id");
    assert_eq!(ended, Some(0));
    let said = "<--allow>\n<replace:api/*>\n<--allow>\n<delete:api/$(id);id>\n";
    assert!(calls.ends_with(said), "{calls}");
    let (_, _, calls) = bash(planned, "infra", log_words, "");
    assert!(!calls.contains("--allow"), "{calls}");
    let comment = &plan["jobs"]["comment-dev"]["steps"][1]["run"];
    let log = |answer: &str| format!("echo \"$@\" >> temp/calls\ncase \"$2\" in --paginate) {answer};; esac");
    let (code, _, calls) = bash(comment, "gh", &log("printf '11\\n12\\n'"), "");
    let file = project.path("temp/plan.md").display().to_string();
    assert_eq!(code, Some(0), "{calls}");
    assert!(calls.contains(&format!("-X PATCH repos/org/repo/issues/comments/11 -F body=@{file}")), "{calls}");
    let (code, _, calls) = bash(comment, "gh", &log(":"), "");
    assert_eq!(code, Some(0), "{calls}");
    assert!(calls.contains(&format!("api --silent repos/org/repo/issues/7/comments -F body=@{file}")), "{calls}");
}

#[test]
fn a_comment_is_found_again_by_how_a_plan_begins() {
    let project = repository(PROGRAM);
    write(&project, &[]).ended(0);
    let [plan, _] = read(&project);
    let start = plan["jobs"]["comment-dev"]["steps"][1]["env"]["START"].as_str().unwrap();
    let shown = project.run(&["-C", "system", "plan", "--env", "dev", "--sandbox=s", "--format", "markdown"]).ended(0);
    assert!(shown.out.starts_with(start), "{start}\n{}", shown.out);
}

/// Values that would be commands where a line began with them.
const HOSTILE: &str = r#"
project shop
account main { id: "111111111111" }
env dev { account: main, regions: ["eu-west-1"] }

service api {
  resource Long = AWS::SSM::Parameter { Type: "String", Value: "VALUE" }
  resource Text = AWS::SSM::Parameter { Type: "String", Value: "one\n  ::error::two\n::set-output name=x::y\n##[error]z\n%0A::warning::z" }
  output Named = "::add-mask::x"
  output Lined = "a\n::add-mask::x"
}
"#;

#[test]
fn no_value_of_a_plan_becomes_a_command_of_the_runner() {
    let is_command = |line: &&str| line.trim_start().starts_with("::") || line.contains("##[");
    let project = Project::new(&[("main.infra", &HOSTILE.replace("VALUE", "a"))]);
    let infra = |line: &str| {
        let mut command = project.command(&line.split(' ').collect::<Vec<_>>());
        command.env("GITHUB_ACTIONS", "true");
        crate::support::cli::run(command)
    };
    let mut all = Vec::new();
    let first = ["plan --sandbox=s --format github -o p.json", "show p.json --format github"];
    for line in first.into_iter().chain(["apply --sandbox=s --yes", "outputs --sandbox=s", "ls --sandbox=s"]) {
        all.push(infra(line).ended(0));
    }
    // Wherever a long value is broken, one of these begins a line.
    let mut broken = 0;
    for width in 0..12 {
        let value = format!("{}{}", "x".repeat(width), "::error::yz ".repeat(30));
        project.write("main.infra", HOSTILE.replace("VALUE", &value).replace("one", "other"));
        all.push(infra("plan --sandbox=s").ended(0));
        broken += project.infra("plan --sandbox=s").ended(0).out.lines().filter(is_command).count();
    }
    assert!(broken > 0, "no line began with one, and nothing was shown");
    project.write("main.infra", HOSTILE.replace("\"VALUE\"", "\"b\", Nonsense: 1"));
    all.push(infra("plan --sandbox=s --format github").ended(1));
    let lines = all.iter().flat_map(|said| said.out.split(['\n', '\r']).chain(said.err.split(['\n', '\r'])));
    let commands: Vec<&str> = lines.filter(is_command).collect();
    assert_eq!(commands.len(), 3, "two notices and one error: {commands:#?}");
    assert!(commands[..2].iter().all(|c| c.starts_with("::notice title=plan of shop for dev::1 of 1 stack: 2 to")));
    assert!(commands[2].starts_with("::error file=main.infra,line="), "{}", commands[2]);
    // The same text is whole where no runner reads it.
    project.write("main.infra", HOSTILE);
    assert!(project.infra("outputs --sandbox=s").ended(0).out.contains("::add-mask::x"));
}

#[test]
fn what_a_plan_is_refused_for_and_what_it_loses_stands_beside_the_lines() {
    let program = HOSTILE.replace("  output Named", "  resource Table = AWS::DynamoDB::Table {\n    BillingMode: \"PAY_PER_REQUEST\"\n    AttributeDefinitions: [{ AttributeName: \"id\", AttributeType: \"S\" }]\n    KeySchema: [{ AttributeName: \"KEY\", KeyType: \"HASH\" }]\n  }\n  output Named");
    let with_key =
        |key: &str| program.replace("KEY", key).replace("AttributeName: \"id\"", &format!("AttributeName: \"{key}\""));
    let project = Project::new(&[("system/main.infra", &with_key("id"))]);
    let infra = |line: &str| {
        let mut command = project.command(&line.split(' ').collect::<Vec<_>>());
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", project.path(""));
        crate::support::cli::run(command)
    };
    infra("-C system apply --sandbox=s --yes").ended(0);
    project.write("system/main.infra", with_key("key"));
    let said = infra("-C system plan --sandbox=s --format github --allow replace:api/Table").ended(0).out;
    let line = said.lines().find(|line| line.starts_with("::warning")).unwrap_or_else(|| panic!("{said}"));
    assert!(
        line.starts_with("::warning file=system/main.infra,line=9,title=data is lost::may replace Table"),
        "{line}"
    );
    // Where a call fails, there is no line to stand beside.
    let said = infra("-C system plan --endpoint http://127.0.0.1:1 --format github");
    assert_eq!(said.code, Some(1));
    assert!(said.out.lines().any(|line| line.starts_with("::error title=unreachable::")), "{}", said.out);
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
    let project = repository(&PROGRAM.replace("resource Queue", "input Days: String = \"1\"\n  resource Queue"));
    for (option, value) in [
        ("--install", "echo ${{ github.event.issue.title }}"),
        ("--install", "a\nb"),
        ("--install", " "),
        ("--plan-role", "x\" y: z"),
        ("--apply-role", "${{secrets.X}}"),
        ("--build", "a\nb"),
        ("--set", "queues.Days=$(id)"),
        ("--set", "queues.Days=${{ github.event.issue.title }}"),
        ("--set", "queues.Days=\"; id; \""),
        ("--set", "queues.Nights=1"),
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
fn what_is_built_is_pushed_before_the_plan_that_says_so() {
    let project = repository(&PROGRAM.replace("resource Queue", "input Tag: String\n  resource Queue"));
    let set = "*.Tag=$GITHUB_SHA";
    write(&project, &["--build", "./build image", "--build-role", "pushes", "--set", set]).ended(0);
    let [plan, apply] = read(&project);
    let steps = |job: &Value| job["steps"].as_array().unwrap().clone();
    let build = &apply["jobs"]["build-dev"];
    assert_eq!(apply["jobs"]["plan-dev"]["needs"], "build-dev");
    assert_eq!(build["if"], apply["jobs"]["plan-dev"]["if"]);
    assert_eq!(build["permissions"], json!({"contents": "read", "id-token": "write"}));
    assert_eq!(steps(build)[1]["with"]["role-to-assume"], "arn:aws:iam::111111111111:role/pushes");
    assert_eq!(steps(build)[2]["run"], "./build image");
    assert_eq!(steps(build)[2]["env"], json!({"INFRA_ENV": "dev"}));
    assert_eq!(steps(build)[2]["working-directory"], "system");
    for job in [&plan["jobs"]["dev"], &apply["jobs"]["plan-dev"]] {
        let runs = steps(job).iter().filter_map(|step| step["run"].as_str().map(str::to_owned)).collect::<String>();
        assert!(runs.contains("--set \"*.Tag=$GITHUB_SHA\""), "{runs}");
    }
    assert!(plan["jobs"].as_object().unwrap().keys().all(|job| !job.starts_with("build")), "a request builds nothing");
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
