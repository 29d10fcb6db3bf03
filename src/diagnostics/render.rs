//! Diagnostics for people, drawn with miette. Nothing else in the house knows miette.

use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters, ThemeStyles,
};

use super::{Diagnostic, Label, Severity};
use crate::source::{FileId, SourceFile, Sources, Span};

/// How to draw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Style {
    /// With colours.
    pub colour: bool,
    /// Columns to draw in.
    pub width: usize,
}

/// Lines shown above and below a label.
const CONTEXT: usize = 1;

/// Labels with no more lines between them are drawn as one piece.
const GAP: usize = 10;

/// Draws the diagnostics one below the other, each followed by an empty line.
pub fn render(diagnostics: &[Diagnostic], sources: &Sources, style: Style) -> String {
    let styles = if style.colour { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme { characters: ThemeCharacters::unicode(), styles })
        .with_links(false)
        .with_width(style.width)
        .with_context_lines(CONTEXT)
        .with_show_related_as_nested(false)
        .without_cause_chain();
    let mut out = String::new();
    for diagnostic in diagnostics {
        let drawn = Drawn::new(diagnostic, sources);
        let before = out.len();
        // Writing into a string cannot fail; should miette refuse, the plain words still come out.
        if handler.render_report(&mut out, &drawn).is_err() {
            out.truncate(before);
            out.push_str(&diagnostic.message);
        }
        let end = out.trim_end().len();
        out.truncate(end);
        out.push_str("\n\n");
    }
    trim_lines(&out)
}

/// Takes the blanks off the ends of lines; they only make noise in logs and snapshots.
fn trim_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// One diagnostic as miette wants it: labels of one file, those of other files as related ones.
struct Drawn {
    code: &'static str,
    severity: miette::Severity,
    message: String,
    help: Option<String>,
    source: Option<Excerpt>,
    labels: Vec<LabeledSpan>,
    related: Vec<Drawn>,
}

impl Drawn {
    fn new(d: &Diagnostic, sources: &Sources) -> Self {
        let severity = match d.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        };
        let home = d.span().map(|s| s.file);
        let here: Vec<&Label> = d.labels.iter().filter(|l| Some(l.span.file) == home).collect();
        let mut elsewhere: Vec<FileId> = d.labels.iter().map(|l| l.span.file).filter(|f| Some(*f) != home).collect();
        elsewhere.dedup();
        let related = elsewhere.into_iter().map(|file| {
            let there: Vec<&Label> = d.labels.iter().filter(|l| l.span.file == file).collect();
            Self {
                code: "",
                severity: miette::Severity::Advice,
                message: format!("in {}", sources.get(file).map_or("?", |f| &f.name)),
                help: None,
                source: Excerpt::new(&there, sources),
                labels: labelled(&there),
                related: Vec::new(),
            }
        });
        Self {
            code: d.code.name(),
            severity,
            message: d.message.clone(),
            help: d.help.clone(),
            source: Excerpt::new(&here, sources),
            labels: labelled(&here),
            related: related.collect(),
        }
    }
}

/// A file from shortly above the first label on: miette looks for lines from the start, for each label anew, and takes
/// the number of all lines that it saw for that of the lines shown, so that labels far apart were shown with all between.
struct Excerpt {
    file: SourceFile,
    /// The byte that it begins with, and the lines before that.
    start: usize,
    line: usize,
}

impl Excerpt {
    /// `labels` are those of one file.
    fn new(labels: &[&Label], sources: &Sources) -> Option<Self> {
        let first = labels.iter().map(|label| label.span).min()?;
        let file = sources.get(first.file)?.clone();
        let (mut line, mut start) = sources.line(first);
        for _ in 0..CONTEXT {
            let Some(end) = start.checked_sub(1) else { break };
            (line, start) = sources.line(Span::new(first.file, end, end));
        }
        Some(Self { file, start, line })
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let text = self.file.text.get(self.start..).unwrap_or_default();
        let at = span.offset().checked_sub(self.start).ok_or(MietteError::OutOfBounds)?;
        let found = text.read_span(&(at, span.len()).into(), before, after)?;
        let place = (found.span().offset() + self.start, found.span().len()).into();
        Ok(Box::new(MietteSpanContents::new_named(
            self.file.name.to_string(),
            found.data(),
            place,
            found.line() + self.line,
            found.column(),
            found.data().split(|byte| *byte == b'\n').count() + GAP,
        )))
    }
}

fn labelled(labels: &[&Label]) -> Vec<LabeledSpan> {
    let range = |s: Span| SourceSpan::from(s.start as usize..s.end as usize);
    let text = |l: &Label| (!l.text.is_empty()).then(|| l.text.clone());
    let mut out = Vec::with_capacity(labels.len());
    for (at, label) in labels.iter().enumerate() {
        out.push(if at == 0 {
            LabeledSpan::new_primary_with_span(text(label), range(label.span))
        } else {
            LabeledSpan::new_with_span(text(label), range(label.span))
        });
    }
    out
}

impl fmt::Debug for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Drawn {}

impl miette::Diagnostic for Drawn {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.code.is_empty()).then(|| Box::new(self.code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|h| Box::new(h) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|s| s as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = LabeledSpan>>)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        (!self.related.is_empty())
            .then(|| Box::new(self.related.iter().map(|r| r as &dyn miette::Diagnostic)) as Box<dyn Iterator<Item = _>>)
    }
}
