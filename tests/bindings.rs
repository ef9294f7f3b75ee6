//! The generated code, as a reviewer reads it: one snapshot for each file of `schema/`, and the API at a glance.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::collections::BTreeMap;

use cqhttp_codegen::Generated;

fn generated() -> Generated {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/schema");
    cqhttp_codegen::generate(schema).unwrap_or_else(|faults| panic!("{faults}"))
}

/// What becomes of each schema file, by the name of its snapshot.
fn by_source(generated: &Generated) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::<String, String>::new();
    // The index of actions stands in the READMEs, where a test checks it.
    for file in generated.files.iter().filter(|file| file.path != "index.md") {
        let name = file.source.as_deref().unwrap_or("generated.rs").trim_end_matches(".yaml").replace('/', "_");
        let text = texts.entry(name).or_default();
        text.push_str(&format!("// ==== {} ====\n\n{}\n", file.path, file.text));
    }
    texts
}

#[test]
fn every_schema_file_becomes_what_its_snapshot_shows() {
    for (name, text) in by_source(&generated()) {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("bindings__{name}"), text);
        });
    }
}

#[test]
fn the_api_at_a_glance() {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("bindings__api", generated().api);
    });
}

#[test]
fn no_snapshot_is_left_over() {
    let names = by_source(&generated()).into_keys().chain(["api".to_owned()]);
    support::assert_no_orphans("bindings", names);
}

/// The fenced block of a page that begins with `opening`, behind the fence's own line.
fn fenced<'a>(page: &'a str, opening: &str) -> &'a str {
    let start =
        page.find(opening).unwrap_or_else(|| panic!("the page has `{opening}`")) + opening.find('\n').unwrap() + 1;
    page[start..].split("```").next().unwrap()
}

/// The stanza of a README, as a schema of its own.
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
fn the_readme_shows_what_its_stanza_becomes() {
    let page = include_str!("../README.md");
    let generated = generated_from(fenced(page, "```yaml\n- name: set_group_ban"));
    let code = &generated.files.iter().find(|file| file.path == "readme.action.rs").unwrap().text;
    let mut rest = code.as_str();
    for part in fenced(page, "```rust,ignore\n/// Mutes").split("// …\n") {
        let at =
            rest.find(part.trim_end()).unwrap_or_else(|| panic!("the README shows\n{part}\nand generated is\n{code}"));
        rest = &rest[at..];
    }
}

/// The lines of a page's block stand in the file in this order; comments are the page's own.
fn assert_shown(page: &str, opening: &str, file: &str) {
    let text =
        std::fs::read_to_string(format!("{}/examples/custom-actions/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut lines = text.lines().map(str::trim);
    for line in fenced(page, opening).lines().map(str::trim).filter(|line| !line.starts_with(['#', '/'])) {
        assert!(line.is_empty() || lines.any(|other| other == line), "the page shows `{line}`, and not so does {file}");
    }
}

#[test]
fn the_readmes_show_parts_of_the_crate_with_actions_of_its_own() {
    for page in [include_str!("../README.md"), include_str!("../README.zh-CN.md")] {
        assert_shown(page, "```yaml\n- name: announce", "schema/my_actions.yaml");
        assert_shown(page, "```rust,ignore\n// build.rs\n", "build.rs");
        assert_shown(page, "```rust,ignore\n// src/lib.rs\n", "src/lib.rs");
        assert_shown(page, "```rust,ignore\nuse my_bot", "tests/announce.rs");
        assert_shown(page, "```rust,ignore\nlet server = Server::builder().actions", "tests/announce.rs");
    }
}

#[test]
fn the_page_on_the_language_shows_a_good_stanza() {
    let stanza = fenced(include_str!("../schema/README.md"), "```yaml\n- name: set_group_ban");
    assert_eq!(generated_from(stanza).api, "set_group_ban(GroupId, UserId) .duration(u32 = 1800) -> ()\n");
}

/// `cargo run -p cqhttp-codegen -- index README.md README.zh-CN.md schema/README.md` makes them anew.
#[test]
fn the_readmes_list_every_action() {
    let pages = [include_str!("../README.md"), include_str!("../README.zh-CN.md"), include_str!("../schema/README.md")];
    for page in pages {
        assert_eq!(generated().with_index(page).as_deref(), Some(page));
    }
}

#[test]
fn the_same_schema_becomes_the_same_bytes() {
    assert_eq!(generated(), generated());
}
