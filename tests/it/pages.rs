//! The pages of the diagnostics keep their word: the wrong program gives the problem, the right one none.
//! Where `check` cannot raise the problem, both are right for it.

use infra::diagnostics::{Code, Diagnostic};
use infra::schema::Types;
use infra::semantics::{self, Program, Settings};
use infra::source::Sources;

use super::tidy::ELSEWHERE;

/// The blocks of a page that hold programs, each with whether it is a wrong one: the first is, and what a paragraph
/// calls so.
fn programs(page: &str) -> Vec<(bool, &str)> {
    let parts: Vec<&str> = page.split("```infra\n").collect();
    let called = |before: &str| before.trim_end().rsplit("\n\n").next().is_some_and(|last| last.starts_with("Wrong"));
    let pairs = parts.iter().zip(parts.iter().skip(1)).enumerate();
    pairs.map(|(at, (before, rest))| (at == 0 || called(before), rest.split("```").next().unwrap())).collect()
}

fn begins(block: &str, words: &[&str]) -> bool {
    block.lines().any(|line| words.iter().any(|word| line.starts_with(word)))
}

/// A page leaves out what does not matter to it; this adds it: the project, accounts, environments, a stack.
fn complete(code: Code, block: &str) -> String {
    let mut text = String::new();
    if code != Code::NoProject && !begins(block, &["project "]) {
        text.push_str("project shop\n");
    }
    for (account, digit) in [("nonprod", "1"), ("prod", "2")] {
        // Where the page declares every account it needs, another could have the same id.
        if code != Code::AccountConflict && !begins(block, &[&format!("account {account} ")]) {
            text.push_str(&format!("account {account} {{ id: \"{}\" }}\n", digit.repeat(12)));
        }
    }
    if !begins(block, &["account ", "env "]) {
        text.push_str("env dev { account: nonprod, regions: [\"eu-west-1\"] }\n");
        text.push_str("env prod { account: prod, regions: [\"eu-west-1\"] }\n");
    }
    match !begins(block, &["core ", "service "])
        && begins(block, &["resource ", "input ", "output ", "assert ", "for "])
    {
        true => text.push_str(&format!("service page {{\n{block}}}\n")),
        false => text.push_str(block),
    }
    text
}

fn check(text: &str) -> Vec<Diagnostic> {
    let mut sources = Sources::default();
    sources.add("page.infra", text);
    let program: Program = semantics::analyze(
        sources.iter().cloned().collect(),
        // The files that the pages speak of.
        std::sync::Arc::new(
            [
                ("motd.txt", "hello"),
                ("parts/queues.infra", "core queues {}\n"),
                ("lib/queues.infra", "fn f(): Int = 1\n"),
                ("docker-compose.yaml", "services: { web: { image: nginx, privileged: true } }"),
                ("aws.yaml", "services: { web: { privileged: !reset null } }"),
            ]
            .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
            .into_iter()
            .collect::<infra::world::Table>(),
        ),
        Types::aws(),
    );
    infra::build::check(&program, &Settings::default())
}

fn said(found: &[Diagnostic]) -> Vec<String> {
    found.iter().map(|d| format!("{}: {}", d.code, d.message)).collect()
}

#[test]
fn wrong_programs_are_wrong_and_right_ones_right() {
    let mut wrong = Vec::new();
    for code in Code::ALL.iter().copied() {
        let blocks = programs(code.page());
        let elsewhere = ELSEWHERE.contains(&code.name());
        // What cannot be read or is not there yet is missed in other places, too.
        let several = matches!(code, Code::Syntax | Code::NotYet);
        if !elsewhere && blocks.len() < 2 {
            wrong.push(format!("{code}: wants a wrong program and a right one"));
        }
        for (i, (is_wrong, block)) in blocks.into_iter().enumerate() {
            let mut found = check(&complete(code, block));
            // An excerpt need not read all that it declares.
            found.retain(|d| d.code != Code::Unused || code == Code::Unused);
            let good = match is_wrong && !elsewhere {
                true => found.iter().any(|d| d.code == code) && found.iter().all(|d| d.code == code || several),
                false => found.is_empty(),
            };
            if !good {
                wrong.push(format!("{code}, program {}:\n    {}", i + 1, said(&found).join("\n    ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
