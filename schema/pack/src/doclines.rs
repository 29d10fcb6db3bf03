//! AWS's documentation, which is Markdown with crumbs of HTML, to one line of plain text.

/// Longest line, in characters.
const LONGEST: usize = 160;

/// The first sentence, without markup.
pub fn one_line(markdown: &str) -> Option<String> {
    let plain = plain(markdown);
    let sentence = verb_first(first_sentence(&plain).trim());
    let line = shorten(&sentence);
    (!line.is_empty()).then_some(line)
}

/// Without links, tags, quotes of quotes and line breaks. Code keeps its back-ticks.
fn plain(markdown: &str) -> String {
    let mut out = String::new();
    let mut rest = markdown.trim_start_matches(['>', ' ', '\n']);
    while let Some(c) = rest.chars().next() {
        let (text, len) = match c {
            '[' => link(rest).unwrap_or(("[", 1)),
            '<' => ("", tag(rest)),
            '`' => ("`", rest.len() - rest.trim_start_matches('`').len()),
            '*' => ("", rest.len() - rest.trim_start_matches('*').len()),
            // A paragraph ends the line, whatever follows.
            '\n' if rest[1..].starts_with('\n') && !out.trim().is_empty() => break,
            c if c.is_whitespace() => (" ", c.len_utf8()),
            c => (&rest[..c.len_utf8()], c.len_utf8()),
        };
        let text = if len == 0 { "<" } else { text };
        out.push_str(text);
        rest = &rest[len.max(1)..];
    }
    let words: Vec<&str> = out.split_whitespace().collect();
    let mut line = words.join(" ");
    for (odd, plain) in [
        (" .", "."),
        (" ,", ","),
        ("` s ", "`s "),
        ("( ", "("),
        (" )", ")"),
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
    ] {
        line = line.replace(odd, plain);
    }
    line
}

/// `[text](target)`: the text, and how long the whole is.
fn link(rest: &str) -> Option<(&str, usize)> {
    let close = rest.find("](")?;
    let end = close + rest[close..].find(')')?;
    let text = &rest[1..close];
    (!text.contains('[') && !text.contains('\n')).then_some((text, end + 1))
}

/// Length of an HTML tag; 0 where `<` is only itself.
fn tag(rest: &str) -> usize {
    let name = rest[1..].trim_start_matches('/');
    let looks = name.starts_with(|c: char| c.is_ascii_alphabetic());
    rest.find('>').filter(|end| looks && *end < 80).map_or(0, |end| end + 1)
}

/// "The `AWS::ECS::Service` resource creates" to "Creates": the name stands above already.
fn verb_first(sentence: &str) -> String {
    let rest = sentence
        .strip_prefix("The ")
        .filter(|s| s.trim_start_matches('`').starts_with("AWS::"))
        .and_then(|s| s.split_once(" resource ").filter(|(name, _)| !name.contains(' ')))
        .map_or(sentence, |(_, rest)| rest);
    let mut chars = rest.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

fn first_sentence(line: &str) -> &str {
    const NOT_AN_END: [&str; 8] = ["e.g.", "i.e.", "etc.", "vs.", "Inc.", "ex.", "approx.", "No."];
    let mut from = 0;
    while let Some(dot) = line[from..].find(". ") {
        let end = from + dot + 1;
        if !NOT_AN_END.iter().any(|w| line[..end].ends_with(w)) && end > 8 {
            return &line[..end];
        }
        from = end;
    }
    line
}

fn shorten(line: &str) -> String {
    let line = line.strip_suffix('.').filter(|l| !l.ends_with('.')).unwrap_or(line);
    let line = line.trim_end_matches(':');
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    let cut: String = line.chars().take(LONGEST - 2).collect();
    let words = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    format!("{} …", words.trim_end_matches([',', ';', ' ', '(']))
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn markup_goes_and_the_first_sentence_stays() {
        for (markdown, line) in [
            ("The ``Id`` of *it* . More.", "The `Id` of it"),
            ("See [the guide](https://example.com/a) for i.e. this. And that.", "See the guide for i.e. this"),
            ("> A note\n\nThen text.", "A note"),
            ("The `AWS::EC2::VPC` resource creates one. Yes.", "Creates one"),
            ("a < b and <b>bold</b>", "A < b and bold"),
        ] {
            assert_eq!(one_line(markdown).as_deref(), Some(line));
        }
        assert_eq!(one_line(" \n "), None);
        assert!(one_line(&"word ".repeat(80)).is_some_and(|l| l.chars().count() <= 160 && l.ends_with('…')));
    }
}
