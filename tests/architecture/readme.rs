//! The READMEs in both languages have the same content, links that lead somewhere, and code that exists.
//!
//! Their Rust blocks are doctests (`tests/support/lib.rs`), so rustdoc compiles them.

use std::collections::BTreeSet;

use cqhttp_codegen::Generated;

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema");
const ENGLISH: &str = include_str!("../../README.md");
const CHINESE: &str = include_str!("../../README.zh-CN.md");
const PAGES: [&str; 2] = [ENGLISH, CHINESE];
const LINKS: &str = include_str!("../../src/front_page_links.md");
const GENERATOR: &str = include_str!("../../codegen/README.md");

/// Returns a page's fenced blocks: the words behind the opening fence, and the code.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let fences = page.split("```").skip(1).step_by(2);
    fences.filter_map(|block| block.split_once('\n')).collect()
}

/// Returns the code of a page's fenced block that begins with `opening`, which ends with the block's first line.
fn fenced<'a>(page: &'a str, opening: &str) -> &'a str {
    let (kind, first) = opening.split_once('\n').unwrap();
    let found = blocks(page).into_iter().find(|block| block.0 == kind && block.1.trim_start().starts_with(first));
    found.unwrap_or_else(|| panic!("the page has no `{opening}`")).1
}

/// Returns the shape of a page: its headings, its blocks of code, and how many rows and cells its tables have.
fn shape(page: &str) -> Vec<String> {
    let mut shape = Vec::new();
    for line in page.lines().map(str::trim_start) {
        match line.split(' ').next() {
            Some(word) if word.starts_with("##") || word.starts_with("```") => shape.push(word.to_owned()),
            Some("|") => shape.push(format!("row of {}", line.matches(" |").count())),
            Some("-") => shape.push("item".to_owned()),
            _ => {}
        }
    }
    shape
}

/// Returns code without comments and white space, and with empty strings.
fn without_words(code: &str) -> String {
    let mut bare = String::new();
    for line in code.lines() {
        let line = line.split(" // ").next().unwrap();
        bare.extend(line.split('"').step_by(2).flat_map(str::split_whitespace));
    }
    bare
}

#[test]
fn the_languages_have_the_same_content() {
    assert_eq!(shape(ENGLISH), shape(CHINESE));
    for (english, chinese) in blocks(ENGLISH).into_iter().zip(blocks(CHINESE)) {
        assert_eq!(english.0, chinese.0);
        if english.0.starts_with("rust") {
            assert_eq!(without_words(english.1), without_words(chinese.1));
        }
    }
}

#[test]
fn they_are_short() {
    for page in PAGES {
        assert!(page.lines().count() <= 250, "a README has at most 250 lines");
    }
}

/// One block is part of an example, which another test holds; rustdoc compiles all others.
#[test]
fn rustdoc_compiles_their_code() {
    for page in PAGES {
        let kinds: Vec<_> = blocks(page).into_iter().map(|block| block.0).collect();
        assert!(kinds.iter().all(|kind| ["rust", "rust,no_run", "rust,ignore", "sh", "toml", "yaml"].contains(kind)));
        assert_eq!(kinds.iter().filter(|kind| **kind == "rust,ignore").count(), 1);
    }
}

/// The address on docs.rs of an item, given as an intra-doc link such as `struct@crate::server::Server` or
/// `method@crate::Client::builder`.
fn address(link: &str) -> String {
    let (kind, path) = link.split_once("@crate::").unwrap();
    let (kind, path, anchor) = match (kind, path.rsplit_once("::")) {
        ("method", Some((of, name))) => ("struct", of, format!("#method.{name}")),
        ("variant", Some((of, name))) => ("enum", of, format!("#variant.{name}")),
        _ => (kind, path, String::new()),
    };
    let path = path.replace("::", "/");
    let page = match (kind, path.rsplit_once('/')) {
        ("mod", _) => format!("{path}/index"),
        (_, Some((module, name))) => format!("{module}/{kind}.{name}"),
        (_, None) => format!("{kind}.{path}"),
    };
    format!("https://docs.rs/cqhttp/latest/cqhttp/{page}.html{anchor}")
}

/// In the rendered docs `front_page_links.md` stands before the page, and the first definition of a link counts: rustdoc
/// checks those. Everywhere else the page's own definitions count.
#[test]
fn every_link_leads_somewhere_on_docs_rs_and_elsewhere() {
    let links: Vec<(&str, &str)> = LINKS.lines().map(|line| line.split_once("]: ").unwrap()).collect();
    for page in PAGES {
        let own: Vec<(&str, &str)> =
            page.lines().filter(|line| line.starts_with('[')).filter_map(|line| line.split_once("]: ")).collect();
        for (text, target) in &own {
            let (_, link) = links
                .iter()
                .find(|link| link.0 == *text)
                .unwrap_or_else(|| panic!("{text}] is not in front_page_links.md"));
            if target.starts_with("https:") {
                assert_eq!(*target, address(link), "{text}");
            } else {
                let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
                assert!(root.join(target).is_file(), "{target} is not a file");
            }
            assert!(page.matches(&format!("{text}]")).count() > 1, "{text}] is defined and not used");
        }
        let defined: BTreeSet<&str> = own.iter().map(|link| link.0).collect();
        let text = page.replace("](", "](inline ");
        for used in text.split("[`").skip(1).map(|rest| rest.split_once("`]").unwrap()) {
            let inline = used.1.starts_with("(inline ");
            assert!(inline || defined.contains(&*format!("[`{}`", used.0)), "[`{}`] is used and not defined", used.0);
        }
    }
}

/// Generates from the stanza of a page, as a schema of its own.
fn generated_from(stanza: &str) -> Generated {
    let types = "
- { kind: id, name: GroupId, base: i64, doc: A group. }
- { kind: id, name: UserId, base: i64, doc: A user. }
- kind: enum
  name: RefusalCode
  base: string
  doc: Why.
  values: [{ value: GROUP_NOT_FOUND, doc: No group. }, { value: NOT_MANAGEABLE, doc: No right. }]
";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("readme.yaml");
    std::fs::write(&file, format!("{stanza}{types}")).unwrap();
    cqhttp_codegen::generate(&file).unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn they_show_a_good_stanza() {
    for page in PAGES {
        let stanza = fenced(page, "yaml\n- name: set_group_name").replace("\n  ", "\n");
        assert_eq!(generated_from(stanza.trim_start()).api, "set_group_name(GroupId, String) -> ()\n");
    }
}

#[test]
fn the_page_on_the_language_shows_a_good_stanza() {
    let stanza = fenced(include_str!("../../schema/README.md"), "yaml\n- name: set_group_ban");
    assert_eq!(generated_from(stanza).api, "set_group_ban(GroupId, UserId) .duration(u32 = 1800) -> ()\n");
}

/// Checks that the lines of a page's block are in the file, in this order. Comments may differ.
fn assert_shown(page: &str, opening: &str, file: &str) {
    let path = format!("{}/../examples/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(uncommented);
    for line in fenced(page, opening).lines().map(uncommented) {
        assert!(line.is_empty() || lines.any(|other| other == line), "the page shows `{line}`, and {file} does not");
    }
}

/// Returns a line without its comment and the white space around it.
fn uncommented(line: &str) -> &str {
    let line = line.split(" // ").next().unwrap_or(line).trim();
    if line.starts_with(['#', '/']) { "" } else { line }
}

#[test]
fn they_show_the_example_of_a_test() {
    for page in PAGES {
        assert_shown(page, "rust,ignore\nlet server = MockServer::start()", "testing_a_bot.rs");
    }
}

#[test]
fn the_generators_page_shows_parts_of_the_crate_with_actions_of_its_own() {
    for (opening, file) in [
        ("yaml\n- name: announce", "schema/my_actions.yaml"),
        ("rust,ignore\n// build.rs", "build.rs"),
        ("rust,ignore\n// src/lib.rs", "src/lib.rs"),
        ("rust,ignore\nuse my_bot", "tests/announce.rs"),
        ("rust,ignore\nlet server = ", "tests/announce.rs"),
    ] {
        assert_shown(GENERATOR, opening, &format!("custom-actions/{file}"));
    }
}

/// A reader may copy it into a crate: it is a schema without faults.
#[test]
fn the_generators_page_shows_a_whole_schema_of_another_crate() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("my_actions.yaml");
    std::fs::write(&file, fenced(GENERATOR, "yaml\n- name: announce")).unwrap();
    let generated = cqhttp_codegen::generate_extension(&file, SCHEMA).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(generated.api, "announce(GroupId, Message) .loud(bool = false) -> AnnounceResponse\n");
}
