//! Resources: their logical ids, their attributes, their properties.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::schema::{Identifier, Node, NodeId, RefValue, ResourceType, Types};
use crate::semantics::declare::spelling;
use crate::semantics::decorators::{self, Target};
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::frame::{BlockId, Pending};
use crate::semantics::model;
use crate::semantics::units::UnitId;
use crate::semantics::value::{Later, LaterExpr, LaterType, ResourceRef, Value};
use crate::semantics::{conform, serverless, types};
use crate::source::Span;
use crate::syntax::ast::{Ident, Resource, Stmt};

mod arn;

pub(super) use arn::arn;

/// The types that have snapshots, as "`DeletionPolicy` attribute" in the user guide lists them.
const SNAPSHOTS: [&str; 8] = [
    "AWS::DocDB::DBCluster",
    "AWS::EC2::Volume",
    "AWS::ElastiCache::CacheCluster",
    "AWS::ElastiCache::ReplicationGroup",
    "AWS::Neptune::DBCluster",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
];

/// Characters of a custom resource's type, as "Custom resources" in the user guide has it.
const LONGEST_CUSTOM: usize = 60;

fn is_custom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@' | b'-')
}

impl<'p> Evaluator<'p> {
    /// Gives a resource its logical id and remembers that its properties are to be evaluated.
    /// `None` where its id is not known, which is reported.
    pub(super) fn make_resource(
        &mut self,
        stmt: &'p Stmt,
        resource: &'p Resource,
        key: Option<&Value>,
        block: BlockId,
    ) -> Arc<ResourceRef> {
        let known = self.resource_type(resource.ty.name);
        let name = resource.name;
        let shown = self.shown_as(name.name, key);
        let (id, at) = self.logical_id(stmt, name, key, &shown, block);
        let made = Arc::new(ResourceRef { id, ty: resource.ty.name, known, span: name.span, shown });
        if !self.dry {
            self.claim_id(&made, at);
            self.frame.by_id.insert(id, self.frame.pending.len());
        }
        let (unit, statement) = (self.frame.unit.id, self.frame.unit.root());
        let made_here = Arc::clone(&made);
        self.frame.pending.push(Pending { stmt, resource, made: made_here, unit, block, statement, dry: self.dry });
        made
    }

    /// As the source says it: `Public["a"]`, `App.Service`.
    pub(super) fn shown_as(&self, name: Name, key: Option<&Value>) -> Arc<str> {
        let (_, prefix) = self.frame.unit.prefix();
        let dot = if prefix.is_empty() { "" } else { "." };
        match key {
            None if prefix.is_empty() => name.as_str().into(),
            None => format!("{prefix}.{name}").into(),
            Some(Value::Str(key)) => format!("{prefix}{dot}{name}[\"{key}\"]").into(),
            Some(key) => format!("{prefix}{dot}{name}[{}]", super::access::text_of(key)).into(),
        }
    }

    /// The logical id of a resource, or what the ids of all in a component begin with; and where it comes from.
    pub(super) fn logical_id(
        &mut self,
        stmt: &'p Stmt,
        name: Ident,
        key: Option<&Value>,
        shown: &str,
        block: BlockId,
    ) -> (Name, Span) {
        let (prefix, _) = self.frame.unit.prefix();
        if !stmt.decorators.is_empty()
            && let Some((id, span)) = decorators::id(self, &stmt.decorators, &Scope::of(block))
        {
            return (Name::new(&format!("{prefix}{id}")), span);
        }
        let Some(key) = key else {
            let id = if prefix.is_empty() { name.name } else { Name::new(&format!("{prefix}{}", name.name)) };
            return (id, name.span);
        };
        let text = super::access::text_of(key);
        let tail = spelling::to_pascal(&text);
        if tail.is_empty() && !matches!(key, Value::Unknown) {
            self.report_value(
                Diagnostic::new(Code::InvalidName, format!("`{shown}` has no letter or digit in its key"))
                    .at(name.span, "the logical id is made of the key")
                    .help("use another key, or set the id: `@id(\"…\")`"),
            );
        }
        (Name::new(&format!("{prefix}{}{tail}", name.name)), name.span)
    }

    /// Enters a logical id, which must be well formed and free.
    fn claim_id(&mut self, made: &ResourceRef, at: Span) {
        let id = made.id.as_str();
        // How plain names are written is checked where they are declared.
        let is_plain = id == &*made.shown;
        if !is_plain
            && (id.len() > spelling::LONGEST_ID || id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric()))
        {
            self.report(
                Diagnostic::new(Code::InvalidName, format!("`{id}` cannot be a logical id"))
                    .at(at, format!("{} characters", id.chars().count()))
                    .help(format!("use 1 to {} letters and digits", spelling::LONGEST_ID)),
            );
        }
        if let Some((other, span)) = self.frame.ids.get(&made.id) {
            // The same name twice, or the same key in two rounds, is reported as such.
            if *other == made.shown {
                return;
            }
            let problem = Diagnostic::new(
                Code::DuplicateName,
                format!("`{}` and `{other}` have the same logical id `{id}`", made.shown),
            );
            let problem = match *span == at {
                true => problem.at(at, "made of the key: letters and digits only"),
                false => problem.at(at, "this one").at(*span, "and this one"),
            };
            self.report(problem.help("use keys that differ in their letters and digits, or set one id: `@id(\"…\")`"));
            return;
        }
        self.frame.ids.insert(made.id, (Arc::clone(&made.shown), at));
    }

    /// Evaluates the properties of every resource, in the order of the source.
    pub(super) fn bodies(&mut self) -> Vec<model::Resource> {
        // Statements may have run out of order; the template lists resources as the source does.
        self.frame.pending.sort_by_key(|p| p.statement);
        self.frame.by_id =
            self.frame.pending.iter().enumerate().filter(|(_, p)| !p.dry).map(|(at, p)| (p.made.id, at)).collect();
        let mut out = Vec::with_capacity(self.frame.pending.len());
        for at in 0..self.frame.pending.len() {
            let Some(p) = self.frame.pending.get(at).cloned() else { break };
            self.reports.next_round();
            let before = std::mem::replace(&mut self.dry, p.dry);
            let resource = self.in_unit(p.unit, |ev| ev.body(&p));
            self.dry = before;
            out.extend(resource.filter(|_| !p.dry));
        }
        self.check_reach();
        out
    }

    fn body(&mut self, p: &Pending<'p>) -> model::Resource {
        let scope = Scope::of(p.block);
        let mut says = decorators::resource_says(self, &p.stmt.decorators, &scope);
        let made = &p.made;
        let mut extras = decorators::attributes(self, &p.stmt.decorators, made, &scope);
        let outer = self.says_of(p.unit).unwrap_or_default();
        extras.initial = decorators::paths(self, made, &says.initial, &outer.initial);
        extras.ignore_drift = decorators::paths(self, made, &says.ignore_drift, &outer.ignore_drift);
        let takes_snapshots = SNAPSHOTS.contains(&made.ty.as_str());
        if takes_snapshots {
            self.frame.reached.extend(&outer.snapshots);
        }
        says.inherit(&outer.for_type(takes_snapshots));
        let body = p.resource.body.as_ref();
        self.check_type(made, p.resource.ty.span, &says);
        let properties = match made.known {
            Some(known) => conform::properties(self, known, &p.resource.ty, body, &scope),
            None => {
                self.unknown_type(p.resource);
                conform::untyped(self, body, &scope)
            }
        };
        let properties = serverless::packaged(self, p.resource, properties);
        let mut depends_on = says.after;
        if depends_on.contains(&made.id) {
            depends_on.retain(|id| *id != made.id);
            self.report(
                Diagnostic::new(Code::Cycle, format!("`{}` is to come after itself", made.shown))
                    .at(made.span, "its `@after` names it")
                    .help("take it out of its `@after`"),
            );
        }
        model::Resource {
            id: made.id,
            ty: made.ty,
            known: made.known,
            shown: Arc::clone(&made.shown),
            properties,
            depends_on,
            on_delete: says.on_delete,
            on_replace: says.on_replace,
            protect: says.protect,
            extras,
            description: p.stmt.doc.clone(),
            span: made.span,
            body: body.map(|body| body.span),
            within: self.within(p.unit),
        }
    }

    /// The uses of components that lead to a unit, innermost first.
    fn within(&self, unit: UnitId) -> Arc<[model::Within]> {
        let mut all = Vec::new();
        let mut next = Some(unit);
        while let Some(part) = next.and_then(|id| self.frame.unit(id)).and_then(|unit| unit.part.as_deref()) {
            let used = part.used.as_ref().map(|used| used.resource.name.span);
            all.extend(used.map(|span| model::Within { shown: Arc::clone(&part.shown), span }));
            next = Some(part.outer);
        }
        all.into()
    }

    /// What CloudFormation refuses of a type before it looks at the properties.
    fn check_type(&mut self, made: &ResourceRef, span: Span, says: &decorators::ResourceSays) {
        let name = made.ty.as_str();
        if let Some(own) = name.strip_prefix("Custom::")
            && (own.is_empty() || name.len() > LONGEST_CUSTOM || !own.bytes().all(is_custom))
        {
            self.report(
                Diagnostic::new(Code::InvalidName, format!("`{name}` is not a name for a custom resource"))
                    .at(span, "`Custom::`, then letters, digits, `_`, `@` and `-`")
                    .help(format!("write it like `Custom::Certificate`, in at most {LONGEST_CUSTOM} characters")),
            );
        }
        for (decorator, policy) in [("on_delete", says.on_delete), ("on_replace", says.on_replace)] {
            if policy == Some(model::DataPolicy::Snapshot) && made.known.is_some() && !SNAPSHOTS.contains(&name) {
                self.report(
                    Diagnostic::new(Code::BadDecorator, format!("CloudFormation takes no snapshots of `{name}`"))
                        .at(made.span, format!("has `@{decorator}(snapshot)`"))
                        .at(span, "its type")
                        .help(format!("write `@{decorator}(retain)`")),
                );
            }
        }
    }

    /// AWS adds types weekly, so an unknown one is no error; what can never be one, is.
    fn unknown_type(&mut self, resource: &Resource) {
        let name = resource.ty.name.as_str();
        if name.is_empty() {
            return;
        }
        let span = resource.ty.span;
        let parts = name.split("::").count();
        let is_custom = name.starts_with("Custom::") && parts == 2;
        if is_custom {
            return;
        }
        let is_type = parts >= 3 && name.split("::").all(|part| part.starts_with(|c: char| c.is_ascii_alphanumeric()));
        if !is_type {
            let problem = Diagnostic::new(Code::UnknownType, format!("`{name}` is not a resource type"))
                .at(span, "not of this form: `AWS::EC2::VPC`")
                .help("name a type of AWS with all its parts, or a component");
            self.report(problem);
            return;
        }
        let problem = Diagnostic::new(Code::UnknownResourceType, format!("the resource type `{name}` is not known"));
        let near = types::nearest_type(self, name);
        self.report(match near {
            Some(near) => {
                problem.at(span, "its properties are not checked").help(format!("write `{near}`")).fix(span, near)
            }
            None if name.starts_with("AWS::") => problem
                .at(span, "its properties are not checked")
                .help("see whether AWS has it; a newer version of this tool may know it"),
            None => problem.at(span, "its properties are not checked").help(
                "put its schema into the project, as `schemas/NAME.json`: `aws cloudformation describe-type` gives it",
            ),
        });
    }
}

/// What `resource.name.more…` is, and how many of `more` belong to the attribute.
pub(super) fn attribute_path(
    ev: &mut Evaluator<'_>,
    resource: &Arc<ResourceRef>,
    name: Ident,
    more: impl Iterator<Item = Ident>,
) -> (Value, usize) {
    if name.name.as_str() == "ref" {
        return (reference(ev.types(), resource, name.span), 0);
    }
    if let Some(made) = serverless::referable(ev, resource, name) {
        return (made, 0);
    }
    let mut path = name.name.as_str().to_owned();
    let mut best = None;
    let open = resource.known.is_none_or(|known| known.open_attributes);
    let mut span = name.span;
    let found = |path: &str| find(resource.known?, path);
    if let Some(node) = found(&path) {
        best = Some((path.clone(), Some(node), 0));
    }
    for (taken, next) in more.enumerate() {
        path.push('.');
        path.push_str(next.name.as_str());
        span = span.to(next.span);
        if let Some(node) = found(&path) {
            best = Some((path.clone(), Some(node), taken + 1));
        } else if open {
            best = Some((path.clone(), None, taken + 1));
        }
    }
    if best.is_none() && open {
        best = Some((path.clone(), None, 0));
    }
    let Some((attribute, node, taken)) = best else {
        no_attribute(ev, resource, name);
        return (Value::Unknown, 0);
    };
    // `Endpoint` is an object with `Endpoint.Address`: what else is asked of it is not there.
    if path != attribute && resource.known.is_some_and(|known| has_parts(known, &attribute)) {
        no_attribute(ev, resource, Ident { name: Name::new(&path), span });
        return (Value::Unknown, usize::MAX);
    }
    let path = attribute;
    let ty = match (node, resource.known) {
        (Some(node), Some(known)) => {
            let identifies = ev.types().attribute_identifies(known, &path);
            later_type(ev.types(), node, identifies)
        }
        _ => LaterType::Any,
    };
    (later(LaterExpr::GetAtt(resource.id, path.into()), ty, span), taken)
}

/// What `Ref` returns.
pub(super) fn reference(types: &'static Types, resource: &ResourceRef, span: Span) -> Value {
    let ty = match resource.known {
        None => LaterType::Any,
        Some(known) => LaterType::String(types.ref_identifies(known)),
    };
    later(LaterExpr::Ref(resource.id), ty, span)
}

fn later(expr: LaterExpr, ty: LaterType, origin: Span) -> Value {
    Value::Later(Arc::new(Later { expr, ty, origin, secret: false }))
}

fn find(known: &ResourceType, path: &str) -> Option<NodeId> {
    let at = known.attributes.binary_search_by(|attribute| attribute.path.cmp(path)).ok()?;
    known.attributes.get(at).map(|attribute| attribute.node)
}

/// Whether there are attributes inside that attribute.
fn has_parts(known: &ResourceType, path: &str) -> bool {
    let inside = |other: &str| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    known.attributes.iter().any(|attribute| inside(attribute.path))
}

/// The type of an attribute of a resource; `None` where the schema does not know it.
pub(super) fn attribute_type(types: &'static Types, known: &'static ResourceType, path: &str) -> Option<LaterType> {
    let node = find(known, path)?;
    Some(later_type(types, node, types.attribute_identifies(known, path)))
}

/// The type of an attribute as the schema has it.
fn later_type(types: &'static Types, node: NodeId, identifies: Vec<Identifier>) -> LaterType {
    match types.node(node) {
        Node::Bool => LaterType::Bool,
        Node::String(_) => LaterType::String(identifies),
        Node::Int(_) => LaterType::Int,
        Node::Number(_) => LaterType::Float,
        Node::Array { item, .. } => {
            let inner = match types.node(*item) {
                Node::String(text) => text.identifies.clone(),
                _ => Vec::new(),
            };
            LaterType::List(Box::new(later_type(types, *item, inner)), None)
        }
        Node::Union(_) | Node::Alias(_) => LaterType::Any,
        Node::Json | Node::Map { .. } | Node::Object(_) => LaterType::Json,
    }
}

fn no_attribute(ev: &mut Evaluator<'_>, resource: &ResourceRef, name: Ident) {
    let Some(known) = resource.known else { return };
    let text = name.name.as_str();
    let problem = Diagnostic::new(Code::UnknownAttribute, format!("`{}` has no attribute `{text}`", known.name));
    let is_property = match ev.types().node(known.root) {
        Node::Object(root) => root.properties.iter().any(|property| property.name == text),
        _ => false,
    };
    let near = nearest(text, known.attributes.iter().map(|attribute| attribute.path).chain(["ref"]));
    let problem = if is_property {
        problem
            .at(name.span, "a property: AWS does not give it back")
            .help(format!("put the value into a `let` and use it here and for `{text}`"))
    } else if let Some(near) = near {
        problem.at(name.span, "no such attribute").help(format!("write `{near}`")).fix(name.span, near)
    } else {
        problem.at(name.span, "no such attribute").help(attributes_of(known))
    };
    let by_ref = matches!(known.ref_value, RefValue::Property(path) if path == text);
    ev.report(match by_ref {
        true => problem.help(format!("write `{}.ref`: `Ref` returns it", resource.shown)),
        false => problem,
    });
}

fn attributes_of(known: &ResourceType) -> String {
    let plain = known.attributes.iter().filter(|attribute| !attribute.path.contains('.'));
    let mut names: Vec<String> = plain.take(8).map(|attribute| format!("`{}`", attribute.path)).collect();
    names.push("`ref`".to_owned());
    format!("use one of {}", names.join(", "))
}

/// Checks the decorators of a statement that takes none, or those of outputs.
pub(super) fn check_decorators(ev: &mut Evaluator<'_>, stmt: &Stmt, target: Target) {
    if !stmt.decorators.is_empty() {
        decorators::check(ev, &stmt.decorators, target);
        decorators::check_deprecated(ev, &stmt.decorators);
    }
}
