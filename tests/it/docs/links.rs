//! Links inside the project lead to a file, and to a heading of it.

use std::path::Path;

use super::markdown::{self, Document};

pub(super) fn check(document: &Document, root: &Path) -> Vec<String> {
    let here = super::folder_of(&document.name);
    let inside = document.links.iter().filter(|(_, link)| !link.contains("://") && !link.starts_with("mailto:"));
    inside
        .filter_map(|(line, link)| {
            broken(document, here, root, link).map(|why| format!("{}:{line}: {why}", document.name))
        })
        .collect()
}

fn broken(document: &Document, here: &Path, root: &Path, link: &str) -> Option<String> {
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let file = root.join(here).join(path);
    if !path.is_empty() && !file.exists() {
        return Some(format!("`{link}` leads to no file"));
    }
    let anchor = anchor?;
    let there = match path.is_empty() {
        true => document.anchors.clone(),
        false => markdown::read(path, &std::fs::read_to_string(&file).unwrap()).anchors,
    };
    (!there.iter().any(|a| a == anchor)).then(|| format!("`{link}` leads to no heading"))
}
