//! Functions that read files of the project.

use std::sync::Arc;

use super::{Args, Function, Kind, LONGEST_LIST, Outcome, Parameter, text};
use crate::data::{self, Format, Node};
use crate::diagnostics::{Code, Diagnostic, nearest};
use crate::names::Name;
use crate::semantics::injection;
use crate::semantics::value::{Object, Value};
use crate::source::{SourceFile, Span};
use crate::world::{Refusal, Why};

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
];

/// The file at the first argument, as one of the sources.
fn read<'a>(args: &'a Args<'_>) -> Result<&'a SourceFile, Box<Diagnostic>> {
    let (program, path) = (args.program(), args.text(0));
    let file = match program.include_text(path) {
        Ok(Ok(file)) => file,
        Ok(Err(not_text)) => {
            let why = format!("line {} is not UTF-8 text", not_text.line);
            return Err(unreadable(args, path, &why).help("save it as UTF-8").into());
        }
        Err(refusal) => return Err(refused(args, path, &refusal).into()),
    };
    // What was just added is there.
    program.sources.get(file).ok_or_else(|| unreadable(args, path, "it is gone").into())
}

fn unreadable(args: &Args<'_>, path: &str, why: &str) -> Diagnostic {
    Diagnostic::new(Code::Unreadable, format!("cannot read `{path}`: {why}")).at(args.span_of(0), "this file")
}

/// The problem of a file that may not or cannot be read.
fn refused(args: &Args<'_>, path: &str, refusal: &Refusal) -> Diagnostic {
    let problem = unreadable(args, path, &refusal.why.to_string());
    let span = args.span_of(0);
    match &refusal.why {
        Why::Missing => {
            let all = args.program().world().walk("").unwrap_or_default();
            let same = all.iter().map(|entry| entry.path.as_str());
            match nearest(path, same.clone()).or_else(|| elsewhere(path, same)) {
                Some(near) if args.program().sources.text(span) == format!("\"{path}\"") => {
                    problem.help(format!("name `{near}`")).fix(span, format!("\"{near}\""))
                }
                Some(near) => problem.help(format!("name `{near}`")),
                None => problem.help("name a file of the project; paths begin at the directory that declares it"),
            }
        }
        Why::Outside => problem.help("copy the file into the project; paths begin at the directory that declares it"),
        Why::Denied => problem.help("keep secrets in AWS, and read them with `secret` or `ssm_secret`"),
        Why::Malformed => problem.help("write the path with `/` between its parts"),
        Why::NotAFile(_) => problem.help("name a file"),
        Why::TooLarge(_) | Why::TooMany => problem.help("keep it in a bucket, from where AWS reads it itself"),
        Why::Failed(_) => problem.help("see to it that the file can be read"),
    }
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
