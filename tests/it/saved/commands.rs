//! The same through the binary.

use super::*;
use crate::support::cli::{Project, Said, Served, operation, run};

const HERE: &str = "--sandbox=state";

/// The example `hello`, deployed, and a plan of a change of it.
fn planned() -> Project {
    let project = Project::example("hello");
    project.infra(&format!("apply --env dev --yes {HERE}")).ended(0);
    plan(&project, "60").ended(0);
    project
}

fn plan(project: &Project, timeout: &str) -> Said {
    project.infra(&format!("plan --env dev --set inbox.VisibilityTimeout={timeout} {HERE} -o plan.json"))
}

/// Change sets in the sandbox that could be executed.
fn available(project: &Project) -> usize {
    let sets = project.stacks("state").into_iter().filter_map(|stack| stack["change_sets"].as_object().cloned());
    sets.flat_map(|sets| sets.into_iter().map(|(_, set)| set)).filter(|set| set["execution"] == "AVAILABLE").count()
}

/// Writes the plan file anew, as somebody who knows its form.
fn rewrite(project: &Project, change: impl Fn(&mut Saved)) {
    let mut saved = Saved::read(&std::fs::read(project.path("plan.json")).unwrap()).unwrap();
    change(&mut saved);
    project.write("plan.json", saved.to_text().unwrap());
}

#[test]
fn a_file_is_planned_shown_applied_and_nothing_is_left_to_do() {
    let project = planned();
    assert_eq!(available(&project), 1);
    for format in ["text", "markdown", "json"] {
        let args = format!("--env dev --set inbox.VisibilityTimeout=60 {HERE} --format {format}");
        let again = project.infra(&format!("plan {args} -o again.json")).ended(0);
        let shown = project.infra(&format!("show again.json --format {format}")).ended(0);
        assert_eq!(shown.out, again.out);
        assert!(shown.err.starts_with("again.json: saved ") && shown.err.contains(" by infra "), "{}", shown.err);
    }
    // A place that has the file and none of the stacks.
    let file = std::fs::read_to_string(project.path("plan.json")).unwrap();
    let elsewhere = Project::new(&[("main.infra", "project hello\n"), ("in/plan.json", &file)]);
    let state = project.path("state").display().to_string();
    let done = elsewhere.infra(&format!("apply in/plan.json --sandbox={state}")).ended(0);
    assert!(done.out.ends_with("1 unchanged, 1 done\n"), "{}", done.out);
    // Projects further down are others, and none is around it.
    let above = Project::new(&[("one/main.infra", "project one\n"), ("./plan.json", &file)]);
    above.infra(&format!("apply ./plan.json --sandbox={state}")).ended(0);
    let left = project.infra(&format!("plan --env dev --set inbox.VisibilityTimeout=60 {HERE} --detailed-exitcode"));
    assert!(!left.ended(0).out.contains("digest"));
    assert_eq!(project.infra(&format!("discard plan.json {HERE}")).ended(0).err, "nothing of it is left\n");
}

#[test]
fn nothing_moves_where_anything_moved() {
    let project = planned();
    project.infra(&format!("apply --env dev --yes --set inbox.VisibilityTimeout=90 {HERE}")).ended(0);
    let said = project.infra(&format!("apply plan.json {HERE}")).ended(3);
    assert_eq!(said.out, "");
    assert!(said.err.starts_with("stale-plan") && said.err.contains("the stack changed since"), "{}", said.err);
    assert!(said.err.contains("help: plan again; nothing was done"), "{}", said.err);
}

#[test]
fn a_plan_is_taken_back() {
    let project = planned();
    let said = project.infra(&format!("discard plan.json {HERE}")).ended(0);
    assert_eq!(said.err, "the change set of `inbox@dev/eu-west-1` is deleted\n");
    assert_eq!(available(&project), 0);
    project.infra(&format!("discard plan.json {HERE}")).ended(0);
    let said = project.infra(&format!("apply plan.json {HERE}")).ended(3);
    assert!(said.err.contains("its change set is gone"), "{}", said.err);
}

#[test]
fn what_cannot_be_written_leaves_no_change_set() {
    let project = planned();
    project.infra(&format!("discard plan.json {HERE}")).ended(0);
    let said =
        project.infra(&format!("plan --env dev --set inbox.VisibilityTimeout=70 {HERE} -o hello.infra/plan.json"));
    assert!(said.ended(1).err.contains("cannot write hello.infra/plan.json: a file stands where"));
    assert_eq!(available(&project), 0);
}

#[test]
fn only_the_plan_that_was_looked_at_is_applied() {
    let project = planned();
    let args = format!("--env dev --set inbox.VisibilityTimeout=60 {HERE}");
    let json = project.infra(&format!("plan {args} --format json")).ended(0).json();
    let digest = json["digest"].as_str().unwrap();
    let text = project.infra(&format!("plan {args}")).ended(0).out;
    assert!(text.ends_with(&format!("\ndigest {digest}\n")), "{text}");
    let other = "0123456789abcdef".repeat(4);
    for command in [format!("apply {args} --yes"), format!("apply plan.json {HERE}")] {
        let said = project.infra(&format!("{command} --expect {other}")).ended(3);
        let told: String = said.err.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert!(told.contains(&format!("its digest is {digest}, and not {other}")), "{}", said.err);
        assert_eq!(said.out, "");
    }
    assert_eq!(available(&project), 1, "that of the file, and none of a plan that was refused");
    project.infra(&format!("apply {args} --yes --expect {digest}")).ended(0);
    project.infra(&format!("apply {args} --yes --expect {digest}")).ended(3);
}

#[test]
fn a_file_that_does_not_belong_here_is_refused() {
    let project = planned();
    let good = std::fs::read_to_string(project.path("plan.json")).unwrap();
    let refused = |line: &str, code| {
        let said = project.infra(&format!("apply {line} {HERE}")).ended(code);
        assert_eq!(said.out, "");
        said.err.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
    };
    let first = |told: String| told.lines().nth(2).unwrap_or_default().trim_start_matches([' ', '×']).to_owned();
    assert_eq!(refused("gone.json", 1), "error: cannot read gone.json: there is no such file");
    assert_eq!(first(refused("hello.infra", 1)), "`hello.infra` is no plan file");
    let large = std::fs::File::create(project.path("large.json")).unwrap();
    large.set_len(plan::LONGEST + 1).unwrap();
    assert_eq!(refused("large.json", 1), "error: cannot read large.json: it has more than 67108864 bytes");
    project.write("cut.json", &good[..good.len() / 2]);
    assert_eq!(first(refused("cut.json", 1)), "`cut.json` is cut off: its end is missing");
    project.write("edited.json", good.replace("\"60\"", "\"61\""));
    assert_eq!(first(refused("edited.json", 1)), "`edited.json` was changed after it was saved");
    let other = first(refused("plan.json --env prod", 1));
    assert_eq!(other, "`plan.json` is a plan for environment `dev`, and `--env prod` asks for another one");
    let bank = Project::new(&[("main.infra", "project bank\n"), ("plan.json", &good)]);
    let said = bank.infra(&format!("apply plan.json {HERE}")).ended(1).err;
    assert_eq!(first(said), "`plan.json` is a plan of project `hello`, and this is project `bank`");

    assert!(refused("plan.json --all", 1).contains("leave `--all` out"));
    assert!(refused("plan.json inbox", 1).contains("give it alone"));
    let why = refused("plan.json --set inbox.VisibilityTimeout=70", 1);
    assert!(why.contains("`--set inbox.VisibilityTimeout` changes nothing in a plan that is made"), "{why}");

    rewrite(&project, |saved| saved.made.time -= 25 * 3_600_000);
    let old = refused("plan.json", 3);
    assert!(old.starts_with("stale-plan"), "{old}");
    assert_eq!(first(old), "`plan.json` was saved 25 hours ago, and may be at most 24 hours old");
    rewrite(&project, |saved| saved.made.tool = "99.0.0".to_owned());
    let version = first(refused("plan.json", 1));
    assert!(version.starts_with("`plan.json` was saved by infra 99.0.0, and this is infra "), "{version}");
    rewrite(&project, |saved| saved.made.tool = env!("CARGO_PKG_VERSION").to_owned());
    project.infra(&format!("apply plan.json --max-age 2d {HERE}")).ended(0);
}

#[test]
fn the_wrong_account_is_found_before_anything_else() {
    let project = Project::example("hello");
    let served = Served::start(&[]);
    project.infra(&format!("plan --env dev --endpoint {} -o plan.json", served.address)).ended(0);
    served.calls();
    // An address that is not known as one of this machine: credentials count as for AWS.
    let away = served.address.replace("127.0.0.1", "0.0.0.0");
    let mut command = project.command(&["apply", "plan.json", "--endpoint", &away]);
    command.envs([("AWS_ACCESS_KEY_ID", "999999999999"), ("AWS_SECRET_ACCESS_KEY", "made-up")]);
    let said = run(command).ended(1);
    assert!(said.err.contains("wrong-account"), "{}", said.err);
    let calls = served.calls();
    assert!(!calls.is_empty() && calls.iter().all(|call| operation(call) == "GetCallerIdentity"), "{calls:?}");
}

#[test]
fn the_commit_is_known() {
    let project = planned();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let saved =
        |project: &Project| Saved::read(&std::fs::read(project.path("plan.json")).unwrap()).unwrap().made.commit;
    assert_eq!(saved(&project), None);
    project.write(".git/HEAD", "ref: refs/heads/main\n");
    project.write(".git/packed-refs", format!("# pack-refs\n{commit} refs/heads/main\n"));
    plan(&project, "60").ended(0);
    assert_eq!(saved(&project).as_deref(), Some(commit));
    project.write(".git/refs/heads/main", format!("{}\n", commit.replace('0', "f")));
    plan(&project, "60").ended(0);
    assert_eq!(saved(&project), Some(commit.replace('0', "f")));
    assert!(project.infra("show plan.json").ended(0).err.contains(" from commit f123456789abcdef"));
}
