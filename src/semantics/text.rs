//! Text made of pieces: interpolation.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::assets::NAME_A_FIELD;
use crate::semantics::eval::Evaluator;
use crate::semantics::fits;
use crate::semantics::functions::{LONGEST_TEXT, Outcome, too_large};
use crate::semantics::value::{Later, LaterExpr, LaterType, Value};
use crate::source::Span;

/// `"… ${x} …"`: the pieces in order, literal text as [`Value::Str`].
pub(crate) fn interpolate(ev: &mut Evaluator<'_>, pieces: Vec<(Value, Span)>, span: Span) -> Value {
    match concat(pieces, span) {
        Ok(value) => value,
        Err(problem) => {
            ev.report_value(*problem);
            Value::Unknown
        }
    }
}

/// The pieces one after the other: text where all are known, else later text made of as few
/// pieces as possible. A lone later piece stays what it identifies.
pub(crate) fn concat(pieces: Vec<(Value, Span)>, span: Span) -> Outcome {
    let mut text = Pieces::default();
    let mut broken = false;
    for (value, at) in pieces {
        match value {
            Value::Unknown => broken = true,
            value => text.push(&value, at)?,
        }
        if text.size > LONGEST_TEXT {
            return Err(too_large(text.size, LONGEST_TEXT, "bytes", span));
        }
    }
    if broken { Ok(Value::Unknown) } else { Ok(text.finish()) }
}

#[derive(Default)]
struct Pieces {
    done: Vec<Value>,
    /// Text after the last later piece.
    line: String,
    /// Bytes so far.
    size: usize,
    /// The first later piece.
    origin: Option<Span>,
    secret: bool,
}

impl Pieces {
    fn push(&mut self, value: &Value, at: Span) -> Result<(), Box<Diagnostic>> {
        match value {
            value if !fits::is_text(value) => return Err(not_text(value, at)),
            Value::Later(later) => self.later(value, later),
            value => {
                let text = fits::scalar_text(value);
                self.size += text.len();
                self.line.push_str(&text);
            }
        }
        Ok(())
    }

    /// Takes over the pieces of what is itself made of pieces.
    fn later(&mut self, value: &Value, later: &Later) {
        self.origin.get_or_insert(later.origin);
        self.secret |= later.secret;
        match &later.expr {
            LaterExpr::Concat(pieces) => {
                for piece in pieces {
                    match piece {
                        Value::Str(text) => {
                            self.size += text.len();
                            self.line.push_str(text);
                        }
                        piece => self.piece(piece),
                    }
                }
            }
            _ => self.piece(value),
        }
    }

    fn piece(&mut self, piece: &Value) {
        self.end_line();
        self.size += 1;
        self.done.push(piece.clone());
    }

    fn end_line(&mut self) {
        if !self.line.is_empty() {
            self.done.push(Value::Str(std::mem::take(&mut self.line).into()));
        }
    }

    fn finish(mut self) -> Value {
        let Some(origin) = self.origin else {
            return Value::Str(self.line.into());
        };
        self.end_line();
        let (expr, ty) = match self.done.as_slice() {
            [Value::Later(only)] => (only.expr.clone(), as_text(&only.ty)),
            _ => (LaterExpr::Concat(self.done), LaterType::String(Vec::new())),
        };
        Value::Later(Arc::new(Later { expr, ty, origin, secret: self.secret }))
    }
}

/// The type of `"${x}"`: text, which identifies what `x` does.
fn as_text(ty: &LaterType) -> LaterType {
    match ty {
        LaterType::String(identifies) => LaterType::String(identifies.clone()),
        _ => LaterType::String(Vec::new()),
    }
}

fn not_text(value: &Value, at: Span) -> Box<Diagnostic> {
    let message = format!("{} cannot be part of a text", fits::kind(value));
    let problem = Diagnostic::new(Code::TypeMismatch, message).at(at, format!("this is {}", fits::shown(value)));
    Box::new(match value {
        Value::Null => problem.help("say what to write instead: `x ?? \"none\"`"),
        Value::List(_) => problem.help("join the items: `join(\", \", items)`, or write them with `json`"),
        Value::Later(_) => problem.help("join the items with `join`, or index one"),
        Value::Object(_) => problem.help("write it with `json`, or name one of its fields"),
        Value::Resource(resource) => problem.help(fits::name_an_attribute(resource)),
        Value::Env(_) => problem.help("name a field of it: `env.name`"),
        Value::Asset(_) => problem.help(NAME_A_FIELD),
        Value::Stack(stack) => problem.help(format!("name one of its outputs: `{}.Output`", stack.stack)),
        _ => problem.help("name one of them, and an attribute of it"),
    })
}
