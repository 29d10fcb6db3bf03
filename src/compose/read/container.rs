//! What a service says of its container, under the names that a container definition has.

use super::super::draft::Fields;
use super::super::text::Text;
use super::super::{draft, not_carried, units};
use super::{Kind, Node, Reader};
use crate::source::Span;
use crate::syntax::ast::{Expr, Piece};

/// Capabilities that Fargate adds. Fact: "`KernelCapabilities`" in the API reference of ECS.
const CAPABILITIES: [&str; 1] = ["SYS_PTRACE"];

impl Reader<'_> {
    pub(super) fn container(&mut self, service: &Node) -> Fields {
        let mut fields = Fields::default();
        for (key, name) in [("user", "User"), ("working_dir", "WorkingDirectory")] {
            fields.maybe(name, service.get(key).and_then(|node| self.string(node, &format!("`{key}`"))));
        }
        for (key, name) in
            [("read_only", "ReadonlyRootFilesystem"), ("stdin_open", "Interactive"), ("tty", "PseudoTerminal")]
        {
            let is = service.get(key).and_then(|node| Some((self.truth(node, &format!("`{key}`"))?, node.span)));
            fields.maybe(name, is.filter(|(is, _)| *is).map(|(is, span)| draft::truth(span, is)));
        }
        let timeout = service.get("stop_grace_period").and_then(|node| self.seconds(node, "`stop_grace_period`"));
        fields.maybe("StopTimeout", timeout);
        fields.maybe("HealthCheck", service.get("healthcheck").and_then(|node| self.health_check(node)));
        self.limits(service, &mut fields);
        let mut sysctls = Vec::new();
        for entry in service.get("sysctls").map_or(&[][..], |node| self.map(node, "`sysctls`")) {
            if let Some(value) = self.text(&entry.value, "a `sysctl`") {
                let mut one = Fields::default();
                one.at("Namespace", entry.key_span, draft::text(entry.key_span, &entry.key));
                one.put("Value", value.expr());
                sysctls.push(one.expr(entry.key_span));
            }
        }
        fields.list("SystemControls", service.span, sysctls);
        let linux = self.linux(service);
        fields.object("LinuxParameters", service.span, linux);
        fields
    }

    /// A duration in seconds.
    pub(super) fn seconds(&mut self, node: &Node, what: &str) -> Option<Expr> {
        let word = self.word(node, what)?;
        let seconds = self.parsed(node, what, "a duration such as `1m30s`", units::seconds(&word))?;
        Some(draft::int(node.span, seconds))
    }

    fn health_check(&mut self, node: &Node) -> Option<Expr> {
        self.map(node, "`healthcheck`");
        let known = ["disable", "interval", "retries", "start_interval", "start_period", "test", "timeout"];
        self.known("a `healthcheck`", node, &known);
        if node.get("disable").and_then(|node| self.truth(node, "`disable`")) == Some(true) {
            return None;
        }
        let test = node.get("test")?;
        let command = match &test.kind {
            Kind::List(items) => {
                let words: Vec<Expr> = items.iter().filter_map(|item| self.string(item, "`test`")).collect();
                let first = items.first().and_then(Node::text).unwrap_or_default();
                if first == "NONE" {
                    return None;
                }
                if !self.one_of("the first word of `test`", first, test.span, &["CMD", "CMD-SHELL", "NONE"]) {
                    return None;
                }
                draft::list(test.span, words)
            }
            _ => {
                let text = self.string(test, "`test`")?;
                draft::list(test.span, vec![draft::text(test.span, "CMD-SHELL"), text])
            }
        };
        let mut fields = Fields::default();
        fields.put("Command", command);
        for (key, name) in [("interval", "Interval"), ("timeout", "Timeout"), ("start_period", "StartPeriod")] {
            fields.maybe(name, node.get(key).and_then(|node| self.seconds(node, &format!("`{key}`"))));
        }
        fields.maybe("Retries", node.get("retries").and_then(|node| self.number(node, "`retries`")));
        Some(fields.expr(node.span))
    }

    fn limits(&mut self, service: &Node, fields: &mut Fields) {
        let mut limits = Vec::new();
        for entry in service.get("ulimits").map_or(&[][..], |node| self.map(node, "`ulimits`")) {
            if &*entry.key != "nofile" {
                self.report(not_carried(
                    &format!("the limit `{}`", entry.key),
                    entry.key_span,
                    "on Fargate, `nofile` is the one that can be set",
                    "take it out; in a second file, write `!reset null`",
                ));
                continue;
            }
            self.known("a limit", &entry.value, &["hard", "soft"]);
            let (soft, hard) = match entry.value.entries() {
                [] => (Some(&entry.value), Some(&entry.value)),
                _ => (entry.value.get("soft"), entry.value.get("hard")),
            };
            let mut one = Fields::default();
            one.at("Name", entry.key_span, draft::text(entry.key_span, "nofile"));
            one.maybe("SoftLimit", soft.or(hard).and_then(|node| self.number(node, "a limit")));
            one.maybe("HardLimit", hard.or(soft).and_then(|node| self.number(node, "a limit")));
            limits.push(one.expr(entry.value.span));
        }
        fields.list("Ulimits", service.span, limits);
    }

    fn linux(&mut self, service: &Node) -> Fields {
        let mut linux = Fields::default();
        let is = service.get("init").and_then(|node| Some((self.truth(node, "`init`")?, node.span)));
        linux.maybe("InitProcessEnabled", is.filter(|(is, _)| *is).map(|(is, span)| draft::truth(span, is)));
        let mut capabilities = Fields::default();
        for (key, name) in [("cap_add", "Add"), ("cap_drop", "Drop")] {
            let Some(node) = service.get(key) else { continue };
            let mut all = Vec::new();
            for item in self.items(node, &format!("`{key}`")) {
                let Some(word) = self.word(item, "a capability") else { continue };
                let word = word.to_ascii_uppercase();
                let word = word.strip_prefix("CAP_").unwrap_or(&word);
                if key == "cap_add" && !CAPABILITIES.contains(&word) {
                    self.report(not_carried(
                        &format!("the capability `{word}`"),
                        item.span,
                        "Fargate adds `SYS_PTRACE` and no other",
                        "take it out; in a second file, write `cap_add: !reset null`",
                    ));
                }
                all.push(draft::text(item.span, word));
            }
            capabilities.list(name, node.span, all);
        }
        linux.object("Capabilities", service.span, capabilities);
        linux
    }

    /// CPU units and MiB that a service asks for: the most that any of its keys says.
    pub(super) fn size(&mut self, service: &Node) -> (i64, i64) {
        let resources = service.get("deploy").and_then(|deploy| deploy.get("resources"));
        if let Some(resources) = resources {
            self.known("`resources`", resources, &["limits", "reservations"]);
        }
        let (mut cpu, mut memory) = (0, 0);
        for key in ["limits", "reservations"] {
            let Some(node) = resources.and_then(|resources| resources.get(key)) else { continue };
            for entry in self.map(node, &format!("`{key}`")) {
                match &*entry.key {
                    "cpus" => cpu = cpu.max(self.cpus(&entry.value)),
                    "memory" => memory = memory.max(self.memory(&entry.value)),
                    "pids" | "devices" | "generic_resources" => self.report(not_carried(
                        &format!("`{}`", entry.key),
                        entry.key_span,
                        "a task has CPU units and memory, and nothing finer",
                        "take it out; in a second file, write `!reset null`",
                    )),
                    _ => self.unknown(&format!("`{key}`"), entry, &["cpus", "memory"]),
                }
            }
        }
        if let Some(node) = service.get("cpus") {
            cpu = cpu.max(self.cpus(node));
        }
        for key in ["mem_limit", "mem_reservation"] {
            if let Some(node) = service.get(key) {
                memory = memory.max(self.memory(node));
            }
        }
        (cpu, memory)
    }

    fn cpus(&mut self, node: &Node) -> i64 {
        let word = self.word(node, "`cpus`");
        word.and_then(|word| {
            self.parsed(node, "`cpus`", "a number of processors such as `0.5`", units::cpu_units(&word))
        })
        .unwrap_or(0)
    }

    fn memory(&mut self, node: &Node) -> i64 {
        let word = self.word(node, "`memory`");
        word.and_then(|word| self.parsed(node, "`memory`", "a size such as `512M`", units::mebibytes(&word)))
            .unwrap_or(0)
    }
}

/// A text in the words that a shell would make of it.
pub(super) fn shell_words(text: &Text) -> Vec<Text> {
    let mut words = Vec::new();
    let mut word = Word { pieces: Vec::new(), text: String::new(), begun: false };
    let mut quote = None;
    for piece in &text.pieces {
        let Piece::Text(plain) = piece else {
            word.flush();
            word.begun = true;
            word.pieces.push(piece.clone());
            continue;
        };
        let mut chars = plain.chars();
        while let Some(c) = chars.next() {
            match (c, quote) {
                (c, Some(open)) if c == open => quote = None,
                ('\'' | '"', None) => {
                    quote = Some(c);
                    word.begun = true;
                }
                ('\\', None | Some('"')) => word.push(chars.next().unwrap_or('\\')),
                (c, None) if c.is_whitespace() => word.end(text.span, &mut words),
                (c, _) => word.push(c),
            }
        }
    }
    word.end(text.span, &mut words);
    words
}

struct Word {
    pieces: Vec<Piece>,
    text: String,
    begun: bool,
}

impl Word {
    fn push(&mut self, c: char) {
        self.begun = true;
        self.text.push(c);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.text).into()));
        }
    }

    fn end(&mut self, span: Span, words: &mut Vec<Text>) {
        self.flush();
        let pieces = std::mem::take(&mut self.pieces);
        if std::mem::take(&mut self.begun) {
            words.push(Text { span, pieces });
        }
    }
}
