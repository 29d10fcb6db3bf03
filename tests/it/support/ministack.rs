//! One ministack for all tests of this binary, on a free loopback port.
//!
//! Tests stay apart by account: a twelve-digit access key is an account of its own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::venv;

/// Runs ministack until its standard input is closed: so it ends with the test, even one that is killed.
const RUN: &str = "
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
sys.argv = ['ministack']
from ministack.app import main
main()
";

/// How long a start may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// Where it leaves its files, and its log of the last run.
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/ministack");

struct Server {
    address: String,
    /// Kept for its standard input, whose end is the end of the server.
    _process: Child,
}

static SERVER: LazyLock<Server> = LazyLock::new(start);

/// Where it answers: `http://127.0.0.1:PORT`.
pub(crate) fn address() -> &'static str {
    &SERVER.address
}

/// An account that no other test of this run uses.
pub(crate) fn account() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(100_000_000_001);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

fn start() -> Server {
    // Another program may take the port between our look and the start; then the next one is tried.
    for _ in 0..5 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        if let Some(process) = start_at(port) {
            return Server { address: format!("http://127.0.0.1:{port}"), _process: process };
        }
    }
    panic!("ministack does not start; see {}", log());
}

fn start_at(port: u16) -> Option<Child> {
    std::fs::create_dir_all(FOLDER).unwrap();
    let log = std::fs::File::create(log()).unwrap();
    let mut process = venv::tool("python")
        .args(["-c", RUN])
        .env("BIND_HOST", "127.0.0.1")
        .env("MINISTACK_HOST", "127.0.0.1")
        .env("GATEWAY_PORT", port.to_string())
        .env("TMPDIR", FOLDER)
        .env("S3_DATA_DIR", format!("{FOLDER}/s3"))
        // Both would take ports of their own.
        .env("SFTP_ENABLED", "0")
        .env("IOT_MTLS_ENABLED", "0")
        .stdin(Stdio::piped())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    let begin = Instant::now();
    // It ends by itself where another program took the port.
    while begin.elapsed() < PATIENCE && process.try_wait().unwrap().is_none() {
        if answers(port) {
            return Some(process);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let _ = process.kill();
    process.wait().unwrap();
    None
}

/// True where an HTTP server answers at all.
fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let _ = stream.write_all(b"GET /_ministack/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).is_ok() && begin.starts_with(b"HTTP/1.1 200")
}

fn log() -> String {
    format!("{FOLDER}/log")
}
