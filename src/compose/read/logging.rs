//! `logging` and `x-logging`.

use super::super::not_carried;
use super::{Node, Reader};
use crate::syntax::ast::Expr;

/// Drivers of a machine of its own, in whose place the logs go to CloudWatch.
const LOCAL: [&str; 4] = ["json-file", "journald", "local", "none"];

impl Reader<'_> {
    /// Days that the logs of a service are kept, and their group where it is there already.
    pub(super) fn logging(&mut self, service: &Node) -> (Option<Expr>, Option<Expr>) {
        let mut group = None;
        if let Some(node) = service.get("logging") {
            self.map(node, "`logging`");
            self.known("`logging`", node, &["driver", "options"]);
            let driver = node.get("driver").and_then(|driver| Some((self.word(driver, "`driver`")?, driver.span)));
            match driver {
                Some((driver, span)) if &*driver != "awslogs" && !LOCAL.contains(&&*driver) => {
                    self.report(not_carried(
                        &format!("the log driver `{driver}`"),
                        span,
                        "logs go to CloudWatch here",
                        "write `driver: awslogs`, or leave `logging` out",
                    ))
                }
                Some((driver, _)) if &*driver == "awslogs" => {
                    let options = node.get("options");
                    if let Some(options) = options {
                        let known =
                            ["awslogs-create-group", "awslogs-group", "awslogs-region", "awslogs-stream-prefix"];
                        self.known("the driver `awslogs`", options, &known);
                    }
                    let named = options.and_then(|options| options.get("awslogs-group"));
                    let made = options.and_then(|options| options.get("awslogs-create-group"));
                    let is_made = made.and_then(|made| self.truth(made, "`awslogs-create-group`")) == Some(true);
                    group = named.filter(|_| !is_made).and_then(|named| self.string(named, "`awslogs-group`"));
                }
                _ => {}
            }
        }
        let mut days = None;
        if let Some(node) = service.get("x-logging") {
            self.map(node, "`x-logging`");
            for fire in node.entries().iter().filter(|entry| &*entry.key == "FireLens") {
                self.report(not_carried(
                    "`FireLens`",
                    fire.key_span,
                    "this is not translated",
                    "add its container to the task: a service with the same label `ecs.task.family`",
                ));
            }
            self.known("`x-logging`", node, &["FireLens", "RetentionInDays"]);
            days = node.get("RetentionInDays").and_then(|node| self.number(node, "`RetentionInDays`"));
        }
        (days, group)
    }
}
