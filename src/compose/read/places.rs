//! What services stand in: `x-vpc`, `x-cluster`, `x-cloudmap`; and `x-tags`.

use super::super::draft::Fields;
use super::super::model::{Cluster, Named, Namespace, Network};
use super::super::{draft, not_carried};
use super::{Entry, Kind, Node, Reader};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::Expr;

/// What `x-vpc.Use` says, and what the braces call it.
const USED: [(&str, &str); 4] = [
    ("VpcId", "vpc"),
    ("AppSubnets", "private_subnets"),
    ("PublicSubnets", "public_subnets"),
    ("StorageSubnets", "isolated_subnets"),
];

/// Days that Compose-X keeps the logs of sessions in containers.
const SESSIONS: i64 = 120;

impl Reader<'_> {
    pub(super) fn cluster(&mut self, whole: &Node, span: Span) -> Cluster {
        let Some(node) = whole.get("x-cluster") else {
            let mut fields = Fields::default();
            fields.put("exec_log_days", draft::int(span, SESSIONS));
            return Cluster::Made(span, fields);
        };
        self.map(node, "`x-cluster`");
        self.known("`x-cluster`", node, &["Lookup", "Properties", "Use"]);
        if let Some(name) = node.get("Use").or_else(|| node.get("Lookup")) {
            if let Kind::Map(_) = name.kind {
                self.report(not_carried(
                    "the look-up of a cluster by its tags",
                    name.span,
                    "what is built would depend on what is in AWS by now",
                    "give its name: `Use: NAME`",
                ));
            } else if let Some(name) = self.string(name, "the name of a cluster") {
                return Cluster::Known(name);
            }
        }
        let mut properties = self.properties(node.get("Properties"));
        let mut fields = Fields::default();
        fields.maybe("name", properties.take("ClusterName"));
        fields.put("exec_log_days", draft::int(node.span, SESSIONS));
        fields.object("properties", node.span, properties);
        Cluster::Made(node.span, fields)
    }

    pub(super) fn network(&mut self, whole: &Node) -> Network {
        let mut network = Network::default();
        let Some(node) = whole.get("x-vpc") else { return network };
        network.span = Some(node.span);
        self.map(node, "`x-vpc`");
        for lookup in node.entries().iter().filter(|entry| &*entry.key == "Lookup") {
            self.no_lookup(
                "a VPC",
                lookup,
                "give the ids: `Use: { VpcId: …, AppSubnets: […], PublicSubnets: […] }`, or those of a stack in the braces: \
                 `vpc: network.Vpc`",
            );
        }
        self.known("`x-vpc`", node, &["Create", "Lookup", "Properties", "Use"]);
        if let Some(used) = node.get("Use") {
            self.map(used, "`Use`");
            let known: Vec<&str> = USED.iter().map(|(name, _)| *name).collect();
            self.known("`Use`", used, &known);
            for (key, name) in USED {
                network.known.maybe(name, used.get(key).and_then(|node| self.verbatim(node)));
            }
            return network;
        }
        let Some(made) = node.get("Properties").or_else(|| node.get("Create")) else { return network };
        self.map(made, "the properties of a VPC");
        self.known("a VPC", made, &["DisableNat", "EndPoints", "Endpoints", "SingleNat", "VpcCidr"]);
        if let Some(cidr) = made.get("VpcCidr")
            && let Some(text) = self.text(cidr, "`VpcCidr`")
        {
            layout(&text.expr(), &mut network.made);
        }
        let off = made.get("DisableNat").and_then(|node| Some((self.truth(node, "`DisableNat`")?, node.span)));
        let single = made.get("SingleNat").and_then(|node| Some((self.truth(node, "`SingleNat`")?, node.span)));
        let nat = match (off, single) {
            (Some((true, span)), _) => Some(("none", span)),
            (_, Some((true, span))) => Some(("single", span)),
            (_, Some((false, span))) => Some(("per_zone", span)),
            _ => None,
        };
        network.made.maybe("nat", nat.map(|(nat, span)| draft::text(span, nat)));
        self.endpoints(made, &mut network.made);
        network
    }

    /// Services that are reached from inside the VPC; none where nothing is said of them.
    fn endpoints(&mut self, made: &Node, fields: &mut Fields) {
        let (mut gateways, mut interfaces) = (Vec::new(), Vec::new());
        let node = made.get("Endpoints").or_else(|| made.get("EndPoints"));
        if let Some(node) = node {
            self.known("`Endpoints`", node, &["AwsServices"]);
        }
        let services = node.and_then(|node| node.get("AwsServices"));
        for item in services.map_or(&[][..], |node| self.items(node, "`AwsServices`")) {
            self.known("an endpoint", item, &["service"]);
            let named = item.get("service").unwrap_or(item);
            let Some(word) = self.word(named, "the name of a service of AWS") else { continue };
            let list = if matches!(&*word, "s3" | "dynamodb") { &mut gateways } else { &mut interfaces };
            list.push(draft::text(named.span, &word));
        }
        let span = node.map_or(made.span, |node| node.span);
        fields.put("gateway_endpoints", draft::list(span, gateways));
        fields.list("interface_endpoints", span, interfaces);
    }

    pub(super) fn namespace(&mut self, entry: &Entry) -> Option<Namespace> {
        let node = &entry.value;
        let what = format!("the namespace `{}`", entry.key);
        self.map(node, &what);
        for lookup in node.entries().iter().filter(|entry| &*entry.key == "Lookup") {
            self.no_lookup("a namespace", lookup, "give the id of one in the braces: `namespace: network.Namespace`");
        }
        self.known(&what, node, &["Lookup", "Name", "ZoneName"]);
        let Some(zone) = node.get("ZoneName").or_else(|| node.get("Name")) else {
            self.report(
                Diagnostic::new(Code::MissingField, format!("{what} has no `ZoneName`"))
                    .at(entry.key_span, "what names in it end with is not said")
                    .help("add it: `ZoneName: shop.internal`"),
            );
            return None;
        };
        let zone = self.string(zone, "`ZoneName`")?;
        Some(Namespace { named: Named { name: entry.key.clone(), span: entry.key_span }, zone })
    }

    /// A map, or a list of names and values.
    pub(super) fn tags(&mut self, node: &Node) -> Option<Expr> {
        let mut fields = Fields::default();
        match &node.kind {
            Kind::List(items) => {
                for item in items {
                    self.known("a tag", item, &["name", "value"]);
                    let name = item.get("name").and_then(|node| self.named(node, "`name`"));
                    let value = item.get("value").and_then(|node| self.text(node, "`value`"));
                    if let (Some(name), Some(value)) = (name, value) {
                        fields.at(&name.name, name.span, value.expr());
                    }
                }
            }
            _ => {
                for entry in self.map(node, "`x-tags`") {
                    if let Some(value) = self.text(&entry.value, "a tag") {
                        fields.at(&entry.key, entry.key_span, value.expr());
                    }
                }
            }
        }
        (!fields.is_empty()).then(|| fields.expr(node.span))
    }
}

/// The addresses as Compose-X deals them out over two zones: half for the services, a quarter each for what is public and
/// for storage.
fn layout(cidr: &Expr, made: &mut Fields) {
    let span = cidr.span;
    let blocks = |bits: i64, first: i64| {
        let block =
            |at| draft::call(span, "cidr_subnet", vec![cidr.clone(), draft::int(span, bits), draft::int(span, at)]);
        draft::list(span, vec![block(first), block(first + 1)])
    };
    made.put("cidr", cidr.clone());
    made.put("isolated", draft::truth(span, true));
    made.put("private_cidrs", blocks(2, 0));
    made.put("public_cidrs", blocks(3, 4));
    made.put("isolated_cidrs", blocks(3, 6));
}
