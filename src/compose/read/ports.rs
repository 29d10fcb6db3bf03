//! `ports` and `expose`: what containers listen on. Which port of a host that is published as means nothing on Fargate,
//! where every task has addresses of its own.

use super::super::model::Port;
use super::{Kind, Node, Reader};
use crate::diagnostics::{Code, Diagnostic};

/// Ports that one line may mean.
const MOST: i64 = 100;

impl Reader<'_> {
    pub(super) fn ports(&mut self, service: &Node) -> Vec<Port> {
        let mut found: Vec<Port> = Vec::new();
        for key in ["ports", "expose"] {
            let Some(node) = service.get(key) else { continue };
            for item in self.items(node, &format!("`{key}`")) {
                for port in self.port(item) {
                    let is_known = found.iter().any(|known| known.number == port.number && known.is_udp == port.is_udp);
                    if !is_known {
                        found.push(port);
                    }
                }
            }
        }
        found
    }

    fn port(&mut self, item: &Node) -> Vec<Port> {
        let span = item.span;
        let (target, protocol) = match &item.kind {
            Kind::Map(_) => {
                let known = ["app_protocol", "host_ip", "mode", "name", "protocol", "published", "target"];
                self.known("a port", item, &known);
                let Some(target) = item.get("target") else {
                    self.report(
                        Diagnostic::new(Code::MissingField, "a port has a `target`")
                            .at(span, "has none")
                            .help("add the port of the container: `target: 80`"),
                    );
                    return Vec::new();
                };
                let Some(target) = self.word(target, "`target`") else { return Vec::new() };
                let protocol = item.get("protocol").and_then(|node| self.word(node, "`protocol`"));
                (target, protocol.unwrap_or_else(|| "tcp".into()))
            }
            _ => {
                let Some(word) = self.word(item, "a port") else { return Vec::new() };
                let (ports, protocol) = word.split_once('/').unwrap_or((&word, "tcp"));
                // `[HOST:][PUBLISHED:]TARGET`, where the host may be an IPv6 address.
                let target = ports.rsplit(':').next().unwrap_or(ports);
                (target.into(), protocol.into())
            }
        };
        if !self.one_of("the protocol of a port", &protocol, span, &["tcp", "udp"]) {
            return Vec::new();
        }
        let (from, to) = target.split_once('-').unwrap_or((&target, &target));
        let range = from.parse::<i64>().ok().zip(to.parse::<i64>().ok());
        match range.filter(|(from, to)| 1 <= *from && from <= to && *to <= 65535 && to - from < MOST) {
            Some((from, to)) => (from..=to).map(|number| Port { number, is_udp: &*protocol == "udp", span }).collect(),
            None => {
                self.report(
                    Diagnostic::new(Code::BadValue, format!("`{target}` is no port of a container"))
                        .at(span, "in this one")
                        .help(format!("write a number from 1 to 65535, or a range of at most {MOST}: `\"8080:80\"`")),
                );
                Vec::new()
            }
        }
    }
}
