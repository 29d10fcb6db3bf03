//! The evaluator: expressions in scopes, with what is known while compiling.
//!
//! The neighbours' rooms are called with values already evaluated: [`functions`], [`operators`],
//! [`text`], [`fits`]. Only `conform` walks expressions itself, through [`Evaluator::eval`], so
//! that what is wrong deep inside a property is shown there.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::schema::{ResourceType, Types};
use crate::semantics::declare::{At, Top};
use crate::semantics::frame::{Frame, Fuel};
use crate::semantics::instances::Instances;
use crate::semantics::project::Project;
use crate::semantics::reports::Reports;
use crate::semantics::run::Round;
use crate::semantics::testing::Testing;
use crate::semantics::types::Type;
use crate::semantics::value::{Later, LaterExpr, Object, Value};
use crate::semantics::{Program, builtin, fits, functions, hatches, operators, resources, text, types, vpc_of};
use crate::source::Span;
use crate::syntax::ast::{Arg, Binary, Element, Entry, Expr, ExprKind, Ident, Key, Piece};

pub(crate) use crate::semantics::scope::Scope;

/// How deep expressions, `let`s and instances may need each other.
const DEEPEST: u32 = 256;
/// Items a list may have.
const LONGEST_LIST: usize = 100_000;
/// Parts a value may have: lists, objects, and what is in them by eights.
const MOST_PARTS: usize = 1_000_000;

/// Evaluates the expressions of one instance after the other.
pub(crate) struct Evaluator<'p> {
    /// The project.
    pub(crate) program: &'p Program,
    /// In a branch that is not taken: problems of values are not reported.
    pub(crate) dry: bool,
    /// What is asked for.
    pub(super) round: &'p Round,
    /// The instance at hand.
    pub(super) frame: Frame<'p>,
    /// Accounts and environments.
    pub(super) project: Project,
    /// Every instance there is, and what is known of those that are done.
    pub(super) instances: Instances,
    pub(super) reports: Reports,
    /// Functions that are being called, and where, outermost first.
    pub(super) calls: Vec<(Name, Span)>,
    /// What tests look at; `None` where no test is run.
    pub(super) testing: Option<Box<Testing<'p>>>,
    /// What `type`s stand for, as far as that was asked.
    pub(super) aliases: FxHashMap<At, Type>,
    /// `type`s that are being resolved.
    pub(super) resolving: Vec<At>,
    /// Branches and loop bodies that were checked without being taken: once is enough.
    dried: FxHashSet<usize>,
    known: FxHashMap<Name, Option<&'static ResourceType>>,
    depth: u32,
}

impl<'p> Evaluator<'p> {
    pub(super) fn new(program: &'p Program, round: &'p Round) -> Self {
        Self {
            program,
            dry: false,
            round,
            frame: Frame::new(super::frame::Place::default()),
            project: Project::default(),
            instances: Instances::default(),
            reports: Reports::default(),
            calls: Vec::new(),
            testing: None,
            aliases: FxHashMap::default(),
            resolving: Vec::new(),
            dried: FxHashSet::default(),
            known: FxHashMap::default(),
            depth: 0,
        }
    }

    /// The resource types.
    pub(crate) fn types(&self) -> &'static Types {
        self.program.types
    }

    /// The resource type of that name.
    pub(super) fn resource_type(&mut self, name: Name) -> Option<&'static ResourceType> {
        let types = self.program.types;
        *self.known.entry(name).or_insert_with(|| types.resource(name.as_str()))
    }

    /// The region of the instance; empty while the project is read.
    pub(crate) fn region(&self) -> &str {
        self.frame.place.region.as_deref().unwrap_or("")
    }

    /// Reports a problem that is there whatever the values are: a name, a property, a type.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        let (diagnostic, used) = self.with_uses(diagnostic);
        self.reports.add(diagnostic, used);
    }

    /// Reports a problem of a value (range, index, `null`, a failed assertion): silent in a dry branch.
    pub(crate) fn report_value(&mut self, diagnostic: Diagnostic) {
        if !self.dry {
            self.report(diagnostic);
        }
    }

    /// Runs `work` with further names bound.
    pub(crate) fn in_scope<R>(
        &mut self,
        outer: &Scope<'_>,
        bound: Vec<(Name, Value)>,
        work: impl FnOnce(&mut Self, &Scope<'_>) -> R,
    ) -> R {
        work(self, &Scope { outer: Some(outer), bound, block: outer.block })
    }

    /// One level deeper; false, with a report, where that is too deep. Always followed by [`Self::leave`].
    pub(super) fn enter(&mut self, span: Span) -> bool {
        self.depth += 1;
        if self.depth <= DEEPEST {
            return true;
        }
        self.report(
            Diagnostic::new(Code::LimitExceeded, format!("this is nested more than {DEEPEST} levels deep"))
                .at(span, "too deep")
                .help("name parts of it with `let`, each before it is used"),
        );
        false
    }

    /// One level up.
    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Takes steps of what an instance may use; false, with a report, where nothing is left.
    pub(crate) fn burn(&mut self, steps: usize, span: Span) -> bool {
        match self.frame.burn(steps as u64) {
            Fuel::Enough => return true,
            Fuel::Empty => {}
            Fuel::RunsOut => self.report(
                Diagnostic::new(Code::LimitExceeded, "this stack takes too many steps to evaluate")
                    .at(span, "given up here")
                    .help("make its loops smaller"),
            ),
        }
        false
    }

    /// Evaluates `expr`; what is wrong is reported, and the value is then [`Value::Unknown`].
    pub(crate) fn eval(&mut self, expr: &'p Expr, scope: &Scope<'_>) -> Value {
        let value = match &expr.kind {
            ExprKind::Str(text) => return Value::Str(Arc::clone(text)),
            ExprKind::Int(n) => return Value::Int(*n),
            ExprKind::Bool(b) => return Value::Bool(*b),
            ExprKind::Name(name) => return self.lookup(*name, expr.span, scope),
            _ if self.enter(expr.span) && self.burn(1, expr.span) => self.compound(expr, scope),
            _ => Value::Unknown,
        };
        self.leave();
        value
    }

    /// Evaluates a branch that is not taken, for what is wrong with it in any case.
    pub(super) fn eval_dry(&mut self, expr: &'p Expr, scope: &Scope<'_>) {
        if self.is_first_time(expr) {
            let before = std::mem::replace(&mut self.dry, true);
            self.eval(expr, scope);
            self.dry = before;
        }
    }

    /// Whether this part of the tree has not been looked at dry.
    pub(super) fn is_first_time<T>(&mut self, part: &'p T) -> bool {
        self.dried.insert(std::ptr::from_ref(part).addr())
    }

    fn compound(&mut self, expr: &'p Expr, scope: &Scope<'_>) -> Value {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Float(n) => Value::Float(*n),
            ExprKind::Template(pieces) => self.template(pieces, span, scope),
            ExprKind::Path(name) => self.bare_path(*name, span),
            ExprKind::List(elements) => self.list(elements, span, scope),
            ExprKind::Object(entries) => self.object(entries, span, scope),
            ExprKind::ListFor(list) => self.list_for(list, span, scope),
            ExprKind::ObjectFor(object) => self.object_for(object, span, scope),
            ExprKind::Field(..) => self.fields(expr, scope),
            ExprKind::Index(base, keys) => self.index(base, keys, span, scope),
            ExprKind::Call(callee, args) => self.call(callee, args, span, scope),
            ExprKind::Unary(op, operand) => {
                let value = self.eval(operand, scope);
                operators::unary(self, *op, (value, operand.span), span)
            }
            ExprKind::Binary(op, sides) => self.binary(*op, &sides.0, &sides.1, span, scope),
            ExprKind::If(parts) => self.choose(&parts.0, &parts.1, &parts.2, scope),
            ExprKind::Match(m) => self.pick(m, span, scope),
            ExprKind::Range(ends) => self.range(&ends.0, &ends.1, span, scope),
            ExprKind::As(value, ty) => {
                let given = self.eval(value, scope);
                let ty = types::resolve(self, ty);
                fits::cast(self, &ty, given, value.span)
            }
            ExprKind::Null => Value::Null,
            ExprKind::Raw(body) => {
                let value = hatches::raw(self, body, span, scope);
                let value = if self.frame.is_test { self.plain_here(value) } else { value };
                self.pay(value, span)
            }
            ExprKind::Live(what) => hatches::live(self, what, span, scope),
            ExprKind::Broken => Value::Unknown,
            ExprKind::Str(_) | ExprKind::Int(_) | ExprKind::Bool(_) | ExprKind::Name(_) => self.eval(expr, scope),
        }
    }

    fn template(&mut self, pieces: &'p [Piece], span: Span, scope: &Scope<'_>) -> Value {
        let mut values = Vec::with_capacity(pieces.len());
        for piece in pieces {
            values.push(match piece {
                Piece::Text(text) => (Value::Str(Arc::clone(text)), span),
                Piece::Expr(expr) => (self.eval(expr, scope), expr.span),
            });
        }
        let value = text::interpolate(self, values, span);
        self.pay(value, span)
    }

    /// Large and deep values cost steps, so that doubling loops end and nothing is too deep to walk.
    fn pay(&mut self, value: Value, span: Span) -> Value {
        let steps = match &value {
            Value::Str(text) => text.len() / 64,
            Value::List(_) | Value::Object(_) => {
                let weight = weight_of_nest(&value, MOST_PARTS);
                if weight > MOST_PARTS {
                    if self.frame.give_up() {
                        self.report(
                            Diagnostic::new(Code::LimitExceeded, "this value has too many parts")
                                .at(span, "lists in lists, or objects in objects")
                                .help("make it smaller: what is in it several times counts several times"),
                        );
                    }
                    return Value::Unknown;
                }
                weight
            }
            Value::Later(later) => weight(later),
            _ => 0,
        };
        if steps == 0 || self.burn(steps, span) { value } else { Value::Unknown }
    }

    fn list(&mut self, elements: &'p [Element], span: Span, scope: &Scope<'_>) -> Value {
        let mut items = Vec::with_capacity(elements.len());
        let mut known = true;
        for element in elements {
            let value = self.eval(&element.value, scope);
            if !element.spread {
                items.push(value);
                continue;
            }
            match self.spread_items(value, element.value.span) {
                Some(more) => items.extend(more),
                None => known = false,
            }
        }
        if !known || !self.fits_list(items.len(), span) {
            Value::Unknown
        } else {
            self.pay(Value::List(items.into()), span)
        }
    }

    /// What `...value` adds to a list.
    pub(super) fn spread_items(&mut self, value: Value, span: Span) -> Option<Vec<Value>> {
        match value {
            Value::List(items) => Some(items.to_vec()),
            Value::Null => Some(Vec::new()),
            Value::Resources(_) | Value::Later(_) => {
                Some(self.items(value, span)?.into_iter().map(|(_, item)| item).collect())
            }
            Value::Unknown => None,
            other => {
                let message = format!("`...` in a list takes a list, not {}", fits::kind(&other));
                self.report_value(Diagnostic::new(Code::TypeMismatch, message).at(span, fits::shown(&other)));
                None
            }
        }
    }

    /// Whether a list of that length is allowed; says so where it is not.
    pub(super) fn fits_list(&mut self, length: usize, span: Span) -> bool {
        if length <= LONGEST_LIST {
            return true;
        }
        self.report(
            Diagnostic::new(Code::LimitExceeded, format!("a list has at most {LONGEST_LIST} items"))
                .at(span, format!("this one has {length}"))
                .help("make it shorter"),
        );
        false
    }

    fn object(&mut self, entries: &'p [Entry], at: Span, scope: &Scope<'_>) -> Value {
        let mut object = Object::default();
        let mut written: FxHashMap<Name, Span> = FxHashMap::default();
        let mut known = true;
        for entry in entries {
            let (key, value) = match entry {
                Entry::Spread(expr) => {
                    known &= self.spread_entries(expr, &mut object, scope);
                    continue;
                }
                Entry::Field(Key::Name(key), value) => (Some((key.name, key.span)), value),
                Entry::Field(Key::Computed(key), value) => (self.key(key, scope).map(|name| (name, key.span)), value),
            };
            let value = self.eval(value, scope);
            let Some((key, span)) = key else {
                known = false;
                continue;
            };
            match written.insert(key, span) {
                Some(first) => self.report(same_key(key, span, first)),
                None => object.insert(key, value),
            }
        }
        object.made_by(self.call_of_user());
        if known { self.pay(Value::Object(object.into()), at) } else { Value::Unknown }
    }

    /// The innermost call at hand that is not the library's own.
    fn call_of_user(&self) -> Option<Span> {
        self.calls.iter().rev().map(|(_, span)| *span).find(|span| span.file.built_in_at().is_none())
    }

    pub(super) fn spread_entries(&mut self, expr: &'p Expr, into: &mut Object, scope: &Scope<'_>) -> bool {
        match self.eval(expr, scope) {
            Value::Object(more) => {
                // Each entry is looked for among those that are there.
                if !self.burn(more.len() * into.len().max(8) / 8, expr.span) {
                    return false;
                }
                if into.is_empty() {
                    *into = Object::clone(&more);
                } else {
                    more.iter().for_each(|(key, value)| into.insert(key, value.clone()));
                    into.made_by(more.call());
                }
            }
            Value::Env(env) => env.fields.iter().for_each(|(key, value)| into.insert(key, value.clone())),
            Value::Null => {}
            Value::Unknown => return false,
            Value::Later(later) => {
                if let Some(more) = hatches::entries(&later) {
                    more.into_iter().for_each(|(key, value)| into.insert(key, value));
                    return true;
                }
                self.report(fits::too_late("the keys of an object are needed", &later, expr.span));
                return false;
            }
            other => {
                let message = format!("`...` in an object takes an object, not {}", fits::kind(&other));
                self.report_value(Diagnostic::new(Code::TypeMismatch, message).at(expr.span, fits::shown(&other)));
                return false;
            }
        }
        true
    }

    /// A computed key: text, or the text of a number.
    pub(super) fn key(&mut self, expr: &'p Expr, scope: &Scope<'_>) -> Option<Name> {
        match self.eval(expr, scope) {
            Value::Str(text) => Some(Name::new(&text)),
            Value::Int(n) => Some(Name::new(&n.to_string())),
            Value::Env(env) => Some(env.name),
            Value::Unknown => None,
            Value::Later(later) if later.secret => {
                self.report(super::secret_leak("a key", &later, expr.span));
                None
            }
            Value::Later(later) => {
                self.report(fits::too_late("a key is needed", &later, expr.span));
                None
            }
            other => {
                let message = format!("a key is text or a whole number, not {}", fits::kind(&other));
                self.report_value(Diagnostic::new(Code::TypeMismatch, message).at(expr.span, fits::shown(&other)));
                None
            }
        }
    }

    fn call(&mut self, callee: &'p Expr, args: &'p [Arg], span: Span, scope: &Scope<'_>) -> Value {
        let name = match &callee.kind {
            ExprKind::Name(name) | ExprKind::Path(name) => Ident { name: *name, span: callee.span },
            ExprKind::Broken => return Value::Unknown,
            _ => {
                self.report(
                    Diagnostic::new(Code::TypeMismatch, "only a function can be called")
                        .at(callee.span, "this is not the name of a function"),
                );
                return Value::Unknown;
            }
        };
        if self.frame.is_test
            && matches!(name.name.as_str(), "resources" | "outputs")
            && self.own_function(name.name).is_none()
        {
            return self.look_over(name, args, span, scope);
        }
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            let value = self.eval(&arg.value, scope);
            let given = |value| functions::Argument { name: arg.name, value, span: arg.value.span };
            if arg.spread {
                let Some(more) = self.spread_items(value, arg.value.span) else { return Value::Unknown };
                values.extend(more.into_iter().map(given));
            } else {
                values.push(given(value));
            }
        }
        if let Some(own) = self.own_function(name.name) {
            let value = self.call_own(own, name, values, span);
            return self.pay(value, span);
        }
        let value = match name.name.as_str() {
            "arn" => resources::arn(self, &values, span),
            "vpc_of" => vpc_of::vpc_of(self, &values, span),
            _ => functions::call(self, name, values, span),
        };
        let value = if self.frame.is_test { self.plain_here(value) } else { value };
        self.pay(value, span)
    }

    fn binary(&mut self, op: Binary, left: &'p Expr, right: &'p Expr, span: Span, scope: &Scope<'_>) -> Value {
        let first = self.eval(left, scope);
        let decided = matches!((op, &first), (Binary::And, Value::Bool(false)) | (Binary::Or, Value::Bool(true)))
            || (op == Binary::Else && !matches!(first, Value::Null | Value::Unknown));
        if decided {
            self.eval_dry(right, scope);
            return first;
        }
        let second = self.eval(right, scope);
        if op == Binary::Else {
            return if matches!(first, Value::Null) { second } else { Value::Unknown };
        }
        let value = operators::binary(self, op, (first, left.span), (second, right.span), span);
        self.pay(value, span)
    }

    fn bare_path(&mut self, name: Name, span: Span) -> Value {
        let found = self.program.find(self.frame.unit.module, name.as_str());
        if let Some((
            module,
            top @ (Top::Let(_) | Top::Param(_) | Top::Function(_) | Top::Component(_) | Top::Alias(_)),
        )) = found
        {
            let last = Name::new(name.as_str().rsplit("::").next().unwrap_or_default());
            return self.top_value(module, last, top, span);
        }
        let problem = Diagnostic::new(Code::UnknownName, format!("`{name}` is not a value"));
        self.report(match builtin::pseudo(name.as_str()) {
            Some(ours) => {
                problem.at(span, "CloudFormation's name for it").help(format!("write `{ours}`")).fix(span, ours)
            }
            None if name.as_str().starts_with(|c: char| c.is_ascii_lowercase()) => {
                let is_value = |top: &Top| matches!(top, Top::Let(_) | Top::Param(_));
                let known = self.program.neighbours(self.frame.unit.module, name.as_str(), is_value);
                match nearest(name.as_str(), known.iter().map(String::as_str)) {
                    Some(near) => problem.at(span, "not known").help(format!("write `{near}`")).fix(span, near),
                    None => {
                        problem.at(span, "no `let` of that module").help("name a `let` of a module, or call a function")
                    }
                }
            }
            None => problem
                .at(span, "a path names a resource type or a function")
                .help(format!("declare a resource of it: `resource Name = {name} {{ … }}`")),
        });
        Value::Unknown
    }
}

/// How deep a later value is, and how many pieces it has.
fn weight(later: &Later) -> usize {
    let mut weight = 0;
    let mut at = Some(later);
    while let Some(here) = at {
        weight += 1;
        at = match &here.expr {
            LaterExpr::Concat(pieces) => {
                weight += pieces.len();
                pieces.iter().find_map(fits::later_of)
            }
            LaterExpr::Join(_, value) | LaterExpr::Split(_, value) => fits::later_inside(value),
            LaterExpr::Base64(value) | LaterExpr::Cidr(value, ..) => fits::later_of(value),
            LaterExpr::Select(_, list) => Some(list),
            LaterExpr::Raw(raw) => {
                weight += weight_of_nest(&raw.value, MOST_PARTS);
                None
            }
            _ => None,
        };
    }
    weight
}

/// How large a list or object is with all that is in it, as if nothing were shared; more than `most` is not counted.
fn weight_of_nest(value: &Value, most: usize) -> usize {
    let mut weight = 0;
    let mut waiting = vec![value];
    while let Some(here) = waiting.pop() {
        let length = match here {
            Value::List(items) => {
                waiting.extend(items.iter().filter(|item| is_nest(item)));
                items.len()
            }
            Value::Object(object) => {
                waiting.extend(object.iter().map(|(_, item)| item).filter(|item| is_nest(item)));
                object.len()
            }
            _ => 0,
        };
        weight += 1 + length / 8;
        if weight > most {
            break;
        }
    }
    weight
}

fn is_nest(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Object(_))
}

/// The same key again.
pub(super) fn same_key(key: Name, span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::DuplicateKey, format!("`{key}` is given twice"))
        .at(span, "again here")
        .at(first, "given here first")
        .help("keep one of them")
}
