//! What a system consists of: so many resources of each type in each stack, account and region.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::System;

/// `name account region` of each stack, and so many of each type in it.
type Table = BTreeMap<String, BTreeMap<String, usize>>;

/// Where a system leaves its original on purpose: stacks whose line has this text, a type, how many more or fewer of it
/// each of them has, and why.
pub(crate) type Departure = (&'static str, &'static str, isize, &'static str);

impl System {
    /// Its stacks are these, and each has these resources. A line without indentation is a stack,
    /// `name account region = total`; the lines below it are its types, `EC2::VPC 1, EC2::Subnet 6`.
    #[track_caller]
    pub(crate) fn consists_of(&self, expected: &str) {
        let (is, expected) = (self.table(), read(expected));
        let wrong = differences(&is, &expected);
        assert!(wrong.is_empty(), "{wrong}\nit is\n{}", write(&is));
    }

    /// The same, but for what is otherwise on purpose. A stack of which nothing is left is not there; one that is named in
    /// full and is not in the original comes on top.
    #[track_caller]
    pub(crate) fn departs_from(&self, original: &str, departures: &[Departure]) {
        let (is, mut expected) = (self.table(), read(original));
        for (stacks, ty, more, why) in departures {
            assert!(!why.is_empty());
            let mut meant: Vec<String> = expected.keys().filter(|stack| stack.contains(stacks)).cloned().collect();
            if meant.is_empty() {
                meant.push((*stacks).to_owned());
            }
            for stack in meant {
                let count = expected.entry(stack).or_default().entry((*ty).to_owned()).or_default();
                *count =
                    count.checked_add_signed(*more).unwrap_or_else(|| panic!("there are only {count} {ty}: {why}"));
            }
        }
        expected.retain(|_, types| types.values().sum::<usize>() > 0);
        let wrong = differences(&is, &expected);
        assert!(wrong.is_empty(), "{wrong}\nit is\n{}", write(&is));
    }

    /// How many stacks and how many resources it has.
    pub(super) fn size(&self) -> (usize, usize) {
        let table = self.table();
        (table.len(), table.values().flat_map(BTreeMap::values).sum())
    }

    fn table(&self) -> Table {
        let row = |stack: &infra::build::Built| {
            let head = &stack.head;
            let template: Value = serde_json::from_str(&stack.template.body).unwrap();
            let mut types = BTreeMap::new();
            for resource in template["Resources"].as_object().unwrap().values() {
                let ty = resource["Type"].as_str().unwrap();
                *types.entry(ty.trim_start_matches("AWS::").to_owned()).or_default() += 1;
            }
            (format!("{} {} {}", head.stack_name, head.account.id, head.key.region), types)
        };
        let table: Table = self.build.stacks.iter().map(row).collect();
        assert_eq!(table.len(), self.build.stacks.len(), "two stacks of one name in one place");
        table
    }
}

#[track_caller]
fn read(text: &str) -> Table {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let indented = |line: &str| line.len() - line.trim_start().len();
    let outer = lines.clone().map(indented).min().unwrap_or_default();
    let mut table = Table::new();
    let mut totals: BTreeMap<String, usize> = BTreeMap::new();
    let mut stack = String::new();
    for line in lines {
        if indented(line) == outer {
            let (name, total) = line.trim().split_once(" = ").unwrap_or_else(|| panic!("no total: {line}"));
            name.clone_into(&mut stack);
            table.insert(stack.clone(), BTreeMap::new());
            totals.insert(stack.clone(), total.parse().unwrap());
            continue;
        }
        for part in line.trim().split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (ty, count) = part.rsplit_once(' ').unwrap_or_else(|| panic!("no number: {part}"));
            table.get_mut(&stack).unwrap().insert(ty.to_owned(), count.parse().unwrap());
        }
    }
    for (stack, types) in &table {
        assert_eq!(types.values().sum::<usize>(), totals[stack], "the total that the test says of {stack}");
    }
    table
}

fn differences(is: &Table, expected: &Table) -> String {
    let mut wrong = String::new();
    for stack in is.keys().filter(|stack| !expected.contains_key(*stack)) {
        writeln!(wrong, "not expected: {stack}").unwrap();
    }
    for (stack, expected) in expected {
        let Some(is) = is.get(stack) else {
            writeln!(wrong, "missing: {stack}").unwrap();
            continue;
        };
        let mut types: Vec<&String> = is.keys().chain(expected.keys()).collect();
        types.sort();
        types.dedup();
        for ty in types {
            let (is, expected) = (is.get(ty).copied().unwrap_or(0), expected.get(ty).copied().unwrap_or(0));
            if is != expected {
                writeln!(wrong, "{stack}: {ty} is there {is} times, not {expected}").unwrap();
            }
        }
    }
    wrong
}

/// As a test says it.
fn write(table: &Table) -> String {
    let row = |(stack, types): (&String, &BTreeMap<String, usize>)| {
        let total: usize = types.values().sum();
        let types: Vec<String> = types.iter().map(|(ty, n)| format!("{ty} {n}")).collect();
        format!("{stack} = {total}\n  {}\n", types.join(", "))
    };
    table.iter().map(row).collect()
}
