//! The only room that writes to the terminal: data to stdout, everything for people to stderr.
#![cfg_attr(not(feature = "aws"), expect(dead_code, reason = "half of it serves the commands that talk to AWS"))]

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::ValueEnum;

use super::hidden::{hide, hide_password, shown, veiled};
use crate::diagnostics::{self, Diagnostic, Severity, Style};
use crate::host;
use crate::source::Sources;

/// How a command ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Exit {
    /// Nothing to do, or done.
    Done,
    /// AWS is as it was asked for, whoever still reads what we say of it.
    Applied,
    /// An error, already said.
    Error,
    /// Changes are planned, and `--detailed-exitcode` asks to tell.
    Changes,
    /// The plan no longer holds.
    Stale,
    /// Something runs that we no longer see.
    Unknown,
    /// Declined or interrupted.
    Declined,
    /// Nobody reads our output any more.
    ClosedPipe,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

impl Exit {
    /// The way to end that the report of an engine says.
    pub(super) fn of_code(code: u8) -> Self {
        match code {
            0 => Self::Applied,
            2 => Self::Changes,
            3 => Self::Stale,
            4 => Self::Unknown,
            130 => Self::Declined,
            _ => Self::Error,
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::Done | Self::Applied => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Stale => 3,
            Self::Unknown => 4,
            Self::Declined => 130,
            Self::ClosedPipe => 141,
        }
    }
}

/// `--color`
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum ColourChoice {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The most problems of a program that are drawn.
const MOST: usize = 100;

/// Where output goes.
pub(super) struct Terminal {
    out_colour: bool,
    err_colour: bool,
    out_width: usize,
    err_width: usize,
    live: bool,
    /// What it means that data could not be written.
    unwritten: Option<Exit>,
    /// Problems are also annotations of GitHub; where the project lies in the repository, with `/` at its end.
    annotations: Option<String>,
}

impl Terminal {
    pub(super) fn new(choice: ColourChoice) -> Self {
        let plain = host::variable("NO_COLOR").is_some() || host::variable("TERM").as_deref() == Some("dumb");
        let colour = |is_terminal: bool| match choice {
            ColourChoice::Always => true,
            ColourChoice::Never => false,
            ColourChoice::Auto => is_terminal && !plain,
        };
        for credential in ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"] {
            host::variable(credential).iter().for_each(|value| hide(value));
        }
        for address in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "AWS_ENDPOINT_URL"] {
            host::variable(address).iter().for_each(|value| hide_password(value));
        }
        let err_terminal = io::stderr().is_terminal();
        Self {
            out_colour: colour(io::stdout().is_terminal()),
            err_colour: colour(err_terminal),
            out_width: width(terminal_size::terminal_size_of(io::stdout()), 80),
            err_width: width(terminal_size::terminal_size_of(io::stderr()), 100),
            live: err_terminal && !plain,
            unwritten: None,
            annotations: None,
        }
    }

    /// Colours on stdout.
    pub(super) fn out_colour(&self) -> bool {
        self.out_colour
    }

    /// Columns to write data for people in.
    pub(super) fn out_width(&self) -> usize {
        self.out_width
    }

    /// A terminal that can redraw lines reads what we say.
    pub(super) fn is_live(&self) -> bool {
        self.live
    }

    /// From now on, problems are annotations of GitHub too. `folder` is where the project lies in the repository, with
    /// `/` at its end, or empty.
    pub(super) fn annotate(&mut self, folder: String) {
        self.annotations = Some(folder);
    }

    /// Writes what is for people, to stdout.
    pub(super) fn text(&mut self, text: &str) {
        // What is hidden is looked for in the text as it is.
        let text = shown(text);
        self.data(&spoken(&text));
    }

    /// Writes data.
    pub(super) fn data(&mut self, text: &str) {
        let mut out = io::stdout().lock();
        let written = out.write_all(shown(text).as_bytes()).and_then(|()| out.flush());
        drop(out);
        self.unwritten = match written {
            Ok(()) => return,
            // Who closed it wants no more.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Some(Exit::ClosedPipe),
            Err(error) => Some(self.complain(&format!("cannot write to stdout: {}", host::plain(&error)))),
        };
    }

    /// Says something to people. A closed stderr is nobody to tell.
    pub(super) fn say(&mut self, text: &str) {
        let mut err = io::stderr().lock();
        let _ = err.write_all(spoken(&shown(text)).as_bytes());
        let _ = if text.ends_with('\n') { Ok(()) } else { err.write_all(b"\n") };
    }

    /// Says what went wrong where no place in a file is to blame.
    pub(super) fn fail(&mut self, text: &str) -> Exit {
        let exit = self.complain(text);
        if self.annotations.is_some() {
            self.data(&diagnostics::annotation("error", None, "infra", &shown(text)));
        }
        exit
    }

    fn complain(&mut self, text: &str) -> Exit {
        self.say(&format!("{} {text}", self.paint("error:", "1;31")));
        Exit::Error
    }

    /// Draws the problems of a program for people: so many as anybody reads, errors before warnings where there are more.
    pub(super) fn diagnostics(&mut self, all: &[Diagnostic], sources: &Sources) {
        let Some(left_out) = all.len().checked_sub(MOST).filter(|more| *more > 0) else {
            return self.every_diagnostic(all, sources);
        };
        let (errors, others): (Vec<_>, Vec<_>) = all.iter().partition(|d| d.severity == Severity::Error);
        let first: Vec<Diagnostic> = errors.into_iter().chain(others).take(MOST).cloned().collect();
        self.every_diagnostic(&first, sources);
        self.say(&format!("and {left_out} more: mend these first; `infra check --format concise` lists all\n"));
    }

    /// Draws diagnostics for people, however many.
    pub(super) fn every_diagnostic(&mut self, all: &[Diagnostic], sources: &Sources) {
        let style = Style { colour: self.err_colour, width: self.err_width };
        let all: Vec<Diagnostic> = all.iter().map(veiled).collect();
        self.say(&diagnostics::render(&all, sources, style));
        if let Some(folder) = &self.annotations {
            let annotations = diagnostics::to_github(&all, sources, folder);
            self.data(&annotations);
        }
    }

    /// Asks; an answer other than `yes` is a no, and so is no answer.
    pub(super) fn confirm(&mut self, question: &str) -> bool {
        let mut err = io::stderr().lock();
        let question = shown(question);
        let asked = write!(err, "{question} Only `yes` is taken: ").and_then(|()| err.flush());
        let mut answer = String::new();
        asked.is_ok() && io::stdin().read_line(&mut answer).is_ok() && answer.trim() == "yes"
    }

    /// True where someone could answer a question.
    pub(super) fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// `text` in an ANSI style for stderr, where that has colours.
    pub(super) fn paint(&self, text: &str, style: &str) -> String {
        if self.err_colour { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Ends the process at once.
    pub(super) fn leave(&self, exit: Exit) -> ! {
        std::process::exit(exit.code().into())
    }

    /// The last word on how the command ends.
    pub(super) fn finish(&self, exit: Exit) -> Exit {
        self.unwritten.filter(|_| exit == Exit::Done).unwrap_or(exit)
    }
}

/// The columns of a terminal, so far as lines of that length can be read; `elsewhere` where there is none.
fn width(terminal: Option<(terminal_size::Width, terminal_size::Height)>, elsewhere: usize) -> usize {
    terminal.map_or(elsewhere, |(width, _)| usize::from(width.0).clamp(40, 120))
}

/// A line for people, from wherever an engine reports: observers hold no [`Terminal`].
pub(super) fn say_line(text: &str) {
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "{}", spoken(&shown(text)));
}

/// What is for people: in a log of GitHub Actions, nothing in it is taken for a command.
fn spoken(text: &str) -> Cow<'_, str> {
    match host::variable("GITHUB_ACTIONS") {
        Some(_) => diagnostics::harmless(text),
        None => Cow::Borrowed(text),
    }
}
