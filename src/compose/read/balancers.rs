//! `x-elbv2`

use super::super::draft::Fields;
use super::super::model::{Balancer, Named, Target};
use super::super::{draft, not_carried};
use super::{Entry, Kind, Node, Reader};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::Expr;

/// `MacroParameters`, and the attributes of load balancers that they are.
const ATTRIBUTES: [(&str, &str); 6] = [
    ("cross_zone", "load_balancing.cross_zone.enabled"),
    ("desync_mitigation_mode", "routing.http.desync_mitigation_mode"),
    ("drop_invalid_header_fields", "routing.http.drop_invalid_header_fields.enabled"),
    ("http2", "routing.http2.enabled"),
    ("idle_timeout_seconds", "idle_timeout.timeout_seconds"),
    ("timeout_seconds", "idle_timeout.timeout_seconds"),
];

/// `healthcheck`: `port:protocol:healthy:unhealthy:interval:timeout:path:codes`.
const HEALTH: [(usize, &str); 4] = [
    (2, "HealthyThresholdCount"),
    (3, "UnhealthyThresholdCount"),
    (4, "HealthCheckIntervalSeconds"),
    (5, "HealthCheckTimeoutSeconds"),
];

/// A service behind a load balancer, without the rule by which requests come to it.
struct Behind {
    service: Named,
    port: i64,
    port_span: Span,
    health_path: Option<Expr>,
    group: Fields,
}

/// What a listener is, and who is asked for there.
struct Listener {
    port: i64,
    is_https: bool,
    redirects: bool,
    certificate: Option<Expr>,
    targets: Vec<(Named, Fields, Span)>,
}

impl Reader<'_> {
    pub(super) fn balancer(&mut self, entry: &Entry) -> Option<Balancer> {
        let (node, what) = (&entry.value, format!("the load balancer `{}`", entry.key));
        self.map(node, &what);
        for lookup in node.entries().iter().filter(|entry| matches!(&*entry.key, "Lookup" | "Use")) {
            self.no_lookup("a load balancer", lookup, "declare the services of a shared one in the source");
        }
        let known = ["Listeners", "Lookup", "MacroParameters", "Properties", "Services", "Settings", "Use"];
        self.known(&what, node, &known);
        let mut fields = self.properties(node.get("Properties"));
        let is_network = fields.take("Type").filter(|kind| !is_text(kind, "application"));
        if let Some(kind) = is_network {
            self.report(not_carried(
                &format!("{what}, which is none of applications,"),
                kind.span,
                "services stand behind those that speak HTTP",
                "write `Type: application`",
            ));
        }
        let mut made = Fields::default();
        let scheme = fields.take("Scheme");
        let is_internal = scheme.as_ref().is_some_and(|scheme| is_text(scheme, "internal"));
        made.maybe("scheme", scheme);
        self.macros(node, &mut made);
        let mut listeners = Vec::new();
        for item in node.get("Listeners").map_or(&[][..], |node| self.items(node, "`Listeners`")) {
            listeners.extend(self.listener(item));
        }
        self.listeners(entry, &listeners, &mut made);
        made.object("properties", entry.key_span, fields);
        let behind = self.behind(node);
        let has_both = listeners.len() > 1;
        let mut targets = Vec::new();
        let mut asked: Vec<&Listener> = listeners.iter().filter(|listener| !listener.redirects).collect();
        asked.sort_by_key(|listener| !listener.is_https);
        for one in behind {
            let of =
                |listener: &&&Listener| listener.targets.iter().any(|(service, ..)| service.name == one.service.name);
            let Some(listener) = asked.iter().find(of) else {
                self.report(
                    Diagnostic::new(
                        Code::MissingField,
                        format!("no listener sends requests to `{}`", one.service.name),
                    )
                    .at(one.service.span, "nobody comes here")
                    .help(format!("add it to the `Targets` of a listener: `name: {}`, `access: /`", one.service.name)),
                );
                continue;
            };
            let Some((_, rule, rule_span)) =
                listener.targets.iter().find(|(service, ..)| service.name == one.service.name)
            else {
                continue;
            };
            targets.push(Target {
                listener: match (has_both, listener.is_https) {
                    (false, _) => "listener",
                    (true, true) => "https_listener",
                    (true, false) => "http_listener",
                },
                rule: rule.clone(),
                rule_span: *rule_span,
                service: one.service,
                port: one.port,
                port_span: one.port_span,
                health_path: one.health_path,
                group: one.group,
            });
        }
        for (service, ..) in listeners.iter().flat_map(|listener| &listener.targets) {
            let is_known = targets.iter().any(|target| target.service.name == service.name);
            if !is_known && self.names.get("services", &service.name).is_some() && !self.has_errors() {
                self.report(
                    Diagnostic::new(Code::MissingField, format!("`Services` says nothing of `{}`", service.name))
                        .at(service.span, "which port it listens on is not said")
                        .help("add it to the `Services` of the load balancer, with its `port`"),
                );
            }
        }
        let named = Named { name: entry.key.clone(), span: entry.key_span };
        Some(Balancer { named, fields: made, is_internal, targets })
    }

    fn macros(&mut self, node: &Node, made: &mut Fields) {
        let Some(macros) = node.get("MacroParameters") else { return };
        let mut attributes = Fields::default();
        let known: Vec<&str> = ATTRIBUTES.iter().map(|(name, _)| *name).chain(["Ingress"]).collect();
        for entry in self.map(macros, "`MacroParameters`") {
            match ATTRIBUTES.iter().find(|(name, _)| *name == &*entry.key) {
                Some((_, attribute)) => {
                    if let Some(value) = self.verbatim(&entry.value) {
                        attributes.at(attribute, entry.key_span, value);
                    }
                }
                None if &*entry.key == "Ingress" => self.clients(&entry.value, made),
                None => self.unknown("`MacroParameters`", entry, &known),
            }
        }
        made.object("attributes", macros.span, attributes);
    }

    /// Who may reach a load balancer.
    fn clients(&mut self, node: &Node, made: &mut Fields) {
        self.map(node, "`Ingress`");
        self.known("`Ingress` of a load balancer", node, &["AwsSources", "ExtSources"]);
        let (mut blocks, mut groups) = (Vec::new(), Vec::new());
        for item in node.get("ExtSources").map_or(&[][..], |node| self.items(node, "`ExtSources`")) {
            self.known("a source", item, &["Description", "IPv4", "Name", "Ports"]);
            blocks.extend(item.get("IPv4").and_then(|node| self.string(node, "a block of addresses")));
        }
        for item in node.get("AwsSources").map_or(&[][..], |node| self.items(node, "`AwsSources`")) {
            self.known("a source", item, &["Description", "Id", "Type"]);
            groups.extend(item.get("Id").and_then(|node| self.string(node, "`Id`")));
        }
        // Where sources are named, these are all.
        made.put("allow_blocks", draft::list(node.span, blocks));
        made.list("allow", node.span, groups);
    }

    fn listener(&mut self, item: &Node) -> Option<Listener> {
        self.map(item, "a listener");
        let known = ["Certificates", "DefaultActions", "Port", "Protocol", "SslPolicy", "Targets"];
        self.known("a listener", item, &known);
        let Some(port_node) = item.get("Port") else {
            self.report(
                Diagnostic::new(Code::MissingField, "a listener has a `Port`")
                    .at(item.span, "has none")
                    .help("add it: `Port: 80`"),
            );
            return None;
        };
        let port = self.whole(port_node, "`Port`")?;
        let protocol = match item.get("Protocol") {
            Some(node) => self.word(node, "`Protocol`")?,
            None => if port == 443 { "HTTPS" } else { "HTTP" }.into(),
        };
        let is_https = &*protocol == "HTTPS";
        if (port, &*protocol) != (80, "HTTP") && (port, &*protocol) != (443, "HTTPS") {
            self.report(not_carried(
                &format!("a listener for {protocol} on port {port}"),
                port_node.span,
                "load balancers listen for HTTP on 80 and for HTTPS on 443 here",
                "choose one of these",
            ));
            return None;
        }
        let mut redirects = false;
        for action in item.get("DefaultActions").map_or(&[][..], |node| self.items(node, "`DefaultActions`")) {
            self.known("a default action", action, &["Redirect"]);
            let word = action.get("Redirect").and_then(|node| Some((self.word(node, "`Redirect`")?, node.span)));
            if let Some((word, span)) = word {
                redirects |= self.one_of("`Redirect`", &word, span, &["HTTP_TO_HTTPS"]);
            }
        }
        let mut certificate = None;
        for one in item.get("Certificates").map_or(&[][..], |node| self.items(node, "`Certificates`")) {
            for acm in one.entries().iter().filter(|entry| &*entry.key == "x-acm") {
                self.report(not_carried(
                    "`x-acm`",
                    acm.key_span,
                    "this is not translated",
                    "give the ARN: `CertificateArn: ${CERTIFICATE}`, with `variables: { CERTIFICATE: … }` in the braces",
                ));
            }
            self.known("a certificate", one, &["CertificateArn", "x-acm"]);
            certificate =
                one.get("CertificateArn").and_then(|node| self.string(node, "`CertificateArn`")).or(certificate);
        }
        let mut targets = Vec::new();
        for target in item.get("Targets").map_or(&[][..], |node| self.items(node, "`Targets`")) {
            targets.extend(self.target(target));
        }
        Some(Listener { port, is_https, redirects, certificate, targets })
    }

    /// The arguments that say what a load balancer listens to.
    fn listeners(&mut self, entry: &Entry, listeners: &[Listener], made: &mut Fields) {
        let http = listeners.iter().find(|listener| listener.port == 80);
        let https = listeners.iter().find(|listener| listener.is_https);
        if http.is_none() && https.is_none() && !self.has_errors() {
            self.report(
                Diagnostic::new(Code::MissingField, format!("the load balancer `{}` listens to nothing", entry.key))
                    .at(entry.key_span, "has no `Listeners`")
                    .help("add one: `Listeners: [{ Port: 80, Targets: [{ name: SERVICE, access: / }] }]`"),
            );
        }
        let certificate = https.and_then(|https| https.certificate.clone());
        if https.is_some() && certificate.is_none() && !self.has_errors() {
            self.report(
                Diagnostic::new(Code::MissingField, "a listener for HTTPS needs a certificate")
                    .at(entry.key_span, "of this load balancer")
                    .help("add `Certificates: [{ CertificateArn: … }]`"),
            );
        }
        let http = match (http, https) {
            (None, Some(_)) => Some("none"),
            (Some(http), Some(_)) if !http.redirects => Some("serve"),
            _ => None,
        };
        made.maybe("certificate", certificate).maybe("http", http.map(|http| draft::text(entry.key_span, http)));
    }

    /// `name: family:service`, `access: /path`, `access: host/path`.
    fn target(&mut self, node: &Node) -> Option<(Named, Fields, Span)> {
        self.map(node, "a target");
        self.known("a target", node, &["access", "name", "priority"]);
        let Some(name) = node.get("name") else {
            self.report(
                Diagnostic::new(Code::MissingField, "a target has a `name`")
                    .at(node.span, "has none")
                    .help("add the service"),
            );
            return None;
        };
        let service = self.behind_name(name)?;
        let mut rule = Fields::default();
        let (access, span) = match node.get("access") {
            Some(access) => (self.word(access, "`access`")?, access.span),
            None => ("/".into(), name.span),
        };
        let (host, path) = access.find('/').map_or((&*access, ""), |at| access.split_at(at));
        let host = host.split(':').next().unwrap_or_default();
        let path = path.trim_end_matches('/');
        let paths = if path.is_empty() { vec!["/*".to_owned()] } else { vec![path.to_owned(), format!("{path}/*")] };
        if host.is_empty() || !path.is_empty() {
            rule.put("paths", draft::list(span, paths.iter().map(|path| draft::text(span, path)).collect()));
        }
        if !host.is_empty() {
            rule.put("hosts", draft::list(span, vec![draft::text(span, host)]));
        }
        rule.maybe("priority", node.get("priority").and_then(|node| self.number(node, "`priority`")));
        Some((service, rule, span))
    }

    /// The services behind a load balancer: a list, or a map by their names.
    fn behind(&mut self, node: &Node) -> Vec<Behind> {
        let Some(services) = node.get("Services") else { return Vec::new() };
        let mut found = Vec::new();
        match &services.kind {
            Kind::List(items) => {
                for item in items {
                    let Some(name) = item.get("name") else {
                        self.report(
                            Diagnostic::new(Code::MissingField, "a service here has a `name`")
                                .at(item.span, "has none")
                                .help("add it: `name: SERVICE`"),
                        );
                        continue;
                    };
                    if let Some(service) = self.behind_name(name) {
                        found.extend(self.one_behind(service, item));
                    }
                }
            }
            _ => {
                for entry in self.map(services, "`Services`") {
                    let name = Node { span: entry.key_span, kind: Kind::Text(entry.key.clone()) };
                    if let Some(service) = self.behind_name(&name) {
                        found.extend(self.one_behind(service, &entry.value));
                    }
                }
            }
        }
        found
    }

    /// A service, which Compose-X calls `family:service`.
    fn behind_name(&mut self, node: &Node) -> Option<Named> {
        let word = self.word(node, "the name of a service")?;
        let name = word.rsplit(':').next().unwrap_or(&word);
        self.service_is_there(name, node.span).then(|| Named { name: name.into(), span: node.span })
    }

    fn one_behind(&mut self, service: Named, node: &Node) -> Option<Behind> {
        let known = ["TargetGroupAttributes", "healthcheck", "name", "port", "protocol"];
        self.known("a service behind a load balancer", node, &known);
        let Some(port_node) = node.get("port") else {
            self.report(
                Diagnostic::new(Code::MissingField, format!("the port of `{}` is not said", service.name))
                    .at(service.span, "has no `port`")
                    .help("add the port that the container listens on"),
            );
            return None;
        };
        let port = self.whole(port_node, "`port`")?;
        let mut group = Fields::default();
        if let Some(protocol) = node.get("protocol")
            && let Some(word) = self.word(protocol, "`protocol`")
            && self.one_of("`protocol`", &word, protocol.span, &["HTTP", "HTTPS"])
            && &*word == "HTTPS"
        {
            group.put("Protocol", draft::text(protocol.span, "HTTPS"));
        }
        let health_path = node.get("healthcheck").and_then(|health| self.health(health, &mut group));
        if let Some(attributes) = node.get("TargetGroupAttributes") {
            let value = match &attributes.kind {
                Kind::Map(entries) => {
                    let mut all = Vec::new();
                    for entry in entries {
                        let mut one = Fields::default();
                        one.put("Key", draft::text(entry.key_span, &entry.key))
                            .maybe("Value", self.verbatim(&entry.value));
                        all.push(one.expr(entry.key_span));
                    }
                    Some(draft::list(attributes.span, all))
                }
                _ => self.verbatim(attributes),
            };
            group.maybe("TargetGroupAttributes", value);
        }
        Some(Behind { service, port, port_span: port_node.span, health_path, group })
    }

    /// The path that is asked for; the rest goes to the target group.
    fn health(&mut self, node: &Node, group: &mut Fields) -> Option<Expr> {
        let word = self.word(node, "`healthcheck`")?;
        let (parts, span) = (word.split(':').collect::<Vec<_>>(), node.span);
        for (at, name) in HEALTH {
            if let Some(part) = parts.get(at) {
                let number = self.parsed(
                    node,
                    "`healthcheck`",
                    "`port:protocol:healthy:unhealthy:interval:timeout:path:codes`",
                    part.parse().ok(),
                )?;
                group.put(name, draft::int(span, number));
            }
        }
        if let Some(codes) = parts.get(7) {
            let mut matcher = Fields::default();
            matcher.put("HttpCode", draft::text(span, codes));
            group.put("Matcher", matcher.expr(span));
        }
        parts.get(6).map(|path| draft::text(span, path))
    }
}

fn is_text(of: &Expr, text: &str) -> bool {
    matches!(&of.kind, crate::syntax::ast::ExprKind::Str(is) if &**is == text)
}
