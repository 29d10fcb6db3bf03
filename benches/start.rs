//! What a person waits for: the whole process, from its start to its end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout, missing_docs)]
#![allow(clippy::disallowed_methods)]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Processes of each line.
const RUNS: usize = 101;

/// What is run, after the one word `infra`.
const COMMANDS: &[&[&str]] = &[
    &["--version"],
    &["-C", "examples/hello", "check"],
    &["-C", "examples/backend-service", "check"],
    &["explain", "AWS::ECS::Service"],
];

fn main() {
    println!("{:>44} {:>9} {:>9}", "", "median", "least");
    for command in COMMANDS {
        let mut times: Vec<Duration> = (0..RUNS).map(|_| run(command)).collect();
        times.sort();
        let shown = |time: Duration| time.as_secs_f64() * 1e3;
        println!("{:>44} {:>6.1} ms {:>6.1} ms", command.join(" "), shown(times[RUNS / 2]), shown(times[0]));
    }
}

fn run(arguments: &[&str]) -> Duration {
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    assert!(command.status().unwrap().success(), "{arguments:?}");
    start.elapsed()
}
