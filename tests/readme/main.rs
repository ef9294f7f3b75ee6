//! What the READMEs show is what there is: their fragments stand in `readme/`, where they are compiled, and the rest in
//! the schema, the generated code and the examples.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod chinese;
mod english;

use cqhttp::Client;
use cqhttp::mock::MockServer;
use cqhttp_codegen::Generated;

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema");
const ENGLISH: &str = include_str!("../../README.md");
const CHINESE: &str = include_str!("../../README.zh-CN.md");

/// The beginnings of what is no fragment: the tests below look at it.
const PARTS: [&str; 7] = [
    "/// Mutes",
    "// build.rs",
    "// src/lib.rs",
    "use my_bot",
    "let server = MockServer::builder().actions",
    "use std::error::Error;",
    "use cqhttp::mock::{Group",
];

/// Code without its comments and white space, as rustfmt may break it differently.
fn bare(code: &str) -> String {
    let lines = code.lines().map(|line| line.trim()).filter(|line| !line.starts_with("//"));
    lines.flat_map(|line| line.split(" // ").next().unwrap().chars()).filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn fragments_are_code_that_compiles() {
    let english = bare(include_str!("english.rs"));
    let both = bare(include_str!("chinese.rs")) + &english;
    for (page, code) in [(ENGLISH, english), (CHINESE, both)] {
        let blocks = page.split("```rust,ignore\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let fragments: Vec<_> = blocks.filter(|block| !PARTS.iter().any(|part| block.starts_with(part))).collect();
        assert_eq!(fragments.len(), 15, "the page has its fragments");
        for fragment in fragments {
            assert!(code.contains(&bare(fragment)), "not compiled anywhere:\n{fragment}");
        }
    }
}

#[tokio::test]
async fn what_they_say_of_messages_is_so() {
    let server = MockServer::start().await.unwrap();
    let client = || Client::builder(server.url()).build().unwrap();
    english::messages(client()).await.unwrap();
    chinese::messages(client()).await.unwrap();
}

#[tokio::test]
async fn their_calls_are_answered() {
    let server = MockServer::start().await.unwrap();
    let client = || Client::builder(server.url()).build().unwrap();
    english::errors(client(), 42.into(), 10086.into()).await;
    chinese::errors(client(), 42.into(), 10086.into()).await;
    assert!(server.calls().iter().all(|call| call.action == "set_group_ban"));
    for answer in [
        english::calls(client(), 42.into(), 10086.into()).await,
        chinese::calls(client(), 42.into(), 10086.into()).await,
    ] {
        let error = answer.unwrap_err().to_string();
        assert!(error.contains("vendor_action"), "all but the unknown one is answered: {error}");
    }
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
    let generated = generated_from(fenced(ENGLISH, "```yaml\n- name: set_group_ban"));
    let code = &generated.files.iter().find(|file| file.path == "readme.action.rs").unwrap().text;
    let mut rest = code.as_str();
    for part in fenced(ENGLISH, "```rust,ignore\n/// Mutes").split("// …\n") {
        let at =
            rest.find(part.trim_end()).unwrap_or_else(|| panic!("the README shows\n{part}\nand generated is\n{code}"));
        rest = &rest[at..];
    }
}

/// The lines of a page's block stand in the file in this order; comments are the page's own.
fn assert_shown(page: &str, opening: &str, file: &str) {
    let text =
        std::fs::read_to_string(format!("{}/../examples/custom-actions/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut lines = text.lines().map(str::trim);
    for line in fenced(page, opening).lines().map(str::trim).filter(|line| !line.starts_with(['#', '/'])) {
        assert!(line.is_empty() || lines.any(|other| other == line), "the page shows `{line}`, and not so does {file}");
    }
}

#[test]
fn the_readmes_show_parts_of_the_crate_with_actions_of_its_own() {
    for page in [ENGLISH, CHINESE] {
        assert_shown(page, "```yaml\n- name: announce", "schema/my_actions.yaml");
        assert_shown(page, "```rust,ignore\n// build.rs\n", "build.rs");
        assert_shown(page, "```rust,ignore\n// src/lib.rs\n", "src/lib.rs");
        assert_shown(page, "```rust,ignore\nuse my_bot", "tests/announce.rs");
        assert_shown(page, "```rust,ignore\nlet server = MockServer::builder().actions", "tests/announce.rs");
    }
}

/// Who copies it into a crate of their own has a schema without faults.
#[test]
fn the_readmes_show_a_whole_schema_of_another_crate() {
    for page in [ENGLISH, CHINESE] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("my_actions.yaml");
        std::fs::write(&file, fenced(page, "```yaml\n- name: announce")).unwrap();
        let generated = cqhttp_codegen::generate_extension(&file, SCHEMA).unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(generated.api, "announce(GroupId, Message) .loud(bool = false) -> AnnounceResponse\n");
    }
}

#[test]
fn the_page_on_the_language_shows_a_good_stanza() {
    let stanza = fenced(include_str!("../../schema/README.md"), "```yaml\n- name: set_group_ban");
    assert_eq!(generated_from(stanza).api, "set_group_ban(GroupId, UserId) .duration(u32 = 1800) -> ()\n");
}

#[test]
fn the_readmes_show_the_example_of_a_test() {
    let example = include_str!("../../examples/testing_a_bot.rs");
    for page in [ENGLISH, CHINESE] {
        for opening in ["```rust,ignore\nuse std::error::Error;", "```rust,ignore\nuse cqhttp::mock::{Group"] {
            let mut lines = example.lines();
            for shown in fenced(page, opening).lines() {
                assert!(lines.any(|line| line == shown), "the example does not go on with\n{shown}");
            }
        }
    }
}
