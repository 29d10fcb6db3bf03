//! Looks for patterns that backtrack without end.
//!
//! Each pattern that is matched by backtracking is tried on texts made to hurt it, in a process that
//! is killed when it takes too long. What is found goes into `linear` of `overrides.toml`; the build
//! itself measures nothing, so that it is the same everywhere.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::Result;
use crate::schema::format::pattern as kind;

/// Longer texts are not tried by the reader either.
const LONGEST: usize = 1024;

/// A pattern may take this long on all of its texts together.
const PATIENCE: Duration = Duration::from_millis(300);

/// The patterns that take too long.
pub fn slow(patterns: &[(String, u32)]) -> Result<Vec<String>> {
    let mut slow = Vec::new();
    let mut tester = Tester::start()?;
    for (text, kind) in patterns {
        if !tester.finishes(text, *kind)? {
            slow.push(text.clone());
            tester = Tester::start()?;
        }
    }
    tester.stop();
    Ok(slow)
}

struct Tester {
    child: Child,
    answers: Receiver<()>,
}

impl Tester {
    fn start() -> Result<Self> {
        let program = std::env::current_exe().map_err(|e| e.to_string())?;
        let mut command = Command::new(program);
        let mut child =
            command.arg("try").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
        let out = child.stdout.take().ok_or("no pipe")?;
        let (send, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines() {
                if line.is_err() || send.send(()).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, answers })
    }

    fn finishes(&mut self, text: &str, kind: u32) -> Result<bool> {
        let input = self.child.stdin.as_mut().ok_or("no pipe")?;
        input.write_all(&kind.to_le_bytes()).map_err(|e| e.to_string())?;
        input.write_all(&(text.len() as u32).to_le_bytes()).map_err(|e| e.to_string())?;
        input.write_all(text.as_bytes()).map_err(|e| e.to_string())?;
        input.flush().map_err(|e| e.to_string())?;
        let finished = self.answers.recv_timeout(PATIENCE).is_ok();
        if !finished {
            self.child.kill().and_then(|()| self.child.wait()).map_err(|e| e.to_string())?;
        }
        Ok(finished)
    }

    fn stop(mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The other process: tries what it is given and answers with a line.
pub fn answer() -> Result<()> {
    let mut input = std::io::stdin().lock();
    let mut head = [0; 8];
    while input.read_exact(&mut head).is_ok() {
        let number = |i: usize| u32::from_le_bytes([head[i], head[i + 1], head[i + 2], head[i + 3]]);
        let mut text = vec![0; number(4) as usize];
        input.read_exact(&mut text).map_err(|e| e.to_string())?;
        let text = String::from_utf8_lossy(&text);
        let flags = if number(0) == kind::UNICODE { "u" } else { "" };
        if let Ok(pattern) = regress::Regex::with_flags(&text, flags) {
            for hostile in hostile(&text) {
                let _ = pattern.find(&hostile);
            }
        }
        println!();
    }
    Ok(())
}

/// Long texts that nearly match: what the pattern begins with, a repeated piece, and an end that fits nowhere.
fn hostile(pattern: &str) -> Vec<String> {
    const PIECES: [&str; 16] =
        ["a", "A", "0", "-", "_", ".", "/", ":", " ", "a-", "a.", "a/", "a:", "a0-", "a_", "aA0"];
    const ENDS: [&str; 2] = ["", "\u{1}"];
    let plain: String =
        pattern.trim_start_matches(['^', '(']).chars().take_while(|c| !"\\[](){}.*+?|^$".contains(*c)).collect();
    let mut texts = Vec::new();
    for start in ["", plain.as_str()] {
        for piece in PIECES {
            for end in ENDS {
                let room = LONGEST.saturating_sub(start.len() + end.len());
                texts.push(format!("{start}{}{end}", piece.repeat(room / piece.len())));
            }
        }
    }
    texts
}
