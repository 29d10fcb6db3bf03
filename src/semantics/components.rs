//! Components: a use of one becomes a unit of its own, whose resources lie flat in the stack.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic, Near, nearest};
use crate::names::Name;
use crate::semantics::declare::{ModuleId, Top};
use crate::semantics::decorators::{self, ResourceSays};
use crate::semantics::eval::{Evaluator, Scope};
use crate::semantics::fits;
use crate::semantics::frame::{BlockId, Progress, Step, What};
use crate::semantics::types::{self, Type};
use crate::semantics::units::{Part, Unit, UnitId, Use};
use crate::semantics::value::{ComponentRef, Value};
use crate::source::Span;
use crate::stdlib;
use crate::syntax::ast::{Entry, Expr, ExprKind, Ident, Key, Output, Param, Path, Resource, Stmt, TypeExpr};

/// Steps that a component costs beside its statements: what keeps track of it takes room.
const COST: usize = 50;

/// Which component: its module, and its place there.
pub(crate) type ComponentId = (ModuleId, usize);

/// What a component is given under one name.
pub(super) struct Argument<'p> {
    name: Name,
    /// The name, or the spread that gives it.
    span: Span,
    value: Given<'p>,
}

/// An argument as written, or as a spread gave it.
#[derive(Clone)]
enum Given<'p> {
    Expr(&'p Expr),
    Value(Value),
}

/// An output of a component.
pub(super) struct Export<'p> {
    pub(super) output: &'p Output,
    pub(super) block: BlockId,
    pub(super) value: Option<Value>,
}

impl<'p> Evaluator<'p> {
    /// The component that a path names, if it can only mean one: types of AWS begin with a capital.
    pub(super) fn component_at(&mut self, path: &Path) -> Option<Option<ComponentId>> {
        let name = path.name.as_str();
        // `aws::s3::bucket` is a slip for a type of AWS.
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || name.starts_with("aws::") {
            return None;
        }
        let module = self.frame.unit.module;
        match self.program.find(module, path.name.as_str()) {
            Some((module, Top::Component(at))) => Some(Some((module, at))),
            other => {
                self.no_component(path, other.map(|(_, top)| top));
                Some(None)
            }
        }
    }

    fn no_component(&mut self, path: &Path, found: Option<Top>) {
        let name = path.name.as_str();
        let problem = Diagnostic::new(Code::UnknownType, format!("there is no component `{name}`"));
        if let Some(top) = found {
            let what = match top {
                Top::Function(_) => "a function",
                Top::Module => "a module",
                Top::Stack(_) => "a stack",
                Top::Env(_) => "an environment",
                _ => "a value",
            };
            let problem = problem.at(path.span, format!("this is {what}"));
            self.report(problem.help("name a component, or a type of AWS such as `AWS::SQS::Queue`"));
            return;
        }
        let module = self.frame.unit.module;
        let known = self.program.neighbours(module, name, |top| matches!(top, Top::Component(_)));
        // `fargate_service` for `std::fargate_service`.
        let in_std = stdlib::has("component", name).then(|| format!("std::{name}"));
        let near = nearest(name, known.iter().map(String::as_str));
        self.report(match in_std.as_deref().map(Near::from).or(near) {
            Some(near) => problem.at(path.span, "not known").help(format!("write `{near}`")).fix(path.span, near),
            None if name.contains("::") && known.is_empty() => {
                let module = name.split("::").next().unwrap_or_default();
                problem.at(path.span, "not known").help(format!("bring the module in: `use \"directory\" as {module}`"))
            }
            None if known.is_empty() => {
                problem.at(path.span, "not known").help(format!("declare it: `component {name} {{ … }}`"))
            }
            None => {
                let shown: Vec<String> = known.iter().take(12).map(|k| format!("`{k}`")).collect();
                problem.at(path.span, "not known").help(format!("use one of {}", shown.join(", ")))
            }
        });
    }

    /// A use of a component: a unit that is run later.
    pub(super) fn make_component(
        &mut self,
        component: ComponentId,
        (stmt, resource): (&'p Stmt, &'p Resource),
        key: Option<&Value>,
        block: BlockId,
    ) -> Value {
        let program = self.program;
        let Some((declared, item, body)) = program.component(component.0, component.1) else { return Value::Unknown };
        let old = decorators::deprecated(&item.decorators);
        self.uses_old(old.as_ref(), resource.ty.name.as_str(), resource.ty.span);
        if self.is_inside_itself(component, resource) || !self.burn(COST + body.len(), resource.ty.span) {
            return Value::Unknown;
        }
        let shown = self.shown_as(resource.name.name, key);
        let (id, _) = self.logical_id(stmt, resource.name, key, &shown, block);
        let unit = self.frame.next_unit();
        let part = Part {
            component,
            used: Some(Use { stmt, resource }),
            outer: self.frame.unit.id,
            block,
            root: self.frame.unit.root(),
            id,
            shown: Arc::clone(&shown),
            dry: self.dry,
            arguments: None,
            exports: Vec::new(),
            progress: Progress::Waiting,
            says: None,
        };
        let made = Unit { part: Some(Box::new(part)), ..Unit::new(unit, component.0, &declared.members, body) };
        self.frame.park(made);
        self.frame.components.push(unit);
        self.project.used_components.insert(component);
        let (component, id) = (resource.ty.name, component);
        Value::Component(Arc::new(ComponentRef { unit, id, component, span: resource.name.span, shown }))
    }

    /// Whether this would be a component inside itself; says so.
    fn is_inside_itself(&mut self, component: ComponentId, resource: &Resource) -> bool {
        let mut round = Vec::new();
        let mut unit = Some(&self.frame.unit);
        while let Some(part) = unit.and_then(|unit| unit.part.as_deref()) {
            round.extend(part.used.as_ref().map(|used| (used.resource.ty.name, used.resource.ty.span)));
            if part.component == component {
                round.reverse();
                let first = round.first().map_or(resource.ty.name, |(name, _)| *name);
                let path: Vec<String> = round.iter().map(|(name, _)| format!("`{name}`")).collect();
                let message = format!("a component contains itself: {} -> `{first}`", path.join(" -> "));
                let problem = Diagnostic::new(Code::Cycle, message).at(resource.ty.span, "once more");
                let outer =
                    round.iter().skip(1).fold(problem, |problem, (_, span)| problem.at(*span, "by way of this"));
                self.report(outer.help("take one of these out of the circle; repeat with `for`"));
                return true;
            }
            unit = self.frame.unit(part.outer);
        }
        false
    }

    /// Runs every component that the stack uses, those inside of components too, and evaluates what
    /// they give: a mistake is a mistake.
    pub(super) fn run_components(&mut self) {
        let mut next = 0;
        while let Some(unit) = self.frame.components.get(next).copied() {
            self.reports.next_round();
            let asked =
                self.frame.unit(unit).and_then(|u| u.part.as_deref()?.used.as_ref()).map(|u| u.resource.name.span);
            self.run_component(unit, asked.unwrap_or(Span::new(crate::source::FileId(0), 0, 0)));
            next += 1;
        }
        for unit in self.frame.components.clone() {
            self.check_arguments(unit);
            self.says_of(unit);
            let exports = self.frame.part_mut(unit).map_or(0, |part| part.exports.len());
            for at in 0..exports {
                self.export(unit, at, None);
            }
        }
    }

    /// Runs the statements of a component, if that has not happened yet. False where they are running.
    fn run_component(&mut self, unit: UnitId, asked: Span) -> bool {
        let Some(part) = self.frame.part_mut(unit) else { return false };
        match part.progress {
            Progress::Done => return true,
            Progress::Running => return false,
            Progress::Waiting => part.progress = Progress::Running,
        }
        let dry = part.dry;
        if self.enter(asked) {
            let before = std::mem::replace(&mut self.dry, dry);
            self.in_unit(unit, Self::run_statements);
            self.dry = before;
        }
        self.leave();
        if let Some(part) = self.frame.part_mut(unit) {
            part.progress = Progress::Done;
        }
        true
    }

    /// `App.url`: an output of a component. `at` is where the component is named.
    pub(super) fn component_output(&mut self, part: &ComponentRef, name: Ident, at: Span) -> Value {
        let Some((declared, item, _)) = self.program.component(part.id.0, part.id.1) else { return Value::Unknown };
        if !declared.members.outputs.iter().any(|output| output.name == name.name) {
            self.no_such_output(part, name);
            return Value::Unknown;
        }
        let used = format!("{}.{}", part.shown, name.name);
        self.uses_old(declared.members.old(name.name), &used, name.span);
        let (is_dry, declared_at) = (self.frame.unit(part.unit).is_some_and(Unit::is_dry), item.span);
        if self.dry && !is_dry {
            return Value::Unknown;
        }
        // What is there in any case can be named while the component is made: those that it is given to
        // may name it in what it is given.
        let before = std::mem::replace(&mut self.dry, is_dry);
        self.in_unit(part.unit, Self::declare_statements);
        self.dry = before;
        let mut is_there = true;
        let mut found = self.export_at(part.unit, name.name);
        if found.is_none() {
            is_there = self.run_component(part.unit, at);
            found = self.export_at(part.unit, name.name);
        }
        match found {
            Some(export) => self.export(part.unit, export, Some(name.span)),
            None if is_there => Value::Null,
            None => {
                self.report(
                    Diagnostic::new(Code::Cycle, format!("`{}` needs its own output `{}`", part.shown, name.name))
                        .at(name.span, "asked for while it is decided what the component consists of")
                        .at(Span { end: declared_at.start, ..declared_at }, "this component")
                        .help("decide it by a value that does not depend on the component"),
                );
                Value::Unknown
            }
        }
    }

    fn export_at(&mut self, unit: UnitId, name: Name) -> Option<usize> {
        self.frame.part_mut(unit)?.exports.iter().position(|export| export.output.name.name == name)
    }

    /// The value of one output of a component; `asked` where somebody asks for it.
    fn export(&mut self, unit: UnitId, at: usize, asked: Option<Span>) -> Value {
        let Some(part) = self.frame.part_mut(unit) else { return Value::Unknown };
        let Some(export) = part.exports.get(at) else { return Value::Unknown };
        if let Some(value) = &export.value {
            return value.clone();
        }
        let (output, block) = (export.output, export.block);
        let what = What::Output(output.name.name);
        let asked = asked.unwrap_or(output.name.span);
        if self.frame.path.iter().any(|step| step.what == what && step.unit == unit) {
            return self.in_unit(unit, |ev| ev.cycle(what, asked)).unwrap_or(Value::Unknown);
        }
        self.frame.path.push(Step { what, unit, asked });
        let fine = self.enter(asked);
        let value = self.in_unit(unit, |ev| if fine { ev.export_value(output, block) } else { Value::Unknown });
        self.leave();
        self.frame.path.pop();
        let value = value.unwrap_or(Value::Unknown);
        if let Some(export) = self.frame.part_mut(unit).and_then(|part| part.exports.get_mut(at)) {
            export.value = Some(value.clone());
        }
        value
    }

    fn export_value(&mut self, output: &'p Output, block: BlockId) -> Value {
        let dry = self.frame.is_dry(block);
        let before = std::mem::replace(&mut self.dry, dry);
        let scope = Scope::of(block);
        let (value, span) = match &output.value {
            Some(expr) => (self.eval(expr, &scope), expr.span),
            None => (self.lookup(output.name.name, output.name.span, &scope), output.name.span),
        };
        let value = match &output.ty {
            Some(ty) => {
                let ty = types::resolve(self, ty);
                fits::fit(self, &ty, value, span)
            }
            None => value,
        };
        self.dry = before;
        value
    }

    fn no_such_output(&mut self, part: &ComponentRef, name: Ident) {
        let Some((declared, ..)) = self.program.component(part.id.0, part.id.1) else { return };
        let message = format!("`{}` has no output `{}`", part.component, name.name);
        let problem = Diagnostic::new(Code::UnknownOutput, message).at(name.span, "no such output");
        let outputs = &declared.members.outputs;
        let near = nearest(name.name.as_str(), outputs.iter().map(|o| o.name.as_str()));
        let names: Vec<String> = outputs.iter().map(|output| format!("`{}`", output.name)).collect();
        self.report(match near {
            Some(near) => problem.help(format!("write `{near}`")).fix(name.span, near),
            None if declared.members.by_name.contains_key(&name.name) => problem.help(format!(
                "add an `output` of `{}` to the component: only outputs are seen from outside",
                name.name
            )),
            None if names.is_empty() => problem.help(format!("add `output {} = …` to the component", name.name)),
            None => problem.help(format!("use one of {}", names.join(", "))),
        });
    }

    // ---- arguments

    /// The value of a `param` of the component at hand: what is given, else the default.
    pub(super) fn component_param(&mut self, param: &'p Param, block: BlockId) -> Value {
        let unit = self.frame.unit.id;
        self.read_arguments(unit);
        let given = self.frame.part_mut(unit).and_then(|part| {
            let arguments = part.arguments.as_ref()?;
            let found = arguments.iter().rev().find(|argument| argument.name == param.name.name)?;
            Some((found.value.clone(), found.span, part.outer, part.block, part.dry))
        });
        let given = match given {
            Some((Given::Value(value), span, ..)) => Some((value, span)),
            Some((Given::Expr(expr), _, outer, from, dry)) => {
                let value = self.in_unit(outer, |ev| {
                    let before = std::mem::replace(&mut ev.dry, dry);
                    let value = ev.eval(expr, &Scope::of(from));
                    ev.dry = before;
                    value
                });
                Some((value.unwrap_or(Value::Unknown), expr.span))
            }
            None => None,
        };
        // As with properties, `null` leaves it out.
        let null = given.as_ref().filter(|(value, _)| matches!(value, Value::Null)).map(|(_, span)| *span);
        let (value, span) = match (given.filter(|(value, _)| !matches!(value, Value::Null)), &param.default) {
            (Some(given), _) => given,
            (None, Some(default)) => (self.eval(default, &Scope::of(block)), default.span),
            (None, None) if self.is_optional(param) => return Value::Null,
            (None, None) => {
                self.missing_argument(param, null);
                return Value::Unknown;
            }
        };
        match &param.ty {
            Some(ty) => self.fit_declared(ty, value, span, param.name),
            None => value,
        }
    }

    /// What the use of a component gives for a `param` of it: the expression, and the unit and block it stands in.
    pub(super) fn given_to(&self, unit: UnitId, param: Name) -> Option<(&'p Expr, UnitId, BlockId)> {
        let part = self.frame.unit(unit)?.part.as_deref()?;
        let given = part.arguments.as_ref()?.iter().rev().find(|argument| argument.name == param)?;
        match given.value {
            Given::Expr(expr) => Some((expr, part.outer, part.block)),
            Given::Value(_) => None,
        }
    }

    /// A value as the type that a parameter declares; where it does not fit, the parameter is shown too.
    pub(super) fn fit_declared(&mut self, ty: &'p TypeExpr, value: Value, span: Span, declared: Ident) -> Value {
        let resolved = types::resolve(self, ty);
        match fits::try_fit(self, &resolved, value, span) {
            Ok(value) => value,
            Err(problem) => {
                let problem = match problem.labels.iter().any(|label| ty.span.covers(label.span)) {
                    true => *problem,
                    false => problem.at(declared.span, format!("`{}` is declared here", declared.name)),
                };
                self.report_value(problem);
                Value::Unknown
            }
        }
    }

    fn is_optional(&mut self, param: &'p Param) -> bool {
        param.ty.as_ref().is_some_and(|ty| matches!(types::resolve(self, ty), Type::Optional(_)))
    }

    /// `null` is where it is given as `null`: that depends on values, which a branch not taken does not have.
    fn missing_argument(&mut self, param: &Param, null: Option<Span>) {
        if null.is_some() && self.dry {
            return;
        }
        let Some(part) = self.frame.unit.part.as_deref() else { return };
        let Some(used) = &part.used else { return };
        let ty = used.resource.ty.name;
        let message = format!("`{}` lacks `{}`, which `{ty}` needs", part.shown, param.name.name);
        let problem = Diagnostic::new(Code::MissingArgument, message)
            .at(null.unwrap_or(used.resource.name.span), if null.is_some() { "`null`" } else { "made without it" })
            .at(param.name.span, "declared here, without a default");
        let shown = param.ty.as_ref().map_or("…", |ty| self.program.sources.text(ty.span));
        let help = format!("add `{}: …`, of the type `{shown}`", param.name.name);
        self.report(problem.help(help));
    }

    /// Finds out what a component is given. Spreads are evaluated, the rest only when it is needed.
    fn read_arguments(&mut self, unit: UnitId) {
        let Some(part) = self.frame.part_mut(unit).filter(|part| part.arguments.is_none()) else { return };
        let (outer, block, dry) = (part.outer, part.block, part.dry);
        let body = part.used.as_ref().and_then(|used| used.resource.body.as_ref());
        let Some(Expr { kind: ExprKind::Object(entries), .. }) = body else {
            part.arguments = Some(Vec::new());
            return;
        };
        let arguments = self.in_unit(outer, |ev| {
            let before = std::mem::replace(&mut ev.dry, dry);
            let arguments = ev.entries_as_arguments(entries, block);
            ev.dry = before;
            arguments
        });
        if let Some(part) = self.frame.part_mut(unit) {
            part.arguments = Some(arguments.unwrap_or_default());
        }
    }

    fn entries_as_arguments(&mut self, entries: &'p [Entry], block: BlockId) -> Vec<Argument<'p>> {
        let mut arguments: Vec<Argument<'p>> = Vec::with_capacity(entries.len());
        let scope = Scope::of(block);
        for entry in entries {
            match entry {
                Entry::Field(Key::Name(key), value) => {
                    let first = arguments.iter().find(|a| a.name == key.name && matches!(a.value, Given::Expr(_)));
                    if let Some(first) = first.map(|first| first.span) {
                        self.report(super::eval::same_key(key.name, key.span, first));
                    }
                    arguments.push(Argument { name: key.name, span: key.span, value: Given::Expr(value) });
                }
                Entry::Field(Key::Computed(key), value) => {
                    if let Some(name) = self.key(key, &scope) {
                        arguments.push(Argument { name, span: key.span, value: Given::Expr(value) });
                    }
                }
                Entry::Spread(expr) => {
                    let mut more = crate::semantics::value::Object::default();
                    self.spread_entries(expr, &mut more, &scope);
                    let given = more.iter().map(|(name, value)| Argument {
                        name,
                        span: expr.span,
                        value: Given::Value(value.clone()),
                    });
                    arguments.extend(given);
                }
            }
        }
        arguments
    }

    /// Refuses what the component does not take.
    fn check_arguments(&mut self, unit: UnitId) {
        self.read_arguments(unit);
        let Some(part) = self.frame.part_mut(unit) else { return };
        let given: Vec<(Name, Span)> = part.arguments.iter().flatten().map(|a| (a.name, a.span)).collect();
        let (component, outer) = (part.component, part.outer);
        let Some(path) = part.used.as_ref().map(|used| used.resource.ty.name) else { return };
        let Some((declared, ..)) = self.program.component(component.0, component.1) else { return };
        let params = &declared.members.params;
        for (name, span) in given {
            if params.iter().any(|param| param.name == name) {
                if let Some(old) = declared.members.old(name) {
                    self.in_unit(outer, |ev| ev.uses_old(Some(old), name.as_str(), span));
                }
                continue;
            }
            let message = format!("`{path}` has no param `{name}`");
            let problem = Diagnostic::new(Code::BadArgument, message);
            let known: Vec<String> = params.iter().map(|param| format!("`{}`", param.name)).collect();
            let problem = match nearest(name.as_str(), params.iter().map(|param| param.name.as_str())) {
                Some(near) => problem.at(span, "not a param").help(format!("write `{near}`")).fix(span, near),
                None if known.is_empty() => problem.at(span, "it has none").help("remove it"),
                None if name.as_str().starts_with(|c: char| c.is_ascii_uppercase())
                    && params.iter().any(|param| param.name.as_str() == "properties") =>
                {
                    problem.at(span, "a property of AWS").help(format!("write `properties: {{ {name}: … }}`"))
                }
                None => problem.at(span, "not a param").help(format!("use one of {}", known.join(", "))),
            };
            self.in_unit(outer, |ev| ev.report(problem));
        }
    }

    // ---- decorators

    /// What the decorators above a component, and above those around it, say to all that is in it.
    pub(super) fn says_of(&mut self, unit: UnitId) -> Option<Arc<ResourceSays>> {
        let part = self.frame.part_mut(unit)?;
        if let Some(says) = &part.says {
            return Some(Arc::clone(says));
        }
        let (outer, block, dry) = (part.outer, part.block, part.dry);
        let (stmt, name) = part.used.as_ref().map(|used| (used.stmt, used.resource.name.span))?;
        let mut says = self.in_unit(outer, |ev| {
            let before = std::mem::replace(&mut ev.dry, dry);
            let says = decorators::component_says(ev, &stmt.decorators, &Scope::of(block), name);
            ev.dry = before;
            says
        })?;
        if let Some(outer) = self.says_of(outer) {
            says.inherit(&outer);
        }
        let says = Arc::new(says);
        if let Some(part) = self.frame.part_mut(unit) {
            part.says = Some(Arc::clone(&says));
        }
        Some(says)
    }

    /// The logical ids of all that a component consists of.
    pub(super) fn ids_in(&self, unit: UnitId) -> Vec<Name> {
        let lies_in = |at: UnitId| {
            let mut at = self.frame.unit(at);
            while let Some(here) = at {
                if here.id == unit {
                    return true;
                }
                at = here.part.as_deref().and_then(|part| self.frame.unit(part.outer));
            }
            false
        };
        self.frame.pending.iter().filter(|p| !p.dry && lies_in(p.unit)).map(|p| p.made.id).collect()
    }

    /// Evaluates a component that nobody used, with values nobody knows, for what is wrong in any case.
    pub(super) fn check_component(&mut self, component: ComponentId) {
        let program = self.program;
        let Some((declared, _, body)) = program.component(component.0, component.1) else { return };
        let unit = self.frame.next_unit();
        let unknown =
            |param: &Ident| Argument { name: param.name, span: param.span, value: Given::Value(Value::Unknown) };
        let part = Part {
            component,
            used: None,
            outer: UnitId::TOP,
            block: BlockId::default(),
            root: 0,
            id: declared.name,
            shown: declared.name.as_str().into(),
            dry: true,
            arguments: Some(declared.members.params.iter().map(unknown).collect()),
            exports: Vec::new(),
            progress: Progress::Waiting,
            says: None,
        };
        let made = Unit { part: Some(Box::new(part)), ..Unit::new(unit, component.0, &declared.members, body) };
        self.frame.park(made);
        self.frame.components = vec![unit];
        self.run_components();
        self.bodies();
    }
}
