//! What a test sees of an instance: the names in a stack, the properties of a resource.

use std::sync::Arc;

use super::plain::name_of_attribute;
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::schema::{Node, ResourceType};
use crate::semantics::access::no_field;
use crate::semantics::declare::{Members, StackDecl, Top};
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::frame::Slot;
use crate::semantics::instances::{Index, State};
use crate::semantics::model;
use crate::semantics::value::{ComponentRef, LaterType, Object, Seen, StackRef, Thing, Value};
use crate::semantics::{fits, types};
use crate::source::Span;
use crate::syntax::ast::{Arg, ExprKind, Ident};

impl<'p> Evaluator<'p> {
    /// `network.Vpc` in a test: a resource, component, `let`, `param` or `input` of the stack, else an output.
    pub(in crate::semantics) fn look_into_stack(&mut self, stack: &StackRef, name: Ident, at: Span) -> Value {
        let Some(declared) = self.declared_stack(stack.stack) else { return Value::Unknown };
        let is_member = declared.members.by_name.contains_key(&name.name);
        let offered = self.offers(declared);
        let is_output = offered.iter().any(|output| output.name == name.name);
        if !is_member && !is_output {
            let mut known: Vec<Name> = declared.members.ordered.iter().map(|(name, _)| *name).collect();
            known.extend(offered.iter().map(|output| output.name));
            known.sort();
            known.dedup();
            self.report(
                no_field(&format!("the stack `{}`", stack.stack), name, &known).at(declared.span, "declared here"),
            );
            return Value::Unknown;
        }
        let Some(producer) = self.evaluated(stack, declared, at) else { return Value::Unknown };
        let kept = self.testing.as_ref().and_then(|testing| testing.kept.get(&producer));
        match (kept, is_member) {
            (Some(kept), true) => match kept.frame.unit.names.get(&name.name) {
                Some(Slot::Ready(value)) => self.seen(producer, &value.clone()),
                _ => Value::Null,
            },
            (None, _) if !is_output => {
                let message = format!("`{}` is not made here: only its outputs are there", stack.stack);
                let problem = Diagnostic::new(Code::NothingHere, message).at(name.span, "not an output");
                self.report(problem.help("name an output, or take the stub or the binding off"));
                Value::Unknown
            }
            _ => self.own_output(producer, name.name),
        }
    }

    fn declared_stack(&self, stack: Name) -> Option<&'p StackDecl> {
        let program = self.program;
        match program.declared.tops.get(&stack) {
            Some(Top::Stack(at)) => program.declared.stacks.get(*at),
            _ => None,
        }
    }

    /// The instance that is meant, evaluated.
    fn evaluated(&mut self, stack: &StackRef, declared: &StackDecl, at: Span) -> Option<Index> {
        if !self.instances.placed {
            return None;
        }
        let producer = self.instance_meant(stack, declared.span, at)?;
        self.done(producer, at).map(|_| producer)
    }

    /// An output as its own stack has it; `null` where it is not there.
    fn own_output(&self, producer: Index, name: Name) -> Value {
        let State::Done(head) = self.instances.state(producer) else { return Value::Unknown };
        let outputs = self.instances.heads.get(head).map_or(&[][..], |head| &head.outputs);
        let is_given = self.instances.given.get(&producer).is_some_and(|given| given.contains_key(&name));
        match outputs.iter().find(|output| output.name == name) {
            Some(output) => self.output_value(producer, name, &output.ty, 0),
            None if is_given => self.output_value(producer, name, &LaterType::Any, 0),
            None => Value::Null,
        }
    }

    /// A value of an instance as the test sees it.
    fn seen(&self, at: Index, value: &Value) -> Value {
        let thing = |thing: Thing, shown: &str| {
            Value::Seen(Arc::new(Seen {
                instance: at,
                shown: format!("{}.{shown}", self.stack_shown(at)).into(),
                thing,
            }))
        };
        match value {
            Value::Resource(made) => thing(Thing::Resource(Arc::clone(made)), &made.shown),
            Value::Component(part) => thing(Thing::Component(Arc::clone(part)), &part.shown),
            Value::Resources(all) => {
                let items = all.items.iter().map(|(key, item)| (fits::key_name(key), self.seen(at, item)));
                Value::Object(items.collect::<Object>().into())
            }
            Value::List(items) => Value::List(items.iter().map(|item| self.seen(at, item)).collect()),
            Value::Object(object) => {
                let entries = object.iter().map(|(key, value)| (key, self.seen(at, value)));
                Value::Object(entries.collect::<Object>().into())
            }
            other => self.stand_in(at, other, 0),
        }
    }

    /// `network.Vpc.CidrBlock`, `api.App.service` in a test.
    pub(in crate::semantics) fn look_into(&mut self, seen: &Arc<Seen>, name: Ident, optional: bool) -> Value {
        match &seen.thing {
            Thing::Resource(made) => {
                let testing = self.testing.as_ref();
                let kept = testing.and_then(|testing| testing.kept.get(&seen.instance));
                let resource = kept.and_then(|kept| kept.instance.resources.iter().find(|r| r.id == made.id));
                let Some(resource) = resource else { return Value::Unknown };
                let found = self.of_resource(seen.instance, resource, name.name);
                let (ty, known) = (resource.ty, resource.known);
                if found.is_none() && !optional {
                    self.no_property(ty, known, name);
                    return Value::Unknown;
                }
                found.unwrap_or(Value::Null)
            }
            Thing::Component(part) => self.of_component(seen, &Arc::clone(part), name),
        }
    }

    fn of_resource(&self, at: Index, resource: &model::Resource, name: Name) -> Option<Value> {
        if let Value::Object(properties) = &resource.properties
            && let Some(value) = properties.get(name)
        {
            return Some(self.stand_in(at, value, 0));
        }
        let text = |text: &str| Value::Str(text.into());
        let shown = || format!("{}.{}", self.stack_shown(at), resource.shown);
        Some(match name.as_str() {
            "ref" => text(&format!("${{{}}}", shown())),
            "id" => text(resource.id.as_str()),
            "type" => text(resource.ty.as_str()),
            "properties" => self.stand_in(at, &resource.properties, 0),
            "depends_on" => Value::List(resource.depends_on.iter().map(|id| text(id.as_str())).collect()),
            "protect" => resource.protect.as_ref().map_or(Value::Null, |why| text(why)),
            "on_delete" => resource.on_delete.map_or(Value::Null, |policy| text(&policy.as_str().to_lowercase())),
            "on_replace" => resource.on_replace.map_or(Value::Null, |policy| text(&policy.as_str().to_lowercase())),
            other => return self.attribute(resource.known?, &shown(), other),
        })
    }

    /// A property that is not set, or an attribute: `Endpoint` is an object where there is `Endpoint.Address`.
    fn attribute(&self, known: &'static ResourceType, shown: &str, name: &str) -> Option<Value> {
        let Node::Object(root) = self.types().node(known.root) else { return None };
        if root.properties.iter().any(|property| property.name == name && !property.read_only) {
            return Some(Value::Null);
        }
        let stands_for = |path: &str| Value::Str(name_of_attribute(Some(known), shown, path).into());
        if known.attributes.iter().any(|attribute| attribute.path == name) {
            return Some(stands_for(name));
        }
        let parts = known.attributes.iter().filter_map(|attribute| {
            let rest = attribute.path.strip_prefix(name)?.strip_prefix('.')?;
            Some((Name::new(rest), stands_for(attribute.path)))
        });
        let parts: Object = parts.collect();
        (!parts.is_empty()).then(|| Value::Object(parts.into()))
    }

    fn no_property(&mut self, ty: Name, known: Option<&'static ResourceType>, name: Ident) {
        let text = name.name.as_str();
        let Some(known) = known else {
            let problem = Diagnostic::new(Code::UnknownField, format!("`{text}` is not set"));
            let problem = problem.at(name.span, format!("nothing more is known of `{ty}`"));
            self.report_value(problem.help(format!("write `?.{text}` for `null` where it is not set")));
            return;
        };
        let mut names: Vec<&str> =
            vec!["ref", "id", "type", "properties", "depends_on", "protect", "on_delete", "on_replace"];
        if let Node::Object(root) = self.types().node(known.root) {
            names.extend(root.properties.iter().map(|property| property.name));
        }
        names.extend(known.attributes.iter().map(|attribute| attribute.path));
        let message = format!("`{ty}` has no property or attribute `{text}`");
        let problem = Diagnostic::new(Code::UnknownProperty, message).at(name.span, "not known");
        self.report(match nearest(text, names) {
            Some(near) => problem.help(format!("write `{near}`")).fix(name.span, near),
            None => problem.help(format!("see `infra explain {ty}` for what there is")),
        });
    }

    fn of_component(&mut self, seen: &Seen, part: &ComponentRef, name: Ident) -> Value {
        let program = self.program;
        let Some((declared, ..)) = program.component(part.id.0, part.id.1) else { return Value::Unknown };
        let members: &Members = &declared.members;
        let kept = self.testing.as_ref().and_then(|testing| testing.kept.get(&seen.instance));
        let Some(unit) = kept.and_then(|kept| kept.frame.unit(part.unit)) else { return Value::Unknown };
        if members.by_name.contains_key(&name.name) {
            return match unit.names.get(&name.name) {
                Some(Slot::Ready(value)) => self.seen(seen.instance, &value.clone()),
                _ => Value::Null,
            };
        }
        if members.outputs.iter().any(|output| output.name == name.name) {
            let exports = unit.part.as_ref().map_or(&[][..], |part| &part.exports);
            let export = exports.iter().find(|export| export.output.name.name == name.name);
            return export
                .and_then(|export| export.value.as_ref())
                .map_or(Value::Null, |v| self.seen(seen.instance, v));
        }
        let mut known: Vec<Name> = members.ordered.iter().map(|(name, _)| *name).collect();
        known.extend(members.outputs.iter().map(|output| output.name));
        known.sort();
        known.dedup();
        self.report(no_field(&format!("the component `{}`", part.component), name, &known));
        Value::Unknown
    }

    /// `resources(network, AWS::EC2::Subnet)`, `outputs(network)`: what only tests can ask for.
    pub(in crate::semantics) fn look_over(
        &mut self,
        name: Ident,
        args: &'p [Arg],
        span: Span,
        scope: &Scope<'_>,
    ) -> Value {
        let takes_type = name.name.as_str() == "resources";
        let is_fine = match args {
            [_] => true,
            [_, _] => takes_type,
            _ => false,
        };
        let (Some(whole), true) = (args.first(), is_fine && args.iter().all(|arg| arg.name.is_none() && !arg.spread))
        else {
            let form = if takes_type { "resources(stack, AWS::EC2::Subnet)" } else { "outputs(stack)" };
            let problem = Diagnostic::new(Code::BadArgument, format!("`{}` takes a stack or a component", name.name));
            let problem = problem.at(span, "called in another way");
            self.report(problem.help(match takes_type {
                true => format!("write `{form}`; the type may be left out"),
                false => format!("write `{form}`"),
            }));
            return Value::Unknown;
        };
        let ty = match args.get(1) {
            None => None,
            Some(arg) => match self.type_named(arg) {
                Some(ty) => Some(ty),
                None => return Value::Unknown,
            },
        };
        let (at, part) = match self.eval(&whole.value, scope) {
            Value::Unknown => return Value::Unknown,
            Value::Stack(stack) => {
                let Some(declared) = self.declared_stack(stack.stack) else { return Value::Unknown };
                match self.evaluated(&stack, declared, whole.value.span) {
                    Some(at) => (at, None),
                    None => return Value::Unknown,
                }
            }
            Value::Seen(seen) if matches!(seen.thing, Thing::Component(_)) => (seen.instance, Some(seen)),
            other => {
                let message = format!("`{}` takes a stack or a component, not {}", name.name, fits::kind(&other));
                let problem = Diagnostic::new(Code::TypeMismatch, message);
                self.report_value(problem.at(whole.value.span, fits::shown(&other)));
                return Value::Unknown;
            }
        };
        if !takes_type {
            return self.every_output(at, part.as_deref());
        }
        let all = self.all_resources(at, part.as_deref(), ty);
        match (ty, args.get(1)) {
            (Some(ty), Some(arg)) if all.is_empty() && self.resource_type(ty).is_none() => {
                self.unknown_type_of_test(ty, arg.value.span)
            }
            _ => Value::List(all.into()),
        }
    }

    /// The type that an argument names; says so where it names none.
    fn type_named(&mut self, arg: &'p Arg) -> Option<Name> {
        let span = arg.value.span;
        let ExprKind::Path(ty) = arg.value.kind else {
            let problem =
                Diagnostic::new(Code::TypeMismatch, "the type of resources is named as it is, without quotes");
            self.report(problem.at(span, "not the name of a type").help("write a type such as `AWS::EC2::Subnet`"));
            return None;
        };
        Some(ty)
    }

    /// There is nothing of a type that nobody knows: a slip, that a count of 0 would hide.
    fn unknown_type_of_test(&mut self, ty: Name, span: Span) -> Value {
        let problem = Diagnostic::new(Code::UnknownType, format!("the resource type `{ty}` is not known"));
        let problem = problem.at(span, "not known, and nothing here is of it");
        self.report(match types::nearest_type(self, ty.as_str()) {
            Some(near) => problem.help(format!("write `{near}`")).fix(span, near),
            None => problem.help("name a type of AWS with all its parts"),
        });
        Value::Unknown
    }

    fn all_resources(&self, at: Index, part: Option<&Seen>, ty: Option<Name>) -> Vec<Value> {
        let kept = self.testing.as_ref().and_then(|testing| testing.kept.get(&at));
        let Some(kept) = kept else { return Vec::new() };
        let inside = part.and_then(|part| match &part.thing {
            Thing::Component(part) => Some(format!("{}.", part.shown)),
            Thing::Resource(_) => None,
        });
        let is_meant = |resource: &&model::Resource| {
            ty.is_none_or(|ty| ty == resource.ty)
                && inside.as_ref().is_none_or(|inside| resource.shown.starts_with(inside.as_str()))
        };
        let all = kept.instance.resources.iter().filter(is_meant).map(|resource| {
            let made = kept.frame.by_id.get(&resource.id).and_then(|at| kept.frame.pending.get(*at));
            made.map_or(Value::Unknown, |pending| self.seen(at, &Value::Resource(Arc::clone(&pending.made))))
        });
        all.collect()
    }

    fn every_output(&self, at: Index, part: Option<&Seen>) -> Value {
        let mut all = Object::default();
        if let Some(Seen { thing: Thing::Component(part), .. }) = part {
            let kept = self.testing.as_ref().and_then(|testing| testing.kept.get(&at));
            let unit = kept.and_then(|kept| kept.frame.unit(part.unit)).and_then(|unit| unit.part.as_ref());
            for export in unit.iter().flat_map(|part| &part.exports) {
                let value = export.value.as_ref().map_or(Value::Null, |value| self.seen(at, value));
                all.insert(export.output.name.name, value);
            }
        } else if let State::Done(head) = self.instances.state(at) {
            for output in self.instances.heads.get(head).iter().flat_map(|head| &head.outputs) {
                all.insert(output.name, self.output_value(at, output.name, &output.ty, 0));
            }
        }
        Value::Object(all.into())
    }
}
