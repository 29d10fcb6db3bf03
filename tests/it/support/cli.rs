//! The built binary, run as people run it: in a copy of a project, with an environment that says nothing.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::examples;

/// Nothing that is tested takes longer, however loaded the machine is.
const LONGEST: Duration = Duration::from_secs(120);

/// A project in a folder of its own, which goes with it.
pub(crate) struct Project {
    folder: tempfile::TempDir,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    /// The exit code; `None` where a signal ended it.
    pub(crate) code: Option<i32>,
}

impl Said {
    /// The same, after a look at the exit code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// What it wrote to stdout, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}\n{}\n{}", self.out, self.err))
    }

    fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("what we print is UTF-8");
        Self { out: text(output.stdout), err: text(output.stderr), code: output.status.code() }
    }
}

impl Project {
    /// Files by name.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    /// A copy of an example with all of its files.
    pub(crate) fn example(name: &str) -> Self {
        let project = Self::new(&[]);
        let from = examples::folder().join(name);
        let mut folders = vec![from.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    project.write(path.strip_prefix(&from).unwrap().to_str().unwrap(), std::fs::read(&path).unwrap());
                } else if !path.ends_with(".infra") {
                    // What a sandbox keeps there is nobody's example.
                    folders.push(path);
                }
            }
        }
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// `infra` with these arguments, in this project, not yet started.
    pub(crate) fn command<S: AsRef<std::ffi::OsStr>>(&self, args: &[S]) -> Command {
        let mut command = infra();
        command.current_dir(self.folder.path()).env("HOME", self.path(".home")).args(args);
        command
    }

    /// Runs `infra`, the words of `line` being its arguments.
    pub(crate) fn infra(&self, line: &str) -> Said {
        self.run(&line.split_whitespace().collect::<Vec<_>>())
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        run(self.command(args))
    }

    /// The stacks that a sandbox keeps in a folder of the project, the deleted ones too.
    pub(crate) fn stacks(&self, state: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let mut folders = vec![self.path(state)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "json") {
                    let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
                    found.extend(file.get("stack").cloned());
                }
            }
        }
        found
    }

    /// Stacks that are not deleted, by name.
    pub(crate) fn living(&self, state: &str) -> BTreeMap<String, Value> {
        let living = self.stacks(state).into_iter().filter(|s| s["status"] != "DELETE_COMPLETE");
        living.map(|s| (s["place"]["stack_name"].as_str().unwrap().to_owned(), s)).collect()
    }
}

/// The binary with an environment that says nothing: no credentials, no branch, no metadata service.
pub(crate) fn infra() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_infra"));
    command.env_clear().env("AWS_EC2_METADATA_DISABLED", "true").stdin(Stdio::null());
    command
}

/// Runs a command to its end.
pub(crate) fn run(mut command: Command) -> Said {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    finish(child)
}

/// Waits for a child whose outputs are piped, and ends it where it does not end by itself.
pub(crate) fn finish(mut child: Child) -> Said {
    fn reader(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
        std::thread::spawn(move || {
            let mut all = Vec::new();
            let _ = from.read_to_end(&mut all);
            all
        })
    }
    let (out, err) = (reader(child.stdout.take().unwrap()), reader(child.stderr.take().unwrap()));
    let began = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if began.elapsed() > LONGEST => {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("it does not end: {}", String::from_utf8_lossy(&err.join().unwrap()));
            }
            None => std::thread::sleep(Duration::from_millis(3)),
        }
    };
    Said::of(Output { status, stdout: out.join().unwrap(), stderr: err.join().unwrap() })
}

/// `infra sandbox` on a port, with a list of the calls it has answered.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: String,
    calls: Arc<(Mutex<Vec<String>>, Condvar)>,
    marks: AtomicUsize,
}

impl Served {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut command = infra();
        command.args(["sandbox", "--log"]).args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let calls = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let (heard, log) = (Arc::clone(&calls), BufReader::new(child.stderr.take().unwrap()));
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                heard.0.lock().unwrap().push(line);
                heard.1.notify_all();
            }
        });
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        if address.is_empty() {
            let said = calls.0.lock().unwrap().join("\n");
            panic!("no sandbox: {said}");
        }
        Self { child, address, calls, marks: AtomicUsize::new(0) }
    }

    pub(crate) fn port(&self) -> &str {
        self.address.rsplit(':').next().unwrap()
    }

    /// Every call since this was asked last: `200 111111111111 eu-west-1 DescribeStacks shop-api-dev`.
    pub(crate) fn calls(&self) -> Vec<String> {
        // What a client was answered has been written, but perhaps not read here yet: a call of our own comes last.
        let mark = format!("Mark{}", self.marks.fetch_add(1, Ordering::Relaxed));
        let host = self.address.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        let body = format!("Action={mark}");
        let head = format!("POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}", body.len());
        write!(stream, "{head}\r\n\r\n{body}").unwrap();
        let mut calls = self.calls.0.lock().unwrap();
        loop {
            if let Some(at) = calls.iter().position(|line| line.ends_with(&mark)) {
                let mut seen: Vec<String> = calls.drain(..=at).collect();
                seen.pop();
                return seen;
            }
            let (next, late) = self.calls.1.wait_timeout(calls, LONGEST).unwrap();
            assert!(!late.timed_out(), "the sandbox is gone");
            calls = next;
        }
    }

    /// Waits until `enough` of the calls so far, or until `child` has ended; true where it was enough.
    pub(crate) fn until(&self, child: &mut Child, enough: impl Fn(&[String]) -> bool) -> bool {
        let began = Instant::now();
        let mut calls = self.calls.0.lock().unwrap();
        loop {
            assert!(began.elapsed() < LONGEST, "{calls:#?}");
            if enough(&calls) {
                return true;
            }
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            calls = self.calls.1.wait_timeout(calls, Duration::from_millis(50)).unwrap().0;
        }
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The operation that a line of the log tells.
pub(crate) fn operation(line: &str) -> &str {
    line.split(' ').nth(3).unwrap_or_default()
}
