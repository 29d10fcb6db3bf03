//! An instance of a template.

use std::sync::Arc;

use super::conditions::Conditions;
use super::properties::Addresses;
use super::{Resource, Template, exports, parameters, properties};
use crate::names::Name;
use crate::semantics::declare::StackDecl;
use crate::semantics::eval::Evaluator;
use crate::semantics::frame::{Frame, Place};
use crate::semantics::instances::{Index, State};
use crate::semantics::model::{self, Head, Instance};
use crate::semantics::places::{Deal, Planned};
use crate::semantics::value::{Later, LaterExpr, LaterType, Object, Raw, Value};
use crate::source::Span;
use crate::syntax::ast::Item;

impl<'p> Evaluator<'p> {
    /// Evaluates what the source says of a template in one place. `asked` is where it is asked for.
    pub(in crate::semantics) fn evaluate_template(
        &mut self,
        at: Index,
        planned: &Arc<Planned>,
        (declared, item): (&'p StackDecl, &'p Item),
        asked: Span,
    ) {
        let program = self.program;
        let Some(existing) = program.existing(declared.at) else { return };
        // One that could not be read has said so.
        let Some(template) = program.templates.get(&declared.at) else { return };
        let place = Place {
            env: planned.env.clone(),
            account: Some(Arc::clone(&planned.account)),
            region: Some(Arc::clone(&planned.key.region)),
            instance: Some(Arc::clone(planned)),
        };
        self.instances.set(at, State::Running);
        self.instances.path.push((at, asked));
        let outer = std::mem::replace(&mut self.frame, Frame::new(place));
        let dry = std::mem::replace(&mut self.dry, false);
        self.reports.next_round();
        let mut head = planned.head(item.doc.clone(), Vec::new());
        head.tags.clone_from(&planned.tags);
        head.termination_protection = planned.termination_protection;
        let is_ours = matches!(planned.deal, Deal::Ours);
        let mut placed = Addresses::new();
        // Of a stub, the outputs that it does not give are as the template has them.
        if is_ours || matches!(&planned.deal, Deal::Given(given) if given.is_partial) {
            (head.parameters, head.uses) = parameters::give(self, template, existing);
        }
        if is_ours {
            placed = properties::check(self, template);
            head.assets = std::mem::take(&mut self.frame.assets).into_values().collect();
            head.after = exports::imported(self, template, at, planned);
            if let Some(policy) = &planned.policy {
                head.policy = Some(Arc::clone(&policy.statements));
                let ids: Vec<Name> = template.resources.iter().map(|resource| resource.id).collect();
                self.check_policy(policy, &ids);
            }
        }
        head.outputs = self.outputs_of(template, planned, &head.parameters);
        self.frame = outer;
        self.dry = dry;
        self.reports.next_round();
        self.instances.path.pop();
        match is_ours {
            true => self.keep_template(at, planned, head, (template, &placed)),
            false => self.keep_bound(at, planned, head),
        }
    }

    fn keep_template(&mut self, at: Index, planned: &Planned, head: Head, (template, placed): (&Template, &Addresses)) {
        self.instances.set(at, State::Done(self.instances.heads.len()));
        self.instances.heads.push(head.clone());
        if planned.key.env.is_none() || planned.key.env == self.round.env {
            let mut resources: Vec<_> = template.resources.iter().map(|resource| self.resource_of(resource)).collect();
            planned.guard(&mut resources);
            let template = match placed.is_empty() {
                true => Arc::clone(&template.whole),
                false => Arc::new(properties::with_addresses(&template.whole, placed)),
            };
            self.instances.finished.push(Instance { head, resources, template: Some(template) });
        }
    }

    /// The outputs, but for those that a condition leaves out for sure.
    fn outputs_of(
        &self,
        template: &Template,
        planned: &Planned,
        parameters: &[model::Parameter],
    ) -> Vec<model::Output> {
        let mut conditions = Conditions::new(template, planned, parameters);
        let output = |output: &super::Output| model::Output {
            name: output.name,
            // The template has it, and only CloudFormation evaluates that.
            value: Value::Null,
            // Lists and objects cannot be outputs of a template; what says so is deployed as text, if at all.
            ty: match properties::type_of(self, template, &output.value) {
                None | Some(LaterType::List(..) | LaterType::Json | LaterType::Any) => LaterType::String(Vec::new()),
                Some(ty) => ty,
            },
            description: output.description.clone(),
            deprecated: None,
            export: output.export.as_ref().and_then(|export| export.known(planned)),
            span: output.span,
        };
        let mut outputs = Vec::with_capacity(template.outputs.len());
        for one in &template.outputs {
            if one.condition.as_deref().is_none_or(|condition| conditions.holds(condition) != Some(false)) {
                outputs.push(output(one));
            }
        }
        outputs
    }

    /// A resource as drawings, quotas and capabilities see it: of a property, what it refers to.
    fn resource_of(&self, resource: &Resource) -> model::Resource {
        let property = |(name, names): &(Name, Vec<_>)| {
            let raw = Raw { value: Value::Str("".into()), names: names.clone() };
            let expr = LaterExpr::Raw(Arc::new(raw));
            let later = Later { expr, ty: LaterType::Any, origin: resource.span, secret: false };
            (*name, Value::Later(Arc::new(later)))
        };
        let properties: Object = resource.properties.iter().map(property).collect();
        model::Resource {
            id: resource.id,
            ty: resource.ty,
            known: self.types().resource(resource.ty.as_str()),
            shown: resource.id.as_str().into(),
            properties: Value::Object(Arc::new(properties)),
            depends_on: resource.depends_on.clone(),
            on_delete: resource.on_delete,
            on_replace: resource.on_replace,
            protect: None,
            extras: model::Extras::default(),
            description: None,
            span: resource.span,
            body: resource.body.as_ref().map(|body| body.span),
            within: Arc::from([]),
        }
    }
}
