//! `vpc_of(subnets)`: the VPC that subnets lie in, where the program says it.
//!
//! Of subnets of the same stack, an attribute says it. Of subnets that another stack outputs, that stack's output of a
//! VPC does: who gives subnets gives their VPC too. So a component that is given subnets need not be given the VPC.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic};
use crate::names::Name;
use crate::schema::Identifier;
use crate::semantics::eval::Evaluator;
use crate::semantics::fits;
use crate::semantics::functions::Argument;
use crate::semantics::instances::{Index, State};
use crate::semantics::model::Output;
use crate::semantics::value::{Later, LaterExpr, LaterType, StackRef, Value};
use crate::source::Span;

/// What identifies a VPC.
const VPC: Identifier = Identifier { resource: "AWS::EC2::VPC", attribute: "VpcId" };
const SUBNET: &str = "AWS::EC2::Subnet";

/// Why it is not known: what to show at the subnets.
type Why = String;

/// Calls `vpc_of`. `span` is that of the whole call.
pub(super) fn vpc_of(ev: &mut Evaluator<'_>, args: &[Argument], span: Span) -> Value {
    let [Argument { name: None, value, span: at }] = args else {
        ev.report(
            Diagnostic::new(Code::BadArgument, "`vpc_of` takes one list of subnets")
                .at(span, format!("{} arguments", args.len()))
                .help("call it as `vpc_of(subnets)`"),
        );
        return Value::Unknown;
    };
    let subnet = match value {
        Value::Unknown => return Value::Unknown,
        Value::List(items) => items.first().cloned(),
        Value::Resources(all) => all.items.first().map(|(_, item)| item.clone()),
        Value::Later(later) if matches!(later.ty, LaterType::List(..)) => later.item(0),
        one => Some(one.clone()),
    };
    let found = match &subnet {
        Some(Value::Unknown) => return Value::Unknown,
        Some(subnet) => ev.vpc_of_subnet(subnet, *at),
        None => Err("there are no subnets".to_owned()),
    };
    found.unwrap_or_else(|why| {
        ev.report_value(
            Diagnostic::new(Code::NothingHere, "the VPC of these subnets is not known while compiling")
                .at(*at, why)
                .help("name the VPC itself; where a component takes it: `vpc: …`"),
        );
        Value::Unknown
    })
}

impl Evaluator<'_> {
    fn vpc_of_subnet(&mut self, subnet: &Value, span: Span) -> Result<Value, Why> {
        match subnet {
            Value::Resource(resource) if resource.ty.as_str() == SUBNET => Ok(attribute(resource.id, span)),
            Value::Later(later) => {
                let mut source = later;
                while let LaterExpr::Select(_, list) = &source.expr {
                    source = list;
                }
                match &source.expr {
                    LaterExpr::Ref(id) | LaterExpr::GetAtt(id, _) if self.is_subnet(*id) => Ok(attribute(*id, span)),
                    LaterExpr::Parameter(name) => self.vpc_beside(*name, span),
                    _ => Err("nothing says which stack they are from".to_owned()),
                }
            }
            Value::Str(id) => self.vpc_given_with(id),
            other => Err(format!("this is {}", fits::kind(other))),
        }
    }

    fn is_subnet(&self, id: Name) -> bool {
        let pending = self.frame.by_id.get(&id).and_then(|at| self.frame.pending.get(*at));
        pending.is_some_and(|pending| pending.made.ty.as_str() == SUBNET)
    }

    /// The VPC that the stack outputs whose output that parameter carries.
    fn vpc_beside(&mut self, parameter: Name, span: Span) -> Result<Value, Why> {
        let from = self.frame.uses.iter().find(|(_, (name, ..))| *name == parameter).map(|(from, _)| from.clone());
        let from = from.ok_or("an input says nothing of the VPC")?;
        let producer = self.instances.of(from.instance.stack).find(|(_, planned)| planned.key == from.instance);
        let producer = producer.map(|(at, _)| at).ok_or("nothing is known of their stack")?;
        let output = self.vpc_output(producer)?;
        let stack = StackRef { stack: from.instance.stack, env: None, region: None };
        Ok(self.foreign(producer, &stack, &output, span))
    }

    /// The one output of an instance that is a VPC.
    fn vpc_output(&self, at: Index) -> Result<Output, Why> {
        let State::Done(head) = self.instances.state(at) else { return Err("nothing is known of their stack".into()) };
        let head = self.instances.heads.get(head).ok_or("nothing is known of their stack")?;
        let is_vpc = |output: &&Output| matches!(&output.ty, LaterType::String(ids) if ids.contains(&VPC));
        let mut vpcs = head.outputs.iter().filter(is_vpc);
        match (vpcs.next(), vpcs.next()) {
            (Some(only), None) => Ok(only.clone()),
            (None, _) => Err(format!("`{}` has no output that is a VPC", head.key.stack)),
            (Some(a), Some(b)) => Err(format!("`{}` outputs several VPCs: `{}`, `{}`", head.key.stack, a.name, b.name)),
        }
    }

    /// The VPC that an environment gives together with the subnet of that id.
    fn vpc_given_with(&self, subnet: &str) -> Result<Value, Why> {
        let holds = |value: &Value| match value {
            Value::Str(text) => &**text == subnet,
            Value::List(items) => items.iter().any(|item| matches!(item, Value::Str(text) if &**text == subnet)),
            _ => false,
        };
        let mut givers = self.instances.given.iter().filter(|(_, values)| values.values().any(holds));
        let (at, values) = givers.next().ok_or("nothing says which VPC this id belongs to")?;
        if givers.next().is_some() {
            return Err("several stacks are given it".to_owned());
        }
        let output = self.vpc_output(*at)?;
        values.get(&output.name).cloned().ok_or_else(|| format!("`{}` is not given", output.name))
    }
}

fn attribute(subnet: Name, origin: Span) -> Value {
    let expr = LaterExpr::GetAtt(subnet, Arc::from("VpcId"));
    Value::Later(Arc::new(Later { expr, ty: LaterType::String(vec![VPC]), origin, secret: false }))
}
