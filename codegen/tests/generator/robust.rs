//! Schemas with a slip in them: the generator answers, and means a place that the file has.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::support::{assert_in_file, folder, name, yaml_files};
use cqhttp_codegen::generate;

/// Tries what `slips` makes of each valid schema: what the slip is, and the new text.
fn try_all(test: &str, slips: impl Fn(&str) -> Vec<(String, Vec<u8>)>) {
    let folder = folder(test, &[]);
    let mut tried = 0;
    for path in yaml_files("schema") {
        let good = fs::read_to_string(&path).unwrap();
        let file = folder.join(name(&path));
        for (slip, bytes) in slips(&good) {
            fs::write(&file, &bytes).unwrap();
            let answered = catch_unwind(AssertUnwindSafe(|| {
                if let Err(diagnostics) = generate(&file) {
                    assert!(diagnostics.iter().next().is_some(), "refused without a reason");
                    diagnostics.iter().for_each(assert_in_file);
                }
            }));
            assert!(answered.is_ok(), "{}, {slip}; it still lies in {}", name(&path), file.display());
            tried += 1;
        }
    }
    assert!(tried > 300, "only {tried} slips");
}

/// `text` with other lines in place of the one at `index`.
fn with_lines(text: &str, index: usize, lines: &[&str]) -> Vec<u8> {
    let mut all: Vec<&str> = text.lines().collect();
    all.splice(index..=index, lines.iter().copied());
    (all.join("\n") + "\n").into_bytes()
}

#[test]
fn a_line_is_missing_or_stands_there_twice() {
    try_all("missing line", |good| {
        let slips = good.lines().enumerate().map(|(index, line)| match index % 2 {
            0 => (format!("without line {}", index + 1), with_lines(good, index, &[])),
            _ => (format!("line {} twice", index + 1), with_lines(good, index, &[line, line])),
        });
        slips.collect()
    });
}

#[test]
fn a_line_is_indented_differently() {
    try_all("indented line", |good| {
        let slips = good.lines().enumerate().step_by(2).map(|(index, line)| {
            let less = |by: usize| line[line.len().min(by).min(line.len() - line.trim_start().len())..].to_owned();
            let line = match index / 2 % 4 {
                0 => format!(" {line}"),
                1 => format!("  {line}"),
                2 => less(1),
                _ => less(2),
            };
            (format!("line {} as {line:?}", index + 1), with_lines(good, index, &[&line]))
        });
        slips.collect()
    });
}

/// Includes cuts in the middle of a character.
#[test]
fn the_file_ends_too_early() {
    try_all("early end", |good| {
        let ends = (0..good.len()).step_by(61);
        ends.map(|end| (format!("its first {end} bytes"), good.as_bytes()[..end].to_vec())).collect()
    });
}

#[test]
fn a_value_is_another() {
    const VALUES: &[&str] =
        &["null", "[]", "{}", "3", "-1.5", "\"\"", "self", "[null]", "{ a: 1 }", "99999999999999999999", "true"];
    try_all("other value", |good| {
        let begun = good.lines().enumerate().step_by(2).filter_map(|(index, line)| {
            let at = line.find(": ").or(line.find("- "))?;
            Some((index, &line[..at + 2]))
        });
        let slips = begun.map(|(index, begun)| {
            let line = format!("{begun}{}", VALUES[(index / 2 + good.len()) % VALUES.len()]);
            (format!("line {} as {line:?}", index + 1), with_lines(good, index, &[&line]))
        });
        slips.collect()
    });
}

/// Every character that means something in YAML, here and there.
#[test]
fn a_character_is_another() {
    const SIGNS: &[u8] = b":-#&*!|>'\"%@`[]{},?\\~ \t\n\r\0";
    try_all("other character", |good| {
        let slips = (0..good.len()).step_by(61).enumerate().map(|(count, at)| {
            let mut bytes = good.as_bytes().to_vec();
            bytes[at] = SIGNS[(count + good.len()) % SIGNS.len()];
            (format!("the byte at {at} as {:?}", char::from(bytes[at])), bytes)
        });
        slips.collect()
    });
}

const GOOD: &str = "- { kind: id, name: DoorId, base: i64, doc: A door. }\n";

/// Files that editors and systems create beside a schema file are not a part of the schema.
#[test]
fn hidden_files_and_folders_are_not_read() {
    let hidden: [(&str, &[u8]); 5] = [
        (".a.yaml", b"x"),
        ("._a.yaml", b"\0\x05\x16\x07"),
        (".old.yml", b"x"),
        (".git/a.yaml", b"x"),
        ("below/.b.yaml", b"x"),
    ];
    let root = folder("hidden", &[&[("a.yaml", GOOD.as_bytes()), ("below/b.txt", b"")], &hidden[..]].concat());
    // Emacs marks a file that is being changed by a link that leads nowhere.
    #[cfg(unix)]
    std::os::unix::fs::symlink("user@host.123:456", root.join(".#a.yaml")).unwrap();
    let generated = generate(&root).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(generated, generate(root.join("a.yaml")).unwrap());
    let faults = generate(root.join(".git")).map(drop).unwrap_err().to_string();
    assert!(faults.contains("expected a list of stanzas"), "a folder that is named is read: {faults}");
}

/// A folder that is reached twice is read once, wherever the links lead.
#[cfg(unix)]
#[test]
fn links_in_a_circle_end() {
    let root = folder("linked", &[("a.yaml", GOOD.as_bytes()), ("below/b.txt", b"")]);
    for (link, to) in [("one", "."), ("two", "."), ("below/up", ".."), ("below/self", "../below"), ("far", "../linked")]
    {
        std::os::unix::fs::symlink(to, root.join(link)).unwrap();
    }
    let generated = generate(&root).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(generated, generate(root.join("a.yaml")).unwrap());
    // A link to elsewhere is followed.
    let other = folder("linked to", &[("b.txt", b"")]);
    std::os::unix::fs::symlink("../linked", other.join("schema")).unwrap();
    let paths: Vec<_> = generate(&other).unwrap().files.into_iter().filter_map(|file| file.source).collect();
    assert_eq!(paths, ["schema/a.yaml"]);
}

/// The place is the same with and without a line end at the end of the file.
#[test]
fn what_is_never_closed_is_located_where_it_opens() {
    let root = folder("unclosed", &[]);
    for (text, place) in [
        ("- name: a\n  doc: \"What\n  it does.", (2, 8)),
        ("- name: 'a", (1, 9)),
        ("- { name: a,\n  doc: d", (1, 3)),
        ("- name: a\n  aliases: [b", (2, 12)),
    ] {
        for end in ["", "\n", "\r\n", " ", "\n\n"] {
            let file = root.join("a.yaml");
            fs::write(&file, format!("{text}{end}")).unwrap();
            let faults = generate(&file).unwrap_err();
            let fault = faults.iter().next().unwrap();
            assert_eq!((fault.line, fault.column), place, "{text:?} and {end:?}: {fault}");
            assert_eq!(fault.hint, "close it");
        }
    }
}

#[test]
fn sigils_within_sigils() {
    let root = folder("sigils", &[]);
    for text in ["!:!x", "!a:!b:&c", "*a:*b", "&a:&b: 1", "[!:!x, !!a]", "a: !:!x", "- *a*:*b\n- !:!"] {
        let file = root.join("a.yaml");
        fs::write(&file, text).unwrap();
        generate(&file).unwrap_err().iter().for_each(assert_in_file);
    }
}

/// An object with the next two in it, each of which has the next two, and so on: there are 2⁶⁰ ways through them.
#[test]
fn layers_of_objects_are_walked_once() {
    let mut text = String::new();
    for layer in 0..60 {
        for side in ["A", "B"] {
            let fields: String = ["A", "B"]
                .map(|to| {
                    format!("    - {{ name: to_{}, type: L{}{to}?, doc: Next. }}\n", to.to_lowercase(), layer + 1)
                })
                .concat();
            text +=
                &format!("- kind: object\n  name: L{layer}{side}\n  doc: Layer.\n  fields:\n{fields}  example: {{}}\n");
        }
    }
    let last = |further: &str| {
        let field = |side| format!("    - {{ name: to_a, type: L{side}?, doc: Next. }}\n");
        let object = |side: &str, field: &str| {
            format!("- kind: object\n  name: L60{side}\n  doc: Layer.\n  fields:\n{field}  example: {{}}\n")
        };
        let leaf = "    - { name: leaf, type: string?, doc: Leaf. }\n";
        let back = if further.is_empty() { leaf.to_owned() } else { field(further) };
        object("A", leaf) + &object("B", &back)
    };
    let root = folder("layers", &[("good.yaml", (text.clone() + &last("")).as_bytes())]);
    generate(root.join("good.yaml")).unwrap_or_else(|faults| panic!("{faults}"));
    fs::write(root.join("bad.yaml"), text + &last("0A")).unwrap();
    let faults = generate(root.join("bad.yaml")).unwrap_err().to_string();
    let circle = "L0A → L1A → L2A → L3A → L4A → L5A → … → L55A → L56A → L57A → L58A → L59A → L60B → L0A";
    assert!(faults.contains(&format!("bad.yaml:2:9: the object contains itself: {circle}; only a list")), "{faults}");
    assert_eq!(faults.lines().count(), 1, "{faults}");
}

/// With time that grows with the square of their length, these would take minutes.
#[test]
fn long_files_take_no_longer_than_they_are() {
    let action = |index| format!("  - {{ name: a{index}, title: t, doc: d., origin: onebot12, effect: read }}\n");
    let faulty: String = (0..4000).map(action).collect();
    let words: String = (0..50_000).map(|index| format!("    *x{index}*\n")).collect();
    let starred = format!("- kind: id\n  name: DoorId\n  base: i64\n  doc: >-\n    A door.\n{words}");
    let values: String = (0..20_000).map(|index| format!("    - value: v{index}\n      doc: A value.\n")).collect();
    let values = format!("- kind: enum\n  name: Door\n  base: string\n  doc: A door.\n  values:\n{values}");
    let chained = |index: i32| {
        let next = (index + 1) % 4000;
        format!(
            "- kind: object\n  name: O{index}\n  doc: An object.\n  fields:\n    - {{ name: next, type: O{next}?, doc: Next. }}\n    \
             - {{ name: first, type: O0?, doc: First. }}\n  example: {{}}\n"
        )
    };
    let circles: String = (0..4000).map(chained).collect();
    let root = folder(
        "long",
        &[
            ("faulty.yaml", faulty.as_bytes()),
            ("starred.yaml", starred.as_bytes()),
            ("values.yaml", values.as_bytes()),
            ("circles.yaml", circles.as_bytes()),
        ],
    );
    generate(root.join("values.yaml")).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(generate(root.join("circles.yaml")).unwrap_err().iter().count(), 4000);
    let faults = generate(root.join("faulty.yaml")).unwrap_err();
    let places: Vec<_> = faults.iter().map(|fault| (fault.line, fault.column)).collect();
    assert_eq!(places.len(), 4000, "{faults}");
    assert!(places.iter().enumerate().all(|(index, place)| place.0 == index + 1), "each in its line");
    generate(root.join("starred.yaml")).unwrap_or_else(|faults| panic!("{faults}"));
}
