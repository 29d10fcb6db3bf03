//! `kill -9` at random instants of an apply of twelve stacks in four layers, and several runners at once: the world is
//! never a mixture, each stack is made once, and whoever runs last ends where an undisturbed run ends.
//!
//! `INFRA_KILLS=200` takes more instants.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use infra::sandbox::Seen;

use crate::support::cli::{Project, Said, finish, operation};
use crate::support::listening::Listening;
use crate::support::stacks::WRITES;

const LAYERS: usize = 4;
const WIDTH: usize = 3;
const STACKS: usize = LAYERS * WIDTH;

/// Twelve stacks: each of a layer reads two of the layer before it. `Marker` goes into every one of them.
fn twelve() -> String {
    let mut program = "project twelve\n\naccount nonprod { id: \"111111111111\" }\nenv dev { account: nonprod, regions: [\"eu-west-1\"] }\n".to_owned();
    for layer in 0..LAYERS {
        for at in 0..WIDTH {
            let reads: Vec<String> = match layer {
                0 => vec![],
                _ => (0..2).map(|next| format!("s{}{}", layer - 1, (at + next) % WIDTH)).collect(),
            };
            let value: String = reads.iter().map(|from| format!(" ${{{from}.Name}}")).collect();
            write!(
                program,
                "\ncore s{layer}{at} {{\n  param marker: String = \"first\"\n  \
                 resource Setting = AWS::SSM::Parameter {{ Type: \"String\", Value: \"${{marker}}{value}\" }}\n  \
                 resource Topic = AWS::SNS::Topic {{ DisplayName: marker }}\n  output Name = \"${{marker}}-${{Topic.TopicName}}\"\n}}\n"
            )
            .unwrap();
        }
    }
    program
}

/// The options that put `marker` into every stack.
fn marked(marker: &str) -> Vec<String> {
    let all = (0..LAYERS).flat_map(|layer| (0..WIDTH).map(move |at| (layer, at)));
    all.flat_map(|(layer, at)| ["--set".to_owned(), format!("s{layer}{at}.marker={marker}")]).collect()
}

fn project() -> Project {
    Project::new(&[("main.infra", &twelve())])
}

fn begin(project: &Project, there: &str, args: &[String]) -> Child {
    let mut command = project.command(args);
    command.args(["--endpoint", there]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn apply(more: &[String]) -> Vec<String> {
    ["apply".to_owned(), "--yes".to_owned()].into_iter().chain(more.iter().cloned()).collect()
}

fn run(project: &Project, there: &Listening, args: &[String]) -> Said {
    finish(begin(project, &there.address, args))
}

/// What is wrong with a world in which every stack should stand with the template that an undisturbed run gives it.
fn judge(seen: &[Seen], wanted: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    if seen.len() != STACKS {
        wrong.push(format!("{} stacks were ever made", seen.len()));
    }
    let outputs: BTreeMap<&str, &BTreeMap<String, String>> =
        seen.iter().map(|stack| (stack.name.as_str(), &stack.outputs)).collect();
    for stack in seen {
        let name = &stack.name;
        if !matches!(stack.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE") || stack.is_under_way {
            wrong.push(format!("{name} is {}", stack.status));
        }
        if wanted.get(name) != Some(&stack.body) {
            wrong.push(format!("{name} has another template: {}", stack.body));
        }
        let open = stack.change_sets.iter().filter(|(_, execution)| execution != "EXECUTE_COMPLETE").count();
        if open > 0 {
            wrong.push(format!("{name} has {open} change sets left over"));
        }
        wrong.extend(stale(stack, &outputs));
    }
    wrong
}

/// Parameters of a stack that are not what its producers now have.
fn stale(stack: &Seen, outputs: &BTreeMap<&str, &BTreeMap<String, String>>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (parameter, value) in &stack.parameters {
        // `S00Name` is output `Name` of stack `s00`.
        let from = format!("twelve-{}-dev", parameter[..3].to_lowercase());
        if outputs.get(from.as_str()).and_then(|all| all.get("Name")) != Some(value) {
            wrong.push(format!("{} has {parameter} = {value}, and {from} says otherwise", stack.name));
        }
    }
    wrong
}

fn templates(there: &Listening) -> BTreeMap<String, String> {
    there.sandbox.look().into_iter().map(|stack| (stack.name, stack.body)).collect()
}

/// The templates after an undisturbed run, and the calls it took.
fn undisturbed(more: &[String]) -> (BTreeMap<String, String>, usize) {
    let (project, there) = (project(), Listening::start());
    run(&project, &there, &apply(more)).ended(0);
    let (templates, calls) = (templates(&there), there.calls().len());
    assert_eq!(judge(&there.sandbox.look(), &templates), [""; 0]);
    (templates, calls)
}

/// When a run is killed.
#[derive(Clone, Copy, Debug)]
enum Instant {
    /// When that call is carried out and not answered.
    Unanswered(usize),
    /// So many microseconds after that call.
    After(usize, u64),
    /// So many microseconds after its start.
    Start(u64),
}

impl Instant {
    /// Of a run that makes so many calls.
    fn of(seed: u64, calls: usize) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let at = rng.usize(1..calls);
        match rng.u8(0..10) {
            0..5 => Self::Unanswered(at),
            5..9 => Self::After(at, rng.u64(0..8_000)),
            _ => Self::Start(rng.u64(0..400_000)),
        }
    }
}

/// Ends the process as `kill -9` does; whoever waits for it finds that out.
fn kill(id: u32) {
    let _ = Command::new("kill").args(["-KILL", &id.to_string()]).stderr(Stdio::null()).status();
}

/// A run that is killed, one that goes on, and one with nothing to do. True where the first was killed midway.
fn killed(seed: u64, calls: usize, wanted: &BTreeMap<String, String>) -> Result<bool, String> {
    let instant = Instant::of(seed, calls);
    let victim: Arc<Mutex<Option<u32>>> = Arc::default();
    let aimed = Arc::clone(&victim);
    let strike = move || {
        if let Some(id) = aimed.lock().unwrap().take() {
            kill(id);
        }
    };
    let (project, there) = (
        project(),
        Listening::hearing(move |number, _| match instant {
            Instant::Unanswered(at) if at == number => strike(),
            Instant::After(at, pause) if at == number => {
                let strike = strike.clone();
                std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_micros(pause));
                    strike();
                });
            }
            _ => {}
        }),
    );
    let child = {
        // No call is heard before its victim is known.
        let mut victim = victim.lock().unwrap();
        let child = begin(&project, &there.address, &apply(&[]));
        *victim = Some(child.id());
        child
    };
    if let Instant::Start(pause) = instant {
        std::thread::sleep(Duration::from_micros(pause));
        kill(child.id());
    }
    let first = finish(child);
    victim.lock().unwrap().take();
    let again = run(&project, &there, &apply(&[]));
    let told = |wrong: &[String]| {
        format!(
            "seed {seed}, {instant:?}: {wrong:#?}\n{}\n---\n{}\n---\n{}",
            first.err,
            again.err,
            there.calls().join("\n")
        )
    };
    if again.code != Some(0) {
        return Err(told(&[format!("the second run ends with {:?}", again.code)]));
    }
    let mut wrong = judge(&there.sandbox.look(), wanted);
    wrong.extend(
        there.sandbox.look().iter().filter(|s| s.began.len() != 1).map(|s| format!("{} began {:?}", s.name, s.began)),
    );
    let before = there.calls().len();
    let idle = run(&project, &there, &apply(&[]));
    let writes: Vec<String> =
        there.calls().split_off(before).into_iter().filter(|call| WRITES.contains(&operation(call))).collect();
    if idle.code != Some(0) || !writes.is_empty() {
        wrong.push(format!("a run with nothing to do ends with {:?} and writes {writes:?}", idle.code));
    }
    if wrong.is_empty() { Ok(first.code.is_none()) } else { Err(told(&wrong)) }
}

#[test]
#[expect(clippy::print_stdout, reason = "with `--nocapture` it tells how many were killed midway")]
fn killed_at_random_instants_the_next_run_ends_as_an_undisturbed_one() {
    let count: u64 = std::env::var("INFRA_KILLS").map_or(24, |text| text.parse().unwrap());
    let (wanted, calls) = undisturbed(&[]);
    let (next, midway) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed) as u64;
                    if seed >= count || !failed.lock().unwrap().is_empty() {
                        return;
                    }
                    match killed(seed, calls, &wanted) {
                        Ok(was) => drop(midway.fetch_add(usize::from(was), Ordering::Relaxed)),
                        Err(violation) => failed.lock().unwrap().push(violation),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{}", failed[0]);
    let midway = midway.into_inner() as u64;
    println!("{midway} of {count} killed before their end, {calls} calls of an undisturbed run");
    assert!(midway * 10 >= count * 8, "only {midway} of {count} were killed before their end");
}

/// Starts all at once, and waits for all.
fn at_once(project: &Project, there: &Listening, runs: &[Vec<String>]) -> Vec<Said> {
    let children: Vec<Child> = runs.iter().map(|args| begin(project, &there.address, args)).collect();
    std::thread::scope(|scope| {
        let ends: Vec<_> = children.into_iter().map(|child| scope.spawn(|| finish(child))).collect();
        ends.into_iter().map(|end| end.join().unwrap()).collect()
    })
}

fn told(said: &[Said], there: &Listening) -> String {
    let ends: String = said.iter().map(|s| format!("{:?}\n{}\n{}\n---\n", s.code, s.out, s.err)).collect();
    ends + &there.calls().join("\n")
}

/// Whoever did not get through said so: its exit code is that of a plan that no longer holds.
fn losers_say_so(said: &[Said], there: &Listening) {
    for one in said {
        assert!(matches!(one.code, Some(0 | 3)), "{}", told(said, there));
        assert!(one.code == Some(0) || one.err.contains("stale-plan"), "{}", told(said, there));
    }
}

/// One more run of `args` makes the world what it says, the next one writes nothing.
fn settles(project: &Project, there: &Listening, args: &[String], wanted: &BTreeMap<String, String>, said: &[Said]) {
    run(project, there, args).ended(0);
    assert_eq!(judge(&there.sandbox.look(), wanted), [""; 0], "{}", told(said, there));
    let before = there.calls().len();
    run(project, there, args).ended(0);
    let writes: BTreeSet<String> =
        there.calls().split_off(before).iter().map(|call| operation(call).to_owned()).collect();
    assert!(!writes.iter().any(|call| WRITES.contains(&call.as_str())), "{writes:?}");
}

#[test]
fn two_and_three_runners_of_one_program_make_each_stack_once() {
    let (wanted, _) = undisturbed(&[]);
    for runners in [2, 3] {
        let (project, there) = (project(), Listening::start());
        let said = at_once(&project, &there, &vec![apply(&[]); runners]);
        losers_say_so(&said, &there);
        assert!(said.iter().any(|one| one.code == Some(0)), "{}", told(&said, &there));
        settles(&project, &there, &apply(&[]), &wanted, &said);
        assert!(there.sandbox.look().iter().all(|stack| stack.began.len() == 1), "{}", told(&said, &there));
    }
}

#[test]
fn three_runners_of_one_plan_file_carry_it_out_once() {
    let (project, there) = (project(), Listening::start());
    run(&project, &there, &apply(&[])).ended(0);
    let second = marked("second");
    let plan: Vec<String> = ["plan", "-o", "plan.json"].map(str::to_owned).into_iter().chain(second.clone()).collect();
    run(&project, &there, &plan).ended(0);
    let said = at_once(&project, &there, &vec![vec!["apply".to_owned(), "plan.json".to_owned()]; 3]);
    losers_say_so(&said, &there);
    assert!(said.iter().any(|one| one.code == Some(0)), "{}", told(&said, &there));
    assert!(there.sandbox.look().iter().all(|stack| stack.began.len() == 2), "{}", told(&said, &there));
    let (wanted, _) = undisturbed(&second);
    settles(&project, &there, &apply(&second), &wanted, &said);
}

#[test]
fn runners_of_different_programs_mix_no_stack_and_the_loser_says_so() {
    let markers = ["second", "third", "fourth"];
    let ends: Vec<BTreeMap<String, String>> = markers.iter().map(|marker| undisturbed(&marked(marker)).0).collect();
    for runners in [2, 3] {
        let (project, there) = (project(), Listening::start());
        run(&project, &there, &apply(&[])).ended(0);
        let first = templates(&there);
        let runs: Vec<Vec<String>> = markers[..runners].iter().map(|marker| apply(&marked(marker))).collect();
        let said = at_once(&project, &there, &runs);
        losers_say_so(&said, &there);
        // Who lost after it had begun left its part: what reads it stays as it was until that is planned again.
        let someone_lost = said.iter().any(|one| one.code == Some(3));
        let seen = there.sandbox.look();
        let outputs: BTreeMap<&str, &BTreeMap<String, String>> =
            seen.iter().map(|stack| (stack.name.as_str(), &stack.outputs)).collect();
        for stack in &seen {
            let rests = matches!(stack.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE");
            assert!(rests, "{} is {}: {}", stack.name, stack.status, told(&said, &there));
            let whole = ends[..runners].iter().chain([&first]).any(|end| end[&stack.name] == stack.body);
            assert!(whole, "{} is nobody's: {}", stack.name, stack.body);
            let old = stale(stack, &outputs);
            assert!(old.is_empty() || someone_lost, "all say that it is done, and {old:?}: {}", told(&said, &there));
        }
        assert!(
            someone_lost || ends.contains(&templates(&there)),
            "all say that it is done, and it is a mixture: {}",
            told(&said, &there)
        );
        settles(&project, &there, &runs[0], &ends[0], &said);
    }
}
