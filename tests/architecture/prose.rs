//! The five rules of plain English, as far as a program can tell: see CONTRIBUTING.

use std::path::{Path, PathBuf};

use crate::{files, root, shown};

/// At most one in this many first lines of doc comments opens with one of [`OPENINGS`].
const OPENINGS_ONE_IN: usize = 50;
const OPENINGS: [&str; 9] = ["What", "Who", "Whom", "Whether", "Where", "How", "Those", "As", "That"];

/// A phrase, the rule that it breaks, and what to write.
struct Phrase {
    found: fn(&str) -> bool,
    shown: &'static str,
    instead: &'static str,
}

const PHRASES: &[Phrase] = &[
    Phrase { found: |line| any_more(line), shown: "no … any more", instead: "no longer" },
    Phrase { found: |line| is_no(line), shown: "is no …", instead: "is not a …" },
    Phrase { found: is_none, shown: "is none", instead: "is not a …, or does not exist" },
    Phrase { found: |line| has(line, "whom"), shown: "whom", instead: "the user that …" },
    Phrase { found: |line| has(line, "guest") || has(line, "guests"), shown: "guest", instead: "connection" },
    Phrase {
        found: |line| has(line, "newcomer") || has(line, "newcomers"),
        shown: "newcomer",
        instead: "new connection",
    },
    Phrase { found: |line| has(line, "goodbye"), shown: "goodbye", instead: "close frame" },
    Phrase {
        found: |line| has(line, "time is over") || has(line, "time is up"),
        shown: "time is over",
        instead: "timeout",
    },
    Phrase { found: |line| has(line, "made anew"), shown: "made anew", instead: "regenerated, reconnected" },
    Phrase { found: |line| has(line, "where there is one"), shown: "where there is one", instead: "if it exists" },
    Phrase { found: |line| has(line, "all the same"), shown: "all the same", instead: "anyway, still" },
];

/// Returns whether `phrase` stands in `line` as whole words, in small letters or at the start of a sentence.
fn has(line: &str, phrase: &str) -> bool {
    let line = line.to_lowercase();
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '`' || c == '-');
    line.match_indices(phrase)
        .any(|(at, _)| !is_word(line[..at].chars().next_back()) && !is_word(line[at + phrase.len()..].chars().next()))
}

fn any_more(line: &str) -> bool {
    has(line, "any more") && ["no", "not", "none", "nobody", "nothing", "never"].iter().any(|word| has(line, word))
}

/// Returns whether the line says that something "is no" noun: not "is no longer", and not "there is no".
fn is_no(line: &str) -> bool {
    let lower = line.to_lowercase();
    lower.match_indices("is no ").any(|(at, found)| {
        let (before, after) = (&lower[..at], &lower[at + found.len()..]);
        (before.is_empty() || before.ends_with(' '))
            && !before.ends_with("there ")
            && !after.starts_with("longer")
            && !after.starts_with("more than")
    })
}

/// Returns whether the line says that something "is none"; "there is none" is plain.
fn is_none(line: &str) -> bool {
    let line = line.to_lowercase();
    ["is none", "are none"].iter().any(|phrase| {
        let plain =
            ["there is none", "there are none"].iter().any(|plain| line.contains(plain) && plain.ends_with(phrase));
        has(&line, phrase) && !plain
    })
}

/// Returns the pages that are written by hand, in English.
fn pages() -> Vec<PathBuf> {
    let mut pages = files(&root(), "md");
    let reference = root().join("docs/reference");
    pages.retain(|page| {
        let name = page.file_name().unwrap().to_string_lossy();
        name != "CHANGELOG.md" && !name.ends_with(".zh-CN.md") && !page.starts_with(&reference)
    });
    pages
}

/// Returns a page without the section that quotes what not to write.
fn without_the_rules(text: &str) -> String {
    let mut quoting = false;
    let mut kept = String::new();
    for line in text.lines() {
        if line.starts_with("##") {
            quoting = line.ends_with("# Plain English");
        }
        kept += if quoting { "" } else { line };
        kept.push('\n');
    }
    kept
}

/// Returns the hand-written code.
fn code() -> Vec<PathBuf> {
    files(&root(), "rs")
        .into_iter()
        .filter(|file| !file.components().any(|part| part.as_os_str() == "fuzz_targets"))
        .collect()
}

/// Returns the first lines of doc comments, with their places.
fn first_lines(file: &Path, text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut within = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        if let Some(doc) = doc.filter(|_| !within) {
            found.push((format!("{}:{}", shown(file), index + 1), doc.trim().to_owned()));
        }
        within = doc.is_some();
    }
    found
}

#[test]
fn doc_comments_open_with_the_thing_or_with_a_verb() {
    let mut all = 0;
    let mut opened = Vec::new();
    for file in code() {
        for (place, line) in first_lines(&file, &std::fs::read_to_string(&file).unwrap()) {
            all += 1;
            let word = line.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
            if OPENINGS.contains(&word) {
                opened.push(format!("{place}: {line}"));
            }
        }
    }
    assert!(all > 1000, "only {all} doc comments were found");
    assert!(
        opened.len() * OPENINGS_ONE_IN <= all,
        "{} of {all} doc comments open with {}; say what the thing is, or what it does (Returns …, Limits …):\n{}",
        opened.len(),
        OPENINGS.join(", "),
        opened.join("\n")
    );
}

/// The docs of the schema, of which rustdoc is made. "When …, …" is a condition.
#[test]
fn docs_of_the_schema_open_with_the_thing() {
    const QUESTIONS: [&str; 8] = ["What", "Who", "Whom", "Whose", "Which", "Where", "How", "Why"];
    let mut docs = 0;
    let mut opened = Vec::new();
    for file in files(&root().join("schema"), "yaml") {
        let text = std::fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (index, line) in lines.iter().enumerate() {
            let Some(doc) = line.trim_start_matches("- ").strip_prefix("doc: ") else { continue };
            let doc = if doc.starts_with(['>', '|']) { lines[index + 1] } else { doc };
            docs += 1;
            let word = doc.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
            if QUESTIONS.contains(&word) || word == "When" && !doc.contains(',') {
                opened.push(format!("{}:{}: {doc}", shown(&file), index + 1));
            }
        }
    }
    assert!(docs > 2000, "only {docs} docs were found");
    assert!(opened.is_empty(), "{} docs; say what the thing is:\n{}", opened.len(), opened.join("\n"));
}

#[test]
fn prose_keeps_to_plain_words() {
    let mut faults = Vec::new();
    for file in code() {
        // This file quotes what it looks for.
        if file.ends_with("architecture/prose.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        for (index, line) in text.lines().enumerate() {
            let prose: String = match line.trim_start() {
                comment if comment.starts_with("//") => comment.to_owned(),
                code => code.split('"').skip(1).step_by(2).collect::<Vec<_>>().join(" "),
            };
            faults.extend(faults_of(&file, index, &prose));
        }
    }
    for page in pages() {
        let text = without_the_rules(&std::fs::read_to_string(&page).unwrap());
        for (index, line) in text.lines().enumerate() {
            faults.extend(faults_of(&page, index, line));
        }
    }
    assert!(faults.is_empty(), "{} places:\n{}", faults.len(), faults.join("\n"));
}

fn faults_of(file: &Path, index: usize, prose: &str) -> Vec<String> {
    let broken = PHRASES.iter().filter(|phrase| (phrase.found)(prose));
    broken
        .map(|phrase| {
            format!("{}:{}: “{}”, write “{}”: {}", shown(file), index + 1, phrase.shown, phrase.instead, prose.trim())
        })
        .collect()
}

#[test]
fn phrases_are_found_as_words() {
    let broken = |line: &str| {
        PHRASES.iter().filter(|phrase| (phrase.found)(line)).map(|phrase| phrase.shown).collect::<Vec<_>>()
    };
    assert_eq!(broken("`onebot` is no origin"), ["is no …"]);
    assert_eq!(broken("It is no longer there; there is no answer."), Vec::<&str>::new());
    assert_eq!(broken("Nothing is read any more"), ["no … any more"]);
    assert_eq!(broken("an image that is none"), ["is none"]);
    assert_eq!(broken("`None` if there is none"), Vec::<&str>::new());
    assert_eq!(broken("any more calls wait"), Vec::<&str>::new());
    assert_eq!(broken("A guest connects"), ["guest"]);
    assert_eq!(broken("`guest` and guest_id"), Vec::<&str>::new());
    assert_eq!(broken("Whom the call concerns"), ["whom"]);
}
