//! Functions that read files of the project.

use std::sync::Arc;

use super::{Args, Function, Kind, LONGEST_LIST, Outcome, Parameter, text};
use crate::data::{self, Format, Node};
use crate::diagnostics::{Code, Diagnostic, Near, nearest};
use crate::names::Name;
use crate::package::Package;
use crate::semantics::Program;
use crate::semantics::injection;
use crate::semantics::value::{AssetRef, Object, Value};
use crate::source::{SourceFile, Span};
use crate::world::{Exclude, Refusal, Why, inside};

const PATH: Parameter = Parameter::new("path", Kind::Text);

pub(super) const TABLE: &[Function] = &[
    Function::new(
        "file",
        &[PATH],
        "String",
        "The text of a file, which must be UTF-8. The path is relative to the project, as in messages.",
        |args| read(args).map(|file| text(Arc::clone(&file.text))),
    ),
    Function::new(
        "json_file",
        &[PATH],
        "Json",
        "What a JSON file holds. The path is relative to the project, as in messages.",
        |args| parsed(args, Format::Json),
    ),
    Function::new(
        "yaml_file",
        &[PATH],
        "Json",
        "What a YAML 1.2 file holds. The path is relative to the project, as in messages.",
        |args| parsed(args, Format::Yaml),
    ),
    Function::new(
        "asset",
        &[PATH, Parameter::new("exclude", Kind::Texts).optional()],
        "Asset",
        "A file, or a folder as a zip archive, that a plan uploads; what `exclude` names is left out.",
        asset,
    ),
];

/// The file at the first argument, as one of the sources.
fn read<'a>(args: &'a Args<'_>) -> Result<&'a SourceFile, Box<Diagnostic>> {
    let (program, path) = (args.program(), args.text(0));
    let file = match program.include_text(path) {
        Ok(Ok(file)) => file,
        Ok(Err(not_text)) => {
            let why = format!("line {} is not UTF-8 text", not_text.line);
            return Err(unreadable(args.span_of(0), path, &why).help("save it as UTF-8").into());
        }
        Err(refusal) => return Err(refused(program, args.span_of(0), path, &refusal).into()),
    };
    // What was just added is there.
    program.sources.get(file).ok_or_else(|| unreadable(args.span_of(0), path, "it is gone").into())
}

fn unreadable(span: Span, path: &str, why: &str) -> Diagnostic {
    Diagnostic::new(Code::Unreadable, format!("cannot read `{path}`: {why}")).at(span, "this file")
}

/// The problem of a file that may not or cannot be read; `span` is where it is named.
pub(crate) fn refused(program: &Program, span: Span, path: &str, refusal: &Refusal) -> Diagnostic {
    let problem = unreadable(span, path, &refusal.why.to_string());
    if refusal.why != Why::Missing {
        return remedy(problem, &refusal.why);
    }
    let all = program.world().walk("", &Exclude::default()).unwrap_or_default();
    let same = all.iter().map(|entry| entry.path.as_str());
    match nearest(path, same.clone()).or_else(|| elsewhere(path, same).map(Near::from)) {
        Some(near) => renamed(program, problem, span, path, near),
        None => problem.help("name a file of the project; paths begin at the directory that declares it"),
    }
}

/// What to do where a file is there and cannot be read.
fn remedy(problem: Diagnostic, why: &Why) -> Diagnostic {
    problem.help(match why {
        Why::Outside => "copy the file into the project; paths begin at the directory that declares it",
        Why::Denied => "keep secrets in AWS, and read them with `secret` or `ssm_secret`",
        Why::NotText => "rename it",
        Why::Malformed => "write the path with `/` between its parts",
        Why::NotAFile(_) => "name a file",
        Why::TooLarge { .. } | Why::TooMany => "keep it in a bucket, from where AWS reads it itself",
        Why::Missing | Why::Failed(_) => "see to it that the file can be read",
    })
}

/// The problem with another path as the remedy; where the path is written as it is, with the fix.
fn renamed(program: &Program, problem: Diagnostic, span: Span, path: &str, near: Near<'_>) -> Diagnostic {
    let problem = problem.help(format!("name `{near}`"));
    if program.sources.quotes(span, path) { problem.fix(span, near.quoted()) } else { problem }
}

/// The file or folder whose path is nearest.
fn there(program: &Program, path: &str) -> Option<String> {
    let all = program.world().walk("", &Exclude::default()).unwrap_or_default();
    let folders = all.iter().flat_map(|entry| entry.path.match_indices('/').filter_map(|(at, _)| entry.path.get(..at)));
    let paths: std::collections::BTreeSet<&str> = folders.chain(all.iter().map(|entry| entry.path.as_str())).collect();
    nearest(path.trim_start_matches("./").trim_end_matches('/'), paths).map(|near| near.name.to_owned())
}

/// The one file of that name in another folder.
fn elsewhere<'a>(path: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = path_name(path);
    let mut found = all.filter(|other| path_name(other) == wanted);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn path_name(path: &str) -> Option<&str> {
    path.rsplit('/').next().filter(|name| !name.is_empty())
}

/// The file or folder at the first argument.
fn asset(args: &Args<'_>) -> Outcome {
    let mut patterns = Vec::new();
    for item in args.list(1).iter() {
        match item {
            Value::Str(pattern) => patterns.push(Arc::clone(pattern)),
            Value::Later(later) => return Err(args.too_late("exclude", later, args.span_of(1))),
            other => return Err(args.mistyped("exclude", "[String]", other, args.span_of(1))),
        }
    }
    let exclude = Exclude::new(patterns.iter().map(|pattern| &**pattern)).map_err(|(at, why)| {
        let pattern = patterns.get(at).map_or("", |pattern| pattern);
        args.bad(1, format!("`{pattern}` is no pattern: {why}"), "write one like `*.md`, `tests` or `src/**/*.ts`")
    })?;
    let package = packed(args.program(), args.span_of(0), args.text(0), &patterns, &exclude)?;
    Ok(Value::Asset(Arc::new(AssetRef { package, span: args.span })))
}

/// The file or folder at `path`, which is named at `span`, without what `exclude` names.
pub(crate) fn packed(
    program: &Program,
    span: Span,
    path: &str,
    patterns: &[Arc<str>],
    exclude: &Exclude,
) -> Result<Arc<Package>, Box<Diagnostic>> {
    let refusal = match program.package(path, patterns, exclude) {
        Ok(package) => return Ok(package),
        Err(refusal) => refusal,
    };
    // Of what lies below a folder, its own path says more than that of the folder.
    let is_below = inside(path).is_ok_and(|path| path != refusal.path);
    let shown = if is_below { &refusal.path } else { path };
    let message = match refusal.why {
        Why::Missing => format!("cannot pack `{shown}`: there is no such file or folder"),
        _ => format!("cannot pack `{shown}`: {}", refusal.why),
    };
    let problem = Diagnostic::new(Code::Unreadable, message).at(span, "is packed for a bucket");
    let problem = match (is_below, &refusal.why) {
        (false, Why::Missing) => match there(program, path) {
            Some(near) => renamed(program, problem, span, path, Near::from(near.as_str())),
            None => problem.help("name a file or folder of the project, or build it first; paths begin at the directory that declares it"),
        },
        (false, Why::TooLarge { .. } | Why::TooMany) => {
            problem.help("name a folder with less in it, or leave out with `exclude` what need not be there")
        }
        (false, Why::NotAFile(_)) => problem.help("name a file, or a folder with files in it that `exclude` does not name"),
        (false, _) => remedy(problem, &refusal.why),
        (true, Why::TooLarge { .. }) => problem.help("leave it out with `exclude`, or keep it in a bucket of its own"),
        (true, Why::Outside | Why::NotAFile(_)) => {
            problem.help("put a copy in its place, or leave it out with `exclude`")
        }
        (true, _) => problem.help("leave it out with `exclude`, or see to it that it can be read"),
    };
    Err(problem.into())
}

/// The file at the first argument as a value.
fn parsed(args: &Args<'_>, format: Format) -> Outcome {
    let file = read(args)?;
    let value = args.program().data(file.id, || data::parse(file, format).and_then(|node| plain(&node)));
    value.map_err(|problem| problem.at(args.span_of(0), "read here").into())
}

/// A tree as a value. Its texts stay texts: nothing in it means anything to CloudFormation.
fn plain(node: &Node) -> Outcome {
    Ok(match &node.kind {
        data::Kind::Null => Value::Null,
        data::Kind::Bool(truth) => Value::Bool(*truth),
        data::Kind::Int(number) => Value::Int(*number),
        data::Kind::Float(number) => Value::Float(*number),
        data::Kind::Text(text) if injection::is_carried_out(text) => {
            return Err(injection::refused(text, node.span).into());
        }
        data::Kind::Text(text) => Value::Str(Arc::clone(text)),
        data::Kind::List(items) => {
            if items.len() > LONGEST_LIST {
                return Err(super::too_large(items.len(), LONGEST_LIST, "items", node.span));
            }
            Value::List(items.iter().map(plain).collect::<Result<_, _>>()?)
        }
        data::Kind::Map(entries) => {
            let mut object = Object::default();
            for entry in entries {
                object.push_new(Name::new(&entry.key), plain(&entry.value)?);
            }
            Value::Object(object.into())
        }
        data::Kind::Tagged(name, inner) => return Err(tag(name, inner.span).into()),
    })
}

fn tag(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::BadValue, format!("`!{name}` means nothing in plain data"))
        .at(span, "this value has it")
        .help("write the value without it; what refers to resources belongs into an `.infra` file")
}
