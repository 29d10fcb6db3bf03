//! `networks`, and `x-network`: in which subnets a service is, what it is called there, who may reach it.

use super::super::model::{Ingress, Named, Service, Source, Tier};
use super::super::names::pascal;
use super::super::text::Text;
use super::super::{draft, no_such, not_carried};
use super::services::Tiers;
use super::{Entry, Kind, Node, Reader};
use crate::diagnostics::{Code, Diagnostic};

/// Groups of subnets, as Compose-X calls them.
const TIERS: [(&str, Tier); 3] =
    [("AppSubnets", Tier::Private), ("PublicSubnets", Tier::Public), ("StorageSubnets", Tier::Isolated)];

impl Reader<'_> {
    pub(super) fn tiers(&mut self, whole: &Node) -> Tiers {
        let mut tiers = Tiers::new();
        for entry in self.section(whole, "networks") {
            let node = &entry.value;
            self.map(node, "a network");
            let known = [
                "attachable",
                "driver",
                "driver_opts",
                "enable_ipv4",
                "enable_ipv6",
                "external",
                "internal",
                "ipam",
                "labels",
                "name",
                "x-vpc",
            ];
            self.known("a network", node, &known);
            let tier = node.get("x-vpc").and_then(|node| self.subnets(node));
            tiers.insert(entry.key.clone(), tier);
        }
        tiers
    }

    /// A group of subnets.
    pub(super) fn subnets(&mut self, node: &Node) -> Option<Tier> {
        let word = self.word(node, "a group of subnets")?;
        let found = TIERS.iter().find(|(name, _)| *name == &*word);
        if found.is_none() {
            self.report(no_such("group of subnets", &word, node.span, &TIERS.map(|(name, _)| name)));
        }
        found.map(|(_, tier)| *tier)
    }

    /// `x-network`
    pub(super) fn reach(&mut self, node: &Node, service: &mut Service) {
        let Some(network) = node.get("x-network") else { return };
        self.map(network, "`x-network`");
        for connect in network.entries().iter().filter(|entry| &*entry.key == "x-ecs_connect") {
            self.report(not_carried(
                "`x-ecs_connect`",
                connect.key_span,
                "services find each other by names of Cloud Map here",
                "write `x-cloudmap`, or give `service: { ServiceConnectConfiguration: … }` to a service of the source",
            ));
        }
        self.known("`x-network`", network, &["AssignPublicIp", "Ingress", "x-cloudmap", "x-ecs_connect"]);
        if let Some(node) = network.get("AssignPublicIp")
            && let Some(is) = self.truth(node, "`AssignPublicIp`")
        {
            service.public_ip = Some(draft::truth(node.span, is));
        }
        if let Some(node) = network.get("x-cloudmap") {
            service.discovery = self.discovery(node, &service.named);
        }
        let Some(ingress) = network.get("Ingress") else { return };
        for entry in self.map(ingress, "`Ingress`") {
            match &*entry.key {
                "Myself" => {
                    if self.truth(&entry.value, "`Myself`") == Some(true) {
                        service.ingress.push(from(entry, "Itself".to_owned(), Source::Itself));
                    }
                }
                "ExtSources" => self.each(entry, service, Self::outside),
                "AwsSources" => self.each(entry, service, Self::of_aws),
                "Services" => self.each(entry, service, Self::other_service),
                _ => self.unknown("`Ingress`", entry, &["AwsSources", "ExtSources", "Myself", "Services"]),
            }
        }
    }

    fn each(&mut self, entry: &Entry, service: &mut Service, read: fn(&mut Self, &Node) -> Option<(String, Source)>) {
        for item in self.items(&entry.value, &format!("`{}`", entry.key)) {
            let Some((name, source)) = read(self, item) else { continue };
            let mut ports = Vec::new();
            for port in item.get("Ports").map_or(&[][..], |node| self.items(node, "`Ports`")) {
                if let Some(number) = self.whole(port, "a port") {
                    let is_there = service.ports.iter().any(|known| known.number == number);
                    if !is_there {
                        let numbers: Vec<String> = service.ports.iter().map(|port| port.number.to_string()).collect();
                        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
                        self.report(no_such("port", &number.to_string(), port.span, &numbers));
                    }
                    ports.push((number, port.span));
                }
            }
            let description = item.get("Description").and_then(|node| self.string(node, "`Description`"));
            service.ingress.push(Ingress { span: item.span, name, source, ports, description });
        }
        if service.ports.is_empty() {
            self.report(
                Diagnostic::new(Code::MissingField, format!("the service `{}` listens on no port", service.named.name))
                    .at(entry.key_span, "nobody can reach it")
                    .help("add `ports` or `expose`, or take this out"),
            );
        }
    }

    fn outside(&mut self, item: &Node) -> Option<(String, Source)> {
        self.map(item, "a source");
        self.known("a source", item, &["Description", "IPv4", "IPv6", "Name", "Ports"]);
        let (property, node) = match (item.get("IPv4"), item.get("IPv6")) {
            (Some(node), None) => ("CidrIp", node),
            (None, Some(node)) => ("CidrIpv6", node),
            _ => {
                self.no_source(item, "`IPv4`, or `IPv6`");
                return None;
            }
        };
        let value = self.string(node, "a block of addresses")?;
        let name = match item.get("Name") {
            Some(name) => pascal(&self.word(name, "`Name`")?),
            None => pascal(&self.word(node, "a block of addresses")?),
        };
        Some((name, Source::Given(property, value)))
    }

    fn of_aws(&mut self, item: &Node) -> Option<(String, Source)> {
        self.map(item, "a source");
        for lookup in item.entries().iter().filter(|entry| &*entry.key == "Lookup") {
            self.no_lookup("a source", lookup, "give its `Id`");
        }
        self.known("a source", item, &["Description", "Id", "Lookup", "Ports", "Type"]);
        let (Some(kind), Some(id)) = (item.get("Type"), item.get("Id")) else {
            if item.get("Lookup").is_none() {
                self.no_source(item, "`Type` and `Id`");
            }
            return None;
        };
        let word = self.word(kind, "`Type`")?;
        if !self.one_of("`Type`", &word, kind.span, &["PrefixList", "SecurityGroup"]) {
            return None;
        }
        let property = if &*word == "SecurityGroup" { "SourceSecurityGroupId" } else { "SourcePrefixListId" };
        let text = self.text(id, "`Id`")?;
        let name = text.literal().map_or_else(|| word.to_string(), |id| pascal(&id));
        Some((name, Source::Given(property, text.expr())))
    }

    fn other_service(&mut self, item: &Node) -> Option<(String, Source)> {
        let node = match &item.kind {
            Kind::Map(_) => {
                self.known("a source", item, &["Description", "Name", "Ports"]);
                let Some(name) = item.get("Name") else {
                    self.no_source(item, "`Name`");
                    return None;
                };
                name
            }
            _ => item,
        };
        let named = self.named(node, "the name of a service")?;
        self.service_is_there(&named.name, named.span).then_some(())?;
        let name = self.names.get("services", &named.name)?.to_owned();
        Some((name, Source::Service(named)))
    }

    fn no_source(&mut self, item: &Node, wanted: &str) {
        self.report(
            Diagnostic::new(Code::MissingField, format!("this source has no {wanted}"))
                .at(item.span, "who may reach the service is not said")
                .help(format!("add {wanted}")),
        );
    }

    /// `x-cloudmap: NAMESPACE`, or `x-cloudmap: { NAMESPACE: { Name: backend } }`.
    fn discovery(&mut self, node: &Node, service: &Named) -> Option<(Named, Text)> {
        let (namespace, name) = match node.entries() {
            [] => (self.named(node, "the name of a namespace")?, None),
            [entry] => {
                self.known("a name in Cloud Map", &entry.value, &["Name", "Port"]);
                let namespace = Named { name: entry.key.clone(), span: entry.key_span };
                (namespace, entry.value.get("Name").and_then(|name| self.text(name, "`Name`")))
            }
            [_, more, ..] => {
                self.report(not_carried(
                    "a name in two namespaces",
                    more.key_span,
                    "a service has one",
                    "take one of them out",
                ));
                return None;
            }
        };
        if self.names.get("x-cloudmap", &namespace.name).is_none() {
            let problem = no_such("namespace", &namespace.name, namespace.span, &self.names.all("x-cloudmap"));
            self.report(problem);
            return None;
        }
        let name = name.unwrap_or_else(|| Text::plain(&service.name, service.span));
        Some((namespace, name))
    }
}

fn from(entry: &Entry, name: String, source: Source) -> Ingress {
    Ingress { span: entry.key_span, name, source, ports: Vec::new(), description: None }
}
