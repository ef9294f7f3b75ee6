//! `import` from what servers publish: small files written for these tests, and the real ones where they are at hand.

use std::fs;
use std::path::Path;

use crate::support::{folder, here, root, run_in};

fn published(name: &str) -> String {
    here(&format!("published/{name}")).to_str().unwrap().to_owned()
}

fn imported(arguments: &[&str]) -> String {
    let schema = root("schema");
    let said = run_in(&here("published"), &[&["import", "--schema", schema.to_str().unwrap()], arguments].concat());
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    said.out
}

fn assert_snapshot(name: &str, yaml: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, yaml);
    });
}

/// Does the work that is left, as a person would.
fn finished(yaml: &str) -> String {
    let mut count = 0;
    let line = |line: &str| {
        count += 1;
        let (indent, rest) = line.split_at(line.len() - line.trim_start().len());
        let rest = match rest.trim_end() {
            "title: TODO" => format!("title: 新{count}"),
            "doc: TODO" => "doc: A text.".into(),
            "origin: TODO" => "origin: onebot11".into(),
            "effect: TODO" => "effect: write".into(),
            "name: TODO" => format!("name: value_{count}"),
            other => other.replace("- name: TODO_", "- name: the_"),
        };
        format!("{indent}{rest}\n")
    };
    yaml.lines().map(line).collect()
}

/// Copies the schema, with one file more.
fn schema_with(name: &str, yaml: &str) -> std::path::PathBuf {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in from.read_dir().unwrap().map(Result::unwrap) {
            let (from, to) = (entry.path(), to.join(entry.file_name()));
            if from.is_dir() { copy(&from, &to) } else { fs::copy(&from, &to).map(drop).unwrap() }
        }
    }
    let folder = folder(name, &[]);
    copy(&root("schema"), &folder);
    fs::write(folder.join("imported.yaml"), yaml).unwrap();
    folder
}

#[test]
fn an_openapi_document_becomes_stanzas() {
    let yaml = imported(&["--openapi", "openapi.json"]);
    assert_snapshot("import_openapi", &yaml);
    let schema = schema_with("imported openapi", &finished(&yaml));
    let said = run_in(&schema, &["check", "."]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
}

#[test]
fn a_catalog_becomes_stanzas() {
    let yaml = imported(&["--catalog", "catalog.json"]);
    assert_snapshot("import_catalog", &yaml);
    let schema = schema_with("imported catalog", &finished(&yaml));
    let said = run_in(&schema, &["check", "."]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
}

/// An action that the schema has under any of its names is left out, unless all are asked for.
#[test]
fn actions_that_the_schema_has_are_left_out() {
    let stanza = "- name: light_up\n  title: 开灯\n  doc: Lights.\n  origin: onebot11\n  effect: write\n";
    let root = folder("import what is left", &[("a.yaml", stanza.as_bytes())]);
    let catalog = published("catalog.json");
    let said = run_in(&root, &["import", "--schema", "a.yaml", "--catalog", &catalog, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (&json["actions"], &json["left_out"]),
        (&serde_json::json!(["get_lamp"]), &serde_json::json!(["set_lamp"]))
    );
    assert_eq!(json["typed"]["params"], serde_json::json!({ "typed": 0, "of": 0 }));
    assert_eq!(json["typed"]["answers"], serde_json::json!({ "typed": 1, "of": 1 }));
    let all = run_in(&root, &["import", "--schema", "a.yaml", "--catalog", &catalog, "--all"]).out;
    assert!(all.contains("\n- name: set_lamp\n") && all.contains("\n  aliases: [light_up]\n"), "{all}");
}

/// An action that the schema leaves without types is left out too, unless all are asked for, or the action by its name.
#[test]
fn actions_without_types_are_left_out() {
    let stanza = "- kind: untyped\n  name: light_up\n  reason: Its answer arrives in parts.\n";
    let root = folder("import without types", &[("a.yaml", stanza.as_bytes())]);
    let catalog = published("catalog.json");
    let import = |arguments: &[&str]| {
        run_in(&root, &[&["import", "--schema", "a.yaml", "--catalog", &catalog], arguments].concat()).out
    };
    let some = import(&[]);
    assert!(some.contains("\n# Left without types, with the reason in the schema: set_lamp.\n"), "{some}");
    assert!(some.contains("\n- name: get_lamp\n") && !some.contains("\n- name: set_lamp\n"), "{some}");
    let json: serde_json::Value = serde_json::from_str(&import(&["--format", "json"])).unwrap();
    assert_eq!((&json["untyped"], &json["left_out"]), (&serde_json::json!(["set_lamp"]), &serde_json::json!([])));
    for arguments in [&["--all"][..], &["--action", "light_up"]] {
        let asked_for = import(arguments);
        assert!(asked_for.contains("\n- name: set_lamp\n") && !asked_for.contains("Left without"), "{asked_for}");
    }
}

/// `--action` names those that are written; the share and the list of those that are there are about them alone.
#[test]
fn one_action_can_be_asked_for() {
    let yaml = imported(&["--openapi", "openapi.json", "--action", "get_lamps"]);
    let names: Vec<&str> = yaml.lines().filter(|line| line.starts_with("- name: ")).collect();
    assert_eq!(names, ["- name: get_lamps"], "{yaml}");
    let both = imported(&["--catalog", "catalog.json", "--action", "light_up", "--action", "get_lamp"]);
    let names: Vec<&str> = both.lines().filter(|line| line.starts_with("- name: ")).collect();
    assert_eq!(names, ["- name: set_lamp", "- name: get_lamp"], "a further name of `set_lamp`: {both}");
    let said = run_in(
        &folder("import nothing", &[("a.yaml", b"")]),
        &["import", "--schema", "a.yaml", "--openapi", &published("openapi.json"), "--action", "get_lamp"],
    );
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("expected the action `get_lamp`, found 3 others"), "{}", said.err);
    assert!(said.err.contains("did you mean `get_lamps`?"), "{}", said.err);
}

/// A document whose schemas lead to each other without an end, and one of 50 MiB.
#[test]
fn documents_without_an_end_write_nothing() {
    let paths = "{\"/set_lamp\": {\"post\": {\"requestBody\": {\"content\": {\"application/json\": \
                 {\"schema\": {\"$ref\": \"#/components/schemas/A\"}}}}}}}";
    let schemas = "{\"A\": {\"$ref\": \"#/components/schemas/B\"}, \"B\": {\"$ref\": \"#/components/schemas/A\"}}";
    let circular = format!(
        "{{\"openapi\": \"3.1.0\", \"info\": {{\"title\": \"NapCat\"}}, \"paths\": {paths}, \
         \"components\": {{\"schemas\": {schemas}}}}}"
    );
    let large = format!("{{\"openapi\":\"3.1.0\",\"x\":\"{}\"}}", "a".repeat(50 << 20));
    for (content, told) in [
        (circular, "the schema `#/components/schemas/A` refers to itself, in its request"),
        (large, "found 50 MiB, at most 16 MiB are read"),
    ] {
        let stanza = "- name: light_up\n  title: 开灯\n  doc: Lights.\n  origin: onebot11\n  effect: write\n\
                      - kind: server\n  name: napcat\n  title: NapCat\n  app_name: NapCat.Onebot\n  version: v1\n  actions: {}\n";
        let root = folder("endless", &[("source.json", content.as_bytes()), ("a.yaml", stanza.as_bytes())]);
        for arguments in [["import", "--openapi", "source.json"], ["audit", "--openapi", "source.json"]] {
            let said = run_in(&root, &[&arguments[..], &["--schema", "a.yaml"]].concat());
            assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{told}");
            assert!(said.err.contains(told) && said.err.contains("source.json"), "{}", said.err);
        }
    }
}

#[test]
fn bad_documents_write_nothing() {
    for (option, content, told) in [
        ("--openapi", "{\"openapi\": \"3.1.0\"}", "expected OpenAPI 3"),
        ("--openapi", "{", "the file is cut off"),
        ("--openapi", "{\"openapi\": \"3.0.0\", \"paths\": {\"/a/b\": {\"get\": {}}}}", "found `/a/b` with `get`"),
        ("--catalog", "{\"openapi\": \"3.1.0\"}", "expected a catalog with `actions`"),
    ] {
        let root = folder("bad import", &[("source.json", content.as_bytes()), ("a.yaml", b"")]);
        let said = run_in(&root, &["import", option, "source.json", "--schema", "a.yaml"]);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{told}");
        assert!(said.err.contains(told) && said.err.contains("source.json"), "{}", said.err);
    }
}

/// Every action of the real document that is new becomes a stanza that passes every rule once its gaps are filled.
#[test]
fn the_real_document_becomes_stanzas() {
    let Some(reference) = std::env::var_os("CQHTTP_REFERENCE") else {
        eprintln!("skipped: set CQHTTP_REFERENCE to a folder with what servers publish");
        return;
    };
    let document = std::path::absolute(reference).unwrap().join("napcat/openapi-4.18.13.json");
    // The schema has every action of the document: it is imported beside the types alone.
    let types = folder("types for the real openapi", &[("types.yaml", &fs::read(root("schema/types.yaml")).unwrap())]);
    let arguments = ["import", "--schema", types.to_str().unwrap(), "--openapi", document.to_str().unwrap()];
    let yaml = run_in(&types, &arguments).out;
    assert!(yaml.contains("\n# Typed: 433 of 434 parameters, "), "{yaml}");
    let all = imported(&["--all", "--openapi", document.to_str().unwrap()]);
    let count = |part: &str| all.lines().filter(|line| line.contains(part)).count();
    let misfits = ["# - the example of the request of", "# - the example of the answer of"].map(count);
    assert_eq!(misfits, [20, 18], "{all}");
    fs::write(types.join("imported.yaml"), finished(&yaml)).unwrap();
    let said = run_in(&types, &["check", "."]);
    // Two names of one action, which a person makes one stanza.
    let faults: Vec<&str> = said.err.lines().filter(|line| line.starts_with("error: `")).collect();
    assert_eq!(faults, [""; 0], "{}", said.err);
    assert!(said.err.contains("error: the action `.ocr_image` is called `OcrImage` in Rust"), "{}", said.err);
    assert!(said.err.contains("error: 1 fault\n"), "{}", said.err);
    assert!(all.contains("- name: ArkShareGroup\n  method: ark_share_group\n"), "{all}");
}
