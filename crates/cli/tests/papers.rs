//! The papers are true where a machine can tell: links lead somewhere, keys are explained.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn papers(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a directory").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let skip = ["target", "node_modules", "dist", ".git", "data"].iter().any(|s| name == *s);
        if path.is_dir() && !skip {
            papers(&path, found);
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
}

/// Targets of `[text](target)` in a paper, without fenced code.
fn links(text: &str) -> Vec<String> {
    let mut fenced = false;
    let mut found = Vec::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if fenced {
            continue;
        }
        for rest in line.split("](").skip(1) {
            if let Some((target, _)) = rest.split_once(')') {
                found.push(target.to_owned());
            }
        }
    }
    found
}

#[test]
fn links_between_papers_lead_somewhere() {
    let mut all = Vec::new();
    papers(&root(), &mut all);
    let mut dead = Vec::new();
    for paper in &all {
        let text = std::fs::read_to_string(paper).expect("a paper is text");
        for target in links(&text) {
            let file = target.split('#').next().unwrap_or_default();
            let outside = file.is_empty() || file.contains("://") || file.starts_with("mailto:");
            if !outside && !paper.parent().expect("in a directory").join(file).exists() {
                dead.push(format!("{}: {target}", paper.display()));
            }
        }
    }
    assert!(dead.is_empty(), "links that lead nowhere: {dead:#?}");
}

#[test]
fn readme_fits_and_names_the_two_commands() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("README.md");
    assert!(readme.lines().count() < 120, "README.md is to stay under 120 lines");
    assert!(readme.contains("make demo") && readme.contains("make test"));
}
