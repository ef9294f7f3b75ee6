//! The faults that the generator reports: `bad/*.yaml`, one rule a file, beside the snapshot of its faults.

use crate::support::{assert_snapshots_beside, faults, folder, here, marked_faults};

const ROOM: &[u8] = b"- kind: id\n  name: RoomId\n  base: i64\n  doc: A room.\n";

#[test]
fn every_rule_says_what_its_snapshot_shows() {
    assert_snapshots_beside("bad", |path| marked_faults(path, &here("bad")));
}

/// The faults of a schema file with this content.
fn of_bytes(name: &str, content: &[u8]) -> String {
    let folder = folder(name, &[("file.yaml", content)]);
    faults(&folder.join("file.yaml"), &folder)
}

fn of_folder(name: &str, files: &[(&str, &[u8])]) -> String {
    let folder = folder(name, files);
    faults(&folder, &folder)
}

#[test]
fn a_file_is_not_empty() {
    for content in ["", "\n\n", "# Only a comment.\n", "---\n", "null\n", "~"] {
        assert_eq!(
            of_bytes("empty", content.as_bytes()),
            "file.yaml:1:1: the file is empty; write a list of stanzas, or delete the file\n",
            "{content:?}"
        );
    }
    assert_eq!(
        of_bytes("empty", b"[]\n"),
        "file.yaml:1:1: expected a list of stanzas, found an empty list; fill it, or leave it out\n"
    );
}

#[test]
fn a_file_is_utf_8() {
    let good = "- kind: id\n  name: RoomId\n  base: i64\n  doc: 房间";
    assert_eq!(
        of_bytes("latin 1", &[good.as_bytes(), b" \xe9t\xe9\n"].concat()),
        "file.yaml:4:11: the byte 0xe9 is not UTF-8; save the file as UTF-8\n"
    );
    assert_eq!(
        of_bytes("utf 16", b"\xff\xfe-\0 \0"),
        "file.yaml:1:1: the byte 0xff is not UTF-8; save the file as UTF-8\n"
    );
}

/// Tabs, and what editors do not show: each line is reported.
#[test]
fn a_file_holds_no_invisible_characters() {
    assert_eq!(
        of_bytes("tab", b"- kind: id\n\tname: RoomId\n  base:\ti64\n  doc: A\troom.\n"),
        "file.yaml:2:1: a tab; write blanks; in a text between double quotes, `\\t`\n\
         file.yaml:3:8: a tab; write blanks; in a text between double quotes, `\\t`\n\
         file.yaml:4:9: a tab; write blanks; in a text between double quotes, `\\t`\n"
    );
    for (name, character) in [
        ("0000", '\0'),
        ("000D", '\r'),
        ("001B", '\u{1b}'),
        ("0085", '\u{85}'),
        ("2028", '\u{2028}'),
        ("202E", '\u{202e}'),
        ("2066", '\u{2066}'),
        ("FEFF", '\u{feff}'),
    ] {
        assert_eq!(
            of_bytes("invisible", format!("- kind: id\n  doc: 房{character}间\n").as_bytes()),
            format!(
                "file.yaml:2:9: the invisible character U+{name}; \
                 remove it; in a text between double quotes it can be written as an escape\n"
            )
        );
    }
}

/// An invisible character may be written as an escape, but not in a doc. What rustc refuses is not written at all: see
/// `bad/bidirectional.yaml`.
#[test]
fn a_doc_holds_no_invisible_characters_either() {
    assert_eq!(
        of_bytes("escape", b"- kind: id\n  name: RoomId\n  base: i64\n  doc: \"A\\rroom.\"\n"),
        "file.yaml:4:8: the invisible character U+000D in a text; remove it\n"
    );
}

#[test]
fn numbers_are_those_of_json() {
    let with = |value: &str| {
        format!(
            "- name: echo\n  title: 原样\n  doc: Echoes.\n  origin: onebot11\n  effect: read\n  params:\n    - name: x\n      \
             type: json\n      doc: Anything.\n  example:\n    params:\n      x: {value}\n"
        )
    };
    for (value, said) in [
        (".nan", "the number NaN is not a number of JSON; write a number"),
        ("-.inf", "the number -inf is not a number of JSON; write a number"),
        (
            "18446744073709551616",
            "the number 18446744073709551616 is too large; numbers have at most 64 bits: put it into quotes",
        ),
    ] {
        assert_eq!(of_bytes("numbers", with(value).as_bytes()), format!("file.yaml:12:10: {said}\n"));
    }
}

#[test]
fn nesting_has_an_end() {
    let deep = format!("- name: {}\n", "[".repeat(1000));
    assert_eq!(of_bytes("deep", deep.as_bytes()), "file.yaml:1:135: recursion limit exceeded; nest less deeply\n");
}

#[test]
fn a_folder_holds_yaml_files() {
    let folder = folder("nothing", &[]);
    assert_eq!(
        faults(&folder, folder.parent().unwrap()),
        "nothing:1:1: there is no YAML file in this folder; name the folder that holds the schema\n"
    );
    let nowhere = folder.join("nowhere");
    let said = faults(&nowhere, &folder);
    assert!(said.starts_with("nowhere:1:1: cannot be read: "), "{said}");
    assert!(said.ends_with("; name a schema folder or a YAML file\n"), "{said}");
}

#[test]
fn schema_files_end_in_yaml() {
    let said = "this file would not be read; schema files end in `.yaml`: rename it";
    assert_eq!(
        of_folder(
            "extension",
            &[("rooms.yml", ROOM), ("sub/More.YAML", ROOM), ("types.yaml", ROOM), ("README.md", b"")]
        ),
        format!("rooms.yml:1:1: {said}\nsub/More.YAML:1:1: {said}\n")
    );
    assert_eq!(of_folder("extension", &[("rooms.yml", ROOM)]), format!("rooms.yml:1:1: {said}\n"));
}

/// The names of files and folders stand in the comments of generated code.
#[cfg(unix)]
#[test]
fn names_of_files_can_stand_in_comments() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    for (name, said) in [
        ("a\nb.yaml", r"a\nb.yaml:1:1: the name of this file holds the invisible character U+000A; rename it"),
        ("a\rb.yaml", r"a\rb.yaml:1:1: the name of this file holds the invisible character U+000D; rename it"),
        (
            "\u{202e}a.yaml",
            r"\u{202e}a.yaml:1:1: the name of this file holds the invisible character U+202E; rename it",
        ),
        ("a\nb/c.yaml", r"a\nb/c.yaml:1:1: the name of this file holds the invisible character U+000A; rename it"),
        ("a`b.yaml", "a`b.yaml:1:1: the name of this file holds a backtick; rename it"),
    ] {
        assert_eq!(of_folder("names", &[(name, ROOM)]), format!("{said}\n"));
    }
    let root = folder("names", &[("房间.yaml", ROOM)]);
    cqhttp_codegen::generate(&root).unwrap_or_else(|faults| panic!("{faults}"));
    std::fs::rename(root.join("房间.yaml"), root.join(OsStr::from_bytes(b"r\xe9.yaml"))).unwrap();
    assert_eq!(faults(&root, &root), "r\u{fffd}.yaml:1:1: the name of this file is not UTF-8; rename it\n");
}

/// A pipe is not read: that would wait until somebody writes to it.
#[cfg(unix)]
#[test]
fn a_pipe_is_not_a_schema_file() {
    let root = folder("pipe", &[("a.yaml", ROOM)]);
    let pipe = root.join("x.yaml");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [&root, &pipe] {
        let said = cqhttp_codegen::generate(path).unwrap_err().to_string();
        let file = pipe.display();
        assert_eq!(said, format!("{file}:1:1: this is not a file; write a file of this name, or remove it"));
    }
}

#[test]
fn names_are_told_apart_across_files() {
    let action = "- name: get_room\n  title: 房间\n  doc: A room.\n  origin: onebot11\n  effect: read\n".as_bytes();
    assert_eq!(
        of_folder(
            "across",
            &[("actions/a.yaml", action), ("actions/b.yaml", action), ("c.yaml", ROOM), ("d.yaml", ROOM)]
        ),
        "actions/b.yaml:1:9: the action `get_room` exists already; remove or rename one\n\
         d.yaml:2:9: the type `RoomId` exists already; remove or rename one\n"
    );
}

/// A file that cannot be read may hold any type: that one is missing is not said until it can be.
#[test]
fn the_faults_of_all_files_are_reported_in_order() {
    let action = b"- name: get_room\n  title: \xe6\x88\xbf\n  docs: A room.\n  origin: onebot11\n  effect: read\n  \
                   errors: [NO_ROOM]\n  returns: Room\n  example:\n    returns: {}\n";
    assert_eq!(
        of_folder("order", &[("z.yaml", b""), ("types.yaml", b"- kind: object\n name: Room\n"), ("a/b.yaml", action)]),
        "a/b.yaml:3:3: an action has no key `docs`; did you mean `doc`?\n\
         types.yaml:2:2: did not find expected '-' indicator; \
         check the indentation and the quotes here and in the lines before\n\
         z.yaml:1:1: the file is empty; write a list of stanzas, or delete the file\n"
    );
}
