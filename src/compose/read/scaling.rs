//! `x-scaling`

use super::super::model::Scaling;
use super::super::not_carried;
use super::{Fields, Node, Reader};

impl Reader<'_> {
    pub(super) fn scaling(&mut self, node: &Node) -> Option<Scaling> {
        self.map(node, "`x-scaling`");
        self.known("`x-scaling`", node, &["Range", "ScheduledActions", "TargetScaling"]);
        let range = node.get("Range");
        let (min, max) = match range {
            Some(range) => {
                let word = self.word(range, "`Range`")?;
                let parts = word.split_once('-').unwrap_or((&word, &word));
                let both = parts.0.trim().parse::<i64>().ok().zip(parts.1.trim().parse::<i64>().ok());
                self.parsed(range, "`Range`", "two numbers such as `\"1-10\"`", both.filter(|(min, max)| min <= max))?
            }
            None => (1, 1),
        };
        let mut more = Fields::default();
        if let Some(target) = node.get("TargetScaling") {
            self.map(target, "`TargetScaling`");
            let known = ["CpuTarget", "DisableScaleIn", "MemoryTarget", "ScaleInCooldown", "ScaleOutCooldown"];
            for entry in target.entries().iter().filter(|entry| &*entry.key == "DisableScaleIn") {
                if self.truth(&entry.value, "`DisableScaleIn`") == Some(true) {
                    self.report(not_carried(
                        "`DisableScaleIn`",
                        entry.key_span,
                        "tasks would be paid for ever",
                        "take it out, or declare an `AWS::ApplicationAutoScaling::ScalingPolicy` in the source",
                    ));
                }
            }
            self.known("`TargetScaling`", target, &known);
            let fields = [
                ("CpuTarget", "cpu"),
                ("MemoryTarget", "memory"),
                ("ScaleOutCooldown", "out_seconds"),
                ("ScaleInCooldown", "in_seconds"),
            ];
            for (key, name) in fields {
                more.maybe(name, target.get(key).and_then(|node| self.number(node, &format!("`{key}`"))));
            }
        }
        more.maybe("scheduled", node.get("ScheduledActions").and_then(|node| self.verbatim(node)));
        Some(Scaling { span: node.span, min, max, more })
    }
}
