//! Changes a program as an absent-minded author would: pieces of other programs, generated ones,
//! names and lines mixed up; and now and then as libFuzzer does, byte by byte.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::programs;

/// Every case and example.
static SEEDS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for folder in ["tests/cases", "examples", "stdlib", "docs"] {
        collect(&root.join(folder), &mut files);
    }
    files.sort();
    files.iter().filter_map(|path| std::fs::read_to_string(path).ok()).collect()
});

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "infra") {
            into.push(path);
        }
    }
}

/// A row of numbers that a seed gives.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 11) as usize % n.max(1)
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most);
        (0..length).map(|_| (self.next() >> 24) as u8).collect()
    }
}

/// Changes the first `size` bytes; the new size.
pub fn mutate(bytes: &mut [u8], size: usize, largest: usize, seed: u32) -> usize {
    let mut chance = Chance((u64::from(seed) << 20) ^ 0x9E37_79B9_7F4A_7C15);
    chance.next();
    if chance.below(4) == 0 {
        return libfuzzer_sys::fuzzer_mutate(bytes, size, largest);
    }
    let mut text = String::from_utf8_lossy(&bytes[..size]).into_owned();
    for _ in 0..1 + chance.below(3) {
        change(&mut text, &mut chance);
    }
    let mut end = text.len().min(largest).min(bytes.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    bytes[..end].copy_from_slice(&text.as_bytes()[..end]);
    end
}

fn change(text: &mut String, chance: &mut Chance) {
    match chance.below(12) {
        0 => *text = programs::program(&chance.bytes(400), chance.below(3) == 0),
        1 => insert_line(text, &programs::statement(&chance.bytes(80)), chance),
        2 => {
            let line = seed_lines(chance);
            insert_line(text, &line, chance);
        }
        3 | 4 => replace_value(text, &programs::expression(&chance.bytes(60)), chance),
        5 => {
            let value = seed_value(chance);
            replace_value(text, &value, chance);
        }
        6 => swap_words(text, chance),
        7 => {
            // A line lost, doubled or moved.
            let mut lines: Vec<&str> = text.lines().collect();
            if lines.is_empty() {
                return;
            }
            let line = lines.remove(chance.below(lines.len()));
            for _ in 0..chance.below(3) {
                lines.insert(chance.below(lines.len() + 1), line);
            }
            *text = lines.join("\n");
        }
        8 => {
            // A bracket with all it holds lost or doubled.
            let Some((from, to)) = bracket(text, chance) else { return };
            let piece = text[from..to].to_owned();
            if chance.below(2) == 0 {
                text.replace_range(from..to, "");
            } else {
                let at = place(text, chance);
                text.insert_str(at, &piece);
            }
        }
        9 => {
            let word = WORDS[chance.below(WORDS.len())];
            let at = place(text, chance);
            text.insert_str(at, word);
        }
        10 => wrap(text, chance),
        _ => {
            let seed = &SEEDS[chance.below(SEEDS.len())];
            if text.is_empty() || chance.below(6) == 0 {
                text.clone_from(seed);
            } else {
                let block = blocks(seed);
                if !block.is_empty() {
                    text.push('\n');
                    text.push_str(block[chance.below(block.len())]);
                }
            }
        }
    }
}

/// Words of the language, and what belongs to it.
const WORDS: &[&str] = &[
    " if ", " then ", " else ", " match ", " for ", " in ", " as ", "null", "true", "...", "..", "?.", " ?? ", "@",
    "::", "${", "\\", "\"", "\"\"\"", "'''", "// ", "/*", "*/", "///", " | ", "?", "(", ")", "[", "]", "{", "}", ",",
    "\n", "\r\n", "\t", "é", "😀", "\u{feff}", " == ", " && ", "!", "-", "0", "9223372036854775807", "1e308", "0.1",
    "Secret", "raw ", "live ", "export ", "component ", "fn ", "type ", "use ", "extern ", "moved ", "adopt ",
    "forget ", "test ", "bind", "grant ", "secret(\"a\")", "ssm_secret(\"/a\")", "zone(0)", "arn(",
];

/// A place of the text, on a border of characters.
fn place(text: &str, chance: &mut Chance) -> usize {
    let mut at = chance.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn insert_line(text: &mut String, line: &str, chance: &mut Chance) {
    let at = place(text, chance);
    let at = text[at..].find('\n').map_or(text.len(), |end| at + end);
    text.insert_str(at, &format!("\n{line}"));
}

/// A few lines of a case.
fn seed_lines(chance: &mut Chance) -> String {
    let seed = &SEEDS[chance.below(SEEDS.len())];
    let lines: Vec<&str> = seed.lines().collect();
    let from = chance.below(lines.len());
    let to = (from + 1 + chance.below(4)).min(lines.len());
    lines[from..to].join("\n")
}

/// What stands behind a `:` or `=` of a case.
fn seed_value(chance: &mut Chance) -> String {
    let seed = &SEEDS[chance.below(SEEDS.len())];
    value(seed, chance).map_or_else(String::new, |(from, to)| seed[from..to].to_owned())
}

fn replace_value(text: &mut String, by: &str, chance: &mut Chance) {
    if let Some((from, to)) = value(text, chance) {
        text.replace_range(from..to, by);
    }
}

/// What stands behind some `:`, `=`, `(` or `,`, up to the end of its line, entry or bracket.
fn value(text: &str, chance: &mut Chance) -> Option<(usize, usize)> {
    let starts: Vec<usize> = text.match_indices([':', '=', '(', ',', '[']).map(|(at, _)| at + 1).collect();
    let from = *starts.get(chance.below(starts.len()))?;
    let from = from + (text[from..].len() - text[from..].trim_start_matches(' ').len());
    let mut depth = 0;
    for (at, c) in text[from..].char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return Some((from, from + at)),
            ')' | ']' | '}' => depth -= 1,
            '\n' | ',' if depth == 0 => return Some((from, from + at)),
            _ => {}
        }
    }
    Some((from, text.len()))
}

/// Some bracket and its partner, as far as counting tells.
fn bracket(text: &str, chance: &mut Chance) -> Option<(usize, usize)> {
    let opens: Vec<usize> = text.match_indices(['(', '[', '{']).map(|(at, _)| at).collect();
    let from = *opens.get(chance.below(opens.len()))?;
    let mut depth = 0;
    for (at, c) in text[from..].char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((from, from + at + 1));
        }
    }
    None
}

/// One word of the text becomes another one.
fn swap_words(text: &mut String, chance: &mut Chance) {
    let mut words = Vec::new();
    let mut from = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (from, c.is_ascii_alphanumeric() || c == '_') {
            (None, true) => from = Some(at),
            (Some(start), false) => {
                words.push((start, at));
                from = None;
            }
            _ => {}
        }
    }
    if words.is_empty() {
        return;
    }
    let (from, to) = words[chance.below(words.len())];
    let (other, end) = words[chance.below(words.len())];
    let word = text[other..end].to_owned();
    text.replace_range(from..to, &word);
}

/// A value inside something else.
fn wrap(text: &mut String, chance: &mut Chance) {
    let Some((from, to)) = value(text, chance) else { return };
    let inner = text[from..to].to_owned();
    let around = [
        ("[", "]"), ("(", ")"), ("{ k: ", " }"), ("json(", ")"), ("\"${", "}\""), ("[for z in 0..3: ", "]"),
        ("if true then ", " else null"), ("...", ""), ("base64(", ")"), ("len(", ")"), ("split(\"a\", ", ")"),
        ("{ for z in [\"a\"]: z: ", " }"), ("match 1 { 1: ", ", else: 2 }"), ("", " ?? \"d\""), ("", "[0]"),
    ];
    let (before, after) = around[chance.below(around.len())];
    text.replace_range(from..to, &format!("{before}{inner}{after}"));
}

/// The top-level declarations that have a block.
fn blocks(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut from = 0;
    for (at, _) in text.match_indices("\n}\n") {
        found.push(&text[from..at + 3]);
        from = at + 3;
    }
    found
}
