//! The command `import`: pages that describe actions, and the stanzas that they become.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{folder, generator, here, root};
use cqhttp_codegen::generate;

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

/// Runs the command in the folder of the pages.
fn run(arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cqhttp-codegen"));
    let Output { status, stdout, stderr } =
        command.arg("import").args(arguments).current_dir(here("pages")).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    Said { code: status.code(), out: text(stdout), err: text(stderr) }
}

fn imported(arguments: &[&str]) -> String {
    let said = run(arguments);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    said.out
}

/// Returns the standard error for a page that is refused.
fn refused(test: &str, text: &str) -> String {
    let page = folder(&format!("import {test}"), &[("page.md", text.as_bytes())]).join("page.md");
    let said = run(&["--docs", page.to_str().unwrap(), "--schema", "schema.yaml"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{}", said.err);
    said.err
}

/// A schema as the stanzas are added to it.
fn with_stanzas(name: &str, schema: &[(String, Vec<u8>)], stanzas: &str) -> PathBuf {
    let mut files: Vec<(&str, &[u8])> = schema.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
    files.push(("imported.yaml", stanzas.as_bytes()));
    folder(name, &files)
}

/// Everything below a folder, or one file; without the stanzas that `dropped` names.
fn files(root: &Path, dropped: &dyn Fn(&str) -> bool) -> Vec<(String, Vec<u8>)> {
    if root.is_file() {
        let kept: String = stanzas(&fs::read_to_string(root).unwrap()).filter(|stanza| !dropped(stanza)).collect();
        return vec![("schema.yaml".into(), kept.into())];
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path, dropped).into_iter().map(|(below, text)| (format!("{name}/{below}"), text)));
        } else if name.ends_with(".yaml") {
            let [(_, text)]: [_; 1] = files(&path, dropped).try_into().unwrap();
            if text.starts_with(b"- ") || text.windows(3).any(|at| at == b"\n- ") {
                found.push((name, text));
            }
        }
    }
    found
}

fn stanzas(text: &str) -> impl Iterator<Item = String> + '_ {
    let starts: Vec<usize> =
        text.match_indices("- ").map(|(at, _)| at).filter(|at| *at == 0 || text[..*at].ends_with('\n')).collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    let first = starts.first().copied().unwrap_or(text.len());
    [text[..first].to_owned()].into_iter().chain(starts.into_iter().zip(ends).map(|(a, b)| text[a..b].to_owned()))
}

/// Returns `true` if a stanza is an action, or names actions.
fn is_action(stanza: &str) -> bool {
    stanza.starts_with("- name:") || stanza.starts_with("- kind: refusal")
}

/// Asserts that imported stanzas have faults only in marked lines, and none once the marks are filled in.
/// The number of faults.
#[track_caller]
fn assert_to_be_done(test: &str, schema: &[(String, Vec<u8>)], yaml: &str) -> usize {
    let path = with_stanzas(&format!("import {test} check"), schema, yaml);
    let diagnostics = generate(&path).expect_err("something is to be done");
    for diagnostic in diagnostics.iter() {
        let text = fs::read_to_string(&diagnostic.file).unwrap();
        let line = text.lines().nth(diagnostic.line - 1).unwrap();
        assert!(line.contains("TODO"), "{diagnostic}\n{line}");
    }
    let done = yaml
        .replace("doc: TODO", "doc: Something.")
        .replace("origin: TODO", "origin: go-cqhttp")
        .replace("effect: TODO", "effect: write")
        .replace("name: TODO_", "name: done_");
    if let Err(diagnostics) = generate(with_stanzas(&format!("import {test} done"), schema, &done)) {
        panic!("{diagnostics}");
    }
    diagnostics.iter().count()
}

/// Every shape of a table, an answer and a name, beside the stanzas that it becomes.
#[test]
fn pages_become_what_their_snapshots_show() {
    let schema = files(&here("pages/schema.yaml"), &|_| false);
    for page in ["site", "methods", "english"] {
        let yaml = imported(&["--docs", &format!("{page}.md"), "--schema", "schema.yaml"]);
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("import@{page}"), yaml);
        });
        // A name that is guessed and there already is a fault of its own.
        let free: Vec<_> = schema.iter().map(|(name, text)| (name.clone(), without(text, "press_bell"))).collect();
        assert_to_be_done("pages", &free, &yaml);
    }
}

fn without(text: &[u8], action: &str) -> Vec<u8> {
    let text = std::str::from_utf8(text).unwrap();
    stanzas(text).filter(|stanza| !stanza.starts_with(&format!("- name: {action}\n"))).collect::<String>().into()
}

/// An action whose guessed name the schema has is not left out, but `check` says so, where it is marked.
#[test]
fn a_guess_is_checked() {
    let schema = files(&here("pages/schema.yaml"), &|_| false);
    let yaml = imported(&["--docs", "methods.md", "--schema", "schema.yaml"]);
    let diagnostics = generate(with_stanzas("import guess", &schema, &yaml)).unwrap_err().to_string();
    assert!(diagnostics.contains("the action `press_bell` exists already"), "{diagnostics}");
}

#[test]
fn what_the_schema_has_is_left_out_unless_all_is_wanted() {
    let page = ["--docs", "methods.md", "--schema", "schema.yaml"];
    let some = imported(&page);
    assert!(some.contains("\n# The schema has already: knock_at_door, ring.\n"), "{some}");
    assert!(!some.contains("name: ring"), "{some}");
    let all = imported(&[&page[..], &["--all"]].concat());
    assert!(!all.contains("The schema has already"), "{all}");
    // The title decides before the method: the page calls it Ring.
    assert!(all.contains("- name: ring\n  title: 看看铃\n"), "{all}");
    assert!(all.contains("  # TODO: Ring takes `bell_id`, `loud`, the table has other parameters\n"), "{all}");
    assert!(all.contains("  # TODO: the page has the same table for the parameters and the answer\n"), "{all}");
    assert!(all.contains("  # TODO: the page has a table of the answer, and says that there is none\n"), "{all}");
    assert!(all.contains("      # TODO: is it `BellId` or `OldBellId`, as elsewhere under that name?\n"), "{all}");
}

/// A page, imported for the schema of these tests.
fn imported_page(test: &str, text: &str, arguments: &[&str]) -> String {
    let page = folder(&format!("import {test}"), &[("page.md", text.as_bytes())]).join("page.md");
    imported(&[&["--docs", page.to_str().unwrap(), "--schema", "schema.yaml"], arguments].concat())
}

/// Defaults are taken over where they are values of the type, however they are written.
#[test]
fn defaults_of_numbers() {
    for (ty, default, expected) in [
        ("int64", "2 * 60", "type: i64\n      default: 120\n"),
        ("int64", "9999999999*9999999999", "type: i64? # TODO"),
        ("int64", "99999999999999999999", "type: i64? # TODO"),
        ("uint32", "4294967296", "type: u32? # TODO"),
        ("int32", "-2147483649", "type: i32? # TODO"),
        ("uint32", "-1", "type: i32\n      default: -1\n"),
        ("uint32", "-9999999999", "type: u32? # TODO"),
        ("uint64", "-1", "type: i64\n      default: -1\n"),
        ("double", "1.5", "type: f64\n      default: 1.5\n"),
        ("double", "1", "type: f64\n      default: 1.0\n"),
        ("float", "-0.25", "type: f64\n      default: -0.25\n"),
        ("double", "1e400", "type: f64? # TODO"),
        ("double", "NaN", "type: f64? # TODO"),
        ("double", "多", "type: f64? # TODO"),
        ("int64", "*", "type: i64? # TODO"),
    ] {
        let table = format!("| 字段 | 类型 | 默认值 |\n| --- | --- | --- |\n| `times` | {ty} | `{default}` |\n");
        let yaml = imported_page("defaults", &format!("## 敲门\n\n终结点: `/knock`\n\n{table}"), &[]);
        let marked = format!("      # TODO: the page has the default `{default}`, which is not of type `");
        match expected.strip_suffix(" # TODO") {
            Some(ty) => assert!(yaml.contains(&format!("      {ty}\n{marked}")), "{ty} {default}\n{yaml}"),
            None => assert!(yaml.contains(expected) && !yaml.contains(&marked), "{ty} {default}\n{yaml}"),
        }
        let schema = files(&here("pages/schema.yaml"), &|_| false);
        assert_to_be_done("defaults", &schema, &yaml);
    }
}

/// Editors of some machines begin a file so.
#[test]
fn a_page_that_begins_with_a_byte_order_mark() {
    let table = "**参数**\n\n| 字段 | 类型 |\n| --- | --- |\n| `a` | int64 |\n";
    let page = format!("## 敲门\n\n终结点: `/knock`\n\n{table}\n## 看门\n\n终结点: `/look`\n\n{table}");
    let plain = imported_page("plain", &page, &[]);
    assert!(plain.contains("- name: knock\n") && plain.contains("- name: look\n"), "{plain}");
    let marked = imported_page("marked", &format!("\u{feff}{page}"), &[]);
    let below = |text: &str| text.split_once('\n').unwrap().1.to_owned();
    assert_eq!(below(&marked), below(&plain));
}

/// A heading that `import` passes over may be an action for a reader.
#[test]
fn headings_that_are_passed_over_are_listed() {
    let table = "| 字段 | 类型 |\n| --- | --- |\n| `a` | int64 |\n";
    let knock = format!("## 敲门\n\n终结点: `/knock`\n\n{table}");
    let page = format!(
        "# 门\n\n一段话。\n\n{knock}\n## 看门\n\n終結點: `/look`\n\n{table}\n## 开门 `open`\n\n接口：`/open`\n\n\
         **响应数据**\n\n无\n\n### 关门\n\n关上。\n"
    );
    let yaml = imported_page("passed over", &page, &[]);
    assert!(
        yaml.contains("\n# Passed over, since no action is named there: 看门 (line 13), 开门 `open` (line 21).\n"),
        "{yaml}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&imported_page("passed over", &page, &["--format", "json"])).unwrap();
    assert_eq!(
        json["passed_over"],
        serde_json::json!([{ "line": 13, "title": "看门" }, { "line": 21, "title": "开门 `open`" }])
    );
    // What stands above the first heading has none.
    let yaml = imported_page("passed over", &format!("接口：`/open`\n\n{table}\n{knock}"), &[]);
    assert!(
        yaml.contains("\n# Passed over, since no action is named there: the text above the first heading"),
        "{yaml}"
    );
    let yaml = imported_page("passed over", &knock, &[]);
    assert!(!yaml.contains("Passed over"), "{yaml}");
}

#[test]
fn json_for_programs() {
    let said = run(&["--docs", "methods.md", "--schema", "schema.yaml", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json["actions"], serde_json::json!(["knock_door", "press_bell", "TODO_1"]));
    assert_eq!(json["left_out"], serde_json::json!(["knock_at_door", "ring"]));
    let yaml = json["yaml"].as_str().unwrap();
    assert_eq!(yaml, imported(&["--docs", "methods.md", "--schema", "schema.yaml"]));
    assert_eq!(json["marks"], yaml.lines().filter(|line| line.contains("TODO")).count());
}

/// Of a half-written page nothing is imported: each fault is told with what was expected, what was found, and its line.
#[test]
fn half_written_pages() {
    let page = |table: &str| format!("# 门\n\n### 敲门\n\n终结点：`/knock`\n\n**参数**\n\n{table}\n");
    for (table, line, said) in [
        ("| 字段 | 类型 | 说明 |\n| --- | --- | --- |", 9, "expected a table with rows, found the header alone"),
        (
            "| 字段 | 类型 | 说明 |\n| --- | --- | --- |\n| `a` | int64 |",
            11,
            "expected 3 cells, as the header has, found 2",
        ),
        (
            "| 字段 | 类型 | 说明 |\n| --- | --- | --- |\n| `a` | int64 | 一 | 二 |",
            11,
            "expected 3 cells, as the header has, found 4",
        ),
        ("| 字段 | 类型 | 说明 |\n| `a` | int64 | 一 |", 9, "expected a table, found lines that are not one"),
        ("| 字段 | 类型 |\n| --- |\n| `a` | int64 |", 9, "a header and a line of dashes in as many cells"),
        ("| 字段 | 类型", 9, "expected a table, found lines that are not one"),
        ("| 字段 | 说明 |\n| --- | --- |\n| `a` | 一 |", 9, "such as 字段 and 类型, found `字段`, `说明`"),
        ("| 字段 | 类型 |\n| --- | --- |\n|  | int64 |", 11, "expected a name, found \"\""),
        ("| 字段 | 类型 |\n| --- | --- |\n| `` ` | int64 |", 11, "expected a name, found"),
        ("| 字段 | 类型 |\n| --- | --- |\n| a b | int64 |", 11, "expected a name, found \"a b\""),
        ("| 字段 | 类型 |\n| --- | --- |\n| `a` | |", 11, "expected a type, found \"\""),
        ("| 字段 | 类型 |\n| --- | --- |\n| `a` | strng |", 11, "expected a type, found \"strng\""),
        ("| 字段 | 类型 |\n| --- | --- |\n| `a` | strng |", 11, "did you mean `string`?"),
        ("| 字段 | 类型 |\n| --- | --- |\n| `a` | 门 |", 11, "expected a type, found \"门\""),
    ] {
        let told = refused("tables", &page(table));
        assert!(told.contains(said), "{said:?} is not in\n{told}");
        assert!(told.contains(&format!("page.md:{line}:1\n")), "line {line} is not in\n{told}");
        assert!(told.contains("cannot be read as actions; nothing is written"), "{told}");
    }
    let several = refused("tables", &page("| 字段 | 类型 |\n| --- | --- |\n| `a` | strng |\n| `b` | int65 |"));
    assert!(several.contains("page.md:11:1\n") && several.contains("page.md:12:1\n"), "{several}");
}

/// `import … > schema/new.yaml`: the shell makes the file first.
#[test]
fn the_file_that_the_stanzas_go_to_may_be_in_the_schema() {
    let schema = fs::read(here("pages/schema.yaml")).unwrap();
    let root = folder("import redirected", &[("schema.yaml", &schema), ("new.yaml", b"")]);
    let schema = root.to_str().unwrap();
    let stanzas = imported(&["--docs", "site.md", "--schema", schema]);
    assert_eq!(stanzas, imported(&["--docs", "site.md", "--schema", "schema.yaml"]));
    // An empty file, or one that is not a schema, is a different fault.
    for text in ["\n", "# Nothing.\n", "x"] {
        fs::write(root.join("new.yaml"), text).unwrap();
        let said = run(&["--docs", "site.md", "--schema", schema]);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{text:?}: {}", said.err);
    }
}

/// A page of a server that a crate of its own describes: both schemas are known.
#[test]
fn a_schema_that_adds_to_another() {
    let row = "| 字段 | 类型 | 说明 |\n| --- | --- | --- |\n| `room_id` | int64 | 门 |\n";
    let action = |name: &str| format!("### 扫 {name}\n\n终结点：`/{name}`\n\n**参数**\n\n{row}\n");
    let page = ["get_room", "light", "sweep"].map(action).concat();
    let own = files(&generator("extension/own"), &|_| false);
    let mut all: Vec<(String, &[u8])> = own.iter().map(|(path, text)| (format!("own/{path}"), &text[..])).collect();
    all.extend([("page.md".into(), page.as_bytes()), ("own/new.yaml".into(), b"".as_slice())]);
    let all: Vec<(&str, &[u8])> = all.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let root = folder("import onto", &all);
    let [page, schema, new] = ["page.md", "own", "own/new.yaml"].map(|path| root.join(path));
    let arguments = ["--docs", page.to_str().unwrap(), "--schema", schema.to_str().unwrap()];
    let base = generator("extension/base");
    let based = ["--base", base.to_str().unwrap()];
    let yaml = imported(&[&arguments[..], &based].concat());
    assert!(yaml.contains("\n# The schema has already: get_room, light.\n"), "{yaml}");
    assert!(yaml.contains("- name: sweep\n") && yaml.contains("type: RoomId\n"), "{yaml}");
    let done = yaml.replace("doc: TODO", "doc: Something.").replace("origin: TODO", "origin: the broom plugin");
    fs::write(new, done.replace("effect: TODO", "effect: write")).unwrap();
    let added = cqhttp_codegen::generate_extension(&schema, generator("extension/base"));
    assert!(added.unwrap_or_else(|faults| panic!("{faults}")).api.contains("sweep(RoomId)"));
    let said = run(&arguments);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains("name the schema of `cqhttp` with `--base`"), "{}", said.err);
    assert!(said.err.contains("`lagrange`, `onebot11`; with `--base` it may be any text, or none"), "{}", said.err);
}

#[test]
fn half_written_names() {
    for (endpoint, said) in [
        ("终结点: /knock", "expected an action's name between backticks, found \"/knock\""),
        ("终结点：", "expected an action's name between backticks, found \"\""),
        ("终结点: `/Knock Knock`", "expected an action's name, found `Knock Knock`"),
    ] {
        let told = refused("names", &format!("### 敲门\n\n{endpoint}\n"));
        assert!(told.contains(said), "{said:?} is not in\n{told}");
        assert!(told.contains("page.md:3:1\n"), "{told}");
    }
}

#[test]
fn pages_without_an_action() {
    for text in [
        "",
        "# 门\n\n没有动作。\n",
        "终结点: `/knock`\n",
        "### 图片\n\n| 参数名 | 类型 |\n| --- | --- |\n| `a` | int |\n",
    ] {
        let told = refused("no action", text);
        assert!(told.contains("expected a heading and under it an action's name"), "{text:?}\n{told}");
        assert!(told.contains("found none"), "{told}");
    }
}

#[test]
fn pages_and_schemas_that_cannot_be_read() {
    let said = run(&["--docs", "nowhere.md", "--schema", "schema.yaml"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("nowhere.md: cannot be read: "), "{}", said.err);
    let bytes = folder("import bytes", &[("page.md", b"\xff")]).join("page.md");
    let said = run(&["--docs", bytes.to_str().unwrap(), "--schema", "schema.yaml"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("page.md: cannot be read: "), "{}", said.err);
    let said = run(&["--docs", "site.md", "--schema", generator("bad/bad_choice.yaml").to_str().unwrap()]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
}

/// CoralBot's page of 67 actions is not the repository's: this runs where `CQHTTP_CORALBOT` names it, or where it stands
/// beside the repository. Against a schema that knows nothing but types, and against the real one, whose titles name what
/// the page does not.
#[test]
fn a_long_page_of_methods() {
    let root = root("");
    let beside = || root.join("../shared/reference/coralbot-actions.zh.md");
    let page = std::env::var_os("CQHTTP_CORALBOT").map_or_else(beside, PathBuf::from);
    if !page.exists() {
        eprintln!("skipped: {} is not there; name it with CQHTTP_CORALBOT", page.display());
        return;
    }
    let page = page.to_str().unwrap();
    for (schema, guessed, nameless) in [("schema/types.yaml", 22, 45), ("schema", 3, 0)] {
        let schema = root.join(schema);
        let yaml = imported(&["--docs", page, "--schema", schema.to_str().unwrap(), "--all"]);
        let names: Vec<&str> = yaml.lines().filter(|line| line.starts_with("- name: ")).collect();
        assert_eq!(names.len(), 67);
        let count = |what: &str| names.iter().filter(|name| name.contains(what)).count();
        assert_eq!((count("guessed by the"), count("does not name it")), (guessed, nameless), "{names:#?}");
        let faults = assert_to_be_done("long page", &files(&schema, &is_action), &yaml);
        assert!(faults > 300, "{faults}");
    }
}

/// If each block's line were counted from the top, this would take an hour.
#[test]
fn a_page_of_many_blocks() {
    let text = "文\n\n".repeat(200_000)
        + "### 敲门\n\n终结点：`/knock`\n\n**参数**\n\n| 字段 | 类型 |\n| --- | --- |\n| `a` | strng |\n";
    let told = refused("many blocks", &text);
    assert!(told.contains("page.md:400009:1\n"), "{told}");
}
