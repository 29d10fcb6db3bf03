//! Instances that need each other: the way round, and the device that opens it.
//!
//! Which device fits depends on what each step of the way is used for, and that the source says. A policy that names a
//! role can name the role's account. A role can be told by a fixed name, known before there is the role. What a role is
//! allowed can be attached later, by the stack that knows both. One region of a stack can come before the other.

use std::sync::Arc;

use crate::diagnostics::{Code, Diagnostic};
use crate::semantics::Program;
use crate::semantics::declare::spelling;
use crate::semantics::eval::Evaluator;
use crate::semantics::instances::Index;
use crate::semantics::model::InstanceKey;
use crate::semantics::places::Planned;
use crate::source::Span;
use crate::syntax::ast::{self, Layer};

use reading::{How, Reading};

mod reading;

/// One step of the way: an instance and what it reads of another.
struct Step {
    reader: Arc<Planned>,
    producer: Arc<Planned>,
    /// Where the producer is named.
    at: Span,
}

/// A way out of the circle. The earlier ones change less.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Device {
    /// One region of a stack, or one stack, is read elsewhere only.
    Order,
    /// The account instead of a role in it.
    Account,
    /// A policy in the stack that is read, for a role of the stack that reads.
    Late,
    /// A role that is told by its name.
    Name,
    /// A policy in a stack of its own.
    Apart,
}

const OTHERWISE: &str = "move what both need into a stack of its own, or give one of them a name known while compiling";

impl Evaluator<'_> {
    /// Says that the instance `producer` is needed, at `at`, by what it needs itself.
    pub(super) fn instance_cycle(&mut self, producer: Index, at: Span) {
        let from = self.instances.path.iter().position(|(index, _)| *index == producer).unwrap_or(0);
        let round = self.instances.path.get(from..).unwrap_or(&[]);
        let each: Vec<&Arc<Planned>> =
            round.iter().filter_map(|(index, _)| self.instances.planned.get(*index)).collect();
        let asked = round.iter().skip(1).map(|(_, span)| *span).chain([at]);
        let needed = each.iter().skip(1).chain(each.first());
        let step = |((reader, producer), at): ((&&Arc<Planned>, &&Arc<Planned>), Span)| Step {
            reader: Arc::clone(reader),
            producer: Arc::clone(producer),
            at,
        };
        let steps: Vec<Step> = each.iter().zip(needed).zip(asked).map(step).collect();
        let Some(first) = steps.first().map(|step| &step.reader.key) else { return };
        // Where all are of one environment and region, the names of the stacks say it all.
        let alike = each.iter().all(|planned| planned.key.env == first.env && planned.key.region == first.region);
        let shown = |key: &InstanceKey| if alike { format!("`{}`", key.stack) } else { format!("`{key}`") };
        let names: Vec<String> = each.iter().map(|planned| shown(&planned.key)).collect();
        let start = shown(first);
        let message = match names.len() {
            1 => format!("{start} needs its own output"),
            _ => format!("stacks need each other: {} -> {start}", names.join(" -> ")),
        };
        let problem = steps.iter().fold(Diagnostic::new(Code::Cycle, message), |problem, step| {
            problem.at(step.at, format!("{} needs {}", shown(&step.reader.key), shown(&step.producer.key)))
        });
        let several = self.instances.of(first.stack).filter(|(_, planned)| planned.key.env == first.env).count() > 1;
        let program = self.program;
        let ways = steps.iter().filter_map(|step| step.open(program, several));
        let help = ways.min_by(|a, b| a.0.cmp(&b.0)).map_or_else(|| OTHERWISE.to_owned(), |(_, help)| help);
        self.report(problem.help(help));
    }
}

impl Step {
    /// What to do about this step, if something can be done about it, and how.
    fn open(&self, program: &Program, several: bool) -> Option<(Device, String)> {
        let reading = Reading::of(program, self)?;
        if self.reader.key.stack == self.producer.key.stack {
            return Some((Device::Order, self.in_order(&reading, several)));
        }
        let role = reading.read.filter(|read| reading::is_role(read));
        match reading.how {
            How::Principal if role.is_some() => Some((Device::Account, self.by_account(program, &reading)?)),
            How::Allowed => match (self.is_attached_there(), role) {
                (true, _) => Some((Device::Late, self.attached_there(program, &reading)?)),
                (false, Some(role)) => Some((Device::Name, self.by_name(program, &reading, role)?)),
                (false, None) => Some((Device::Apart, self.attached_apart(program, &reading)?)),
            },
            _ => role.and_then(|role| Some((Device::Name, self.by_name(program, &reading, role)?))),
        }
    }

    /// Within one stack: an instance comes first, or the name is enough.
    fn in_order(&self, reading: &Reading<'_>, several: bool) -> String {
        let (stack, text) = (self.reader.key.stack, reading.text);
        let (here, there) = (&self.reader.key.region, &self.producer.key.region);
        match reading.value.filter(|value| !value.contains(text)) {
            _ if here != there => format!(
                "let `{there}` come first: read it in `{here}` only, `if aws.region == \"{here}\" then {text} else …`, or \
                 inside an `if` with that condition"
            ),
            Some(value) if several => format!(
                "let `{there}` come first: read it in the other regions only, \
                 `if aws.region == \"{there}\" then {value} else {text}`"
            ),
            Some(value) => format!("write `{value}` instead of `{text}`: within `{stack}`, its name is enough"),
            None => format!("write what `{text}` is made of in its place: within `{stack}`, the name is enough"),
        }
    }

    /// Names the account instead of the role.
    fn by_account(&self, program: &Program, reading: &Reading<'_>) -> Option<String> {
        let user = reading.user?;
        let role = reading.read?;
        let place = place(program, reading.span);
        let account = self.account(reading).unwrap_or_else(|| "aws.account_id".to_owned());
        Some(format!(
            "name the account of the role instead of the role: at {place}, in `{}`, write `{account}` instead of `{}`; \
             what `{}` is allowed itself then decides",
            user.name.name, reading.text, role.name.name
        ))
    }

    /// Tells the role by a fixed name.
    fn by_name(&self, program: &Program, reading: &Reading<'_>, role: &ast::Resource) -> Option<String> {
        let key = if role.ty.name.as_str() == "std::role" { "name" } else { "RoleName" };
        let project = program.project()?;
        let base = format!("{project}-{}", spelling::to_snake(role.name.name.as_str()).replace('_', "-"));
        let (theirs, ours) = match (self.producer.key.env, reading.chosen) {
            (None, _) => (format!("\"{base}\""), format!("\"{base}\"")),
            (Some(_), Some(chosen)) => (format!("\"{base}-${{env.name}}\""), format!("\"{base}-${{{chosen}.name}}\"")),
            (env, None) if env == self.reader.key.env => {
                let name = format!("\"{base}-${{env.name}}\"");
                (name.clone(), name)
            }
            (Some(env), None) => (format!("\"{base}-${{env.name}}\""), format!("\"{base}-{env}\"")),
        };
        let (name, stack, read) = (role.name.name, self.producer.key.stack, place(program, reading.span));
        let (ours, given) = match reading::property(role, key) {
            Some(value) => {
                let text = program.sources.text(value);
                // What it says of its environment, another one does not say.
                let env = self.producer.key.env.filter(|env| Some(*env) != self.reader.key.env);
                let text = env.map_or(text.to_owned(), |env| text.replace("${env.name}", env.as_str()));
                (text, format!("`{name}` of `{stack}` has a fixed name:"))
            }
            None => {
                let at = place(program, role.name.span);
                (ours, format!("give `{name}` of `{stack}` a fixed name, at {at} `{key}: {theirs}`, and"))
            }
        };
        let account = self.account(reading).map(|account| format!(", {account}")).unwrap_or_default();
        let told = if reading.is_name { ours } else { format!("std::role_arn({ours}{account})") };
        Some(format!("{given} at {read} write `{told}` instead of `{}`, which makes no edge", reading.text))
    }

    /// True where the stack that is read may name the role of the one that reads: it lies in the same account.
    fn is_attached_there(&self) -> bool {
        self.reader.account.id == self.producer.account.id
            && (self.producer.layer == Layer::Service || self.reader.layer == Layer::Core)
    }

    /// Attaches what the role is allowed in the stack that is read.
    fn attached_there(&self, program: &Program, reading: &Reading<'_>) -> Option<String> {
        let value = reading.value?;
        let allowed = reading.allowed?.replace(reading.text, value);
        Some(self.attached(
            program,
            reading,
            &allowed,
            format!("in `{}`, which knows both then", self.producer.key.stack),
        ))
    }

    /// Attaches it in a stack of its own, since policies lie in the account of their roles.
    fn attached_apart(&self, program: &Program, reading: &Reading<'_>) -> Option<String> {
        let stack = self.reader.key.stack;
        let allowed = reading.allowed?;
        let layer = match (self.reader.layer, self.producer.layer) {
            (Layer::Core, Layer::Core) => Layer::Core,
            _ => Layer::Service,
        };
        let place = match self.reader.key.env {
            Some(_) => String::new(),
            None => format!(" with `@in({}, [\"{}\"])`", self.reader.account.name, self.reader.key.region),
        };
        let whose = format!("in a stack of its own, `{} {stack}_access`{place}, which knows both", layer.as_str());
        Some(self.attached(program, reading, allowed, whose))
    }

    fn attached(&self, program: &Program, reading: &Reading<'_>, allowed: &str, whose: String) -> String {
        let Some(user) = reading.user else { return OTHERWISE.to_owned() };
        let name = user.name.name;
        let stack = self.reader.key.stack;
        let (role, more) = match reading.role_output {
            Some(output) => (format!("{stack}.{output}"), String::new()),
            None => {
                let value =
                    if user.ty.name.as_str() == "std::role" { format!("{name}.name") } else { format!("{name}") };
                (format!("{stack}.{name}Name"), format!("; `{stack}` then says `output {name}Name = {value}`"))
            }
        };
        format!(
            "attach what `{name}` is allowed later: take it out at {}, and {whose}, write `resource {name}Access = \
             std::access {{ name: \"{}\", roles: [{role}], allow: {allowed} }}`{more}",
            place(program, reading.span),
            self.producer.key.stack
        )
    }

    /// How the account of what is read is told where it is read; `None` where it is the same.
    fn account(&self, reading: &Reading<'_>) -> Option<String> {
        match (reading.chosen, self.producer.key.env) {
            (Some(chosen), _) => Some(format!("{chosen}.account.id")),
            _ if self.reader.account.id == self.producer.account.id => None,
            (None, Some(env)) => Some(format!("{env}.account.id")),
            (None, None) => Some(format!("\"{}\"", self.producer.account.id)),
        }
    }
}

/// `main.infra:12`
fn place(program: &Program, span: Span) -> String {
    let place = program.sources.locate(span);
    format!("{}:{}", place.file, place.line)
}
