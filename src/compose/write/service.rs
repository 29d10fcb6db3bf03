//! A family as a `std::fargate_service`.

use super::super::draft::{self, Fields};
use super::super::model::{Cluster, Model, Named, Port, QueueUse, Scaling, Service, Tier};
use super::super::{not_carried, units};
use super::Writer;
use super::family::{self, Family};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::Expr;

/// Seconds that names in Cloud Map are remembered, as Compose-X has it.
const TTL: i64 = 15;

impl Writer<'_> {
    pub(super) fn services(&mut self) {
        let families = family::all(self.model);
        for family in &families {
            self.family(family, &families);
        }
        for family in &families {
            self.ingress(family, &families);
        }
    }

    fn family(&mut self, family: &Family<'_>, all: &[Family<'_>]) {
        let (main, span) = (family.main, family.main.named.span);
        let mut fields = Fields::default();
        fields.put("cluster", self.cluster(span));
        let makes_strategy = matches!(&self.model.cluster, Cluster::Made(_, made) if made.has("properties"));
        if makes_strategy && self.given.place("cluster").is_none() {
            fields.put("capacity", draft::text(span, "cluster"));
        }
        let tier = family.containers().find_map(|service| service.tier).unwrap_or(Tier::Private);
        fields.maybe("subnets", self.subnets(tier, span)).maybe("vpc", self.vpc(span));
        fields.maybe("public_ip", family.containers().find_map(|service| service.public_ip.clone()));
        fields.put("container_name", draft::text(span, &main.named.name));
        fields.put("image", main.image.expr());
        self.size(family, &mut fields);
        if let Some(span) = family.containers().find_map(|service| service.is_arm) {
            fields.put("architecture", draft::text(span, "ARM64"));
        }
        fields.maybe("command", main.command.clone()).maybe("entry_point", main.entry_point.clone());
        fields.object("environment", span, self.environment(main));
        fields.object("secrets", span, main.secrets.clone());
        let mut volumes = Vec::new();
        let mut container = main.container.clone();
        self.task_parts(main, family, &mut container, &mut volumes);
        let mut sidecars = Fields::default();
        for service in &family.beside {
            let sidecar = self.sidecar(service, family, &mut volumes);
            sidecars.at(&service.named.name, service.named.span, sidecar);
        }
        fields.object("sidecars", span, sidecars);
        fields.maybe("log_days", family.containers().find_map(|service| service.log_days.clone()));
        fields.maybe("log_group", family.containers().find_map(|service| service.log_group.clone()));
        self.permissions(family, &mut fields);
        self.behind(family, &mut fields, &mut container);
        fields.maybe("count", family.containers().find_map(|service| service.count.clone()));
        self.scaling(family, &mut fields);
        self.discovery(main, &mut fields);
        fields.object("container", span, container);
        let mut task = Fields::default();
        task.list("Volumes", span, volumes);
        fields.object("task", span, task);
        let mut service = Fields::default();
        service.maybe("DeploymentConfiguration", family.containers().find_map(|service| service.deployment.clone()));
        fields.object("service", span, service);
        let after = after(family, all);
        self.body.push(draft::resource(span, &family.resource, "std::fargate_service", fields, &after));
    }

    /// The smallest task that has what all containers ask for together.
    fn size(&mut self, family: &Family<'_>, fields: &mut Fields) {
        let cpu: i64 = family.containers().map(|service| service.cpu).sum();
        let memory: i64 = family.containers().map(|service| service.memory).sum();
        if cpu == 0 && memory == 0 {
            return;
        }
        let span = family.main.size_span;
        match units::fargate(cpu, memory) {
            Some((cpu, memory)) => {
                fields.put("cpu", draft::int(span, cpu)).put("memory", draft::int(span, memory));
            }
            None => self.problems.push(
                Diagnostic::new(Code::OutOfRange, "Fargate has no task as large as this")
                    .at(span, format!("{cpu} CPU units and {memory} MiB"))
                    .help("ask for at most 16 processors and 120 GiB in all containers of a task"),
            ),
        }
    }

    /// Its own variables, and those of the queues that it uses.
    fn environment(&self, service: &Service) -> Fields {
        let mut fields = service.environment.clone();
        for one in uses(self.model, service) {
            for (name, attribute, span) in &one.environment {
                // What the service says itself wins.
                if !fields.has(name) && !service.secrets.has(name) {
                    let value = self.model.names.queue_attribute(&one.queue.name, attribute, *span);
                    if let Some(value) = value {
                        fields.at(name, *span, value);
                    }
                }
            }
        }
        fields
    }

    /// What of a container's definition speaks of others: mounts, ports but the first, what it waits for.
    fn task_parts(&mut self, service: &Service, family: &Family<'_>, container: &mut Fields, volumes: &mut Vec<Expr>) {
        let span = service.named.span;
        let mut mounts = Vec::new();
        for (at, mount) in service.mounts.iter().enumerate() {
            let at_span = mount.path.span;
            let name = match &mount.volume {
                Some(volume) => volume.name.to_string(),
                None => format!("{}-{}", service.named.name, at + 1),
            };
            let mut volume = Fields::default();
            volume.put("Name", draft::text(at_span, &name));
            let known = mount.volume.as_ref();
            let known =
                known.and_then(|named| self.model.volumes.iter().find(|volume| volume.named.name == named.name));
            if let Some(file_system) = known.and_then(|volume| volume.file_system.clone()) {
                let mut efs = Fields::default();
                efs.put("FilesystemId", file_system).put("TransitEncryption", draft::text(at_span, "ENABLED"));
                volume.object("EFSVolumeConfiguration", at_span, efs);
            }
            let is_new = !volumes.iter().any(|known| called(known, &name));
            if is_new {
                volumes.push(volume.expr(at_span));
            }
            let mut point = Fields::default();
            point.put("SourceVolume", draft::text(at_span, &name)).put("ContainerPath", mount.path.expr());
            point.maybe("ReadOnly", mount.read_only.map(|span| draft::truth(span, true)));
            mounts.push(point.expr(at_span));
        }
        container.list("MountPoints", span, mounts);
        let mut waits = Vec::new();
        for (other, condition) in waits_for(service, family) {
            let mut one = Fields::default();
            one.put("ContainerName", draft::text(other.span, &other.name));
            one.put("Condition", draft::text(other.span, condition));
            waits.push(one.expr(other.span));
        }
        container.list("DependsOn", span, waits);
    }

    fn sidecar(&mut self, service: &Service, family: &Family<'_>, volumes: &mut Vec<Expr>) -> Expr {
        let span = service.named.span;
        let mut properties = service.container.clone();
        self.task_parts(service, family, &mut properties, volumes);
        properties.maybe("EntryPoint", service.entry_point.clone());
        let mut fields = Fields::default();
        fields.put("image", service.image.expr()).maybe("command", service.command.clone());
        match service.ports.as_slice() {
            [] => {}
            [Port { number, is_udp: false, span }] => drop(fields.put("port", draft::int(*span, *number))),
            ports => drop(properties.put("PortMappings", mappings(span, ports))),
        }
        fields.object("environment", span, self.environment(service));
        fields.object("secrets", span, service.secrets.clone());
        let is_waited_for = |other: &Service| {
            waits_for(other, family)
                .any(|(one, condition)| one.name == service.named.name && matches!(condition, "COMPLETE" | "SUCCESS"))
        };
        // What others wait for to end must not end the task.
        if family.containers().any(is_waited_for) {
            fields.put("essential", draft::truth(span, false));
        }
        fields.object("properties", span, properties);
        fields.expr(span)
    }

    fn permissions(&self, family: &Family<'_>, fields: &mut Fields) {
        let span = family.main.named.span;
        let mut statements = Vec::new();
        for service in family.containers() {
            for one in uses(self.model, service) {
                let at = one.queue.span;
                let grants = one.grants.iter().filter_map(|grant| {
                    Some(draft::call(at, grant, vec![self.model.names.queue(&one.queue.name, at)?]))
                });
                statements.extend(grants);
            }
            statements.extend(service.statements.iter().cloned());
        }
        fields.list("statements", span, statements);
        let policies = family.containers().flat_map(|service| &service.policies).cloned().collect();
        fields.list("managed_policies", span, policies);
        fields.maybe("permissions_boundary", family.containers().find_map(|service| service.boundary.clone()));
    }

    /// The main port, and the load balancer before it.
    fn behind(&mut self, family: &Family<'_>, fields: &mut Fields, container: &mut Fields) {
        let main = family.main;
        let span = main.named.span;
        let tcp: Vec<&Port> = main.ports.iter().filter(|port| !port.is_udp).collect();
        for (_, target) in family::behind(self.model, main)
            .skip(1)
            .chain(family.beside.iter().flat_map(|service| family::behind(self.model, service)))
        {
            self.problems.push(not_carried(
                &format!("`{}` behind load balancers in two places", target.service.name),
                target.service.span,
                "a task is in one target group here",
                "keep one of them",
            ));
        }
        let port = match family.behind {
            Some((_, target)) if !main.ports.is_empty() && !tcp.iter().any(|port| port.number == target.port) => {
                let numbers: Vec<String> = tcp.iter().map(|port| port.number.to_string()).collect();
                let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
                self.problems.push(super::super::no_such("port", &target.port.to_string(), target.port_span, &numbers));
                return;
            }
            Some((_, target)) => Some((target.port, target.port_span)),
            None => tcp.first().map(|port| (port.number, port.span)),
        };
        if let Some((port, at)) = port {
            fields.put("port", draft::int(at, port));
        }
        let only = main.ports.len() == 1 && !tcp.is_empty();
        if main.ports.len() > 1 || (!main.ports.is_empty() && !only) {
            container.put("PortMappings", mappings(span, &main.ports));
        }
        let Some((balancer, target)) = family.behind else {
            fields.put("load_balancer", draft::text(span, "none"));
            return;
        };
        let Some(balancer) = self.model.names.get("x-elbv2", balancer) else { return };
        let at = target.service.span;
        fields.put("listener", draft::path(at, balancer, &[target.listener]));
        fields.put("rule", target.rule.clone().expr(target.rule_span));
        fields.put("allow", draft::list(at, vec![draft::path(at, balancer, &["security_group"])]));
        fields.maybe("health_path", target.health_path.clone());
        fields.object("target", at, target.group.clone());
    }

    /// `x-scaling`, and what queues ask for.
    fn scaling(&mut self, family: &Family<'_>, fields: &mut Fields) {
        let own: Option<&Scaling> = family.containers().find_map(|service| service.scaling.as_ref());
        let mut by_queue = None;
        for service in family.containers() {
            for one in uses(self.model, service).filter(|one| one.scaling.is_some()) {
                match by_queue {
                    None => by_queue = Some((one.queue.clone(), one.scaling.as_ref())),
                    Some(_) => {
                        let problem = not_carried(
                            &format!("two queues by which `{}` scales", service.named.name),
                            one.queue.span,
                            "a service follows one",
                            "keep `Scaling` for one of them",
                        );
                        self.problems.push(problem);
                        return;
                    }
                }
            }
        }
        let Some(span) = own.map(|own| own.span).or_else(|| Some(by_queue.as_ref()?.1?.span)) else { return };
        let most = by_queue.as_ref().and_then(|(_, scaling)| scaling.map(|scaling| scaling.most)).unwrap_or(1);
        let (min, max) = own.map_or((0, most), |own| (own.min, own.max));
        let mut scaling = Fields::default();
        scaling.put("min", draft::int(span, min)).put("max", draft::int(span, max));
        if let Some(own) = own {
            scaling.extend(own.more.clone());
        }
        if let Some((queue, Some(steps))) = by_queue {
            let mut of = Fields::default();
            of.maybe("name", self.model.names.queue_attribute(&queue.name, "QueueName", steps.span));
            of.put("steps", steps.steps.clone());
            scaling.put("queue", of.expr(steps.span));
            for name in ["out_seconds", "in_seconds"] {
                let value = steps.more.clone().take(name);
                scaling.maybe(name, value.filter(|_| !scaling.has(name)));
            }
        }
        fields.put("scaling", scaling.expr(span));
    }

    fn discovery(&self, main: &Service, fields: &mut Fields) {
        let Some((namespace, name)) = &main.discovery else { return };
        let span = namespace.span;
        let made = self.model.names.get("x-cloudmap", &namespace.name).map(|name| draft::name(span, name));
        let mut discovery = Fields::default();
        discovery.maybe("namespace", self.given.place("namespace").or(made)).put("name", name.expr());
        discovery.put("ttl", draft::int(span, TTL));
        if !main.ports.is_empty() {
            discovery.put("srv", draft::truth(span, true));
        }
        fields.put("discovery", discovery.expr(span));
    }
}

/// How a service uses queues.
fn uses<'m>(model: &'m Model, service: &Service) -> impl Iterator<Item = &'m QueueUse> {
    let name = service.named.name.clone();
    model.queues.iter().flat_map(|queue| &queue.uses).filter(move |one| one.service.name == name)
}

/// The containers of its own task that one waits for, and until when.
fn waits_for<'m>(service: &'m Service, family: &Family<'m>) -> impl Iterator<Item = (&'m Named, &'static str)> {
    service.depends_on.iter().filter_map(|(other, condition)| {
        let there = family.containers().find(|container| container.named.name == other.name)?;
        Some((other, condition.or(there.condition).unwrap_or("START")))
    })
}

/// The families that one comes after.
fn after(family: &Family<'_>, all: &[Family<'_>]) -> Vec<(String, Span)> {
    let mut found: Vec<(String, Span)> = Vec::new();
    for (other, _) in family.containers().flat_map(|service| &service.depends_on) {
        let Some(one) = all.iter().find(|one| one.has(&other.name)) else { continue };
        if one.resource != family.resource && !found.iter().any(|(name, _)| *name == one.resource) {
            found.push((one.resource.clone(), other.span));
        }
    }
    found
}

fn mappings(span: Span, ports: &[Port]) -> Expr {
    let mapping = |port: &Port| {
        let mut fields = Fields::default();
        fields.put("ContainerPort", draft::int(port.span, port.number));
        fields.put("Protocol", draft::text(port.span, if port.is_udp { "udp" } else { "tcp" }));
        fields.expr(port.span)
    };
    draft::list(span, ports.iter().map(mapping).collect())
}

/// Whether a volume has that name.
fn called(volume: &Expr, name: &str) -> bool {
    use crate::syntax::ast::{Entry, ExprKind};
    let ExprKind::Object(entries) = &volume.kind else { return false };
    matches!(entries.first(), Some(Entry::Field(_, Expr { kind: ExprKind::Str(text), .. })) if &**text == name)
}
