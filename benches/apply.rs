//! What planning and applying twelve stacks in four layers takes: on simulated time, where every call takes 50 ms, a
//! change set 2.1 s and an operation 6.3 s; and once by the clock on the wall, as the process that people start.
//!
//! The second table tells the CPU time and the peak of memory of that process alone, as Linux counts them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout, missing_docs)]
#![allow(clippy::disallowed_methods)]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use infra::build::{self, Build};
use infra::cloud::Clouds;
use infra::cloud::aws::{Aws, Settings};
use infra::sandbox::{Clock, Pace, Sandbox};
use infra::schema::Types;
use infra::semantics::{self, Target};
use infra::source::Sources;
use infra::world::Table;
use infra::{apply, diagnostics, plan};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

#[path = "../tests/it/support/slow.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod slow;

fn main() {
    println!("{:>34} {:>9} {:>7}", "simulated time", "", "calls");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(simulated());

    println!("\n{:>34} {:>9} {:>9} {:>9}", "by the clock", "", "CPU", "peak");
    let address = serve();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-apply");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, verb, version) in ROWS {
        std::fs::write(folder.join("main.infra"), program(version)).unwrap();
        let (took, cpu, peak) = process(&folder, &[verb, "--endpoint", &format!("http://{address}")]);
        println!("{name:>34} {:>7.2} s {:>7.2} s {:>6} MB", took.as_secs_f64(), cpu, peak / 1024);
    }
}

/// What is done, one after the other: a name, what is said to `infra`, and the version of one of the stacks.
const ROWS: [(&str, &str, u32); 3] =
    [("first apply", "apply --yes", 1), ("plan of the unchanged", "plan", 1), ("one changed stack", "apply --yes", 2)];

/// Twelve stacks in four layers of three; each reads two of the layer below.
fn program(version: u32) -> String {
    let head =
        "project bench\naccount main { id: \"111111111111\" }\nenv dev { account: main, regions: [\"eu-west-1\"] }\n";
    let stacks = (0..4).flat_map(|layer| (0..3).map(move |at| (layer, at))).map(|(layer, at)| {
        let from = |at: usize| format!("l{}s{}.Queue", layer - 1, at % 3);
        let value = if layer == 0 { "\"lowest\"".into() } else { format!("\"${{{}}} ${{{}}}\"", from(at), from(at + 1)) };
        let version = if (layer, at) == (1, 1) { version } else { 0 };
        format!(
            "core l{layer}s{at} {{\n  resource Queue = AWS::SQS::Queue {{ Tags: [{{ Key: \"version\", Value: \"{version}\" }}, \
             {{ Key: \"of\", Value: {value} }}] }}\n  output Queue = Queue.Arn\n}}\n"
        )
    });
    stacks.fold(head.to_owned(), |text, stack| text + &stack)
}

fn built(version: u32) -> Build {
    let mut sources = Sources::default();
    sources.add("main.infra", program(version));
    let program = semantics::analyze(sources.iter().cloned().collect(), Arc::new(Table::default()), Types::aws());
    let built = build::build(&program, &Target { envs: vec!["dev".into()], ..Target::default() });
    assert!(!diagnostics::has_errors(&built.diagnostics), "{:#?}", built.diagnostics);
    built
}

async fn simulated() {
    let sandbox = slow::sandbox();
    for (name, verb, version) in ROWS {
        let (http, log) = slow::line(&sandbox);
        let clouds: Arc<dyn Clouds> = Arc::new(Aws::new(Settings { http: Some(http), ..Settings::default() }));
        let begun = Instant::now();
        let built = built(version);
        let desired = plan::desired(&built);
        let settings = plan::Settings { only: Some(plan::chosen(&built).collect()), ..plan::Settings::default() };
        let observer: Arc<dyn plan::Observer> = Arc::new(plan::Silent);
        let made = plan::plan(&clouds, &desired, &settings, &observer).await.unwrap();
        if verb != "plan" {
            let observer: Arc<dyn apply::Observer> = Arc::new(apply::Silent);
            let report = apply::apply(&clouds, &desired, &made, &apply::Settings::default(), &observer).await;
            assert_eq!(report.exit_code(), 0, "{}", apply::to_text(&report));
        }
        println!("{name:>34} {:>7.2} s {:>7}", begun.elapsed().as_secs_f64(), log.lock().unwrap().len());
    }
}

/// Serves a simulator as slow as that by the clock, behind a line that is as slow.
fn serve() -> SocketAddr {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
            let sandbox = Sandbox::new(infra::sandbox::Settings {
                clock: Clock::Real(Arc::new(now)),
                pace: Pace::Elapsed { step: slow::STEP.as_millis() as u64 },
                change_set_steps: slow::CHANGE_SET_STEPS,
                ..infra::sandbox::Settings::default()
            });
            slow::operations_take_long(&sandbox);
            let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let server = sandbox.serve(free).await.unwrap();
            let behind = server.address();
            let line = TcpListener::bind(free).await.unwrap();
            tell.send(line.local_addr().unwrap()).unwrap();
            tokio::join!(server.run(), slowly(line, behind));
        });
    });
    told.recv().unwrap()
}

/// Passes on what comes, 50 ms after it came.
async fn slowly(line: TcpListener, behind: SocketAddr) {
    loop {
        let (mut near, _) = line.accept().await.unwrap();
        tokio::spawn(async move {
            let mut far = TcpStream::connect(behind).await.unwrap();
            far.set_nodelay(true).unwrap();
            near.set_nodelay(true).unwrap();
            let (mut out, mut back) = (vec![0; 1 << 16], vec![0; 1 << 16]);
            loop {
                tokio::select! {
                    read = near.read(&mut out) => match read {
                        Ok(0) | Err(_) => return,
                        Ok(count) => {
                            tokio::time::sleep(slow::CALL).await;
                            far.write_all(&out[..count]).await.unwrap();
                        }
                    },
                    read = far.read(&mut back) => match read {
                        Ok(0) | Err(_) => return,
                        Ok(count) => near.write_all(&back[..count]).await.unwrap(),
                    },
                }
            }
        });
    }
}

/// Runs `infra` to its end: how long it took, the seconds of CPU, and the peak of memory in KiB.
fn process(folder: &Path, arguments: &[&str]) -> (Duration, f64, u64) {
    let words = arguments.iter().flat_map(|argument| argument.split(' '));
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
    command.current_dir(folder).args(words).env_remove("INFRA_SANDBOX");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let (begun, before) = (Instant::now(), cpu_of_children());
    let mut child = command.spawn().unwrap();
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    let ended = loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(peak);
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    assert!(ended.success(), "{arguments:?}");
    (begun.elapsed(), cpu_of_children() - before, peak)
}

/// CPU seconds of all processes that were started here and have ended, in hundredths; source: proc(5).
fn cpu_of_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, after_name) = stat.rsplit_once(')').unwrap();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    (ticks(13) + ticks(14)) / 100.0
}
