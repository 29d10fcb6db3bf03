//! Source files and places in them.

use std::fmt;
use std::sync::{Arc, OnceLock};

/// A file of one compilation, as an index into [`Sources`]; or a built-in file, the same in every compilation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId(pub u32);

impl FileId {
    /// The id of the first built-in file. No compilation has as many files of its own.
    const BUILT_IN: u32 = 1 << 31;

    /// The built-in file with that index.
    pub fn built_in(at: usize) -> Self {
        Self(u32::try_from(at).unwrap_or(u32::MAX).saturating_add(Self::BUILT_IN))
    }

    /// Its index among the built-in files, where it is one of them.
    pub fn built_in_at(self) -> Option<usize> {
        self.0.checked_sub(Self::BUILT_IN).map(|at| at as usize)
    }
}

/// A half-open byte range of one file. Always lies on `char` boundaries of that file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file it lies in.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The range `start..end` of `file`.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let clip = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { file, start: clip(start), end: clip(end) }
    }

    /// From the start of `self` to the end of `other`; `self` where the files differ.
    pub fn to(self, other: Self) -> Self {
        if self.file == other.file { Self { end: other.end.max(self.end), ..self } } else { self }
    }

    /// True where `other` lies wholly inside `self`.
    pub fn covers(self, other: Self) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.file.0, self.start, self.end)
    }
}

/// One source text and the name people know it by.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its place in [`Sources`].
    pub id: FileId,
    /// Path relative to the project directory, with `/`; `std:/…` for built-in files.
    pub name: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
}

/// Every file of one compilation, in a fixed order.
///
/// Sources come first. Files that a program reads while it is evaluated (`yaml_file("x.yaml")`) join
/// behind them through a shared reference, so that a place inside one is shown like any other. They keep
/// their addresses: no file is ever moved or taken away.
#[derive(Clone, Default, Debug)]
pub struct Sources {
    files: Vec<Kept>,
    included: Page,
    built_in: Vec<Kept>,
}

/// A file, and where its lines begin: found when the first place in it is shown, since there may be many.
#[derive(Clone, Debug)]
struct Kept {
    file: SourceFile,
    lines: OnceLock<Box<[usize]>>,
}

impl Kept {
    /// How many lines stand before the one with the byte `at`, and where that one begins.
    fn line(&self, at: usize) -> (usize, usize) {
        let ends = || self.file.text.match_indices('\n').map(|(end, _)| end + 1);
        let lines = self.lines.get_or_init(|| ends().collect());
        let before = lines.partition_point(|start| *start <= at);
        (before, before.checked_sub(1).and_then(|last| lines.get(last)).copied().unwrap_or(0))
    }
}

impl From<SourceFile> for Kept {
    fn from(file: SourceFile) -> Self {
        Self { file, lines: OnceLock::new() }
    }
}

/// Room for included files, and for more of them where it is full.
#[derive(Clone, Default, Debug)]
struct Page {
    files: [OnceLock<Kept>; 32],
    next: OnceLock<Box<Page>>,
}

fn file_id(at: usize) -> FileId {
    FileId(u32::try_from(at).unwrap_or(u32::MAX))
}

impl Sources {
    /// Adds a source file and gives it the next id.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let id = file_id(self.files.len());
        self.files.push(SourceFile { id, name: name.into(), text: text.into() }.into());
        id
    }

    /// Adds the built-in files, sorted by id.
    pub fn add_built_in(&mut self, files: &[SourceFile]) {
        self.built_in = files.iter().cloned().map(Kept::from).collect();
    }

    /// Adds a file that a program reads while it is evaluated. No source may be added afterwards.
    pub fn include(&self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        let mut kept = Kept::from(SourceFile { id: FileId(0), name: name.into(), text: text.into() });
        let (mut page, mut at) = (&self.included, self.files.len());
        loop {
            for slot in &page.files {
                let id = file_id(at);
                kept.file.id = id;
                match slot.set(kept) {
                    Ok(()) => return id,
                    Err(back) => kept = back,
                }
                at += 1;
            }
            page = page.next.get_or_init(Box::default);
        }
    }

    /// The file with that id.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.kept(id).map(|kept| &kept.file)
    }

    fn kept(&self, id: FileId) -> Option<&Kept> {
        if let Some(at) = id.built_in_at() {
            return self.built_in.get(at);
        }
        let at = id.0 as usize;
        self.files.get(at).or_else(|| self.included().nth(at.checked_sub(self.files.len())?))
    }

    fn included(&self) -> impl Iterator<Item = &Kept> {
        let pages = std::iter::successors(Some(&self.included), |page| page.next.get().map(|next| &**next));
        pages.flat_map(|page| &page.files).map_while(OnceLock::get)
    }

    /// The text under `span`; empty where the span does not fit.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file).and_then(|f| f.text.get(span.start as usize..span.end as usize)).unwrap_or("")
    }

    /// Whether a literal of just this text stands under `span`.
    pub fn quotes(&self, span: Span, text: &str) -> bool {
        self.text(span).strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) == Some(text)
    }

    /// Where `word` stands under `span`, where that is in one place only. `is_it` looks at what is before and behind it.
    pub fn only(&self, span: Span, word: &str, is_it: impl Fn(&str, &str) -> bool) -> Option<Span> {
        let text = self.text(span);
        let mut found = text.match_indices(word).filter(|(at, _)| {
            let (before, behind) = (text.get(..*at).unwrap_or(""), text.get(at + word.len()..).unwrap_or(""));
            is_it(before, behind)
        });
        let (at, _) = found.next()?;
        let start = span.start as usize + at;
        found.next().is_none().then(|| Span::new(span.file, start, start + word.len()))
    }

    /// All files, by id.
    pub fn iter(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().chain(self.included()).chain(&self.built_in).map(|kept| &kept.file)
    }

    /// `name:line:column` of the start of `span`, both counted from 1, columns in characters.
    pub fn locate(&self, span: Span) -> Location<'_> {
        let Some(kept) = self.kept(span.file) else {
            return Location { file: "?", line: 0, column: 0 };
        };
        let text = &kept.file.text;
        let (line, start) = kept.line(span.start as usize);
        let column = text.get(start..span.start as usize).or_else(|| text.get(start..)).unwrap_or("").chars().count();
        Location { file: &kept.file.name, line: line + 1, column: column + 1 }
    }

    /// How many lines stand before the one with the start of `span`, and where that one begins.
    pub(crate) fn line(&self, span: Span) -> (usize, usize) {
        self.kept(span.file).map_or((0, 0), |kept| kept.line(span.start as usize))
    }
}

/// A place as people read it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Location<'a> {
    /// Name of the file.
    pub file: &'a str,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}
