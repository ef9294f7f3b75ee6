//! The command, as a maintainer runs it.

use std::fs;

use crate::support::{Said, command, files, folder, generator, reference, run_in, said};
use cqhttp_codegen::{GeneratedFile, generate, generate_extension};
use serde_json::{Value, json};

/// Runs the command in the folder of the generator's tests.
fn run(arguments: &[&str]) -> Said {
    run_in(&generator(""), arguments)
}

/// Returns the standard error of a run that fails.
fn refused(arguments: &[&str]) -> String {
    let Said { code, out, err } = run(arguments);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {err}");
    err
}

fn parsed(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}", said.out))
}

fn texts(files: &[GeneratedFile]) -> Vec<(String, String)> {
    let mut texts: Vec<_> = files.iter().map(|file| (file.path.clone(), file.text.clone())).collect();
    texts.sort();
    texts
}

#[test]
fn check_counts_what_a_good_schema_describes() {
    let said = run(&["check", "joined"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(said.out, "joined: 2 actions, 2 events, 2 segments, 2 types, no faults\n");
    let said = run(&["check", "joined", "--format", "json"]);
    let counts = json!({ "actions": 2, "events": 2, "operations": 0, "segments": 2, "types": 2 });
    assert_eq!(parsed(&said), json!({ "schema": "joined", "counts": counts, "faults": [] }));
    // What there is none of is not counted.
    assert_eq!(run(&["check", "schema/string_id.yaml"]).out.matches(" event").count(), 0);
}

#[test]
fn check_shows_every_fault_of_a_bad_schema_in_its_line() {
    let said = run(&["check", "bad/bad_choice.yaml"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    let expected = "\
error: `onebot12` is not a valid origin
 --> bad/bad_choice.yaml:4:11
  |
4 |   origin: onebot12
  |           ^
  |
  = help: did you mean `onebot11`?

error: `writes` is not a valid effect
 --> bad/bad_choice.yaml:5:11
  |
5 |   effect: writes
  |           ^
  |
  = help: did you mean `write`?

error: `gone` is not a valid state of an action on the server
 --> bad/bad_choice.yaml:6:11
  |
6 |   server: gone
  |           ^
  |
  = help: known here: `unsupported`, `removed`

error: 3 faults
";
    assert_eq!(said.err, expected);
}

/// A Chinese character is two columns wide.
#[test]
fn the_caret_stands_under_what_is_meant_behind_and_on_chinese_text() {
    let schema = "- { name: a, title: 设置群名, doc: 好, origin: onebot12, effect: read }\n\
                  - { name: b, title: 设置, doc: 好, origin: onebot11, effect: read, 群号: 1 }\n";
    let root = folder("chinese", &[("a.yaml", schema.as_bytes())]);
    let said = run_in(&root, &["check", "."]);
    let lines: Vec<&str> = said.err.lines().collect();
    let line = lines.iter().position(|line| line.contains("onebot12, ")).unwrap();
    // `设置群名` and `好` take ten columns.
    assert_eq!(lines[line + 1], format!("  | {}^", " ".repeat(47)), "{}", said.err);
    let line = lines.iter().position(|line| line.contains("群号: 1")).unwrap();
    assert_eq!(lines[line + 1].trim_end_matches('^').len(), 4 + 67, "{}", said.err);
    assert!(lines[line + 1].ends_with(" ^^"), "the caret is as wide as what it means: {}", said.err);
}

/// Missing parts at the end of a file are reported after its last line.
#[test]
fn every_bad_schema_is_shown() {
    let entries = fs::read_dir(generator("bad")).unwrap().map(|entry| entry.unwrap().path());
    for path in entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")) {
        let said = run(&["check", path.to_str().unwrap()]);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{}", path.display());
        let json = parsed(&run(&["check", "--format", "json", path.to_str().unwrap()]));
        for fault in json["faults"].as_array().unwrap() {
            let place = format!(
                "--> {}:{}:{}\n",
                fault["file"].as_str().unwrap(),
                fault["line"].as_u64().unwrap(),
                fault["column"].as_u64().unwrap()
            );
            assert!(said.err.contains(&place), "{place} in {}", said.err);
            for key in ["message", "hint"] {
                assert!(said.err.contains(fault[key].as_str().unwrap()), "{}", said.err);
            }
        }
    }
}

/// A pipe is neither read as a schema nor for the line of its fault, and a name with a line break is shown on one line.
#[cfg(unix)]
#[test]
fn check_shows_what_is_not_a_file() {
    let schema = folder("no files", &[("a\nb.yaml", b"- kind: id\n  name: RoomId\n  base: i64\n  doc: A room.\n")]);
    assert!(std::process::Command::new("mkfifo").arg(schema.join("x.yaml")).status().unwrap().success());
    let Said { code, err: said, .. } = run(&["check", schema.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("x.yaml") && said.contains("this is not a file"), "{said}");
    assert!(said.contains(r"a\nb.yaml:1:1") && said.contains("the invisible character U+000A"), "{said}");
}

#[test]
fn check_as_json_has_the_place_of_every_fault() {
    let said = run(&["check", "--format", "json", "bad/bad_choice.yaml"]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""));
    let found = parsed(&said);
    assert_eq!(found["faults"].as_array().unwrap().len(), 3);
    let first = json!({
        "file": "bad/bad_choice.yaml",
        "line": 4,
        "column": 11,
        "message": "`onebot12` is not a valid origin",
        "hint": "did you mean `onebot11`?",
    });
    assert_eq!(found["faults"][0], first);
}

#[test]
fn a_schema_may_add_to_another() {
    let said = run(&["check", "--base", "extension/base", "extension/own"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(said.out, "extension/own: 5 actions, 3 types, no faults\n");
    let said = run(&["check", "--base", "extension/base", "bad_extension/unknown_type.yaml"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains(" --> bad_extension/unknown_type.yaml:7:13\n"), "{}", said.err);
    assert!(said.err.contains("= help: did you mean `RoomId`?\n"), "{}", said.err);
    let said = refused(&["check", "--base", "bad/bad_choice.yaml", "extension/own"]);
    assert!(said.contains("bad/bad_choice.yaml: this is not a schema of `cqhttp` that this version knows: "), "{said}");

    let out = folder("emitted extension", &[]);
    let arguments = ["emit", "--base", "extension/base", "--schema", "extension/own", out.to_str().unwrap()];
    assert_eq!(run(&arguments).code, Some(0));
    let generated = generate_extension(generator("extension/own"), generator("extension/base")).unwrap();
    assert_eq!(files(&out), texts(&generated.files));
    assert_eq!(run(&arguments).code, Some(0), "the folder is its own");
}

/// The schema of another crate, taken for one that stands alone: why its types are unknown, and what to do. That of
/// `cqhttp` is known by its refusals, and has no base.
#[test]
fn a_schema_without_its_base_is_told_what_it_lacks() {
    const HINT: &str = "if `cqhttp` has it, name the schema of `cqhttp` with `--base`";
    let out = folder("no base", &[]).join("out").to_str().unwrap().to_owned();
    for (arguments, code) in [
        (&["check", "extension/own"][..], 1),
        (&["emit", "--schema", "extension/own", &out], 1),
        (&["docs", "--schema", "extension/own", &out], 1),
        (&["index", "--schema", "extension/own", "a.md"], 1),
        (&["diff", "extension/own", "extension/own"], 2),
    ] {
        let said = run(arguments);
        assert_eq!((said.code, said.out.as_str()), (Some(code), ""), "{arguments:?}");
        assert!(said.err.contains("error: unknown type `RoomId`\n"), "{arguments:?}: {}", said.err);
        assert!(said.err.contains(HINT), "{arguments:?}: {}", said.err);
        assert_eq!(said.err.matches(HINT).count(), said.err.matches("error: unknown ").count(), "{}", said.err);
    }
    let said = run(&["check", "--base", "extension/base", "bad_extension/unknown_type.yaml"]);
    assert!(said.err.contains("unknown type") && !said.err.contains("--base"), "{}", said.err);
    let said = run(&["check", "bad/unknown_refusal.yaml"]);
    assert!(said.err.contains("unknown refusal") && !said.err.contains("--base"), "{}", said.err);
}

#[test]
fn docs_of_a_schema_that_adds_to_another() {
    let out = folder("documented extension", &[]);
    let said = run(&["docs", "--base", "extension/base", "--schema", "extension/own", out.to_str().unwrap()]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let pages = files(&out);
    let names: Vec<&str> = pages.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(names, ["README.md", "actions.md", "types.md"]);
    for (path, text) in &pages {
        assert!(!text.contains("events.md") && !text.contains("segments.md") && !text.contains("#)"), "{path}: {text}");
        assert!(text.contains("[Actions](actions.md) · [Types](types.md)\n\nThese are added"), "{path}: {text}");
    }
    let actions = &pages[1].1;
    assert!(actions.contains("integer `RoomId`"), "a type of the base: {actions}");
    assert!(actions.contains("\n\nReads.\n\n"), "without an origin: {actions}");
    let types = &pages[2].1;
    assert!(types.contains("[`LampId`](types.md#lampid)"), "a type of its own: {types}");
}

#[test]
fn changes_of_a_schema_that_adds_to_another() {
    let lamp = "- kind: object\n  name: Lamp\n  doc: A lamp.\n  fields:\n    - { name: room, type: RoomId, doc: Where. }\n\
                \x20 example: { room: 1 }\n";
    let listed = lamp.replace("type: RoomId,", "type: 'RoomId?',");
    let root = folder("changed extension", &[("old/a.yaml", lamp.as_bytes()), ("new/a.yaml", listed.as_bytes())]);
    let [old, new] = ["old", "new"].map(|name| root.join(name).to_str().unwrap().to_owned());
    let said = run(&["diff", "--base", "extension/base", &old, &new]);
    let changed = "- **Breaking:** type `Lamp`: field `room: Option<RoomId>`; it was `RoomId`.\n";
    assert_eq!((said.code, said.err.as_str(), said.out.as_str()), (Some(0), "", changed));
}

/// Without an argument it looks for `schema`; here that folder holds the goldens.
#[test]
fn check_looks_for_the_folder_schema() {
    let said = run(&["check"]);
    let actions = generate(generator("schema")).unwrap().api.lines().count();
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.starts_with(&format!("schema: {actions} actions, ")), "{}", said.out);
}

#[test]
fn colours_are_for_those_who_want_them() {
    let coloured = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = command(&generator(""), arguments);
        let said = said(command.envs(variables.iter().copied()));
        assert_eq!(said.code, Some(1));
        said.err.contains('\u{1b}')
    };
    let check = ["check", "bad/bad_choice.yaml"];
    // A pipe is not a terminal.
    assert!(!coloured(&check, &[]));
    assert!(coloured(&check, &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&check, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(coloured(&[check[0], check[1], "--color", "always"], &[("NO_COLOR", "1")]));
    assert!(!coloured(&[check[0], check[1], "--color", "never"], &[("CLICOLOR_FORCE", "1")]));
}

#[test]
fn a_schema_that_is_none_is_refused() {
    let root =
        folder("no schemas", &[("notes/a.md", b"Text."), ("other.yaml", b"services: {}\n"), ("a.png", b"\x89PNG")]);
    let at = |path: &str| root.join(path).to_str().unwrap().to_owned();
    let commands =
        [vec!["check"], vec!["emit", "/nowhere/at/all", "--schema"], vec!["docs", "/nowhere/at/all", "--schema"]];
    for command in commands {
        let refused = |path: &str| refused(&[command.as_slice(), &[&at(path)]].concat());
        assert!(refused("gone").contains("gone: cannot be read: "));
        assert!(refused("notes").contains("notes: there is no YAML file in this folder"));
        assert!(refused("a.png").contains("a.png: expected a folder or a `.yaml` file, found another file"));
        let said = run(&[command.as_slice(), &[&at("other.yaml")]].concat());
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
        assert!(said.err.contains("error: expected a list of stanzas, found a mapping\n"), "{}", said.err);
    }
    let said = run(&["check", "--format", "json", &at("gone")]);
    assert_eq!((said.code, said.err.as_str()), (Some(2), ""));
    assert!(parsed(&said)["error"].as_str().unwrap().contains("gone: cannot be read: "));
}

#[test]
fn wrong_arguments_are_told_apart_from_faults() {
    for arguments in [&[][..], &["chekc"], &["emit"], &["check", "--format", "xml"], &["diff"], &["index"]] {
        let said = run(arguments);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(said.err.contains("--help"), "{}", said.err);
    }
}

#[test]
fn every_subcommand_shows_examples_and_exit_codes() {
    let help = run(&["--help"]);
    assert_eq!(help.code, Some(0));
    let subcommands = help.out.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let subcommands: Vec<&str> = subcommands.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    for subcommand in ["check", "diff", "docs", "emit", "index", "update"] {
        assert!(subcommands.contains(&subcommand), "{subcommands:?}");
    }
    for subcommand in subcommands.into_iter().filter(|name| *name != "help") {
        let help = run(&[subcommand, "--help"]).out;
        let examples = help.split("Examples:\n").nth(1).unwrap_or_else(|| panic!("{subcommand} has examples: {help}"));
        let (examples, codes) = examples.split_once("Exit codes:\n").unwrap();
        for line in examples.lines().filter(|line| !line.is_empty()) {
            let begins = line.trim_start().starts_with('#') || line.starts_with("  cqhttp-codegen ");
            assert!(begins, "a line that was too long goes on without its `#`: {line}");
        }
        assert!(examples.contains(&format!("  cqhttp-codegen {subcommand} ")), "{help}");
        assert!(codes.starts_with("  0  ") && codes.contains("\n  2  "), "{help}");
        let longest = help.lines().max_by_key(|line| line.chars().count()).unwrap();
        assert!(longest.chars().count() <= 100, "{longest}");
    }
}

#[test]
fn emit_writes_the_files() {
    let out = folder("emitted", &[]).join("new/folder");
    let said = run(&["emit", "--schema", "joined", out.to_str().unwrap()]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let generated = generate(generator("joined")).unwrap();
    let count = generated.files.len();
    assert_eq!(said.out, format!("{count} files in {}: {count} written\n", out.display()));
    assert_eq!(files(&out), texts(&generated.files));
}

#[test]
fn emit_leaves_what_is_right_alone_and_removes_what_is_no_more() {
    let root = folder("emitted again", &[]);
    let out = root.join("out").to_str().unwrap().to_owned();
    assert_eq!(run(&["emit", "--schema", "joined", &out]).code, Some(0));
    let first = root.join("out/types.types.rs");
    let written = fs::metadata(&first).unwrap().modified().unwrap();
    let said = run(&["emit", "--schema", "joined", &out]);
    assert!(said.out.ends_with(": 0 written\n"), "{}", said.out);
    let said = run(&["emit", "--format", "json", "--schema", "joined/types.yaml", &out]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let generated = generate(generator("joined/types.yaml")).unwrap();
    assert_eq!(files(&root.join("out")), texts(&generated.files));
    assert_eq!(fs::metadata(&first).unwrap().modified().unwrap(), written);
    assert!(!root.join("out/actions").exists(), "an empty folder is of no use");
    let found = parsed(&said);
    assert_eq!(found["files"].as_array().unwrap().len(), generated.files.len());
    assert!(found["removed"].as_array().unwrap().contains(&json!("actions/house.action.rs")), "{found}");
    assert_eq!(found["changed"], 2, "index.md and generated.rs");
}

#[test]
fn emit_writes_over_nothing_but_generated_files() {
    for (name, content) in [
        ("main.rs", "fn main() {}\n"),
        ("index.md", "# Mine\n"),
        ("generated.rs", "// Mine\n"),
        ("bindings.rs", "// Generated by another tool. Do not edit.\n"),
        ("sensors.rs", "// Generated from sensors.proto: change that file, not this one.\n"),
        ("a.rs", "// Generated from a.yaml by another tool.\n"),
        ("deep/down/notes.txt", ""),
    ] {
        let root = folder("not mine", &[(&format!("out/{name}"), content.as_bytes())]);
        let err = refused(&["emit", "--schema", "joined", root.join("out").to_str().unwrap()]);
        let expected = format!("/out: expected a folder with nothing in it but generated files, found `{name}`\n");
        assert!(err.contains(&expected), "{err}");
        assert_eq!(files(&root), [(format!("out/{name}"), content.to_owned())]);
    }
    // One more beside generated ones, and a folder of somebody's.
    let root = folder("not all mine", &[]);
    let out = root.join("out");
    assert_eq!(run(&["emit", "--schema", "joined", out.to_str().unwrap()]).code, Some(0));
    fs::create_dir(out.join("empty")).unwrap();
    let err = refused(&["emit", "--schema", "joined", out.to_str().unwrap()]);
    assert!(err.contains("found `empty`"), "{err}");
    fs::remove_dir(out.join("empty")).unwrap();
    fs::write(out.join("mod.rs"), "mod generated;\n").unwrap();
    let before = files(&out);
    let err = refused(&["emit", "--schema", "joined/types.yaml", out.to_str().unwrap()]);
    assert!(err.contains("found `mod.rs`"), "{err}");
    assert_eq!(files(&out), before);
}

#[test]
fn emit_goes_on_where_it_was_killed() {
    let root = folder("killed", &[("out/.cqhttp-codegen-x1/0", b"// Generated by h")]);
    let said = run(&["emit", "--schema", "joined", root.join("out").to_str().unwrap()]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(files(&root.join("out")), texts(&generate(generator("joined")).unwrap().files));
}

#[test]
fn emit_writes_nothing_of_a_bad_schema() {
    let root = folder("not emitted", &[]);
    let said = run(&["emit", "--schema", "bad/bad_choice.yaml", root.join("out").to_str().unwrap()]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains("--> bad/bad_choice.yaml:4:11\n"), "{}", said.err);
    assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told() {
    let root = folder("occupied", &[("file", b""), ("locked/x", b"")]);
    fs::remove_file(root.join("locked/x")).unwrap();
    let mut rights = fs::metadata(root.join("locked")).unwrap().permissions();
    rights.set_readonly(true);
    fs::set_permissions(root.join("locked"), rights).unwrap();
    for command in ["emit", "docs"] {
        let refused = |path: &str| refused(&[command, "--schema", "joined", root.join(path).to_str().unwrap()]);
        let err = refused("file");
        assert!(err.contains("/file: expected a folder, found a file\n"), "{err}");
        let err = refused("file/below/it");
        assert!(err.contains("/file/below/it: cannot be written: "), "{err}");
        let err = refused("locked");
        assert!(err.contains("/locked: expected a folder that can be written to, found a read-only one\n"), "{err}");
        assert_eq!(files(&root), [("file".to_owned(), String::new())]);
    }
}

/// Linux alone has a folder in which nobody may make another.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_made_leaves_nothing() {
    let err = refused(&["emit", "--schema", "joined", "/proc/self/emitted"]);
    assert!(err.contains("/proc/self/emitted: cannot be written: "), "{err}");
}

#[test]
fn a_folder_that_cannot_be_made_leaves_none_of_those_above_it() {
    let root = folder("too long", &[("old/x", b"")]);
    fs::remove_file(root.join("old/x")).unwrap();
    let long = "x".repeat(300);
    for out in [format!("new/{long}"), format!("new/below/{long}"), format!("old/{long}")] {
        let err = refused(&["emit", "--schema", "joined", root.join(out).to_str().unwrap()]);
        assert!(err.contains(": cannot be written: "), "{err}");
        let left: Vec<_> = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["old"]);
        assert_eq!(fs::read_dir(root.join("old")).unwrap().count(), 0);
    }
}

#[test]
fn docs_writes_the_pages_and_nothing_over_others() {
    let root = folder("documented", &[("mine/actions.md", b"# Actions\n")]);
    let out = root.join("out").to_str().unwrap().to_owned();
    let said = run(&["docs", "--schema", "joined", &out]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(said.out, format!("5 files in {out}: 5 written\n"));
    assert_eq!(files(&root.join("out")), reference("documented again", &generator("joined")));
    assert!(run(&["docs", "--schema", "joined", &out]).out.ends_with(": 0 written\n"));
    let err = refused(&["docs", "--schema", "joined", root.join("mine").to_str().unwrap()]);
    assert!(err.contains("found `actions.md`"), "{err}");
    assert_eq!(fs::read_to_string(root.join("mine/actions.md")).unwrap(), "# Actions\n");
}

#[test]
fn index_makes_pages_anew() {
    let page = "# Rooms\n\n<!-- events -->\nold\n<!-- end of events -->\n";
    let root = folder("indexed", &[("a.md", page.as_bytes()), ("none.md", b"# Rooms\n")]);
    let at = |path: &str| root.join(path).to_str().unwrap().to_owned();
    let said = run(&["index", "--schema", "joined", &at("a.md")]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (Some(0), "1 page, 1 of them regenerated\n", ""));
    let expected = generate(generator("joined")).unwrap().with_index(page).unwrap();
    assert_eq!(fs::read_to_string(at("a.md")).unwrap(), expected);
    let err = refused(&["index", "--schema", "joined", &at("none.md")]);
    assert!(err.contains("expected a place for an index, found none\n") && err.contains("none.md:1:1\n"), "{err}");
    let err = refused(&["index", "--schema", "joined", &at("gone.md")]);
    assert!(err.contains("gone.md: cannot be read: "), "{err}");
    // All pages are looked at before one is written.
    fs::write(at("a.md"), page).unwrap();
    refused(&["index", "--schema", "joined", &at("a.md"), &at("none.md")]);
    assert_eq!(fs::read_to_string(at("a.md")).unwrap(), page);
}

/// A page of these lines.
fn page(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Text between two places is not an index, whichever mark is missing.
#[test]
fn index_takes_no_prose_for_an_index() {
    const BEGIN: &str = "<!-- actions -->";
    const ZH: &str = "<!-- actions zh -->";
    const END: &str = "<!-- end of actions -->";
    const EVENTS: &str = "<!-- events -->";
    const END_OF_EVENTS: &str = "<!-- end of events -->";
    for (lines, place, said) in [
        (
            &["# A", BEGIN, "Prose.", EVENTS, END_OF_EVENTS, ZH, END][..],
            "a.md:4:1",
            "expected `<!-- end of actions -->` for line 2, found `<!-- events -->`",
        ),
        (&[BEGIN, "Prose.", ZH, END], "a.md:3:1", "expected `<!-- end of actions -->` for line 1, found"),
        (&[BEGIN, "Prose.", BEGIN, END], "a.md:3:1", "expected `<!-- end of actions -->` for line 1, found"),
        (&[BEGIN, "Prose.", END_OF_EVENTS], "a.md:3:1", "expected `<!-- end of actions -->` for line 1, found"),
        (&["# A", EVENTS, "Prose."], "a.md:2:1", "expected `<!-- end of events -->` below, found none"),
        (&[EVENTS, END_OF_EVENTS, "Prose.", END], "a.md:4:1", "expected a line above that begins this index"),
        (&["# A", "Say `<!-- events -->`."], "a.md:1:1", "expected a place for an index, found none"),
    ] {
        let text = page(lines);
        let root = folder("indexed by half", &[("a.md", text.as_bytes())]);
        let schema = generator("joined");
        let said_of = run_in(&root, &["index", "--schema", schema.to_str().unwrap(), "a.md"]);
        assert_eq!((said_of.code, said_of.out.as_str()), (Some(2), ""), "{text}");
        assert!(said_of.err.contains(&format!("--> {place}\n")), "{place} is not in {}", said_of.err);
        assert!(said_of.err.contains(said), "{said} is not in {}", said_of.err);
        assert_eq!(fs::read_to_string(root.join("a.md")).unwrap(), text);
    }
}

#[test]
fn index_fills_every_place_and_keeps_line_ends() {
    const LINES: [&str; 8] = [
        "# Rooms",
        "<!-- events -->  ",
        "old",
        "<!-- end of events -->",
        "And",
        "<!-- events -->",
        "older",
        "<!-- end of events --> ",
    ];
    let filled = generate(generator("joined")).unwrap().with_index(&page(&LINES)).unwrap();
    assert!(!filled.contains("old"), "{filled}");
    assert_eq!(filled.matches("| variant |").count(), 2, "{filled}");
    let (windows, unended) = (page(&LINES).replace('\n', "\r\n"), page(&LINES).trim_end().to_owned());
    let root = folder("indexed lines", &[("a.md", windows.as_bytes()), ("b.md", unended.as_bytes())]);
    let schema = generator("joined");
    let said = run_in(&root, &["index", "--schema", schema.to_str().unwrap(), "a.md", "b.md"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(fs::read_to_string(root.join("a.md")).unwrap(), filled.replace('\n', "\r\n"));
    assert_eq!(fs::read_to_string(root.join("b.md")).unwrap(), filled.trim_end());
}

/// All pages are there whole before one is replaced: here the second may not be as long as it would be.
#[cfg(unix)]
#[test]
fn index_writes_all_pages_or_none() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    const PLACE: &str = "<!-- events -->\n<!-- end of events -->\n";
    let long = "Prose.\n".repeat(1000) + PLACE;
    let root = folder("indexed at once", &[("a.md", PLACE.as_bytes()), ("docs/b.md", long.as_bytes())]);
    symlink("docs/b.md", root.join("b.md")).unwrap();
    fs::set_permissions(root.join("docs/b.md"), fs::Permissions::from_mode(0o640)).unwrap();
    let schema = generator("joined").to_str().unwrap().to_owned();
    let before = files(&root);
    let limited = "trap '' XFSZ; ulimit -f 2; exec \"$@\"";
    let said = said(
        std::process::Command::new("sh")
            .args(["-c", limited, "sh", env!("CARGO_BIN_EXE_cqhttp-codegen"), "index", "--schema", &schema])
            .args(["a.md", "b.md"])
            .current_dir(&root),
    );
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("b.md: cannot be written: "), "{}", said.err);
    assert!(files(&root) == before, "no page is another, and nothing lies beside them");

    let said = run_in(&root, &["index", "--schema", &schema, "a.md", "b.md"]);
    assert_eq!((said.code, said.out.as_str()), (Some(0), "2 pages, 2 of them regenerated\n"));
    let mode = fs::metadata(root.join("docs/b.md")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640, "it keeps its rights");
    assert!(fs::symlink_metadata(root.join("b.md")).unwrap().is_symlink(), "what the link means is written");
    assert!(fs::read_to_string(root.join("docs/b.md")).unwrap().contains("| variant |"));
    assert_eq!(files(&root).len(), before.len());

    // Whoever took the right to write it away meant it.
    fs::write(root.join("docs/b.md"), PLACE).unwrap();
    fs::set_permissions(root.join("docs/b.md"), fs::Permissions::from_mode(0o440)).unwrap();
    let said = run_in(&root, &["index", "--schema", &schema, "b.md"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("b.md: expected a page that can be written to, found a read-only one"), "{}", said.err);
}

/// A device could be read without end.
#[cfg(unix)]
#[test]
fn index_takes_files_alone_for_pages() {
    for page in ["/dev/zero", "/dev/null", "schema"] {
        let err = refused(&["index", "--schema", "joined", page]);
        assert!(err.contains(&format!("{page}: expected a page, found something that is not a file\n")), "{err}");
    }
}

#[test]
fn docs_and_index_as_json() {
    let root = folder("made as JSON", &[("a.md", b"<!-- events -->\n<!-- end of events -->\n"), ("b.md", b"# B\n")]);
    let schema = generator("joined").to_str().unwrap().to_owned();
    let json = |arguments: &[&str], code| {
        let said = run_in(&root, &[arguments, &["--schema", &schema, "--format", "json"]].concat());
        assert_eq!((said.code, said.err.as_str()), (Some(code), ""), "{}", said.out);
        parsed(&said)
    };
    let pages = ["README.md", "actions.md", "events.md", "segments.md", "types.md"];
    let expected = json!({ "out": "out", "files": pages, "changed": 5, "removed": [] });
    assert_eq!(json(&["docs", "out"], 0), expected);
    assert_eq!(json(&["docs", "out"], 0)["changed"], 0);
    assert_eq!(json(&["index", "a.md"], 0), json!({ "pages": ["a.md"], "changed": 1 }));
    assert_eq!(json(&["index", "./a.md", "a.md"], 0), json!({ "pages": ["./a.md", "a.md"], "changed": 0 }));
    let found = json(&["index", "a.md", "b.md"], 2);
    assert_eq!(found["error"], "b.md: its indexes cannot be regenerated; nothing is written");
    let fault = &found["faults"][0];
    assert_eq!((&fault["file"], &fault["line"], &fault["column"]), (&json!("b.md"), &json!(1), &json!(1)));
    assert!(fault["message"].as_str().unwrap().starts_with("expected a place for an index"), "{found}");
}

/// A report that cannot be written is a failure.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_printed_is_told() {
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for arguments in
        [&["check", "joined"][..], &["check", "joined", "--format", "json"], &["check", "bad", "--format", "json"]]
    {
        let said = said_to(full(), arguments);
        assert_eq!(said.code, Some(2), "{arguments:?}");
        assert!(said.err.starts_with("error: the report cannot be printed: "), "{arguments:?}: {}", said.err);
    }
    let status = command(&generator(""), &["check", "bad/bad_choice.yaml"]).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(2));
    // Nobody is left to tell where a pipe is closed.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let said = said_to(writer, &["check", "joined"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
}

/// Runs with another standard output, and returns the standard error.
#[cfg(target_os = "linux")]
fn said_to(out: impl Into<std::process::Stdio>, arguments: &[&str]) -> Said {
    let child = command(&generator(""), arguments).stdout(out).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let output = child.wait_with_output().unwrap();
    Said { code: output.status.code(), out: String::new(), err: String::from_utf8(output.stderr).unwrap() }
}
