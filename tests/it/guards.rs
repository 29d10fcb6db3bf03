//! What a plan does not do of itself, and what lets it.

use infra::apply::Outcome;
use infra::diagnostics::{Code, Diagnostic};
use infra::plan::{Desired, Replaces, Wanted};
use infra::sandbox::Rule;
use serde_json::{Value, json};

use crate::support::cli::{Project, Said};
use crate::support::stacks::{World, desired, guarded_network, reading, stack, text};

const HERE: &str = "--env dev --sandbox=state";

/// A project with one service of these statements, deployed with `before`.
fn project(before: &str, after: &str) -> Project {
    let program = |inside: &str| {
        format!(
            "project shop\naccount a {{ id: \"111111111111\" }}\n\
             env dev {{ account: a, regions: [\"eu-west-1\"] }}\nservice api {{\n{inside}\n}}\n"
        )
    };
    let project = Project::new(&[("main.infra", &program(before))]);
    project.infra(&format!("apply {HERE} --yes")).ended(0);
    project.write("main.infra", program(after));
    project
}

impl Project {
    fn on(&self, line: &str, code: i32) -> Said {
        self.infra(&format!("{line} {HERE}")).ended(code)
    }
}

/// What was said, as one line: it is broken where the terminal ends.
fn flat(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || "│·".contains(c)).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(text: &str, all: &[&str]) {
    let text = flat(text);
    for one in all {
        assert!(text.contains(one), "{one}\n{text}");
    }
}

#[test]
fn a_queue_is_replaced_only_where_that_is_allowed_and_the_plan_says_so() {
    let project = project(
        "resource Jobs = AWS::SQS::Queue { QueueName: \"jobs\" }",
        "resource Jobs = AWS::SQS::Queue { QueueName: \"tasks\" }",
    );
    for command in ["plan", "apply --yes", "plan --read-only", "plan --allow delete:api/Jobs", "plan -o plan.json"] {
        let said = project.on(command, 1);
        assert_eq!(said.out, "");
        assert!(said.err.starts_with("stateful-resource\n"), "{}", said.err);
        let message = "this would replace `Jobs` of `api@dev/eu-west-1`: its data is deleted";
        let help = "help: leave `QueueName` as deployed, or allow it with `--allow replace:api/Jobs`";
        says(&said.err, &[message, "replaced for `QueueName`", help]);
    }
    assert!(!project.path("plan.json").exists());
    let plan = project.on("plan --allow replace:api/Jobs", 0);
    says(&plan.out, &["-/+ Jobs replace AWS::SQS::Queue", "its data is deleted allowed by replace:api/Jobs"]);
    let read = project.on("plan --read-only --allow replace:a*/J*", 0);
    says(&read.out, &["allowed by replace:a*/J*"]);
    let markdown = project.on("plan --allow replace:api/Jobs --format markdown", 0);
    says(&markdown.out, &["allowed by replace:api/Jobs"]);
    let json = project.on("plan --allow replace:api@eu-west-1/Jobs --format json", 0).json();
    assert_eq!(json["stacks"][0]["changes"][0]["allowed"], "replace:api@eu-west-1/Jobs");
    // Another allowance is another plan.
    let other = project.on("plan --allow replace:api/Jobs --format json", 0).json();
    assert_ne!(json["digest"], other["digest"]);
    let applied = project.on("apply --yes --allow replace:api/Jobs", 0);
    says(&applied.out, &["1 done"]);
    // The same command again: there is nothing to allow any more, which is no mistake.
    let again = project.on("apply --yes --allow replace:api/Jobs", 0);
    says(&again.err, &["`--allow replace:api/Jobs` changes nothing here: nothing like that happens"]);
}

#[test]
fn a_plan_file_holds_what_was_allowed() {
    let project = project(
        "resource Jobs = AWS::SQS::Queue { QueueName: \"jobs\" }",
        "resource Jobs = AWS::SQS::Queue { QueueName: \"tasks\" }",
    );
    project.on("plan --allow replace:api/Jobs -o plan.json", 0);
    says(&project.infra("show plan.json").ended(0).out, &["allowed by replace:api/Jobs"]);
    let refused = project.infra("apply plan.json --sandbox=state --allow replace:api/Jobs").ended(1);
    says(&refused.err, &["changes nothing in a plan that is made: plan again with it"]);
    // Nobody takes an allowance out of a file or puts one in.
    let file = std::fs::read_to_string(project.path("plan.json")).unwrap();
    project.write("edited.json", file.replace("replace:api/Jobs", "replace:api/Jots"));
    says(&project.infra("apply edited.json --sandbox=state").ended(1).err, &["was changed after it was saved"]);
    says(&project.infra("apply plan.json --sandbox=state").ended(0).out, &["1 done"]);
    assert!(project.living("state")["shop-api-dev"].to_string().contains("tasks"));
}

#[test]
fn what_leaves_the_source_with_its_data_is_refused_at_once() {
    let three = "resource A = AWS::SQS::Queue {}\nresource B = AWS::DynamoDB::Table {\n\
                 KeySchema: [{ AttributeName: \"id\", KeyType: \"HASH\" }]\n\
                 AttributeDefinitions: [{ AttributeName: \"id\", AttributeType: \"S\" }]\n\
                 BillingMode: \"PAY_PER_REQUEST\" }\nresource T = AWS::SNS::Topic {}";
    let gone = project(three, "resource T = AWS::SNS::Topic {}");
    let said = gone.on("plan", 1).err;
    says(
        &said,
        &[
            "this would delete `A`, `B` of `api@dev/eu-west-1` and the data in them",
            "help: put them back, or allow it with `--allow 'delete:api/*'`",
        ],
    );
    assert_eq!(said.matches("stateful-resource").count(), 1, "{said}");
    // Each by its name, or all of them.
    says(&gone.on("plan --allow delete:api/A", 1).err, &["would delete `B` of", "`--allow delete:api/B`"]);
    gone.on("plan --allow delete:api/A --allow delete:api/B", 0);
    gone.on("apply --yes --allow delete:*", 0);
    // Under another name it is another one.
    let renamed = project("resource Jobs = AWS::SQS::Queue {}", "resource Tasks = AWS::SQS::Queue {}");
    says(&renamed.on("plan", 1).err, &["help: write `@id(\"Jobs\")` above `Tasks` if it is the same; else allow it"]);
    renamed.write("main.infra", {
        let text = std::fs::read_to_string(renamed.path("main.infra")).unwrap();
        text.replace("resource Tasks", "@id(\"Jobs\")\nresource Tasks")
    });
    renamed.on("plan", 0);
}

#[test]
fn what_stays_in_aws_is_no_loss_and_a_new_one_in_its_place_is() {
    let kept = "@on_delete(retain)\n@on_replace(retain)\nresource Jobs = AWS::SQS::Queue { QueueName: \"jobs\" }";
    let gone = project(kept, "resource T = AWS::SNS::Topic {}");
    says(&gone.on("plan", 0).out, &["- Jobs forget AWS::SQS::Queue stays in AWS, unmanaged"]);
    let renamed = project(kept, &kept.replace("jobs", "tasks"));
    says(&renamed.on("plan", 1).err, &["the new one is empty, and the old one stays in AWS, unmanaged"]);
    // A snapshot brings nobody back what is running.
    let database = "@on_delete(snapshot)\n@on_replace(snapshot)\nresource Db = AWS::RDS::DBInstance {\n\
                    DBInstanceClass: \"db.t4g.micro\"\nEngine: \"postgres\"\nAllocatedStorage: \"20\"\n\
                    ManageMasterUserPassword: true\nMasterUsername: \"app\"\n}";
    let changed = project(database, &database.replace("MasterUsername: \"app\"", "MasterUsername: \"shop\""));
    says(&changed.on("plan", 1).err, &["replace `Db`", "the new one is empty, and a snapshot of the old one stays"]);
    let gone = project(database, "resource T = AWS::SNS::Topic {}");
    says(&gone.on("plan", 1).err, &["would delete `Db` of `api@dev/eu-west-1`; of the data only snapshots stay"]);
}

#[test]
fn what_is_protected_is_reached_by_its_own_name_only() {
    let network =
        |cidr: &str| format!("@protect(\"all live in it\")\nresource Vpc = AWS::EC2::VPC {{ CidrBlock: \"{cidr}\" }}");
    let project = project(&network("10.0.0.0/16"), &network("10.9.0.0/16"));
    for command in ["plan", "plan --allow replace:api/*", "plan --allow replace:*", "plan --allow replace:*/Vpc"] {
        let said = project.on(command, 1).err;
        assert!(said.starts_with("protected-resource\n"), "{said}");
        says(
            &said,
            &["leave `CidrBlock` as deployed, take `@protect` off in a change of its own, or allow it with \
                       `--allow replace:api/Vpc`"],
        );
    }
    let plan = project.on("plan --allow replace:api/Vpc", 0).out;
    says(
        &plan,
        &["allowed by replace:api/Vpc", "stack policy: never replace or delete Vpc; this once Vpc may be replaced"],
    );
    project.on("apply --yes --allow replace:api/Vpc", 0);
    says(&project.on("plan", 0).out, &["no changes"]);
    says(
        &project.on("destroy --yes --allow delete:*", 1).err,
        &["protected", "or allow it with `--allow delete:api/Vpc`"],
    );
    project.on("destroy --yes --allow delete:api/Vpc", 0);
}

/// The stack policy of the network, as AWS has it.
async fn policy(world: &World, wanted: &Wanted) -> Value {
    let cloud = world.at(wanted);
    let stack = cloud.stack(&wanted.name).await.unwrap().unwrap();
    serde_json::from_str(&cloud.stack_policy(&stack.id).await.unwrap().unwrap_or_default()).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn what_is_lifted_once_is_held_again_also_where_the_update_fails() {
    let world = World::new();
    let network = |cidr: &str| desired([guarded_network(cidr)]);
    world.deploy(&network("10.0.0.0/16")).await;
    let held = policy(&world, &guarded_network("10.0.0.0/16")).await;
    assert!(held.to_string().contains("LogicalResourceId/Vpc"), "{held}");
    let allow = ["replace:network/Vpc"];
    world.sandbox.order(Rule::fail("shop-network-dev", "Vpc", "no room").times(1));
    let plan = world.plan_allowing(&network("10.9.0.0/16"), &allow).await.unwrap();
    world.calls();
    let report = world.apply(&network("10.9.0.0/16"), &plan).await;
    assert_eq!(report.exit_code(), 1, "{report:#?}");
    assert_eq!(world.calls().iter().filter(|call| **call == "SetStackPolicy").count(), 2);
    assert_eq!(policy(&world, &guarded_network("10.0.0.0/16")).await, held);
    let plan = world.plan_allowing(&network("10.9.0.0/16"), &allow).await.unwrap();
    assert_eq!(world.apply(&network("10.9.0.0/16"), &plan).await.exit_code(), 0);
    assert_eq!(policy(&world, &guarded_network("10.0.0.0/16")).await, held);
    assert!(!world.plan(&network("10.9.0.0/16")).await.unwrap().has_changes());
}

/// A setting that changes in place, so that nobody knows before what is read of it.
fn base(value: &str) -> Wanted {
    let name = json!({"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}});
    let output = json!({"Value": {"Fn::GetAtt": ["Name", "Value"]}});
    stack("base", json!({"Resources": {"Name": name}, "Outputs": {"Name": output}}))
}

/// A queue that is called as that says.
fn jobs() -> Wanted {
    let template = json!({
        "Parameters": {"BaseName": {"Type": "String"}},
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "BaseName"}}}}
    });
    reading(stack("jobs", template), "BaseName", "base@dev/eu-west-1", "Name")
}

fn both(name: &str) -> Desired {
    desired([base(name), jobs()])
}

#[tokio::test(start_paused = true)]
async fn what_turns_out_to_lose_data_while_applying_stops_before_it() {
    let world = World::new();
    world.deploy(&both("one")).await;
    let plan = world.plan(&both("two")).await.unwrap();
    let jobs = plan.stack("jobs@dev/eu-west-1").unwrap();
    assert_eq!(jobs.changes[0].replacement, Replaces::Maybe);
    let note = "Queue holds data: if it had to be replaced, applying would stop before that";
    assert_eq!(jobs.notes, [note]);
    says(&text(&plan), &[note]);
    let report = world.apply(&both("two"), &plan).await;
    assert_eq!(report.exit_code(), 3, "{report:#?}");
    assert_eq!(report.stack("base@dev/eu-west-1").unwrap().outcome, Outcome::Done);
    let stopped = report.stack("jobs@dev/eu-west-1").unwrap();
    assert_eq!(stopped.outcome, Outcome::Stale);
    says(stopped.reason.as_ref().unwrap(), &["it would replace Queue, which holds data, and nothing allows that"]);
    // Planned again it is certain, and refused; allowed, it is done.
    let problems = world.plan(&both("two")).await.unwrap_err();
    assert_eq!(problems[0].code, Code::StatefulResource, "{problems:?}");
    let plan = world.plan_allowing(&both("two"), &["replace:jobs/Queue"]).await.unwrap();
    assert_eq!(world.apply(&both("two"), &plan).await.exit_code(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_was_allowed_while_it_was_open_is_done() {
    let world = World::new();
    world.deploy(&both("one")).await;
    let plan = world.plan_allowing(&both("two"), &["replace:jobs/Queue"]).await.unwrap();
    let jobs = plan.stack("jobs@dev/eu-west-1").unwrap();
    assert_eq!(jobs.changes[0].allowed.as_deref(), Some("replace:jobs/Queue"));
    assert!(jobs.notes.is_empty(), "{:?}", jobs.notes);
    let report = world.apply(&both("two"), &plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_cloudformation_itself_leaves_open_has_to_be_allowed() {
    let world = World::new();
    let one = |value: &str| {
        let mut template: Value = serde_json::from_str(&base(value).body).unwrap();
        template["Resources"]["Queue"] =
            json!({"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::GetAtt": ["Name", "Value"]}}});
        desired([stack("base", template)])
    };
    world.deploy(&one("one")).await;
    world.calls();
    let problems = world.plan(&one("two")).await.unwrap_err();
    let told: Vec<&Diagnostic> = problems.iter().collect();
    assert_eq!(told[0].message, "this may replace `Queue` of `base@dev/eu-west-1`: its data is deleted");
    assert_eq!(told[0].help.as_deref(), Some("allow it with `--allow replace:base/Queue`"));
    let calls = world.calls();
    assert!(calls.contains(&"CreateChangeSet") && calls.contains(&"DeleteChangeSet"), "{calls:?}");
    let plan = world.plan_allowing(&one("two"), &["replace:base/Queue"]).await.unwrap();
    assert_eq!(world.apply(&one("two"), &plan).await.exit_code(), 0);
}

#[test]
fn destroying_says_what_data_goes_and_takes_nothing_for_granted() {
    let many: String = (0..7).map(|n| format!("resource Q{n} = AWS::SQS::Queue {{}}\n")).collect();
    let project = project(&many, &many);
    let said = project.on("destroy --yes", 1);
    says(
        &said.err,
        &[
            "this would delete `Q0`, `Q1`, `Q2`, `Q3`, `Q4` and 2 more of `api@dev/eu-west-1` with all data",
            "help: allow it with `--allow 'delete:api/*'`; `--allow 'delete:*'` is for all stacks at once",
        ],
    );
    // Who can answer is asked; here nobody can.
    says(&project.on("destroy", 1).err, &["nobody can answer here"]);
    assert_eq!(project.living("state").len(), 1);
    project.on("destroy --yes --allow delete:*", 0);
    assert!(project.living("state").is_empty());
    project.on("destroy --yes", 0);
}

#[test]
fn an_allowance_that_says_nothing_is_refused() {
    let project = project("resource T = AWS::SNS::Topic {}", "resource T = AWS::SNS::Topic { TopicName: \"t\" }");
    for wrong in ["Jobs", "api/Jobs", "remove:api/Jobs", "replace:api"] {
        let said = project.infra(&format!("plan {HERE} --allow {wrong}")).ended(1);
        says(&said.err, &["--allow", "write `replace:STACK/RESOURCE` or `delete:STACK/RESOURCE`"]);
    }
    let said = project.on("plan --allow replace:api/T", 0).err;
    says(&said, &["`--allow replace:api/T` changes nothing here: that needs no allowance"]);
    let said = project.on("plan --allow replace:apy/T", 0).err;
    says(&said, &["changes nothing here: nothing like that happens; the nearest that does is `replace:api/T`"]);
}

#[test]
fn a_fixed_name_in_the_way_of_a_replacement_is_told_before() {
    let group = |description: &str, name: &str| {
        format!(
            "resource Web = AWS::EC2::SecurityGroup {{ GroupDescription: \"{description}\", GroupName: \"{name}\" }}"
        )
    };
    let kept = project(&group("one", "web"), &group("two", "web"));
    for command in ["plan", "apply --yes", "plan --read-only"] {
        let said = kept.on(command, 1).err;
        assert!(said.starts_with("fixed-name\n"), "{said}");
        says(
            &said,
            &[
                "this would replace `Web` of `api@dev/eu-west-1`, and the new one cannot be made: `GroupName` stays",
                "help: give it another `GroupName` in the same change, take `GroupName` out so that AWS makes one, or leave \
             `GroupDescription` as deployed",
            ],
        );
    }
    let renamed = project(&group("one", "web"), &group("two", "front"));
    renamed.on("apply --yes", 0);
}

#[tokio::test(start_paused = true)]
async fn a_fixed_name_that_only_may_be_in_the_way_is_noted_and_stops_the_apply() {
    let group = || {
        let properties = json!({"GroupDescription": {"Ref": "BaseName"}, "GroupName": "web"});
        let template = json!({
            "Parameters": {"BaseName": {"Type": "String"}},
            "Resources": {"Web": {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}}
        });
        reading(stack("web", template), "BaseName", "base@dev/eu-west-1", "Name")
    };
    let world = World::new();
    world.deploy(&desired([base("one"), group()])).await;
    let wanted = desired([base("two"), group()]);
    let plan = world.plan(&wanted).await.unwrap();
    says(&text(&plan), &["note: Web keeps its `GroupName`: if it had to be replaced, the update would fail"]);
    let report = world.apply(&wanted, &plan).await;
    assert_eq!(report.exit_code(), 3, "{report:#?}");
    let told = report.stack("web@dev/eu-west-1").unwrap().reason.clone().unwrap();
    says(&told, &["it would replace Web, and its GroupName is not free before the old one goes"]);
}

#[tokio::test(start_paused = true)]
async fn another_type_is_refused_while_it_is_open_what_it_reads_and_says_what_goes() {
    let world = World::new();
    world.deploy(&both("one")).await;
    let mut other = jobs();
    other.body = other.body.replace("AWS::SQS::Queue", "AWS::SNS::Topic").replace("QueueName", "TopicName");
    other.sha256 = "1".repeat(64);
    let problems = world.plan(&desired([base("two"), other])).await.unwrap_err();
    assert_eq!(problems[0].code, Code::ChangedType, "{problems:?}");
    let help = problems[0].help.as_ref().unwrap();
    assert!(help.contains("`--allow delete:jobs/Queue`"), "{help}");
}

#[test]
fn what_aws_cannot_rule_out_and_what_is_ruled_out_needs_no_allowance() {
    let of = |class: &str, note: &str| {
        format!(
            "resource Key = AWS::KMS::Key {{ KeyPolicy: {{}}, Description: \"{note}\" }}\n\
             resource Db = AWS::RDS::DBInstance {{\nDBInstanceClass: \"db.t4g.{class}\"\nEngine: \"postgres\"\n\
             AllocatedStorage: \"20\"\nMasterUsername: \"app\"\nManageMasterUserPassword: true\nKmsKeyId: Key.Arn\n\
             StorageEncrypted: true\n}}"
        )
    };
    // A key that changes in place keeps its ARN, whatever else of the database changes.
    let project = project(&of("micro", "one"), &of("small", "two"));
    let plan = project.on("plan", 0).out;
    says(&plan, &["~ Db update AWS::RDS::DBInstance", "0 to create, 2 to update, 0 to replace, 0 to delete"]);
    assert!(!plan.contains("KmsKeyId"), "{plan}");
    project.on("apply --yes", 0);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_no_parameter_takes_is_refused_before_anything_is_made() {
    let long = |bytes: usize| {
        let mut wanted = base("one");
        wanted.body = wanted.body.replace(r#"{"Fn::GetAtt":["Name","Value"]}"#, &format!("{:?}", "x".repeat(bytes)));
        desired([wanted, jobs()])
    };
    let world = World::new();
    let problems = world.plan(&long(4_097)).await.unwrap_err();
    assert_eq!(problems[0].code, Code::LimitExceeded, "{problems:?}");
    let told = "`Name` of `base@dev/eu-west-1` has 4,097 bytes, and a parameter, as which `jobs@dev/eu-west-1` takes it, \
                at most 4,096";
    assert_eq!(problems[0].message, told);
    assert!(world.plan(&long(4_096)).await.is_ok());
}
