//! What the reference says of the code is what the code says of itself.

use std::path::Path;

use infra::semantics;

/// The part of `docs/language.md` that tells the functions.
fn functions() -> String {
    let mut text = String::new();
    for (subject, rows) in semantics::functions() {
        text += &format!("\n### {subject}\n\n| function | gives |\n| --- | --- |\n");
        for (signature, doc) in rows {
            text += &format!("| `{}` | {doc} |\n", signature.replace('|', "\\|"));
        }
    }
    text + "\n"
}

/// Compares the part of a document between `<!-- name -->` and `<!-- end -->`, or takes it over.
fn generated(root: &Path, document: &str, name: &str, wanted: &str) {
    let path = root.join(document);
    let text = std::fs::read_to_string(&path).unwrap();
    let mark = format!("<!-- {name} -->\n");
    let (before, rest) = text.split_once(&mark).expect("the document has the mark");
    let (there, after) = rest.split_once("<!-- end -->").expect("the mark has an end");
    if there != wanted && std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, format!("{before}{mark}{wanted}<!-- end -->{after}")).unwrap();
        return;
    }
    assert!(there == wanted, "{document} is older than the code; `make snapshots` writes it. It should say\n{wanted}");
}

#[test]
fn every_function_is_in_the_reference() {
    generated(&super::root(), "docs/language.md", "functions", &functions());
}

#[test]
fn the_page_of_the_standard_library_is_what_doc_writes() {
    let path = super::root().join("docs/stdlib.md");
    let (wanted, there) = (semantics::handbook::library(), std::fs::read_to_string(&path).unwrap_or_default());
    if there != wanted && std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, wanted).unwrap();
        return;
    }
    assert!(
        there == wanted,
        "docs/stdlib.md is older than stdlib/*.infra: UPDATE_SNAPSHOTS=1 cargo test --test it -- docs::reference"
    );
}

#[test]
fn every_decorator_is_in_the_reference() {
    let text = std::fs::read_to_string(super::root().join("docs/language.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `@"));
    let word = |row: &str| row.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned();
    let mut told: Vec<String> = rows.map(word).collect();
    told.sort();
    let known: Vec<&str> = semantics::decorators().into_iter().map(|(name, _)| name).collect();
    assert_eq!(told, known);
}
