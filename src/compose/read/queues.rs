//! `x-sqs`

use super::super::draft::Fields;
use super::super::model::{Named, Queue, QueueScaling, QueueUse};
use super::super::names::{dead_letters, in_files};
use super::super::{draft, not_carried};
use super::references::QUEUE;
use super::{Entry, Kind, Node, Reader};
use crate::diagnostics::{Code, Diagnostic};

/// What a service may do with a queue, as Compose-X says it, and the grants for that.
const ACCESS: [(&str, &[&str]); 4] = [
    ("RO", &["std::grant_consume"]),
    ("RW", &["std::grant_send", "std::grant_consume"]),
    ("RWMessages", &["std::grant_send", "std::grant_consume"]),
    ("WO", &["std::grant_send"]),
];

/// Properties of a queue that `std::queue` takes under names of its own.
const OWN: [(&str, &str); 5] = [
    ("QueueName", "name"),
    ("FifoQueue", "fifo"),
    ("VisibilityTimeout", "visibility_timeout"),
    ("MessageRetentionPeriod", "retention"),
    ("ReceiveMessageWaitTimeSeconds", "wait"),
];

impl Reader<'_> {
    /// Every queue but those for what nobody could handle, which belong to others.
    pub(super) fn queues(&mut self, whole: &Node) -> Vec<Queue> {
        let entries = self.section(whole, "x-sqs");
        let mut found: Vec<Queue> = Vec::new();
        for entry in entries {
            let what = format!("the queue `{}`", entry.key);
            self.map(&entry.value, &what);
            for lookup in entry.value.entries().iter().filter(|entry| &*entry.key == "Lookup") {
                self.no_lookup("a queue", lookup, "give its URL and ARN as variables, and grants in the source");
            }
            self.known(&what, &entry.value, &["Lookup", "Properties", "Services", "Settings"]);
            let uses = self.uses(entry);
            let named = Named { name: entry.key.clone(), span: entry.key_span };
            let fields = match self.names.dead_letters_of(&entry.key) {
                Some(_) => Fields::default(),
                None => self.queue(entry, entries),
            };
            found.push(Queue { named, fields, uses });
        }
        found
    }

    fn queue(&mut self, entry: &Entry, all: &[Entry]) -> Fields {
        let mut properties =
            self.properties(entry.value.get("Properties").filter(|node| node.get("RedrivePolicy").is_none()));
        if let Some(node) = entry.value.get("Properties")
            && node.get("RedrivePolicy").is_some()
        {
            let rest = node.entries().iter().filter(|entry| &*entry.key != "RedrivePolicy").cloned().collect();
            properties = self.properties(Some(&Node { span: node.span, kind: Kind::Map(rest) }));
        }
        let mut fields = Fields::default();
        for (property, name) in OWN {
            fields.maybe(name, properties.take(property));
        }
        let redrive = entry.value.get("Properties").and_then(|node| node.get("RedrivePolicy"));
        if let Some(redrive) = redrive {
            self.map(redrive, "`RedrivePolicy`");
            self.known("`RedrivePolicy`", redrive, &["deadLetterTargetArn", "maxReceiveCount"]);
            fields.maybe(
                "attempts",
                redrive.get("maxReceiveCount").and_then(|node| self.number(node, "`maxReceiveCount`")),
            );
        }
        if let Some(target) = dead_letters(&entry.value) {
            let dead = self.word(target, "`deadLetterTargetArn`");
            if let Some(dead) = dead {
                self.dead(entry, target, in_files(&dead), all, &mut fields);
            }
        }
        fields.object("properties", entry.key_span, properties);
        fields
    }

    fn dead(&mut self, entry: &Entry, target: &Node, name: &str, all: &[Entry], fields: &mut Fields) {
        if name.starts_with("arn:") || name == "arn" {
            self.report(not_carried(
                "a queue of others for what nobody could handle",
                target.span,
                "each queue has one of its own here",
                "name one of `x-sqs`, or take `RedrivePolicy` out",
            ));
            return;
        }
        if !self.queue_is_there(name, target.span) {
            return;
        }
        if self.names.dead_letters_of(name).is_some_and(|of| *of != entry.key) || name == &*entry.key {
            self.report(not_carried(
                &format!("`{name}` as the queue for what nobody could handle of two"),
                target.span,
                "each queue has one of its own here",
                "give each queue its own",
            ));
            return;
        }
        let dead = all.iter().find(|other| &*other.key == name);
        let properties = self.properties(dead.and_then(|dead| dead.value.get("Properties")));
        fields.object("dead_letters", dead.map_or(target.span, |dead| dead.key_span), properties);
    }

    /// The services that use a queue: a map by their names, or a list.
    fn uses(&mut self, entry: &Entry) -> Vec<QueueUse> {
        let names = self.variable_names(entry);
        let Some(services) = entry.value.get("Services") else { return Vec::new() };
        let mut found = Vec::new();
        match &services.kind {
            Kind::List(items) => {
                for item in items {
                    let named = item.get("name").or_else(|| item.get("Name"));
                    let named = named.and_then(|node| self.named(node, "the name of a service"));
                    found.extend(named.and_then(|named| self.one_use(entry, named, item, &names)));
                }
            }
            _ => {
                for service in self.map(services, "`Services`") {
                    let named = Named { name: service.key.clone(), span: service.key_span };
                    found.extend(self.one_use(entry, named, &service.value, &names));
                }
            }
        }
        found
    }

    /// `Settings.EnvNames`; where there are none, the name of the queue in capitals.
    fn variable_names(&mut self, entry: &Entry) -> Vec<Named> {
        let mut names = Vec::new();
        if let Some(settings) = entry.value.get("Settings") {
            self.known("`Settings`", settings, &["EnvNames"]);
            for item in settings.get("EnvNames").map_or(&[][..], |node| self.items(node, "`EnvNames`")) {
                names.extend(self.named(item, "the name of a variable"));
            }
        }
        if names.is_empty() {
            let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
            let name: String = entry.key.chars().map(upper).collect();
            names.push(Named { name: name.into(), span: entry.key_span });
        }
        names
    }

    fn one_use(&mut self, entry: &Entry, service: Named, node: &Node, names: &[Named]) -> Option<QueueUse> {
        self.known("a service that uses a queue", node, &["Access", "Name", "ReturnValues", "Scaling", "name"]);
        self.service_is_there(&service.name, service.span).then_some(())?;
        let known = ACCESS.map(|(name, _)| name);
        let grants = match node.get("Access") {
            None => {
                self.report(
                    Diagnostic::new(
                        Code::MissingField,
                        format!("what `{}` may do with the queue is not said", service.name),
                    )
                    .at(service.span, "has no `Access`")
                    .help(super::super::instead("", &known, "")),
                );
                return None;
            }
            Some(access) => {
                let word = self.word(access, "`Access`")?;
                self.one_of("`Access`", &word, access.span, &known).then_some(())?;
                ACCESS.iter().find(|(name, _)| *name == &*word).map(|(_, grants)| *grants)?
            }
        };
        let mut environment = Vec::new();
        match node.get("ReturnValues") {
            Some(values) => {
                for value in self.map(values, "`ReturnValues`") {
                    let Some(attribute) = QUEUE.into_iter().find(|name| *name == &*value.key) else {
                        self.unknown("`ReturnValues` of a queue", value, &QUEUE);
                        continue;
                    };
                    let name = self.named(&value.value, "the name of a variable");
                    environment.extend(name.map(|named| (named.name, attribute, named.span)));
                }
            }
            None => environment.extend(names.iter().map(|named| (named.name.clone(), "QueueUrl", named.span))),
        }
        let scaling = node.get("Scaling").and_then(|node| self.queue_scaling(node));
        let queue = Named { name: entry.key.clone(), span: entry.key_span };
        Some(QueueUse { service, queue, grants, environment, scaling })
    }

    fn queue_scaling(&mut self, node: &Node) -> Option<QueueScaling> {
        self.map(node, "`Scaling`");
        self.known("`Scaling`", node, &["ScaleInCooldown", "ScaleOutCooldown", "Steps"]);
        let steps = node.get("Steps")?;
        let mut all = Vec::new();
        let (mut most, mut next) = (0, Some(0));
        for item in self.items(steps, "`Steps`") {
            self.known("a step", item, &["Count", "LowerBound", "UpperBound"]);
            let lower = item.get("LowerBound").map_or(Some(0), |node| self.whole(node, "`LowerBound`"))?;
            let upper = item.get("UpperBound").and_then(|node| self.whole(node, "`UpperBound`"));
            let Some(count) = item.get("Count").and_then(|node| self.whole(node, "`Count`")) else {
                self.report(
                    Diagnostic::new(Code::MissingField, "a step has a `Count`")
                        .at(item.span, "how many tasks is not said")
                        .help("add it"),
                );
                return None;
            };
            if next != Some(lower) {
                let wanted = next.map_or("nothing: the step before has no end".to_owned(), |next| format!("{next}"));
                self.report(
                    Diagnostic::new(Code::BadValue, "steps follow each other without gaps")
                        .at(item.span, format!("begins at {lower}, and the next is {wanted}"))
                        .help("let each `LowerBound` be the `UpperBound` before it, the first one 0"),
                );
                return None;
            }
            next = upper;
            most = most.max(count);
            let mut step = Fields::default();
            step.put("above", draft::int(item.span, lower)).put("tasks", draft::int(item.span, count));
            all.push(step.expr(item.span));
        }
        let mut more = Fields::default();
        for (key, name) in [("ScaleOutCooldown", "out_seconds"), ("ScaleInCooldown", "in_seconds")] {
            more.maybe(name, node.get(key).and_then(|node| self.number(node, &format!("`{key}`"))));
        }
        Some(QueueScaling { span: node.span, steps: draft::list(steps.span, all), most, more })
    }
}
