//! Text of several lines moves with the code around it; its value stays.

use super::super::build::common_indent;

/// `text`, a string of any kind, with its lines indented by `indent` blanks and its end by `end`.
pub(super) fn moved(text: &str, indent: usize, end: usize) -> Option<String> {
    let quotes = ["\"\"\"", "'''"].into_iter().find(|quotes| text.starts_with(quotes))?;
    let body = text.get(quotes.len()..text.len().checked_sub(quotes.len())?)?;
    let body = body.strip_prefix("\r\n").or_else(|| body.strip_prefix('\n'))?;
    if quotes == "\"\"\"" && lines_inside(body) {
        return None;
    }
    let common = common_indent(body);
    let mut out = String::with_capacity(text.len());
    out.push_str(quotes);
    let mut lines = body.split('\n').peekable();
    while let Some(line) = lines.next() {
        let last = lines.peek().is_none();
        let line = if last { line } else { line.strip_suffix('\r').unwrap_or(line) };
        out.push('\n');
        if line.trim_matches([' ', '\t']).is_empty() {
            // Only blanks: nothing, or the place of the closing quotes.
            out.extend(std::iter::repeat_n(' ', if last { end } else { 0 }));
            continue;
        }
        out.extend(std::iter::repeat_n(' ', indent));
        out.push_str(line.strip_prefix(common).unwrap_or(line));
    }
    out.push_str(quotes);
    Some(out)
}

/// True where an interpolation spans lines: those lines are code and not text.
fn lines_inside(body: &str) -> bool {
    let mut depth = 0usize;
    let mut bytes = body.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if depth == 0 => {
                bytes.next();
            }
            b'$' if depth == 0 && bytes.peek() == Some(&b'{') => {
                bytes.next();
                depth = 1;
            }
            b'{' if depth > 0 => depth += 1,
            b'}' if depth > 0 => depth -= 1,
            b'\n' if depth > 0 => return true,
            _ => {}
        }
    }
    false
}
