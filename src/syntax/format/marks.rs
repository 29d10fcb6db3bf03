//! What the grammar knows of the tokens: which brackets hold what, and where entries begin.

use super::super::grammar::{Pair, Rule};

/// What a pair of brackets holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Group {
    /// Statements.
    Block,
    /// Entries, elements, arguments, arms.
    Entries,
    /// `[for …]`, `{for …}`
    Loop,
    /// One thing.
    Single,
}

/// Facts about places in the text, each list sorted.
#[derive(Default, Debug)]
pub(super) struct Marks {
    groups: Vec<(usize, Group)>,
    /// Where statements, entries, elements begin.
    items: Vec<usize>,
    /// Where a line begins within a statement: decorators, and what they stand above.
    lines: Vec<usize>,
    /// Signs and brackets that touch what stands before them.
    behind: Vec<usize>,
    /// Signs that touch what stands behind them.
    before: Vec<usize>,
    /// Braces without blanks inside.
    narrow: Vec<usize>,
}

impl Marks {
    pub(super) fn of<'i>(pairs: impl Iterator<Item = Pair<'i, Rule>>) -> Self {
        let mut marks = Self::default();
        for pair in pairs {
            marks.pair(pair);
        }
        marks.groups.sort_unstable_by_key(|(at, _)| *at);
        for list in [&mut marks.items, &mut marks.lines, &mut marks.behind, &mut marks.before, &mut marks.narrow] {
            list.sort_unstable();
        }
        marks
    }

    pub(super) fn group(&self, at: usize) -> Group {
        let found = self.groups.binary_search_by_key(&at, |(at, _)| *at);
        found.ok().and_then(|found| self.groups.get(found)).map_or(Group::Single, |(_, group)| *group)
    }

    pub(super) fn is_item(&self, at: usize) -> bool {
        self.items.binary_search(&at).is_ok()
    }

    pub(super) fn is_line(&self, at: usize) -> bool {
        self.lines.binary_search(&at).is_ok()
    }

    pub(super) fn is_behind(&self, at: usize) -> bool {
        self.behind.binary_search(&at).is_ok()
    }

    pub(super) fn is_before(&self, at: usize) -> bool {
        self.before.binary_search(&at).is_ok()
    }

    pub(super) fn is_narrow(&self, at: usize) -> bool {
        self.narrow.binary_search(&at).is_ok()
    }

    fn pair(&mut self, pair: Pair<'_, Rule>) {
        let start = pair.as_span().start();
        let rule = pair.as_rule();
        match rule {
            Rule::block | Rule::test_block => self.groups.push((start, Group::Block)),
            Rule::object
            | Rule::list
            | Rule::arguments
            | Rule::index
            | Rule::arms
            | Rule::type_record
            | Rule::parameters
            | Rule::interface => {
                self.groups.push((start, Group::Entries));
            }
            Rule::list_for | Rule::object_for => self.groups.push((start, Group::Loop)),
            Rule::item | Rule::statement => self.prelude(&pair),
            _ => {}
        }
        match rule {
            Rule::arguments | Rule::parameters | Rule::index | Rule::instance_key | Rule::type_refinement => {
                self.behind.push(start)
            }
            Rule::optional_mark | Rule::optional_field => self.behind.push(start),
            Rule::prefix | Rule::minus_number => self.before.push(start),
            _ => {}
        }
        if matches!(rule, Rule::object_for | Rule::type_map) {
            self.narrow.push(start);
        }
        let holds_items = matches!(
            rule,
            Rule::file
                | Rule::block
                | Rule::test_block
                | Rule::object
                | Rule::list
                | Rule::arguments
                | Rule::index
                | Rule::arms
                | Rule::type_record
                | Rule::parameters
                | Rule::interface
        );
        // What goes on where something begun before it is no entry of its own: the value behind
        // `...`, the pattern behind `"a",`.
        let mut goes_on = false;
        for child in pair.into_inner() {
            if holds_items && !goes_on && child.as_rule() != Rule::EOI {
                self.items.push(child.as_span().start());
            }
            let pattern = || child.as_rule() == Rule::arm && child.clone().into_inner().len() < 2;
            goes_on = child.as_rule() == Rule::spread || pattern();
            self.pair(child);
        }
    }

    /// Decorators, each on a line of its own, and the statement below them.
    fn prelude(&mut self, pair: &Pair<'_, Rule>) {
        for child in pair.clone().into_inner() {
            // A decorator's pair begins behind its `@`.
            let sign = usize::from(child.as_rule() == Rule::decorator);
            self.lines.push(child.as_span().start().saturating_sub(sign));
        }
    }
}
