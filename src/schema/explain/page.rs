//! Lines of 80 columns.

/// Nothing is written beyond this column, except a word that is longer by itself.
const WIDTH: usize = 80;

/// A text in the making.
#[derive(Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    /// A line as it is.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// An empty line, unless there is one.
    pub(super) fn break_line(&mut self) {
        if !self.text.ends_with("\n\n") && !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    pub(super) fn title(&mut self, title: &str) {
        self.break_line();
        self.line(title);
    }

    /// Words, wrapped, from a column on.
    pub(super) fn text(&mut self, indent: usize, words: &str) {
        self.wrapped(indent, indent, words);
    }

    /// `  Name: type (marks)`, continued under the type's start.
    pub(super) fn entry(&mut self, name: &str, kind: &str, marks: &[&str]) {
        let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
        self.wrapped(2, 4, &format!("{name}: {kind}{marks}"));
    }

    fn wrapped(&mut self, first: usize, rest: usize, words: &str) {
        let mut line = " ".repeat(first);
        let mut empty = true;
        for word in words.split_whitespace() {
            let more = word.chars().count() + usize::from(!empty);
            if !empty && line.chars().count() + more > WIDTH {
                self.line(&line);
                line = " ".repeat(rest);
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        if !empty {
            self.line(&line);
        }
    }

    pub(super) fn done(self) -> String {
        self.text
    }
}
