//! What a plan takes away and others still need: outputs, exports, whole stacks; and stacks that nobody wants any more.

use infra::cloud::{ExecutionStatus, Token};
use infra::diagnostics::{Code, Diagnostic};
use infra::plan::{Desired, Plan, StackAction, Wanted};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::cli::Project;
use crate::support::stacks::{World, desired, reading, stack, text};

const NETWORK: &str = "network@dev/eu-west-1";

/// A network with these outputs, each of a resource of its own.
fn network(outputs: &[&str]) -> Wanted {
    let resource = |name: &&str| ((*name).to_owned(), json!({"Type": "AWS::SNS::Topic"}));
    let output = |name: &&str| ((*name).to_owned(), json!({"Value": {"Ref": name}}));
    let mut resources: serde_json::Map<String, Value> = outputs.iter().map(resource).collect();
    resources.insert("Base".into(), json!({"Type": "AWS::SNS::Topic"}));
    let outputs: serde_json::Map<String, Value> = outputs.iter().map(output).collect();
    stack("network", json!({ "Resources": resources, "Outputs": outputs }))
}

/// A stack that reads outputs of others, and says so as templates of ours do.
fn reader(name: &str, reads: &[(&str, &str)]) -> Wanted {
    let mut template = json!({
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Tags": []}}},
        "Outputs": {"Queue": {"Value": {"Ref": "Queue"}}}
    });
    let mut uses = serde_json::Map::new();
    for (stack, output) in reads {
        template["Parameters"][*output] = json!({"Type": "String"});
        let tags = template["Resources"]["Queue"]["Properties"]["Tags"].as_array_mut().unwrap();
        tags.push(json!({"Key": output, "Value": {"Ref": output}}));
        uses.insert((*output).to_owned(), json!({"name": output, "stack": stack}));
    }
    let id = format!("{name}@dev/eu-west-1");
    template["Metadata"]["infra"] = json!({"id": id, "project": "shop", "uses": uses});
    reads.iter().fold(stack(name, template), |wanted, (stack, output)| reading(wanted, output, stack, output))
}

/// With another text of its template.
fn edited(mut wanted: Wanted, edit: impl FnOnce(&mut Value)) -> Wanted {
    let mut template: Value = serde_json::from_str(&wanted.body).unwrap();
    edit(&mut template);
    wanted.body = template.to_string();
    wanted.sha256 = Sha256::digest(wanted.body.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    wanted
}

/// As another project has it.
fn of_project(project: &str, wanted: Wanted) -> Wanted {
    let mut wanted = edited(wanted, |template| template["Metadata"]["infra"]["project"] = json!(project));
    wanted.tags.insert("infra:project".into(), project.into());
    wanted.name = wanted.name.replace("shop-", &format!("{project}-"));
    wanted
}

async fn deployed(world: &World, stacks: impl IntoIterator<Item = Wanted>) {
    let (_, report) = world.deploy(&desired(stacks)).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    world.calls();
}

fn only(problems: Result<Plan, Vec<Diagnostic>>) -> (String, String) {
    let problems = problems.unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert_eq!(problems[0].code, Code::StillUsed);
    (problems[0].message.clone(), problems[0].help.clone().unwrap())
}

fn count(calls: &[&str], operation: &str) -> usize {
    calls.iter().filter(|call| **call == operation).count()
}

#[tokio::test(start_paused = true)]
async fn an_output_that_a_deployed_stack_outside_the_run_reads_stays() {
    let world = World::new();
    deployed(&world, [network(&["Old", "Vpc"]), reader("api", &[(NETWORK, "Old")])]).await;
    let next = desired([network(&["Vpc"]), reader("api", &[])]);
    let (message, help) = only(world.plan_of(&next, &[NETWORK]).await);
    assert_eq!(
        message,
        "`network@dev/eu-west-1` would lose the output `Old`, which `api@dev/eu-west-1` reads as deployed (stack \
         `shop-api-dev` in a111111111111/eu-west-1)"
    );
    assert_eq!(help, "apply `api` in the same run, or before");
    let sets = world.at(&next.stacks[0]).change_sets("shop-network-dev").await.unwrap();
    let left = sets.iter().filter(|set| set.execution == ExecutionStatus::Available).count();
    assert_eq!(left, 0, "nothing is left of the plan: {sets:#?}");
    // A new name beside the old one takes nothing away; nor does what nobody reads.
    world.calls();
    world.plan_of(&desired([network(&["New", "Old", "Vpc"])]), &[NETWORK]).await.unwrap();
    world.plan_of(&desired([network(&["Old"])]), &[NETWORK]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn looking_for_readers_costs_nothing_where_no_output_goes() {
    let world = World::new();
    let many = || (0..5).map(|n| reader(&format!("s{n}"), &[(NETWORK, "Vpc")]));
    deployed(&world, [network(&["Vpc"])].into_iter().chain(many())).await;
    let more = edited(network(&["Vpc"]), |t| t["Resources"]["Base"]["Properties"] = json!({"DisplayName": "b"}));
    let changed = desired([more].into_iter().chain(many()));
    world.plan(&changed).await.unwrap();
    let calls = world.calls();
    assert_eq!((count(&calls, "DescribeStacks"), count(&calls, "GetTemplate")), (6, 1), "{calls:?}");
    assert_eq!(count(&calls, "ListImports"), 0);
    // Where one goes: one list, and a look at each stack of ours that is no part of the run.
    let others: Vec<Wanted> = (0..3).map(|n| of_project("orders", reader(&format!("o{n}"), &[]))).collect();
    for other in others {
        deployed(&world, [other]).await;
    }
    let next = desired([network(&[])].into_iter().chain((0..5).map(|n| reader(&format!("s{n}"), &[]))));
    world.plan(&next).await.unwrap();
    let calls = world.calls();
    assert_eq!(count(&calls, "DescribeStacks"), 7, "{calls:?}");
    // The six that change, as for any change; then the five that may read, and the three of others.
    assert_eq!(count(&calls, "GetTemplate"), 6 + 6 + 3, "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn what_reads_it_no_more_is_changed_before_it_goes() {
    let world = World::new();
    deployed(&world, [network(&["Old", "Vpc"]), reader("api", &[(NETWORK, "Old")])]).await;
    let next = desired([network(&["Vpc"]), reader("api", &[])]);
    let plan = world.plan(&next).await.unwrap();
    let order: Vec<&str> = plan.stacks.iter().map(|s| s.stack.as_str()).collect();
    assert_eq!(order, ["api", "network"], "{}", text(&plan));
    assert_eq!(plan.stack(NETWORK).unwrap().after, ["api@dev/eu-west-1"]);
    let report = world.apply(&next, &plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    assert!(!world.plan(&next).await.unwrap().has_changes());

    // Where it needs what comes instead, that has to be there first; nothing is refused, and the plan says so.
    let world = World::new();
    deployed(&world, [network(&["Old"]), reader("api", &[(NETWORK, "Old")])]).await;
    let renamed = desired([network(&["New"]), reader("api", &[(NETWORK, "New")])]);
    let plan = world.plan(&renamed).await.unwrap();
    let notes = &plan.stack(NETWORK).unwrap().notes;
    assert!(
        notes.iter().any(|note| note.starts_with("`api@dev/eu-west-1` reads `Old` as deployed and can only")),
        "{notes:#?}"
    );
    let report = world.apply(&renamed, &plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
}

#[tokio::test(start_paused = true)]
async fn readers_of_other_projects_are_found_by_what_they_say_of_themselves() {
    let world = World::new();
    let alike = of_project("orders", reader("alike", &[(NETWORK, "Old")]));
    deployed(&world, [network(&["Old"])]).await;
    // It reads an output of that name, of a stack of that name: of its own project.
    let own = of_project("orders", network(&["Old"]));
    deployed(&world, [own, alike]).await;
    let next = desired([network(&[])]);
    world.plan(&next).await.unwrap();
    let foreign = edited(of_project("orders", reader("desk", &[])), |template| {
        template["Metadata"]["infra"]["uses"] = json!({"Platform": {
            "account": "111111111111", "deployed_as": "shop-network-dev", "name": "Old",
            "stack": "platform@dev/eu-west-1"}});
    });
    deployed(&world, [foreign]).await;
    let (message, help) = only(world.plan(&next).await);
    assert!(message.contains("`desk@dev/eu-west-1` of project `orders` reads as deployed"), "{message}");
    assert_eq!(help, "keep `Old` until project `orders` has deployed a version that does not read it");
    let (message, help) = only(world.destroy(&next).await);
    assert!(message.starts_with("`network@dev/eu-west-1` would go with its output `Old`, which"), "{message}");
    assert_eq!(help, "keep it until project `orders` has deployed a version that does not read it");
}

#[tokio::test(start_paused = true)]
async fn where_nobody_may_look_the_plan_says_so() {
    let world = World::new();
    deployed(&world, [network(&["Old"])]).await;
    let own = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "arn:aws:cloudformation:*:*:stack/shop-*"}]});
    world.sandbox.enforce("111111111111", own);
    let plan = world.plan(&desired([network(&[])])).await.unwrap();
    let shown = text(&plan);
    assert!(shown.contains("who reads these outputs in a111111111111/eu-west-1 could not be"), "{shown}");
}

fn exporting(value: &str) -> Wanted {
    stack(
        "base",
        json!({
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": value}}},
            "Outputs": {"Name": {"Value": value, "Export": {"Name": "base-name"}}}
        }),
    )
}

fn importing() -> Wanted {
    let mut wanted = stack(
        "desk",
        json!({"Resources": {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {
            "QueueName": {"Fn::ImportValue": "base-name"}}}}}),
    );
    wanted.after.insert("base@dev/eu-west-1".to_owned());
    wanted
}

#[tokio::test(start_paused = true)]
async fn an_export_that_somebody_imports_neither_goes_nor_changes() {
    let world = World::new();
    deployed(&world, [exporting("one"), importing()]).await;
    let without = || edited(exporting("one"), |t| drop(t["Outputs"]["Name"].as_object_mut().unwrap().remove("Export")));
    for (next, verb) in [(without(), "would lose"), (exporting("two"), "would change")] {
        let (message, help) = only(world.plan(&desired([next, importing()])).await);
        assert_eq!(
            message,
            format!(
                "`base@dev/eu-west-1` {verb} the export `base-name` of its output `Name`, which CloudFormation \
                 refuses: stack `shop-desk-dev` imports it"
            )
        );
        assert!(!help.is_empty());
    }
    // Somebody who no longer imports it comes first.
    let free = stack("desk", json!({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}));
    let next = desired([without(), free.clone()]);
    let plan = world.plan_allowing(&next, &["replace:desk/Queue"]).await.unwrap();
    assert_eq!(plan.stack("base@dev/eu-west-1").unwrap().after, ["desk@dev/eu-west-1"]);
    let report = world.apply(&next, &plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    // What is exported and stays costs no question; what nobody imports may change.
    deployed(&world, [exporting("one"), free.clone()]).await;
    world.plan(&desired([exporting("two"), free.clone()])).await.unwrap();
    assert_eq!(count(&world.calls(), "ListImports"), 1);
    let more = edited(exporting("one"), |t| t["Resources"]["Other"] = json!({"Type": "AWS::SNS::Topic"}));
    world.plan(&desired([more, free])).await.unwrap();
    assert_eq!(count(&world.calls(), "ListImports"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stack_whose_export_is_imported_is_not_destroyed_before() {
    let world = World::new();
    let foreign = of_project("orders", edited(importing(), |t| t["Metadata"] = json!({"infra": {}})));
    deployed(&world, [exporting("one")]).await;
    deployed(&world, [foreign]).await;
    let (message, _) = only(world.destroy(&desired([exporting("one")])).await);
    assert!(message.ends_with("which CloudFormation refuses: stack `orders-desk-dev` imports it"), "{message}");
    // Both together go in the right order.
    let world = World::new();
    deployed(&world, [exporting("one"), importing()]).await;
    let all = desired([exporting("one"), importing()]);
    let plan = world.destroy(&all).await.unwrap();
    let report = world.apply(&all, &plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
}

/// `source`, with what is deployed besides.
async fn with_orphans(world: &World, source: &Desired) -> Desired {
    let mut all = source.clone();
    all.stacks.extend(infra::plan::orphans(&world.clouds, source).await.unwrap());
    all
}

#[tokio::test(start_paused = true)]
async fn what_the_source_no_longer_has_goes_when_asked_for_readers_first() {
    let world = World::new();
    let queue = "queue@dev/eu-west-1";
    let mut elsewhere = stack("network", json!({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}));
    elsewhere.tags.insert("infra:env".into(), "prod".into());
    elsewhere.name = "shop-network-prod".into();
    deployed(&world, [elsewhere]).await;
    deployed(&world, [of_project("orders", reader("desk", &[]))]).await;
    deployed(
        &world,
        [
            network(&["Vpc"]),
            reader("queue", &[(NETWORK, "Vpc")]),
            reader("worker", &[(queue, "Queue")]),
            reader("api", &[(queue, "Queue")]),
        ],
    )
    .await;
    // `api` stays and reads it no more; the network loses what only the queue read.
    let source = desired([network(&[]), reader("api", &[])]);
    let kept = world.plan(&source).await.unwrap_err();
    assert!(kept[0].help.as_deref().unwrap().contains("remove it in the same run with `--prune`"), "{kept:#?}");
    let all = with_orphans(&world, &source).await;
    let plan = world.plan_allowing(&all, &["delete:*"]).await.unwrap();
    let shown = text(&plan);
    let order: Vec<(&str, StackAction)> = plan.stacks.iter().map(|s| (s.stack.as_str(), s.action)).collect();
    assert_eq!(
        order,
        [
            ("api", StackAction::Update),
            ("worker", StackAction::Delete),
            ("queue", StackAction::Delete),
            ("network", StackAction::Update)
        ],
        "{shown}"
    );
    assert!(shown.contains("it is deployed, and the source no longer has it"), "{shown}");
    let report = world.apply(&all, &plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
    let left = with_orphans(&world, &source).await;
    assert_eq!(left.stacks.len(), 2);
    assert!(!world.plan(&source).await.unwrap().has_changes());
    let cloud = world.at(&source.stacks[0]);
    let there: Vec<String> = cloud.stacks().await.unwrap().into_iter().map(|s| s.name).collect();
    assert_eq!(there, ["orders-desk-dev", "shop-api-dev", "shop-network-dev", "shop-network-prod"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_protected_is_not_pruned() {
    let world = World::new();
    let table = edited(reader("table", &[]), |t| {
        t["Resources"]["Queue"]["Metadata"] = json!({"infra": {"protect": true}});
    });
    let mut kept = reader("kept", &[]);
    kept.termination_protection = true;
    deployed(&world, [network(&[]), table, kept]).await;
    let all = with_orphans(&world, &desired([network(&[])])).await;
    let problems = world.plan(&all).await.unwrap_err();
    let codes: Vec<Code> = problems.iter().map(|p| p.code).collect();
    assert!(codes.contains(&Code::ProtectedResource) && codes.contains(&Code::TerminationProtection), "{problems:#?}");
    assert!(problems.iter().all(|p| p.help.as_deref().unwrap().contains("back into the source")), "{problems:#?}");
}

#[tokio::test(start_paused = true)]
async fn orphans_are_told_apart_and_others_are_left_alone() {
    let world = World::new();
    // It has the id of what takes its place; one that is just being made is nobody's orphan.
    let renamed = Wanted { name: "shop-network-old".into(), ..network(&[]) };
    deployed(&world, [renamed, reader("api", &[])]).await;
    let shell = stack("fresh", json!({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}}));
    let client = crate::sandbox::client_of(&world.sandbox, "111111111111", "eu-west-1");
    let tag = |(k, v): (&String, &String)| aws_sdk_cloudformation::types::Tag::builder().key(k).value(v).build();
    let begun =
        client.create_change_set().stack_name(&shell.name).change_set_name("infra-1").template_body(&shell.body);
    let begun = begun.change_set_type(aws_sdk_cloudformation::types::ChangeSetType::Create);
    begun.set_tags(Some(shell.tags.iter().map(tag).collect())).send().await.unwrap();
    let source = desired([network(&[])]);
    let found = infra::plan::orphans(&world.clouds, &source).await.unwrap();
    let ids: Vec<&str> = found.iter().map(|w| w.id.as_str()).collect();
    assert_eq!(ids, ["api@dev/eu-west-1", "network@dev/eu-west-1 (shop-network-old)"]);
    assert_eq!(world.calls().iter().filter(|c| **c == "DescribeStacks").count(), 1);
    // Half a project is no reason to take the rest for orphans.
    let part = Desired { scope: Default::default(), ..source };
    assert!(infra::plan::orphans(&world.clouds, &part).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_pruning_that_was_cut_short_is_picked_up() {
    let world = World::new();
    deployed(&world, [network(&[]), reader("api", &[])]).await;
    let all = with_orphans(&world, &desired([network(&[])])).await;
    let plan = world.plan_allowing(&all, &["delete:*"]).await.unwrap();
    let gone = plan.stack("api@dev/eu-west-1").unwrap().found.arn.clone().unwrap();
    let cloud = world.at(&all.stacks[0]);
    cloud.delete_stack(&gone, &[], &Token::new("d-infra-somebody").unwrap()).await.unwrap();
    while cloud.stack("shop-api-dev").await.unwrap().is_some() {}
    infra::apply::preflight(&world.clouds, &all, &plan).await.unwrap();
    let report = world.apply(&all, &plan).await;
    assert_eq!(report.exit_code(), 0, "{report:#?}");
}

const SHOP: &str = r#"project shop
account main { id: "111111111111" }
env dev { account: main, regions: ["eu-west-1"] }

core network {
  resource Vpc = AWS::EC2::VPC { CidrBlock: "10.0.0.0/16" }
  output Vpc
}

service api {
  resource Group = AWS::EC2::SecurityGroup { GroupDescription: "api", VpcId: network.Vpc }
}
"#;

#[test]
fn the_command_line_lists_orphans_and_prunes_them_by_a_file_too() {
    let project = Project::new(&[("main.infra", SHOP)]);
    let infra = |line: &str, code: i32| project.infra(&format!("{line} --sandbox=s")).ended(code);
    infra("apply --yes", 0);
    project.write("main.infra", SHOP.split("\nservice").next().unwrap());
    let listed = infra("ls", 0).out;
    assert!(listed.contains("api@dev/eu-west-1      CREATE_COMPLETE (not in the source)"), "{listed}");
    let json = infra("ls --format json", 0).json();
    assert_eq!(json["stacks"][1]["orphaned"], json!(true));
    assert!(!infra("ls network", 0).out.contains("api"), "only what is asked for");
    assert!(!infra("outputs", 0).out.contains("api"));
    let plan = infra("plan --detailed-exitcode", 0).out;
    assert!(!plan.contains("api"), "a plan costs no more than its own stacks: {plan}");
    let refused = infra("plan network --prune", 1).err;
    assert!(refused.contains("leave the names of stacks out"), "{refused}");

    let plan = infra("plan --prune --detailed-exitcode -o plan.json", 2).out;
    assert!(plan.lines().all(|line| line.chars().count() <= 80), "{plan}");
    assert!(plan.contains("api@dev/eu-west-1") && plan.contains("the source no longer has it"), "{plan}");
    let refused = infra("apply plan.json --prune", 1).err;
    assert!(refused.contains("leave `--prune` out"), "{refused}");
    assert!(project.infra("show plan.json").ended(0).out.contains("the source no longer has it"));
    infra("apply plan.json", 0);
    assert_eq!(project.living("s").keys().collect::<Vec<_>>(), ["shop-network-dev"]);
    infra("apply plan.json", 0);

    // Destroying a whole environment leaves nothing that reads what goes.
    project.write("main.infra", SHOP);
    infra("apply --yes", 0);
    project.write("main.infra", SHOP.split("\nservice").next().unwrap());
    let refused = infra("destroy --yes", 1).err;
    assert!(refused.starts_with("still-used") && refused.contains("`--prune`"), "{refused}");
    infra("destroy --yes --prune", 0);
    assert!(project.living("s").is_empty());
}
