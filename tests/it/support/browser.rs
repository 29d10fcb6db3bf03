//! A headless Chromium, told what to do over its DevTools protocol: two pipes, JSON, a zero byte behind each message.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

/// Programs to try.
const PROGRAMS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// Where Chromium is not there, this variable lets its tests pass without it. CI never sets it.
const WITHOUT: &str = "INFRA_TESTS_WITHOUT_BROWSER";

/// Nothing that is tested takes longer, however loaded the machine is.
const LONGEST: Duration = Duration::from_secs(120);

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    to: File,
    from: BufReader<File>,
    next: u64,
    session: Option<String>,
    events: VecDeque<Value>,
    _alive: mpsc::Sender<()>,
    _folder: tempfile::TempDir,
}

impl Browser {
    /// Starts one. None where there is none and `INFRA_TESTS_WITHOUT_BROWSER` says that this is fine.
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = PROGRAMS.iter().find(|name| is_there(name)) else {
            let asked = std::env::var_os(WITHOUT).is_some();
            assert!(
                asked,
                "no Chromium: install it (Debian: `apt-get install chromium`), or set {WITHOUT}=1 to go without"
            );
            // Past what the test runner keeps to itself.
            let _ = writeln!(std::io::stderr(), "SKIPPED: there is no Chromium, and {WITHOUT} is set");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let pipe = |name: &str| {
            let path = folder.path().join(name);
            assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
            path
        };
        let (to, from) = (pipe("to"), pipe("from"));
        let child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<\"$TO\" 4>\"$FROM\"", "sh", program, "--headless", "--remote-debugging-pipe"])
            .args(["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-extensions", "--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .arg("about:blank")
            .env("TO", &to)
            .env("FROM", &from)
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let alive = watch(child.id());
        let to = OpenOptions::new().write(true).open(to).unwrap();
        let from = BufReader::new(File::open(from).unwrap());
        let events = VecDeque::new();
        let mut browser = Self { child, to, from, next: 0, session: None, events, _alive: alive, _folder: folder };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached = json!({"targetId": target["targetId"], "flatten": true});
        browser.session =
            Some(browser.call("Target.attachToTarget", attached)["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Calls a method and waits for its answer; what happens meanwhile is kept.
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.next += 1;
        let mut message = json!({"id": self.next, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.to.write_all(message.to_string().as_bytes()).and_then(|()| self.to.write_all(b"\0")).unwrap();
        loop {
            let answer = self.read();
            if answer["id"] == self.next {
                assert!(answer.get("error").is_none(), "{method}: {answer}");
                return answer["result"].clone();
            }
            self.events.push_back(answer);
        }
    }

    fn read(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.from.read_until(0, &mut bytes).unwrap();
        assert!(bytes.pop().is_some(), "the browser is gone");
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Opens a file and waits until it is there. Gives what the console said and what was asked of any network.
    pub(crate) fn open(&mut self, file: &Path) -> (Vec<String>, Vec<String>) {
        self.events.clear();
        let url = format!("file://{}", file.display());
        self.call("Page.navigate", json!({"url": url}));
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.read();
            self.events.push_back(event);
        }
        // What was said before is told before this is answered.
        self.evaluate("1");
        let mut console = Vec::new();
        let mut network = Vec::new();
        for event in self.events.drain(..) {
            match event["method"].as_str().unwrap_or_default() {
                "Log.entryAdded" | "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" => {
                    console.push(event.to_string())
                }
                "Network.requestWillBeSent" => {
                    network.push(event["params"]["request"]["url"].as_str().unwrap_or_default().to_owned());
                }
                _ => {}
            }
        }
        network.retain(|asked| *asked != url);
        (console, network)
    }

    /// The value of an expression.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let answer = self.call("Runtime.evaluate", json!({"expression": expression, "returnByValue": true}));
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// A window of so many pixels.
    pub(crate) fn resize(&mut self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// `screen` or `print`, `light` or `dark`.
    pub(crate) fn medium(&mut self, medium: &str, colours: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": colours}]);
        self.call("Emulation.setEmulatedMedia", json!({"media": medium, "features": features}));
    }

    /// Clicks in the middle of the first element of a selector.
    pub(crate) fn click(&mut self, selector: &str) {
        let element = format!("document.querySelector({})", json!(selector));
        self.evaluate(&format!("{element}.scrollIntoView({{block: 'center'}})"));
        let place = self.evaluate(&format!(
            "(() => {{ const r = {element}.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// The whole page as a PNG, kept in `target/tmp`.
    pub(crate) fn screenshot(&mut self, name: &str) -> PathBuf {
        use base64::Engine as _;
        let answer = self.call("Page.captureScreenshot", json!({"captureBeyondViewport": true}));
        let bytes = base64::prelude::BASE64_STANDARD.decode(answer["data"].as_str().unwrap()).unwrap();
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends a browser that hangs: who waits for its answer hears of its end.
fn watch(id: u32) -> mpsc::Sender<()> {
    let (alive, end) = mpsc::channel();
    std::thread::spawn(move || {
        if end.recv_timeout(LONGEST) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
        }
    });
    alive
}

fn is_there(name: &str) -> bool {
    let found = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}
