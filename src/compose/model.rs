//! What compose files say, as far as AWS has it: names resolved later, values as expressions with their places.

use std::sync::Arc;

use super::draft::Fields;
use super::names::Names;
use super::text::Text;
use crate::source::Span;
use crate::syntax::ast::Expr;

/// A name and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: Arc<str>,
    pub(super) span: Span,
}

/// All of it.
pub(super) struct Model {
    pub(super) names: Names,
    /// Where the files begin, for what no line of them says.
    pub(super) span: Span,
    pub(super) services: Vec<Service>,
    pub(super) balancers: Vec<Balancer>,
    pub(super) queues: Vec<Queue>,
    pub(super) namespaces: Vec<Namespace>,
    pub(super) cluster: Cluster,
    pub(super) network: Network,
    pub(super) volumes: Vec<Volume>,
    pub(super) tags: Option<Expr>,
}

/// The cluster, where the braces do not give one.
pub(super) enum Cluster {
    /// One that is there, by its name.
    Known(Expr),
    /// One to be made.
    Made(Span, Fields),
}

/// The VPC and its subnets, where the braces do not give them.
#[derive(Default)]
pub(super) struct Network {
    /// Where it is said, if it is.
    pub(super) span: Option<Span>,
    /// `vpc` and the lists of subnets that are there, by the names that the braces have for them.
    pub(super) known: Fields,
    /// Arguments of `std::network`.
    pub(super) made: Fields,
}

/// Which subnets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Tier {
    Public,
    Private,
    Isolated,
}

/// A service.
pub(super) struct Service {
    pub(super) named: Named,
    pub(super) image: Text,
    pub(super) command: Option<Expr>,
    pub(super) entry_point: Option<Expr>,
    pub(super) environment: Fields,
    /// Variables that are secrets.
    pub(super) secrets: Fields,
    /// Ports, each once, in the order of the file.
    pub(super) ports: Vec<Port>,
    /// More of its container definition, under the names that AWS has.
    pub(super) container: Fields,
    pub(super) mounts: Vec<Mount>,
    /// CPU units and MiB that it asks for.
    pub(super) cpu: i64,
    pub(super) memory: i64,
    pub(super) size_span: Span,
    pub(super) count: Option<Expr>,
    pub(super) is_arm: Option<Span>,
    pub(super) tier: Option<Tier>,
    /// The task that it is a container of, where it is not the only one.
    pub(super) family: Option<Named>,
    /// The services that it waits for, and until when, where it says so.
    pub(super) depends_on: Vec<(Named, Option<&'static str>)>,
    /// Until when others wait for it, where they do not say so.
    pub(super) condition: Option<&'static str>,
    pub(super) deployment: Option<Expr>,
    pub(super) log_days: Option<Expr>,
    pub(super) log_group: Option<Expr>,
    pub(super) scaling: Option<Scaling>,
    pub(super) public_ip: Option<Expr>,
    pub(super) discovery: Option<(Named, Text)>,
    pub(super) ingress: Vec<Ingress>,
    pub(super) policies: Vec<Expr>,
    pub(super) statements: Vec<Expr>,
    pub(super) boundary: Option<Expr>,
}

/// A port of a container.
#[derive(Clone, Debug)]
pub(super) struct Port {
    pub(super) number: i64,
    pub(super) is_udp: bool,
    pub(super) span: Span,
}

/// A volume in a container.
pub(super) struct Mount {
    /// The volume; none is one of its own.
    pub(super) volume: Option<Named>,
    pub(super) path: Text,
    pub(super) read_only: Option<Span>,
}

/// A volume that has a name.
pub(super) struct Volume {
    pub(super) named: Named,
    /// The EFS file system that it is; none is one that lasts as long as the task.
    pub(super) file_system: Option<Expr>,
}

/// `x-scaling`
pub(super) struct Scaling {
    pub(super) span: Span,
    pub(super) min: i64,
    pub(super) max: i64,
    /// More fields of `Scaling` of the standard library.
    pub(super) more: Fields,
}

/// Who may reach a service: one of `x-network.Ingress`.
pub(super) struct Ingress {
    pub(super) span: Span,
    /// For the name of the resource.
    pub(super) name: String,
    pub(super) source: Source,
    /// Ports; none are all.
    pub(super) ports: Vec<(i64, Span)>,
    pub(super) description: Option<Expr>,
}

/// Where requests come from.
pub(super) enum Source {
    /// A property of `AWS::EC2::SecurityGroupIngress`, and its value.
    Given(&'static str, Expr),
    Itself,
    Service(Named),
}

/// `x-elbv2`
pub(super) struct Balancer {
    pub(super) named: Named,
    /// Arguments of `std::load_balancer`.
    pub(super) fields: Fields,
    pub(super) is_internal: bool,
    pub(super) targets: Vec<Target>,
}

/// A service behind a load balancer.
pub(super) struct Target {
    pub(super) service: Named,
    pub(super) port: i64,
    pub(super) port_span: Span,
    /// `listener`, `http_listener`, `https_listener`
    pub(super) listener: &'static str,
    /// Fields of `Rule` of the standard library.
    pub(super) rule: Fields,
    pub(super) rule_span: Span,
    pub(super) health_path: Option<Expr>,
    /// More of the target group, under the names that AWS has.
    pub(super) group: Fields,
}

/// `x-sqs`
pub(super) struct Queue {
    pub(super) named: Named,
    /// Arguments of `std::queue`.
    pub(super) fields: Fields,
    pub(super) uses: Vec<QueueUse>,
}

/// A service that uses a queue.
pub(super) struct QueueUse {
    pub(super) service: Named,
    /// The queue; it may be the one for what nobody could handle.
    pub(super) queue: Named,
    pub(super) grants: &'static [&'static str],
    /// Names of variables, and the attributes that they have.
    pub(super) environment: Vec<(Arc<str>, &'static str, Span)>,
    /// Fields of `QueueScaling`, and the largest number of tasks in it.
    pub(super) scaling: Option<QueueScaling>,
}

/// How a service follows a queue.
pub(super) struct QueueScaling {
    pub(super) span: Span,
    pub(super) steps: Expr,
    pub(super) most: i64,
    pub(super) more: Fields,
}

/// `x-cloudmap`
pub(super) struct Namespace {
    pub(super) named: Named,
    pub(super) zone: Expr,
}
