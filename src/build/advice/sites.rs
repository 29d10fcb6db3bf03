//! Things that are named by hand: whether the program makes them, so that a reference was meant, or makes something
//! so near that this was meant.

use std::sync::Arc;

use super::made::{All, Made};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::Program;
use crate::source::Span;
use crate::template::provenance;

/// How a text names something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// `arn:…`
    Arn,
    /// A name or id where one of this type is asked for.
    Name(&'static str),
    /// A text where an ARN is asked for, by the name of the key.
    NoArn,
    /// `Fn::ImportValue` in `raw`
    Import,
    /// `{{resolve:…}}`
    Dynamic,
}

/// A text that names something.
pub(super) struct Site {
    pub(super) kind: Kind,
    pub(super) text: Arc<str>,
    /// The instance, by number.
    pub(super) place: usize,
    /// The resource: its name and its body in the source.
    pub(super) resource: (Span, Option<Span>),
    pub(super) id: Name,
    pub(super) path: Vec<String>,
}

pub(super) fn judge(program: &Program, all: &All, sites: &[Site], found: &mut Vec<Diagnostic>) {
    for site in sites {
        let judge = Judge { program, all, site };
        found.extend(match site.kind {
            Kind::Arn => judge.arn(),
            Kind::Name(ty) => judge.name(ty),
            Kind::NoArn => judge.no_arn(),
            Kind::Import => judge.import(),
            Kind::Dynamic => judge.dynamic(),
        });
    }
}

struct Judge<'a> {
    program: &'a Program,
    all: &'a All,
    site: &'a Site,
}

impl Judge<'_> {
    fn span(&self) -> Span {
        let steps: Vec<&str> = self.site.path.iter().map(String::as_str).collect();
        provenance::place(self.program, self.site.resource.0, self.site.resource.1, &steps)
    }

    /// The place, where the source has this very text there; a name that is computed or shared through a `let` is
    /// written once.
    fn literal(&self) -> Option<Span> {
        let span = self.span();
        let quoted = format!("\"{}\"", self.site.text);
        self.program.sources.text(span).ends_with(&quoted).then(|| {
            let end = span.end as usize;
            Span::new(span.file, end.saturating_sub(quoted.len()), end)
        })
    }

    fn is_itself(&self, made: &Made) -> bool {
        made.place == self.site.place && made.id == self.site.id
    }

    /// How the source would refer to it.
    fn reference(&self, made: &Made) -> String {
        match self.all.place_of(made) {
            Some(place) if made.place != self.site.place => {
                format!("add an `output` of `{}` to `{}`, and read that", made.shown, place.key.stack)
            }
            _ => format!("write `{}`, or `{}.Arn` where nothing says what is asked", made.shown, made.shown),
        }
    }

    fn written(&self, made: &Made, what: &str, span: Span) -> Diagnostic {
        let message = format!("{what} of `{}` is written by hand", made.shown);
        Diagnostic::new(Code::LiteralReference, message)
            .at(span, "no reference: neither order nor changes are known")
            .at(made.span, "made here")
            .help(self.reference(made))
    }

    fn arn(&self) -> Option<Diagnostic> {
        let text = &*self.site.text;
        let whole = text.strip_suffix("/*").or_else(|| text.strip_suffix(":*")).unwrap_or(text);
        if let Some(made) = self.all.by_arn.get(whole).and_then(|at| self.all.made.get(*at)) {
            let span = self.literal().filter(|_| !self.is_itself(made))?;
            return Some(self.written(made, "the ARN", span));
        }
        let wanted = Parts::of(whole)?;
        let others = self.all.made.iter().filter_map(|made| Some((made, Parts::of(made.arn.as_deref()?)?)));
        let mut near = None;
        for (made, parts) in others.filter(|(_, parts)| parts.service == wanted.service) {
            if parts.rest == wanted.rest {
                // The same thing, made in another place.
                let place = self.all.place_of(made)?;
                let message = format!("nothing makes `{}` in {}", wanted.rest, wanted.place());
                let problem = Diagnostic::new(Code::PhantomReference, message).at(self.span(), "named here");
                return Some(
                    problem
                        .at(made.span, format!("`{}` makes it in {}", place.key, parts.place()))
                        .help("name the account and region that it is in, or make it there too"),
                );
            }
            if near.is_none() && parts.place() == wanted.place() && is_near(wanted.rest, parts.rest) {
                near = Some((made, parts.rest));
            }
        }
        let (made, rest) = near?;
        let message = format!("nothing makes `{}` in {}", wanted.rest, wanted.place());
        Some(self.near(message, made, rest))
    }

    fn near(&self, message: String, made: &Made, name: &str) -> Diagnostic {
        Diagnostic::new(Code::PhantomReference, message)
            .at(self.span(), "nothing in this project has this name")
            .at(made.span, "this is near")
            .help(format!("where `{name}` is meant, {}", self.reference(made)))
    }

    fn name(&self, ty: &str) -> Option<Diagnostic> {
        let here = self.all.places.get(self.site.place)?;
        let made = self.all.made.iter().find(|made| {
            let is_there = self
                .all
                .place_of(made)
                .is_some_and(|place| place.account == here.account && place.key.region == here.key.region);
            made.ty == ty && made.name == self.site.text && is_there
        })?;
        let span = self.literal().filter(|_| !self.is_itself(made))?;
        Some(self.written(made, "the name", span))
    }

    fn no_arn(&self) -> Option<Diagnostic> {
        let key = self.site.path.last().cloned().unwrap_or_default();
        let message = format!("`\"{}\"` is no ARN, and `{key}` takes one", self.site.text);
        Some(
            Diagnostic::new(Code::LiteralReference, message)
                .at(self.literal()?, "a text")
                .help("name the value of a resource, without quotes: `Queue.Arn`"),
        )
    }

    fn import(&self) -> Option<Diagnostic> {
        let here = self.all.places.get(self.site.place)?;
        let all = || self.all.places.iter().flat_map(|p| p.exports.iter().map(move |(name, output)| (p, name, output)));
        let is_here = |place: &super::made::Place| place.account == here.account && place.key.region == here.key.region;
        let text = &*self.site.text;
        if let Some((place, _, output)) = all().find(|(place, name, _)| is_here(place) && &***name == text) {
            let message = format!("an output of `{}` is imported by hand", place.key.stack);
            return Some(
                Diagnostic::new(Code::LiteralReference, message)
                    .at(self.span(), "no reference: neither order nor changes are known")
                    .help(format!("write `{}.{output}`", place.key.stack)),
            );
        }
        let message = format!("nothing exports `{text}` in account {}, {}", here.account, here.key.region);
        let problem = Diagnostic::new(Code::PhantomReference, message).at(self.span(), "imported here");
        if let Some((place, _, output)) = all().find(|(_, name, _)| &***name == text) {
            let stack = place.key.stack;
            return Some(problem.help(format!(
                "write `{stack}.{output}`: `{}` exports it, and an export does not leave its account and region",
                place.key
            )));
        }
        let near = nearest(text, all().filter(|(place, ..)| is_here(place)).map(|(_, name, _)| &**name))?;
        let (place, _, output) = all().find(|(_, name, _)| &***name == near.name)?;
        Some(problem.help(format!("write `{}.{output}`, which is exported as `{near}`", place.key.stack)))
    }

    fn dynamic(&self) -> Option<Diagnostic> {
        let inner = self.site.text.strip_prefix("{{resolve:")?.strip_suffix("}}")?;
        let (service, rest) = inner.split_once(':')?;
        let (ty, name) = match service {
            "ssm" | "ssm-secure" => ("AWS::SSM::Parameter", rest.split(':').next()?),
            "secretsmanager" if !rest.starts_with("arn:") => ("AWS::SecretsManager::Secret", rest.split(':').next()?),
            _ => return None,
        };
        let here = self.all.places.get(self.site.place)?;
        let is_here = |made: &&Made| {
            let place = self.all.place_of(made);
            made.ty == ty && place.is_some_and(|p| p.account == here.account && p.key.region == here.key.region)
        };
        if let Some(made) = self.all.made.iter().filter(is_here).find(|made| &*made.name == name) {
            return Some(self.written(made, "the name", self.span()));
        }
        let made = self.all.made.iter().filter(is_here).find(|made| is_near(name, &made.name))?;
        let message = format!("nothing makes `{name}` in account {}, {}", here.account, here.key.region);
        Some(self.near(message, made, &made.name))
    }
}

/// An ARN: the service, where, and what.
#[derive(PartialEq, Eq)]
struct Parts<'a> {
    service: &'a str,
    region: &'a str,
    account: &'a str,
    rest: &'a str,
}

impl<'a> Parts<'a> {
    fn of(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':').skip(2);
        let (service, region, account, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        // What has no account is everywhere; `aws` is not ours.
        let is_ours = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) && !rest.contains(['*', '?']);
        is_ours.then_some(Self { service, region, account, rest })
    }

    fn place(&self) -> String {
        match self.region {
            "" => format!("account {}", self.account),
            region => format!("account {}, {region}", self.account),
        }
    }
}

/// Paths of as many parts of which one differs, with three parts or more; or a slip in the last part.
fn is_near(wanted: &str, other: &str) -> bool {
    let split = |c: char| c == '/' || c == ':';
    let (a, b): (Vec<&str>, Vec<&str>) = (wanted.split(split).collect(), other.split(split).collect());
    if a.len() != b.len() {
        return false;
    }
    let differ: Vec<(&str, &str)> = a.iter().zip(&b).filter(|(a, b)| a != b).map(|(a, b)| (*a, *b)).collect();
    let [(mine, theirs)] = differ.as_slice() else { return false };
    let full = a.iter().filter(|part| !part.is_empty()).count();
    let is_slip = mine.len() >= 6 && nearest(mine, [*theirs]).is_some_and(|near| near.is_sure);
    is_slip || full >= 4
}
