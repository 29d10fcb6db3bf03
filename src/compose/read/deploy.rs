//! `deploy`, `scale`, and how a service is updated.

use super::super::draft::Fields;
use super::super::model::Named;
use super::super::{draft, not_carried};
use super::{Kind, Node, Reader, keys};
use crate::source::Span;
use crate::syntax::ast::Expr;

/// What `deploy` says.
#[derive(Default)]
pub(super) struct Deploy {
    pub(super) count: Option<Expr>,
    pub(super) family: Option<Named>,
    pub(super) condition: Option<&'static str>,
    pub(super) deployment: Option<Expr>,
    /// Labels that mean nothing to us.
    pub(super) labels: Fields,
}

/// Until when a container waits for another one, as ECS says it.
const CONDITIONS: [&str; 4] = ["COMPLETE", "HEALTHY", "START", "SUCCESS"];

/// Labels of Compose-X that mean something.
const LABELS: [&str; 2] = ["ecs.depends.condition", "ecs.task.family"];

impl Reader<'_> {
    pub(super) fn deploy(&mut self, service: &Node) -> Deploy {
        let count = service.get("scale").and_then(|node| self.number(node, "`scale`"));
        let mut found = Deploy { count, ..Deploy::default() };
        let percents = [("x-aws-min_percent", "MinimumHealthyPercent"), ("x-aws-max_percent", "MaximumPercent")];
        let mut update = Fields::default();
        for (key, name) in percents {
            update.maybe(name, service.get(key).and_then(|node| self.number(node, &format!("`{key}`"))));
        }
        let mut update_span = service.span;
        if let Some(deploy) = service.get("deploy") {
            let entries = self.map(deploy, "`deploy`");
            self.fates("`deploy`", entries.iter(), keys::DEPLOY);
            if let Some(node) = deploy.get("replicas") {
                found.count = self.number(node, "`replicas`");
            }
            self.mode(deploy);
            for entry in deploy.get("labels").map_or(&[][..], |node| self.map(node, "`labels`")) {
                self.label(entry, &mut found);
            }
            if let Some(node) = deploy.get("update_config") {
                update_span = node.span;
                self.update(node, &mut update);
            }
        }
        if !update.is_empty() {
            if !update.has("MinimumHealthyPercent") {
                update.put("MinimumHealthyPercent", draft::int(update_span, 100));
            }
            if !update.has("MaximumPercent") {
                update.put("MaximumPercent", draft::int(update_span, 200));
            }
            if !update.has("DeploymentCircuitBreaker") {
                update.put("DeploymentCircuitBreaker", breaker(update_span, true, true));
            }
            found.deployment = Some(update.expr(update_span));
        }
        found
    }

    fn mode(&mut self, deploy: &Node) {
        let Some(node) = deploy.get("mode") else { return };
        let Some(word) = self.word(node, "`mode`") else { return };
        if &*word != "replicated" {
            self.report(not_carried(
                &format!("the mode `{word}`"),
                node.span,
                "Fargate has no nodes, and a service runs for ever",
                "write `mode: replicated`, and how many in `replicas`",
            ));
        }
    }

    fn label(&mut self, entry: &super::Entry, found: &mut Deploy) {
        match &*entry.key {
            "ecs.task.family" => found.family = self.named(&entry.value, "a family"),
            "ecs.depends.condition" => {
                if let Some(word) = self.word(&entry.value, "a condition") {
                    self.one_of("a condition", &word, entry.value.span, &CONDITIONS);
                    found.condition = CONDITIONS.into_iter().find(|known| *known == &*word);
                }
            }
            key if key.starts_with("ecs.") => self.unknown("what Compose-X reads of labels", entry, &LABELS),
            key => {
                let value = match entry.value.kind {
                    Kind::Null => Some(draft::text(entry.key_span, "")),
                    _ => self.string(&entry.value, "a label"),
                };
                if let Some(value) = value {
                    found.labels.at(key, entry.key_span, value);
                }
            }
        }
    }

    fn update(&mut self, node: &Node, update: &mut Fields) {
        self.map(node, "`update_config`");
        let known = ["delay", "failure_action", "max_failure_ratio", "monitor", "order", "parallelism"];
        self.known("`update_config`", node, &known);
        let span = node.span;
        if let Some(order) = node.get("order")
            && let Some(word) = self.word(order, "`order`")
            && self.one_of("`order`", &word, order.span, &["start-first", "stop-first"])
            && !update.has("MinimumHealthyPercent")
            && !update.has("MaximumPercent")
        {
            let (least, most) = if &*word == "start-first" { (100, 200) } else { (0, 100) };
            update.put("MinimumHealthyPercent", draft::int(order.span, least));
            update.put("MaximumPercent", draft::int(order.span, most));
        }
        if let Some(action) = node.get("failure_action")
            && let Some(word) = self.word(action, "`failure_action`")
            && self.one_of("`failure_action`", &word, action.span, &["continue", "pause", "rollback"])
        {
            update.put("DeploymentCircuitBreaker", breaker(span, &*word != "continue", &*word == "rollback"));
        }
    }
}

fn breaker(span: Span, is_on: bool, rolls_back: bool) -> Expr {
    let mut fields = Fields::default();
    fields.put("Enable", draft::truth(span, is_on)).put("Rollback", draft::truth(span, rolls_back));
    fields.expr(span)
}
