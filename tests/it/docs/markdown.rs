//! As much of Markdown as the tests need: fenced blocks, hidden notes, tables, links, headings.

/// A document.
pub(super) struct Document {
    /// Its path below the root.
    pub(super) name: String,
    /// Blocks and headings in their order.
    pub(super) pieces: Vec<Piece>,
    /// Code in columns headed `infra` or `command`.
    pub(super) cells: Vec<Cell>,
    /// Links, each with its line.
    pub(super) links: Vec<(usize, String)>,
    /// The anchors of its headings.
    pub(super) anchors: Vec<String>,
}

/// What the tests look at, in order.
pub(super) enum Piece {
    /// A heading: notes above it end.
    Heading,
    /// `<!-- given … -->`: what the following blocks stand on, behind `top`, `file=NAME` or nothing.
    Given(String, String),
    /// A fenced block.
    Block(Block),
}

/// A fenced block.
#[derive(Clone)]
pub(super) struct Block {
    /// `docs/tutorial.md:12`
    pub(super) place: String,
    /// The line of its first line of text, from 1.
    pub(super) line: usize,
    /// The first word behind the backticks.
    pub(super) language: String,
    /// The others.
    pub(super) words: Vec<String>,
    /// Its lines, each with a line break; the indentation of the fence is taken off.
    pub(super) text: String,
}

/// Code in a table.
pub(super) struct Cell {
    /// `docs/language.md:12`
    pub(super) place: String,
    /// Without the backticks.
    pub(super) code: String,
}

/// Words without a value.
const PLAIN: &[&str] = &["fragment", "expr", "wrong", "run", "parse"];
/// Words with one.
const VALUED: &[&str] = &["file", "append", "project", "wrong", "exit", "env"];

impl Piece {
    pub(super) fn block(&self) -> Option<&Block> {
        match self {
            Self::Block(block) => Some(block),
            _ => None,
        }
    }
}

impl Block {
    pub(super) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|w| w == word || w.strip_prefix(word).is_some_and(|rest| rest.starts_with('=')))
    }

    pub(super) fn value(&self, word: &str) -> Option<&str> {
        self.words.iter().find_map(|w| w.strip_prefix(word)?.strip_prefix('='))
    }

    pub(super) fn unknown_words(&self) -> Vec<&str> {
        let known = |word: &&String| match word.split_once('=') {
            Some((name, _)) => VALUED.contains(&name),
            None => PLAIN.contains(&word.as_str()),
        };
        self.words.iter().filter(|word| !known(word)).map(String::as_str).collect()
    }
}

/// Reads a document.
pub(super) fn read(name: &str, text: &str) -> Document {
    let mut document = Document {
        name: name.to_owned(),
        pieces: Vec::new(),
        cells: Vec::new(),
        links: Vec::new(),
        anchors: Vec::new(),
    };
    let mut column = None;
    let mut lines = text.lines().enumerate().map(|(at, line)| (at + 1, line)).peekable();
    while let Some((number, line)) = lines.next() {
        let bare = line.trim_start();
        let indent = line.len() - bare.len();
        if let Some(info) = bare.strip_prefix("```") {
            let mut words = info.split_whitespace().map(str::to_owned);
            let language = words.next().unwrap_or_default();
            let mut block = Block {
                place: format!("{name}:{number}"),
                line: number + 1,
                language,
                words: words.collect(),
                text: String::new(),
            };
            for (_, line) in lines.by_ref().take_while(|(_, line)| line.trim() != "```") {
                let cut = indent.min(line.len() - line.trim_start().len());
                block.text.push_str(&line[cut..]);
                block.text.push('\n');
            }
            document.pieces.push(Piece::Block(block));
            continue;
        }
        if let Some(first) = bare.strip_prefix("<!-- given") {
            let mut text = first.to_owned() + "\n";
            while !text.contains("-->") {
                let Some((_, line)) = lines.next() else { break };
                text.push_str(line);
                text.push('\n');
            }
            let text = text.split("-->").next().unwrap();
            let word = text.lines().next().unwrap_or_default().split_whitespace().next().unwrap_or_default();
            let what = if word == "top" || word.starts_with("file=") { word } else { "" };
            let text = text.split_once(what).unwrap().1.trim().to_owned() + "\n";
            document.pieces.push(Piece::Given(what.to_owned(), text));
            continue;
        }
        if let Some(heading) = bare.strip_prefix('#') {
            document.pieces.push(Piece::Heading);
            document.anchors.push(anchor(heading.trim_start_matches('#').trim()));
        }
        column = table(line, column, &format!("{name}:{number}"), &mut document.cells);
        document.links.extend(links(line).map(|link| (number, link.to_owned())));
    }
    document
}

/// Takes the code of the column headed `infra` or `command` out of a line; gives the column as long as the table lasts.
fn table(line: &str, column: Option<usize>, place: &str, into: &mut Vec<Cell>) -> Option<usize> {
    let row = line.trim().strip_prefix('|')?;
    let cells = cells(row);
    let Some(column) = column else { return cells.iter().position(|cell| matches!(cell.trim(), "infra" | "command")) };
    let cell = cells.get(column)?;
    let spans = cell.split('`').skip(1).step_by(2).filter(|code| !code.is_empty());
    into.extend(spans.map(|code| Cell { place: place.to_owned(), code: code.replace("\\|", "|") }));
    Some(column)
}

/// The cells of a row; `\|` does not end one.
fn cells(row: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut before = ' ';
    for c in row.chars() {
        match (c, all.last_mut()) {
            ('|', _) if before != '\\' => all.push(String::new()),
            (_, Some(cell)) => cell.push(c),
            _ => {}
        }
        before = c;
    }
    all
}

/// What `[…](…)` leads to, outside of code.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').step_by(2).flat_map(|text| text.split("](").skip(1)).filter_map(|rest| rest.split(')').next())
}

/// As GitHub names a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
