//! The command, as a maintainer runs it.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod support;

use std::fs;
use std::process::Command;

use cqhttp_codegen::generate;
use support::{folder, here};

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs the command in `codegen/tests`.
fn run(arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cqhttp-codegen"));
    let output = command.args(arguments).current_dir(here("")).output().unwrap();
    // Paths print with `/` on any machine.
    let text = |bytes| String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn check_counts_the_actions_of_a_good_schema() {
    let said = run(&["check", "joined"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(said.out, "joined: 2 actions, no faults\n");
}

#[test]
fn check_reports_every_fault_of_a_bad_one() {
    let said = run(&["check", "bad/bad_choice.yaml"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert_eq!(
        said.err,
        "bad/bad_choice.yaml:4:11: `onebot12` is no origin; did you mean `onebot11`?\n\
         bad/bad_choice.yaml:5:11: `writes` is no effect; did you mean `write`?\n\
         bad/bad_choice.yaml:6:11: `gone` is no state of an action on the server; known here: `unsupported`, `removed`\n"
    );
}

/// Without an argument it looks for `schema`; here that folder holds the goldens.
#[test]
fn check_looks_for_the_folder_schema() {
    let said = run(&["check"]);
    let actions = generate(here("schema")).unwrap().api.lines().count();
    assert_eq!((said.code, said.out), (Some(0), format!("schema: {actions} actions, no faults\n")));
}

#[test]
fn check_takes_a_schema_that_adds_to_another() {
    let said = run(&["check", "--base", "extension/base", "extension/own"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(said.out, "extension/own: 3 actions, no faults\n");
    let said = run(&["check", "extension/own"]);
    assert!(said.err.contains("unknown type `RoomId`"), "{}", said.err);
}

#[test]
fn emit_writes_the_files() {
    let out = folder("emitted", &[]);
    let said = run(&["emit", "--schema", "joined", out.to_str().unwrap()]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let generated = generate(here("joined")).unwrap();
    assert_eq!(said.out, format!("{} files written to {}\n", generated.files.len(), out.display()));
    for file in generated.files {
        assert_eq!(fs::read_to_string(out.join(&file.path)).unwrap(), file.text, "{}", file.path);
    }
}

#[test]
fn emit_writes_nothing_of_a_bad_schema() {
    let out = folder("not emitted", &[]);
    let said = run(&["emit", "--schema", "bad/bad_choice.yaml", out.to_str().unwrap()]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.starts_with("bad/bad_choice.yaml:4:11: "), "{}", said.err);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
}

#[test]
fn emit_says_where_it_cannot_write() {
    let out = folder("occupied", &[("file", b"")]).join("file");
    let said = run(&["emit", "--schema", "joined", out.to_str().unwrap()]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains(": cannot be written: "), "{}", said.err);
}
