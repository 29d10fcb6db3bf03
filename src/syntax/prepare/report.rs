//! Words for brackets and strings without a partner.

use super::frames::{Frame, Kind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{FileId, Span};

/// `frame` is open where it should have been closed, at `missed`.
pub(super) fn unclosed(file: FileId, frame: Frame, missed: usize, length: usize) -> Diagnostic {
    let opener = frame.kind.opener();
    let at = Span::new(file, frame.at, frame.at + opener.len());
    let diagnostic = Diagnostic::new(Code::Syntax, format!("`{opener}` is never closed")).at(at, "opened here");
    let diagnostic = if missed < length && !frame.kind.is_text() && frame.kind != Kind::Interpolation {
        diagnostic.at(Span::new(file, missed, missed), format!("`{}` is missing before this", frame.kind.closer()))
    } else {
        diagnostic
    };
    diagnostic.help(match frame.kind {
        Kind::Quote => "add `\"` at its end; text of several lines stands between `\"\"\"`".to_owned(),
        Kind::Interpolation => "add `}` behind the value, or write `\\${` for these two characters".to_owned(),
        kind => format!("add `{}` where it ends", kind.closer()),
    })
}

/// `frame` is open at the end of the file too.
pub(super) fn also_open(file: FileId, frame: Frame, diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.at(Span::new(file, frame.at, frame.at + frame.kind.opener().len()), "still open, too")
}

/// A raw string, a pattern or a comment without an end.
pub(super) fn endless(file: FileId, at: usize, opener: &str, closer: &str) -> Diagnostic {
    let help = if opener == "'" {
        "add `'` at its end; text of several lines stands between `'''`".to_owned()
    } else {
        format!("add `{closer}` where it ends")
    };
    Diagnostic::new(Code::Syntax, format!("`{opener}` is never closed"))
        .at(Span::new(file, at, at + opener.len()), "opened here")
        .help(help)
}

/// A closing bracket that closes nothing.
pub(super) fn stray(file: FileId, at: usize, closer: char) -> Diagnostic {
    Diagnostic::new(Code::Syntax, format!("`{closer}` closes nothing"))
        .at(Span::new(file, at, at + 1), "nothing is open here")
        .help("remove it, or add the opening bracket before it")
}

/// An opening bracket and a closing one of another kind.
pub(super) fn mismatch(file: FileId, frame: Frame, at: usize, closer: char) -> Diagnostic {
    let opener = frame.kind.opener();
    Diagnostic::new(Code::Syntax, format!("`{opener}` is closed by `{closer}`"))
        .at(Span::new(file, at, at + 1), format!("should be `{}`", frame.kind.closer()))
        .at(Span::new(file, frame.at, frame.at + opener.len()), "opened here")
        .help(format!("write `{}`", frame.kind.closer()))
        .fix(Span::new(file, at, at + 1), frame.kind.closer())
}
