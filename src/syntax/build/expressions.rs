//! Expressions.

use std::iter::Peekable;

use super::super::ast::{
    Arg, Arm, Binary, Comprehension, Element, Entry, Expr, ExprKind, Ident, Key, ListFor, Match, ObjectFor, Unary,
};
use super::super::explain::Context;
use super::super::grammar::{Pair, Pairs, Rule};
use super::Builder;
use crate::names::Name;
use crate::source::Span;

/// How tightly operators bind; a higher rank binds first. `as` stands above them all.
const CAST: u8 = 8;
const COMPARISON: u8 = 4;
const RANGE: u8 = 1;

/// An operator of the grammar's flat row.
enum Operator {
    Binary(Binary),
    Range,
    Cast,
}

impl Operator {
    fn of(pair: &Pair<'_, Rule>) -> Option<Self> {
        if pair.as_rule() == Rule::cast {
            return Some(Self::Cast);
        }
        Some(Self::Binary(match pair.as_str() {
            ".." => return Some(Self::Range),
            "||" => Binary::Or,
            "&&" => Binary::And,
            "==" => Binary::Eq,
            "!=" => Binary::Ne,
            "<" => Binary::Lt,
            "<=" => Binary::Le,
            ">" => Binary::Gt,
            ">=" => Binary::Ge,
            "??" => Binary::Else,
            "+" => Binary::Add,
            "-" => Binary::Sub,
            "*" => Binary::Mul,
            "/" => Binary::Div,
            "%" => Binary::Rem,
            _ => return None,
        }))
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Range => RANGE,
            Self::Cast => CAST,
            Self::Binary(op) => match op {
                Binary::Or => 2,
                Binary::And => 3,
                Binary::Eq | Binary::Ne | Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge => COMPARISON,
                Binary::Else => 5,
                Binary::Add | Binary::Sub => 6,
                Binary::Mul | Binary::Div | Binary::Rem => 7,
            },
        }
    }
}

impl Builder<'_> {
    /// An expression: operands with operators between them.
    pub(super) fn expr(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let inner = pair.into_inner();
        // Each prefix, postfix and operator may put the tree one level deeper.
        let levels = inner.len();
        if levels <= 1 {
            let build = |builder: &mut Self| inner.into_iter().next().map(|only| builder.primary(only));
            return self.deeper(1, span, build).flatten().unwrap_or_else(|| Self::broken(span));
        }
        let build = |builder: &mut Self| {
            let mut pairs = inner.peekable();
            builder.row(&mut pairs, 0)
        };
        self.deeper(levels, span, build).flatten().unwrap_or_else(|| Self::broken(span))
    }

    /// Operands joined by operators of at least that rank.
    fn row(&mut self, pairs: &mut Peekable<Pairs<'_, Rule>>, least: u8) -> Option<Expr> {
        let mut left = self.operand(pairs)?;
        let mut last = u8::MAX;
        while let Some(operator) = pairs.peek().and_then(Operator::of) {
            let rank = operator.rank();
            if rank < least {
                break;
            }
            let sign = pairs.next()?;
            if rank == last && matches!(rank, COMPARISON | RANGE) {
                self.chained(&sign);
            }
            last = rank;
            left = match operator {
                Operator::Cast => {
                    let ty = self.ty(pairs.next()?);
                    Expr { span: left.span.to(ty.span), kind: ExprKind::As(Box::new(left), Box::new(ty)) }
                }
                Operator::Range => {
                    let right = self.row(pairs, rank + 1)?;
                    Expr { span: left.span.to(right.span), kind: ExprKind::Range(Box::new((left, right))) }
                }
                Operator::Binary(op) => {
                    let right = self.row(pairs, rank + 1)?;
                    Expr { span: left.span.to(right.span), kind: ExprKind::Binary(op, Box::new((left, right))) }
                }
            };
        }
        Some(left)
    }

    fn chained(&mut self, sign: &Pair<'_, Rule>) {
        let sign_text = sign.as_str();
        let help = if sign_text == ".." {
            "write one range"
        } else {
            "write two comparisons joined by `&&`, or put one of them in parentheses"
        };
        let span = self.span(sign);
        self.error(span, format!("`{sign_text}` cannot follow another operator of its kind"), "second one", help);
    }

    /// Prefixes, the thing itself, and what follows it: fields, indexes, arguments.
    fn operand(&mut self, pairs: &mut Peekable<Pairs<'_, Rule>>) -> Option<Expr> {
        let first = pairs.next()?;
        if first.as_rule() == Rule::prefix {
            return self.prefixed(&first, pairs);
        }
        let mut operand = self.primary(first);
        while let Some(rule) = pairs.peek().map(Pair::as_rule) {
            if !matches!(rule, Rule::field | Rule::index | Rule::arguments) {
                break;
            }
            let postfix = pairs.next()?;
            let span = operand.span.to(self.span(&postfix));
            let kind = match rule {
                Rule::field => self.field(operand, postfix),
                Rule::index => ExprKind::Index(Box::new(operand), self.indexes(postfix)),
                _ => ExprKind::Call(Box::new(operand), self.arguments(postfix).into()),
            };
            operand = Expr { span, kind };
        }
        Some(operand)
    }

    fn prefixed(&mut self, sign: &Pair<'_, Rule>, pairs: &mut Peekable<Pairs<'_, Rule>>) -> Option<Expr> {
        let start = self.span(sign);
        let minus = sign.as_str() == "-";
        // A minus before a literal is part of the number: the smallest one has no positive twin.
        if let Some(number) = pairs.next_if(|next| minus && next.as_rule() == Rule::number) {
            let kind = self.number(&number, true);
            return Some(Expr { span: start.to(self.span(&number)), kind });
        }
        let inner = self.operand(pairs)?;
        let op = if minus { Unary::Minus } else { Unary::Not };
        Some(Expr { span: start.to(inner.span), kind: ExprKind::Unary(op, Box::new(inner)) })
    }

    fn field(&mut self, of: Expr, pair: Pair<'_, Rule>) -> ExprKind {
        let mut name = self.nameless(of.span);
        let mut safe = false;
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::safe_dot => safe = true,
                _ => name = self.ident(&child),
            }
        }
        ExprKind::Field(Box::new(of), name, safe)
    }

    fn indexes(&mut self, pair: Pair<'_, Rule>) -> Box<[Expr]> {
        let span = self.span(&pair);
        let mut keys = Vec::new();
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::expr => keys.push(self.expr(child)),
                Rule::broken_entry_rest => self.skipped(Context::EndOfEntry, &child),
                _ => {
                    keys.push(Self::broken(self.span(&child)));
                    self.skipped(Context::Value, &child);
                }
            }
        }
        if keys.is_empty() {
            self.error(span, "an index is missing", "empty", "write a number, or a key in quotes");
            keys.push(Self::broken(span));
        }
        keys.into()
    }

    /// `(x, named: y)`
    pub(super) fn arguments(&mut self, pair: Pair<'_, Rule>) -> Vec<Arg> {
        let mut args = Vec::with_capacity(pair.clone().into_inner().len());
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::argument => args.push(self.argument(child)),
                Rule::broken_entry_rest => self.skipped(Context::EndOfEntry, &child),
                _ => {
                    args.push(Arg { name: None, spread: false, value: Self::broken(self.span(&child)) });
                    self.skipped(Context::Argument, &child);
                }
            }
        }
        args
    }

    fn argument(&mut self, pair: Pair<'_, Rule>) -> Arg {
        let mut arg = Arg { name: None, spread: false, value: Self::broken(self.span(&pair)) };
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::spread => arg.spread = true,
                Rule::argument_name => arg.name = Some(self.ident(&child)),
                Rule::expr => arg.value = self.expr(child),
                _ => {}
            }
        }
        arg
    }

    /// An operand without prefixes and postfixes.
    pub(super) fn primary(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::path_or_name => {
                let text = pair.as_str();
                if text.contains("::") { ExprKind::Path(Name::new(text)) } else { ExprKind::Name(Name::new(text)) }
            }
            Rule::plain_string => ExprKind::Str(Self::inside(&pair, 1, 1)),
            Rule::string => self.string(pair),
            Rule::raw_string if pair.as_str().starts_with("'''") => Self::raw_block(&pair),
            Rule::raw_string => ExprKind::Str(Self::inside(&pair, 1, 1)),
            Rule::number => self.number(&pair, false),
            Rule::constant => match pair.as_str() {
                "null" => ExprKind::Null,
                text => ExprKind::Bool(text == "true"),
            },
            Rule::object => return self.object(pair),
            Rule::list => ExprKind::List(self.list(pair)),
            Rule::list_for => self.list_for(pair),
            Rule::object_for => self.object_for(pair),
            Rule::group => {
                // The parentheses belong to the value, so that a label underlines them too.
                let inner = self.enclosed(pair);
                inner.kind
            }
            Rule::if_expr => self.if_expr(pair),
            Rule::match_expr => self.match_expr(pair),
            Rule::raw_value => {
                let inner = pair.into_inner().next().map(|object| self.object(object));
                ExprKind::Raw(Box::new(inner.unwrap_or_else(|| Self::broken(span))))
            }
            Rule::live_value => ExprKind::Live(Box::new(self.live(pair, span))),
            _ => ExprKind::Broken,
        };
        Expr { span, kind }
    }

    /// The output behind `live`.
    fn live(&mut self, pair: Pair<'_, Rule>, span: Span) -> Expr {
        let inner = pair.into_inner();
        let levels = inner.len();
        let build = |builder: &mut Self| builder.operand(&mut inner.peekable());
        self.deeper(levels, span, build).flatten().unwrap_or_else(|| Self::broken(span))
    }

    /// The one expression inside brackets.
    pub(super) fn enclosed(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let interpolation = pair.as_rule() == Rule::interpolation;
        let mut value = None;
        let mut reported = false;
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::expr => value = Some(self.expr(child)),
                _ => {
                    let context = match (value.is_some(), interpolation) {
                        (true, _) => Context::Closer,
                        (false, true) => Context::Interpolation,
                        (false, false) => Context::Value,
                    };
                    self.skipped(context, &child);
                    reported = true;
                }
            }
        }
        value.unwrap_or_else(|| {
            if !reported {
                self.error(span, "a value is missing between the brackets", "empty", "write a value here");
            }
            Self::broken(span)
        })
    }

    fn list(&mut self, pair: Pair<'_, Rule>) -> Box<[Element]> {
        let inner = pair.into_inner();
        let mut elements = Vec::with_capacity(inner.len());
        let mut spread = false;
        for child in inner {
            match child.as_rule() {
                Rule::spread => {
                    spread = true;
                    continue;
                }
                Rule::expr => elements.push(Element { spread, value: self.expr(child) }),
                Rule::broken_entry_rest => self.skipped(Context::EndOfEntry, &child),
                _ => {
                    elements.push(Element { spread, value: Self::broken(self.span(&child)) });
                    self.skipped(Context::Value, &child);
                }
            }
            spread = false;
        }
        elements.into()
    }

    /// `{ a: 1, ...b }`
    pub(super) fn object(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let inner = pair.into_inner();
        let mut entries = Vec::with_capacity(inner.len());
        for child in inner {
            match child.as_rule() {
                Rule::entry => entries.extend(self.entry(child)),
                Rule::broken_entry_rest => self.skipped(Context::EndOfEntry, &child),
                _ => {
                    entries.extend(self.half_entry(&child));
                    self.skipped(Context::Entry, &child);
                }
            }
        }
        Expr { span, kind: ExprKind::Object(entries.into()) }
    }

    /// A key whose value cannot be read still says that the key is there.
    fn half_entry(&self, pair: &Pair<'_, Rule>) -> Option<Entry> {
        let text = pair.as_str();
        let key = text.get(..text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len()))?;
        if key.is_empty() || !text.get(key.len()..)?.trim_start().starts_with(':') {
            return None;
        }
        let span = self.span(pair);
        let at = self.place(span.start as usize, span.start as usize + key.len());
        Some(Entry::Field(Key::Name(Ident { name: Name::new(key), span: at }), Self::broken(span)))
    }

    pub(super) fn entry(&mut self, pair: Pair<'_, Rule>) -> Option<Entry> {
        let mut inner = pair.into_inner();
        let first = inner.next()?;
        let value = inner.next()?;
        Some(match first.as_rule() {
            Rule::spread => Entry::Spread(self.expr(value)),
            Rule::key_name => Entry::Field(Key::Name(self.ident(&first)), self.expr(value)),
            _ => Entry::Field(self.key(first), self.expr(value)),
        })
    }

    fn key(&mut self, pair: Pair<'_, Rule>) -> Key {
        if pair.as_rule() == Rule::computed_key {
            return Key::Computed(self.enclosed(pair));
        }
        let key = self.primary(pair);
        match &key.kind {
            ExprKind::Str(text) => Key::Name(Ident { name: Name::new(text), span: key.span }),
            _ => Key::Computed(key),
        }
    }

    fn list_for(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let (binding, values) = self.comprehension(pair);
        match (binding, <[Expr; 1]>::try_from(values)) {
            (Some(binding), Ok([value])) => ExprKind::ListFor(Box::new(ListFor { binding, value })),
            _ => ExprKind::Broken,
        }
    }

    fn object_for(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let (binding, values) = self.comprehension(pair);
        match (binding, <[Expr; 2]>::try_from(values)) {
            (Some(binding), Ok([key, value])) => ExprKind::ObjectFor(Box::new(ObjectFor { binding, key, value })),
            _ => ExprKind::Broken,
        }
    }

    /// The head of a comprehension and the expressions behind its colon.
    fn comprehension(&mut self, pair: Pair<'_, Rule>) -> (Option<Comprehension>, Vec<Expr>) {
        let context = if pair.as_rule() == Rule::list_for { Context::ListFor } else { Context::ObjectFor };
        let mut head = None;
        let mut values = Vec::new();
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::comprehension => head = Some(self.comprehension_head(child)),
                Rule::expr => values.push(self.expr(child)),
                Rule::broken_inside => self.skipped(Context::Closer, &child),
                Rule::broken_for => self.skipped(context, &child),
                _ => {}
            }
        }
        (head, values)
    }

    fn comprehension_head(&mut self, pair: Pair<'_, Rule>) -> Comprehension {
        let span = self.span(&pair);
        let mut names = (self.nameless(span), None);
        let mut values = Vec::new();
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::loop_names => names = self.loop_names(child),
                Rule::expr => values.push(self.expr(child)),
                _ => {}
            }
        }
        let mut values = values.into_iter();
        let (item, key) = names;
        let over = values.next().unwrap_or_else(|| Self::broken(span));
        Comprehension { item, key, over, condition: values.next() }
    }

    /// The grammar keeps `if … else if … else` in one row; the tree nests it, built from its end.
    fn if_expr(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let span = self.span(&pair);
        let build = |builder: &mut Self| {
            let values = pair.clone().into_inner().filter(|c| c.as_rule() == Rule::expr);
            values.map(|value| builder.expr(value)).collect::<Vec<Expr>>()
        };
        let arms = pair.clone().into_inner().filter(|c| c.as_rule() == Rule::expr).count() / 2;
        let mut values = self.deeper(arms, span, build).unwrap_or_default();
        if values.len().is_multiple_of(2) {
            let end = Span { start: span.end, ..span };
            if !values.is_empty() {
                self.error(end, "this `if` has no `else`", "`else` is missing here", "add `else` and the other value");
            }
            values.push(Self::broken(end));
        }
        let Some(mut otherwise) = values.pop() else {
            return ExprKind::Broken;
        };
        while let (Some(then), Some(condition)) = (values.pop(), values.pop()) {
            let span = condition.span.to(otherwise.span);
            otherwise = Expr { span, kind: ExprKind::If(Box::new((condition, then, otherwise))) };
        }
        otherwise.kind
    }

    fn match_expr(&mut self, pair: Pair<'_, Rule>) -> ExprKind {
        let mut subject = None;
        let mut built = (Vec::new(), None);
        for child in pair.into_inner() {
            match child.as_rule() {
                Rule::expr => subject = Some(self.expr(child)),
                _ => built = self.match_arms(child),
            }
        }
        let (arms, otherwise) = built;
        match subject {
            Some(subject) => ExprKind::Match(Box::new(Match { subject, arms, otherwise })),
            None => ExprKind::Broken,
        }
    }

    fn match_arms(&mut self, pair: Pair<'_, Rule>) -> (Vec<Arm>, Option<Expr>) {
        let mut arms = Vec::new();
        let mut otherwise: Option<Expr> = None;
        let mut patterns = Vec::new();
        for child in pair.into_inner() {
            let span = self.span(&child);
            match child.as_rule() {
                Rule::arm => {}
                Rule::else_arm => self.no_pattern_waits(&mut patterns),
                // What is broken is told below; the patterns before it are part of that.
                _ => patterns.clear(),
            }
            match child.as_rule() {
                Rule::arm => arms.extend(self.arm(child, &mut patterns)),
                Rule::else_arm => {
                    if otherwise.is_some() {
                        self.error(span, "this `match` has a second `else`", "second one", "keep one `else`");
                    }
                    let value = child.into_inner().find(|c| c.as_rule() == Rule::expr);
                    otherwise = value.map(|value| self.expr(value));
                }
                Rule::broken_entry_rest => self.skipped(Context::EndOfArm, &child),
                _ => self.skipped(Context::Arm, &child),
            }
        }
        self.no_pattern_waits(&mut patterns);
        (arms, otherwise)
    }

    /// `"b": 2` with the patterns before it, or one more pattern that waits for its value.
    fn arm(&mut self, pair: Pair<'_, Rule>, patterns: &mut Vec<Expr>) -> Option<Arm> {
        let end = pair.as_span().end();
        let mut values = pair.into_inner().filter(|c| c.as_rule() == Rule::expr);
        let pattern = values.next().map(|value| self.expr(value))?;
        patterns.push(pattern);
        if let Some(value) = values.next() {
            let value = self.expr(value);
            return Some(Arm { patterns: std::mem::take(patterns), value });
        }
        // Only a comma joins two patterns. At the end of the line the value is missing; what else
        // stands there is told as such.
        let after = self.text.get(end..).unwrap_or("").trim_start_matches(' ');
        if !after.trim_start_matches([' ', '\n']).starts_with(',') {
            if after.starts_with(['\n', '}']) { self.no_pattern_waits(patterns) } else { patterns.clear() }
        }
        None
    }

    fn no_pattern_waits(&mut self, patterns: &mut Vec<Expr>) {
        if let Some(last) = patterns.pop() {
            patterns.clear();
            self.error(last.span, "this arm has no value", "a pattern only", "write `pattern: value`");
        }
    }
}
