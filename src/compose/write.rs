//! The [`Model`] as statements.

use super::draft::{self, Fields};
use super::model::{Cluster, Model, Namespace, Queue, Tier};
use super::names::{CLUSTER, NAMES, NETWORK};
use super::{Given, Stack};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{Expr, Stmt};

mod family;
mod ingress;
mod service;

/// What everything is written with.
struct Writer<'m> {
    model: &'m Model,
    given: &'m Given,
    problems: &'m mut Vec<Diagnostic>,
    body: Vec<Stmt>,
}

/// All of it.
pub(super) fn stack(model: &Model, given: &Given, problems: &mut Vec<Diagnostic>) -> Stack {
    let mut writer = Writer { model, given, problems, body: Vec::new() };
    writer.body.extend(given.inputs().iter().map(|(name, default)| draft::input(name, default)));
    writer.places();
    for queue in &model.queues {
        writer.queue(queue);
    }
    writer.balancers();
    writer.services();
    writer.outputs();
    Stack { body: writer.body, tags: model.tags.clone() }
}

impl Writer<'_> {
    fn resource(&mut self, span: Span, name: &str, ty: &str, fields: Fields) {
        self.body.push(draft::resource(span, name, ty, fields, &[]));
    }

    /// The network, the cluster and the namespaces, as far as none is given.
    fn places(&mut self) {
        let model = self.model;
        if self.makes_network() {
            let span = model.network.span.unwrap_or(model.span);
            self.resource(span, NETWORK, "std::network", model.network.made.clone());
        }
        if let (Cluster::Made(span, fields), None) = (&model.cluster, self.given.place("cluster")) {
            self.resource(*span, CLUSTER, "std::cluster", fields.clone());
        }
        if self.given.place("namespace").is_some() {
            return;
        }
        if let ([namespace], true) = (model.namespaces.as_slice(), self.makes_network()) {
            self.short_names(namespace);
        }
        for namespace in &model.namespaces {
            let span = namespace.named.span;
            let Some(name) = model.names.get("x-cloudmap", &namespace.named.name) else { continue };
            let mut fields = Fields::default();
            fields.put("Name", namespace.zone.clone());
            let vpc =
                self.vpc(span).or_else(|| Some(draft::call(span, "vpc_of", vec![self.subnets(Tier::Private, span)?])));
            fields.maybe("Vpc", vpc);
            self.resource(span, name, "AWS::ServiceDiscovery::PrivateDnsNamespace", fields);
        }
    }

    /// Names without a domain, as services call each other under compose, are looked for in the one namespace.
    fn short_names(&mut self, namespace: &Namespace) {
        let span = namespace.named.span;
        let mut options = Fields::default();
        options.put("DomainName", namespace.zone.clone());
        options.put("DomainNameServers", draft::list(span, vec![draft::text(span, "AmazonProvidedDNS")]));
        self.resource(span, NAMES, "AWS::EC2::DHCPOptions", options);
        let mut association = Fields::default();
        association.put("VpcId", draft::path(span, NETWORK, &["vpc"])).put("DhcpOptionsId", draft::name(span, NAMES));
        self.resource(span, &format!("{NAMES}Association"), "AWS::EC2::VPCDHCPOptionsAssociation", association);
    }

    /// What is given of the network, in the braces or in the files.
    fn given_place(&self, name: &str) -> Option<Expr> {
        self.given.place(name).or_else(|| self.model.network.known.clone().take(name))
    }

    fn makes_network(&self) -> bool {
        let all = ["vpc", "private_subnets", "public_subnets", "isolated_subnets"];
        all.iter().all(|name| self.given_place(name).is_none())
    }

    /// The VPC, where it is not the one of the subnets.
    fn vpc(&self, span: Span) -> Option<Expr> {
        match self.makes_network() {
            true => Some(draft::path(span, NETWORK, &["vpc"])),
            false => self.given_place("vpc"),
        }
    }

    fn subnets(&mut self, tier: Tier, span: Span) -> Option<Expr> {
        let name = match tier {
            Tier::Public => "public_subnets",
            Tier::Private => "private_subnets",
            Tier::Isolated => "isolated_subnets",
        };
        if self.makes_network() {
            return Some(draft::path(span, NETWORK, &[name]));
        }
        let found = self.given_place(name);
        if found.is_none() {
            self.problems.push(
                Diagnostic::new(Code::MissingArgument, format!("the stack is not given its `{name}`"))
                    .at(span, "stands in them")
                    .help(format!(
                        "give them in the braces: `{name}: network.PublicSubnets`, or give nothing of the network"
                    )),
            );
        }
        found
    }

    fn cluster(&self, span: Span) -> Expr {
        match (self.given.place("cluster"), &self.model.cluster) {
            (Some(given), _) => given,
            (None, Cluster::Known(name)) => name.clone(),
            (None, Cluster::Made(..)) => draft::path(span, CLUSTER, &["cluster"]),
        }
    }

    fn queue(&mut self, queue: &Queue) {
        let Some(name) = self.model.names.get("x-sqs", &queue.named.name) else { return };
        self.resource(queue.named.span, name, "std::queue", queue.fields.clone());
    }

    fn balancers(&mut self) {
        let model = self.model;
        for balancer in &model.balancers {
            let span = balancer.named.span;
            let Some(name) = model.names.get("x-elbv2", &balancer.named.name) else { continue };
            let tier = if balancer.is_internal { Tier::Private } else { Tier::Public };
            let mut fields = Fields::default();
            fields.maybe("subnets", self.subnets(tier, span)).maybe("vpc", self.vpc(span));
            fields.extend(balancer.fields.clone());
            self.resource(span, name, "std::load_balancer", fields);
        }
    }

    /// What other stacks and people may want to know.
    fn outputs(&mut self) {
        let model = self.model;
        let mut add = |span, name: String, value, doc: String| self.body.push(draft::output(span, &name, value, &doc));
        for balancer in &model.balancers {
            let (span, called) = (balancer.named.span, &balancer.named.name);
            if let Some(name) = model.names.get("x-elbv2", called) {
                let value = draft::path(span, name, &["url"]);
                add(span, format!("{name}Url"), value, format!("The URL of the load balancer `{called}`"));
            }
        }
        for queue in &model.queues {
            let (span, called) = (queue.named.span, &queue.named.name);
            if let Some(name) = model.names.get("x-sqs", called) {
                let value = draft::path(span, name, &["url"]);
                add(span, format!("{name}Url"), value, format!("The URL of the queue `{called}`"));
            }
        }
        for family in family::all(model) {
            let span = family.main.named.span;
            let value = draft::path(span, &family.resource, &["security_group"]);
            let doc = format!("The security group of `{}`, for what it uses to let it in", family.main.named.name);
            add(span, format!("{}Security", family.resource), value, doc);
        }
    }
}
