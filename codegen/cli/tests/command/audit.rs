//! The command `audit`: small trees in the layout of go-cqhttp, one difference or one fault each; and the real one,
//! where it is at hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::folder;

/// One action of each kind of table, and a handler that is not an action.
const CASES: &str = r#"
	case "knock":
		p0 := int32(p.Get("[door_id,door].0").Int())
		p1 := p.Get("word").String()
		p2 := true
		if pt := p.Get("loud"); pt.Exists() {
			p2 = pt.Bool()
		}
		return c.bot.CQKnock(p0, p1, p2)
"#;
const CASES_11: &str = r#"
		case ".ring", "ring":
			p0 := p.Get("bell")
			return c.bot.CQRing(p0)
"#;
const HANDLERS: &str = r#"
// CQKnock knocks.
//
// @route(knock)
// @rename(door->"[door_id\x2Cdoor].0")
// @default(loud=true)
func (bot *CQBot) CQKnock(door int32, word string, loud bool) global.MSG {
	return nil
}

// CQRing rings.
//
// @route11(ring,".ring")
func (bot *CQBot) CQRing(bell gjson.Result, spec *onebot.Spec) global.MSG {
	return nil
}

// CQRingV12 is for others.
//
// @route12(ring_bell)
func (bot *CQBot) CQRingV12(bellID uint64) global.MSG {
	return nil
}

// Help helps @everybody.
func (bot *CQBot) Help() {}
"#;
const SCHEMA: &str = "\
- kind: id
  name: DoorId
  base: i64
  doc: A door.

- name: knock
  title: 敲门
  doc: Knocks at a door.
  origin: go-cqhttp
  effect: send
  params:
    - name: door_id
      type: DoorId
      aliases: [door]
      doc: The door.
    - name: word
      type: string?
      doc: What to say.
    - name: loud
      type: bool
      default: true
      doc: Whether it is to be heard.
  example:
    params:
      door_id: 1

- name: ring
  aliases: [.ring]
  title: 按铃
  doc: Rings a bell.
  origin: go-cqhttp
  effect: send
  params:
    - name: bell
      type: json
      doc: The bell.
  example:
    params:
      bell: front
";

/// A tree and a schema.
struct Case {
    name: &'static str,
    table: String,
    handlers: String,
    schema: String,
}

impl Case {
    /// A tree of which the schema says all, and nothing else.
    fn new(name: &'static str) -> Self {
        let table = format!(
            "package api\n\nfunc (c *Caller) call(action string, spec *onebot.Spec, p Getter) global.MSG {{\n\
             \tif spec.Version == 11 {{\n\t\tswitch action {{{CASES_11}\t\t}}\n\t}}\n\
             \tif spec.Version == 12 {{\n\t\tswitch action {{\n\t\tcase \"ring_bell\":\n\
             \t\t\tp0 := p.Get(\"bell_id\").Uint()\n\t\t\treturn c.bot.CQRingV12(p0)\n\t\t}}\n\t}}\n\
             \tswitch action {{{CASES}\t}}\n\treturn coolq.Failed(404, \"NO\", \"没有\")\n}}\n"
        );
        Self { name, table, handlers: format!("package coolq\n{HANDLERS}"), schema: SCHEMA.into() }
    }

    fn replaced(text: &str, old: &str, new: &str) -> String {
        assert!(text.contains(old), "{old:?} is not in\n{text}");
        text.replacen(old, new, 1)
    }

    fn table(mut self, old: &str, new: &str) -> Self {
        self.table = Self::replaced(&self.table, old, new);
        self
    }

    fn handlers(mut self, old: &str, new: &str) -> Self {
        self.handlers = Self::replaced(&self.handlers, old, new);
        self
    }

    fn schema(mut self, old: &str, new: &str) -> Self {
        self.schema = Self::replaced(&self.schema, old, new);
        self
    }

    fn written(&self) -> PathBuf {
        let name = format!("audit {}", self.name);
        folder(
            &name,
            &[
                ("tree/modules/api/api.go", self.table.as_bytes()),
                ("tree/coolq/api.go", self.handlers.as_bytes()),
                ("schema/actions.yaml", self.schema.as_bytes()),
            ],
        )
    }

    fn run(&self) -> Said {
        audit(&self.written(), &["--go-cqhttp", "tree"])
    }

    /// Returns the findings without the line of counts, and that line.
    fn findings(&self) -> String {
        let said = self.run();
        assert_eq!((said.code, said.err.as_str()), (Some(1), ""), "{}", said.out);
        said.out
    }

    /// Returns the standard error for a tree that cannot be read.
    fn trouble(&self) -> String {
        let said = self.run();
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{}", said.err);
        said.err
    }
}

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn audit(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cqhttp-codegen"));
    let Output { status, stdout, stderr } = command.arg("audit").args(arguments).current_dir(folder).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    Said { code: status.code(), out: text(stdout), err: text(stderr) }
}

fn count(actions: &str, findings: &str, explained: usize) -> String {
    format!("{actions} of go-cqhttp, 2 in the schema: {findings}, {explained} explained\n")
}

fn one(line: &str) -> String {
    format!("{line}\n{}", count("2 actions", "1 finding", 0))
}

/// Deeply nested code is read, and so is text that is not code.
#[test]
fn code_that_nests_deeply() {
    let nested = |inner: &str| format!("var x = {}{inner}{}\n", "(".repeat(200_000), ")".repeat(200_000));
    let sound = Case::new("nested").handlers("// Help", &(nested("1") + "\n// Help"));
    let said = sound.run();
    assert_eq!((said.code, said.out), (Some(0), count("2 actions", "0 findings", 0)), "{}", said.err);
    let broken = Case::new("nested by half").handlers("// Help", &(nested("1 2") + "\n// Help"));
    let told = broken.trouble();
    assert!(told.contains("expected Go, found something else"), "{}", &told[..told.len().min(500)]);
    let case = "\tcase \"deep\":\n\t\tp0 := ";
    let read = Case::new("nested reading")
        .table(CASES, &format!("{case}{}1{}\n{CASES}", "int32(".repeat(100_000), ")".repeat(100_000)));
    assert!(read.trouble().contains("expected `p… := p.Get"));
}

#[test]
fn a_schema_that_says_all_is_not_reported() {
    let said = Case::new("same").run();
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(said.out, count("2 actions", "0 findings", 0));
}

/// The schema of a fork's crate, which adds to another: both are compared, each with its own lines.
#[test]
fn a_schema_that_adds_to_another() {
    let (base, own) = SCHEMA.split_at(SCHEMA.find("- name: ring").unwrap());
    let root = Case::new("added").written();
    let stale = own.replace("  effect: send\n", "  effect: send\n  deviates:\n    names: Because.\n");
    fs::create_dir(root.join("own")).unwrap();
    fs::write(root.join("schema/actions.yaml"), base).unwrap();
    fs::write(root.join("own/ring.yaml"), own).unwrap();
    let arguments = ["--go-cqhttp", "tree", "--base", "schema", "--schema", "own"];
    let said = audit(&root, &arguments);
    assert_eq!((said.code, said.out), (Some(0), count("2 actions", "0 findings", 0)), "{}", said.err);
    fs::write(root.join("own/ring.yaml"), stale).unwrap();
    fs::write(root.join("schema/actions.yaml"), base.replace("default: true", "default: false")).unwrap();
    let found = audit(&root, &arguments).out;
    let lines: Vec<&str> = found.lines().collect();
    assert!(lines[0].starts_with("own/ring.yaml:8:12: `names` of `deviates:` explains nothing"), "{found}");
    assert!(
        lines[1].starts_with("schema/actions.yaml:19:13: go-cqhttp assumes `true` if `loud` of `knock` is absent"),
        "{found}"
    );
    assert_eq!(lines.len(), 3, "{found}");
    let alone = audit(&root, &["--go-cqhttp", "tree", "--schema", "own"]).out;
    assert!(alone.contains("the schema lacks the action `knock`"), "{alone}");
}

#[test]
fn an_action_without_a_stanza() {
    let case = Case::new("missing")
        .table(CASES, &format!("{CASES}\tcase \"open\":\n\t\treturn c.bot.CQOpen()\n"))
        .handlers("// Help", "// @route(open)\nfunc (bot *CQBot) CQOpen() {}\n\n// Help");
    assert_eq!(
        case.findings(),
        "tree/modules/api/api.go:27:2: the schema lacks the action `open`, which go-cqhttp answers; add a stanza\n"
            .to_owned()
            + &count("3 actions", "1 finding", 0)
    );
}

#[test]
fn an_action_that_the_code_lacks() {
    let gone = |case: Case| {
        case.table(CASES, "\n")
            .handlers("// @route(knock)\n// @rename(door->\"[door_id\\x2Cdoor].0\")\n// @default(loud=true)\n", "")
    };
    assert_eq!(
        gone(Case::new("absent")).findings(),
        "schema/actions.yaml:6:9: go-cqhttp has no action `knock`; write `server: unsupported` or `removed`, or \
         explain it with `deviates:` and `absent: …`\n"
            .to_owned()
            + &count("1 action", "1 finding", 0)
    );
    for state in ["unsupported", "removed"] {
        let case = gone(Case::new("absent and known")).schema("  effect", &format!("  server: {state}\n  effect"));
        assert_eq!(case.run().out, count("1 action", "0 findings", 0), "{state}");
    }
    let case = gone(Case::new("absent and explained"))
        .schema("  effect: send\n", "  effect: send\n  deviates:\n    absent: It is a plugin's.\n");
    assert_eq!(case.run().out, count("1 action", "0 findings", 1));
}

#[test]
fn an_action_that_the_schema_denies() {
    for state in ["unsupported", "removed"] {
        assert_eq!(
            Case::new("denied").schema("  effect", &format!("  server: {state}\n  effect")).findings(),
            one("schema/actions.yaml:6:9: go-cqhttp answers `knock`, which the schema denies; remove `server:`")
        );
    }
}

#[test]
fn further_names_of_an_action() {
    assert_eq!(
        Case::new("name lacking").schema("  aliases: [.ring]\n", "").findings(),
        one("schema/actions.yaml:27:9: go-cqhttp answers `ring` as `.ring` too; add it to `aliases:`, or explain it \
             with `deviates:` and `names: …`, naming `.ring`")
    );
    assert_eq!(
        Case::new("name too much").schema("[.ring]", "[.ring, _ring]").findings(),
        one("schema/actions.yaml:27:9: go-cqhttp does not answer `ring` as `_ring`; remove the name, or explain it \
             with `deviates:` and `names: …`, naming `_ring`")
    );
}

#[test]
fn two_actions_in_one_stanza() {
    let case = Case::new("two")
        .table("\tcase \"knock\"", "\tcase \"tap\":\n\t\treturn c.bot.CQTap()\n\tcase \"knock\"")
        .handlers("// Help", "// @route(tap)\nfunc (bot *CQBot) CQTap() {}\n\n// Help")
        .schema("- name: ring\n  aliases: [.ring]", "- name: ring\n  aliases: [.ring, tap]");
    assert_eq!(
        case.findings(),
        "schema/actions.yaml:27:9: `ring` is 2 actions in the code; make each a stanza, or explain it with \
         `deviates:` and `names: …`, naming `tap`\n"
            .to_owned()
            + &count("3 actions", "1 finding", 0)
    );
}

#[test]
fn a_parameter_that_the_schema_lacks() {
    let word = "    - name: word\n      type: string?\n      doc: What to say.\n";
    let line = "schema/actions.yaml:6:9: `knock` lacks the parameter `word`, which go-cqhttp reads";
    assert_eq!(
        Case::new("parameter lacking").schema(word, "").findings(),
        one(&format!("{line}; add it, or explain it with `deviates:` and `params: …`, naming `word`"))
    );
    let case = Case::new("parameter lacking for a reason").schema(word, "").schema(
        "  effect: send\n",
        "  effect: send\n  deviates:\n    params: >-\n      Nobody\n      listens to `word`.\n",
    );
    let folder = case.written();
    let said = audit(&folder, &["--go-cqhttp", "tree", "--explained"]);
    assert_eq!(said.code, Some(0));
    assert_eq!(
        said.out,
        format!("{line}; explained: Nobody listens to `word`.\n") + &count("2 actions", "0 findings", 1)
    );
}

#[test]
fn a_parameter_that_the_code_does_not_read() {
    let case = Case::new("unread").schema(
        "    - name: loud",
        "    - name: twice\n      type: bool?\n      doc: Whether to knock twice.\n    - name: loud",
    );
    assert_eq!(
        case.findings(),
        one("schema/actions.yaml:19:13: go-cqhttp does not read `twice` of `knock`; remove the parameter, or explain \
             it with `deviates:` and `unread: …`")
    );
}

#[test]
fn names_of_a_parameter() {
    assert_eq!(
        Case::new("alias lacking").schema("      aliases: [door]\n", "").findings(),
        one("schema/actions.yaml:12:13: go-cqhttp reads `door_id` of `knock` as `door` too; add it to `aliases:`, or \
             explain it with `deviates:` and `names: …`, naming `door`")
    );
    assert_eq!(
        Case::new("alias too much").schema("aliases: [door]", "aliases: [door]\n      also: [gate, yard]").findings(),
        one("schema/actions.yaml:12:13: go-cqhttp does not read `door_id` of `knock` as `gate`, `yard`; remove the \
             name, or explain it with `deviates:` and `names: …`, naming `gate`, `yard`")
    );
    assert_eq!(
        Case::new("sent under another name")
            .schema("- name: door_id", "- name: door_id\n      wire: gate")
            .schema("      door_id: 1", "      gate: 1")
            .schema("[door]", "[door, door_id]")
            .findings(),
        one(
            "schema/actions.yaml:12:13: go-cqhttp reads `door_id` of `knock` only as `door_id`, `door`; send it under \
             that name, as `wire:` or `also:`, or explain it with `deviates:` and `names: …`, naming `door_id`, `door`"
        )
    );
    let case = Case::new("sent under two names, one of which is read")
        .schema("- name: door_id", "- name: door_id\n      wire: door\n      also: [door_id]")
        .schema("      aliases: [door]\n", "")
        .schema("      door_id: 1", "      door: 1");
    assert_eq!(case.run().out, count("2 actions", "0 findings", 0));
}

/// Each type of the schema, with a way of reading that holds its values and one that does not.
#[test]
fn types_of_a_parameter() {
    for (ty, example, good, bad) in [
        ("bool", "true", ".Bool()", ".Int()"),
        ("i32", "1", ".Int()", ".Uint()"),
        ("i32", "1", "int32", ".String()"),
        ("u32", "1", "uint32", "int32"),
        ("i64", "1", ".Int()", "int32"),
        ("u64", "1", ".Uint()", ".Int()"),
        ("timestamp", "1", ".Int()", "uint32"),
        ("string", "a", ".String()", ".Int()"),
        ("string[]", "[a]", "", ".String()"),
        ("json", "a", "", ".Bool()"),
        ("DoorId", "1", "uint32", ".String()"),
        ("file_source", "a", ".String()", ".Bool()"),
    ] {
        let case = |read: &str| {
            let (read, go) = match read {
                "" => ("p.Get(\"word\")".into(), "gjson.Result"),
                ".Bool()" => (format!("p.Get(\"word\"){read}"), "bool"),
                ".Int()" => (format!("p.Get(\"word\"){read}"), "int64"),
                ".Uint()" => (format!("p.Get(\"word\"){read}"), "uint64"),
                ".String()" => (format!("p.Get(\"word\"){read}"), "string"),
                "int32" => ("int32(p.Get(\"word\").Int())".to_owned(), "int32"),
                _ => ("uint32(p.Get(\"word\").Uint())".to_owned(), "uint32"),
            };
            let case = Case::new("types")
                .table("p.Get(\"word\").String()", &read)
                .handlers("word string", &format!("word {go}"))
                .schema("type: string?", &format!("type: {ty}?"))
                .schema("      door_id: 1", &format!("      door_id: 1\n      word: {example}"));
            (case, go)
        };
        assert_eq!(case(good).0.run().out, count("2 actions", "0 findings", 0), "{ty} {good}");
        let (case, go) = case(bad);
        assert_eq!(
            case.findings(),
            one(&format!(
                "schema/actions.yaml:16:13: go-cqhttp reads `word` of `knock` as `{go}`, the schema has `{ty}?`; \
                 change the type, or explain it with `deviates:` and `type: …`, naming `{go}`"
            ))
        );
    }
}

#[test]
fn defaults_of_a_parameter() {
    let hint = "explain it with `deviates:` and `default: …`";
    assert_eq!(
        Case::new("another default").schema("default: true", "default: false").findings(),
        one(&format!(
            "schema/actions.yaml:19:13: go-cqhttp assumes `true` if `loud` of `knock` is absent, the schema \
             assumes `false`; change the default, or {hint}, naming `true`"
        ))
    );
    assert_eq!(
        Case::new("no default").schema("type: bool\n      default: true", "type: bool?").findings(),
        one(&format!(
            "schema/actions.yaml:19:13: go-cqhttp assumes `true` if `loud` of `knock` is absent, the schema \
             has no default; add the default, or {hint}, naming `true`"
        ))
    );
    assert_eq!(
        Case::new("a default where the code has none")
            .schema("type: string?", "type: string\n      default: hello")
            .findings(),
        one(&format!(
            "schema/actions.yaml:16:13: go-cqhttp assumes an empty string if `word` of `knock` is absent, the \
             schema assumes `hello`; change the default, or {hint}, naming `\"\"`"
        ))
    );
    let case = Case::new("Go's zero").schema("type: string?", "type: string\n      default: \"\"");
    assert_eq!(case.run().out, count("2 actions", "0 findings", 0));
}

/// A `Target` goes out as three parameters.
#[test]
fn a_target_is_three_parameters() {
    let reads = |names: &[&str]| -> String {
        names.iter().enumerate().map(|(i, name)| format!("\t\t\tp{i} := p.Get(\"{name}\").Int()\n")).collect()
    };
    let bell = "    - name: bell\n      type: json\n      doc: The bell.\n";
    let case = |names: &[&str]| {
        let takes = names.iter().map(|name| format!("{name} int64")).collect::<Vec<_>>().join(", ");
        Case::new("target")
            .table("\t\t\tp0 := p.Get(\"bell\")\n", &reads(names))
            .handlers("bell gjson.Result, ", &format!("{takes}, "))
            .schema(bell, "    - name: target\n      type: Target\n      doc: Where.\n")
            .schema("      bell: front", "      message_type: group\n      group_id: 1")
    };
    let all = ["message_type", "user_id", "group_id"];
    assert_eq!(case(&all).run().out, count("2 actions", "0 findings", 0));
    assert_eq!(
        case(&all[..2]).findings(),
        one("schema/actions.yaml:34:13: go-cqhttp does not read `group_id`, which `target` of `ring` goes out as; \
             remove the parameter, or explain it with `deviates:` and `unread: …`, naming `group_id`")
    );
}

/// A reason is for what it names: what differs besides, or differs in another way later on, is found.
#[test]
fn a_reason_explains_what_it_names() {
    let params = |reason: &str| {
        let deviates = format!("  effect: send\n  deviates:\n    params: {reason}\n");
        Case::new("named parameters")
            .table(
                "p1 := p.Get(\"word\").String()",
                "p1 := p.Get(\"secret\").String()\n\t\tp3 := p.Get(\"group_id\").Int()",
            )
            .table("CQKnock(p0, p1, p2)", "CQKnock(p0, p1, p3, p2)")
            .handlers("word string,", "secret string, groupID int64,")
            .schema("    - name: word\n      type: string?\n      doc: What to say.\n", "")
            .schema("  effect: send\n", &deviates)
    };
    let group = "schema/actions.yaml:6:9: `knock` lacks the parameter `group_id`, which go-cqhttp reads; add \
                 it, or name `group_id` in `params:` of `deviates:`";
    let found = params("The `secret` is internal.").findings();
    assert_eq!(found, format!("{group}\n") + &count("2 actions", "1 finding", 1));
    let neither = params("The secret is internal.").run().out;
    assert!(neither.contains("add it, or name `secret` in `params:` of `deviates:`\n"), "{neither}");
    assert!(neither.ends_with(&count("2 actions", "2 findings", 0)), "{neither}");
    let both = params("The `secret` and the `group_id` are internal.").run();
    assert_eq!((both.code, both.out), (Some(0), count("2 actions", "0 findings", 2)));

    let of_param = |key: &str, reason: &str, schema: (&str, &str)| {
        let deviates = format!("{}\n      deviates:\n        {key}: {reason}", schema.1);
        Case::new("named differences").schema(schema.0, &deviates)
    };
    let names = ("aliases: [door]", "also: [gate, yard]\n      aliases: [door]");
    let ty = ("type: string?", "type: i64?");
    let default = ("default: true", "default: false");
    for (key, schema, vague, exact, lacking) in [
        ("names", names, "Of old, `gate`.", "Of old, `gate` and `yard`.", "`yard`"),
        ("type", ty, "A number of old.", "Of old; now `string`.", "`string`"),
        ("default", default, "Of old.", "Of old; now `true`.", "`true`"),
    ] {
        let found = of_param(key, vague, schema).findings();
        let hint = format!(", or name {lacking} in `{key}:` of `deviates:`\n");
        assert!(found.contains(&hint), "{hint:?} is not in\n{found}");
        assert_eq!(of_param(key, exact, schema).run().out, count("2 actions", "0 findings", 1), "{key}");
    }
}

#[test]
fn explanations_of_nothing() {
    let action =
        Case::new("stale action").schema("  effect: send\n", "  effect: send\n  deviates:\n    absent: It was.\n");
    assert_eq!(
        action.findings(),
        one(
            "schema/actions.yaml:12:13: `absent` of `deviates:` explains nothing: `knock` is as on the servers; remove it"
        )
    );
    let param = Case::new("stale parameter").schema(
        "      doc: What to say.\n",
        "      doc: What to say.\n      deviates:\n        type: It was.\n        default: It was.\n",
    );
    let line = |line, what| {
        format!(
            "schema/actions.yaml:{line}: `{what}` of `deviates:` explains nothing: `word` of `knock` is as on the \
             servers; remove it\n"
        )
    };
    assert_eq!(
        param.findings(),
        line("20:15", "type") + &line("21:18", "default") + &count("2 actions", "2 findings", 0)
    );
    // Of an action that is not there, no parameter differs.
    let unsupported = Case::new("stale parameter of what is absent")
        .table(CASES, "\n")
        .handlers("// @route(knock)\n// @rename(door->\"[door_id\\x2Cdoor].0\")\n// @default(loud=true)\n", "")
        .schema("  effect: send\n", "  effect: send\n  server: removed\n")
        .schema("      doc: What to say.\n", "      doc: What to say.\n      deviates:\n        type: It was.\n");
    assert_eq!(unsupported.findings(), line("21:15", "type") + &count("1 action", "1 finding", 0));
}

/// The table is made from the annotations; a tree where somebody forgot that says two things.
#[test]
fn a_table_that_is_not_what_the_annotations_say() {
    const HINT: &str = "; the tree contradicts itself: regenerate its table with `go generate ./modules/api`";
    for (name, table, handlers, said) in [
        (
            "handler",
            ("c.bot.CQKnock", "c.bot.CQTap"),
            ("", ""),
            "modules/api/api.go:19:2: the table calls CQTap for `knock`, the annotation is above CQKnock",
        ),
        (
            "type",
            ("int32(p.Get(\"[door_id,door].0\").Int())", "p.Get(\"[door_id,door].0\").Int()"),
            ("", ""),
            "modules/api/api.go:20:3: the table reads other parameters for `knock` than CQKnock takes",
        ),
        (
            "number",
            ("", ""),
            ("loud bool)", "loud bool, again bool)"),
            "modules/api/api.go:19:2: the table reads other parameters for `knock` than CQKnock takes",
        ),
        (
            "not in the table",
            ("", ""),
            ("// Help", "// @route(open)\nfunc (bot *CQBot) CQOpen() {}\n\n// Help"),
            "coolq/api.go:27:1: CQOpen is annotated with `open`, and the table lacks it",
        ),
        (
            "not annotated",
            ("", ""),
            ("// @route11(ring,\".ring\")", ""),
            "modules/api/api.go:6:3: the table has `.ring`, `ring`, and no handler is annotated with it",
        ),
    ] {
        let case = Case::new("table").table(table.0, table.1).handlers(handlers.0, handlers.1);
        assert_eq!(case.findings(), one(&format!("tree/{said}{HINT}")), "{name}");
    }
}

#[test]
fn json_for_programs() {
    let case = Case::new("json").schema("default: true", "default: false").schema(
        "aliases: [door]",
        "aliases: [door]\n      also: [gate]\n      deviates:\n        names: Once it was `gate`.",
    );
    let said = audit(&case.written(), &["--go-cqhttp", "tree", "--format", "json"]);
    assert_eq!((said.code, said.err.as_str()), (Some(1), ""));
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json["actions"], serde_json::json!({ "schema": 2, "servers": { "go-cqhttp": 2 } }));
    let [finding] = json["findings"].as_array().unwrap().as_slice() else { panic!("{json}") };
    assert_eq!(
        (&finding["kind"], &finding["action"], &finding["param"], &finding["file"], &finding["line"]),
        (&"default".into(), &"knock".into(), &"loud".into(), &"schema/actions.yaml".into(), &22.into())
    );
    let [explained] = json["explained"].as_array().unwrap().as_slice() else { panic!("{json}") };
    assert_eq!((&explained["kind"], &explained["reason"]), (&"names".into(), &"Once it was `gate`.".into()));
}

#[test]
fn a_folder_that_is_no_checkout() {
    let folder = folder("audit nothing", &[("schema/a.yaml", SCHEMA.as_bytes()), ("tree/README.md", b"")]);
    let said = audit(&folder, &["--go-cqhttp", "tree"]);
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(
        said.err.contains("tree/modules/api/api.go: expected a file of go-cqhttp, found none that can be read: "),
        "{}",
        said.err
    );
    assert!(said.err.contains("name a checkout of go-cqhttp 1.0 or later"), "{}", said.err);

    let case = Case::new("half a tree");
    let tree = case.written();
    fs::remove_file(tree.join("tree/coolq/api.go")).unwrap();
    let said = audit(&tree, &["--go-cqhttp", "tree"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("tree/coolq/api.go: expected a file of go-cqhttp"), "{}", said.err);
}

/// Unknown code is reported with its line.
#[test]
fn a_table_that_cannot_be_read() {
    for (old, new, place, said) in [
        ("\treturn coolq.Failed(404, \"NO\", \"没有\")\n}\n", "", "28:1", "expected Go, found something else"),
        ("p.Get(\"word\").String()", "p.Get(", "", "expected Go, found something else"),
        (" call(", " route(", "1:1", "expected the method `call` with a `switch action`, found none"),
        ("spec.Version == 11", "spec.Version > 10", "4:2", "expected `if spec.Version == 11` or `12`, found `if spec"),
        (
            "\tswitch action {\n\tcase \"knock",
            "\tswitch spec {\n\tcase \"knock",
            "18:2",
            "expected `switch action`, found `switch spec {`",
        ),
        (
            "\tcase \"knock\":",
            "\tcase knock:",
            "19:2",
            "expected `case` with the action's name as a string, found `case knock:`",
        ),
        (
            "\tcase \"knock\":",
            "\tdefault:",
            "19:2",
            "expected `case` with the action's name as a string, found `default:`",
        ),
        ("p.Get(\"word\").String()", "p.Get(\"word\").Float()", "21:3", "expected `p… := p.Get(\"…\")`, or a default"),
        ("p.Get(\"word\").String()", "uint32(p.Get(\"word\").Int())", "21:3", "expected `p… := p.Get(\"…\")`"),
        ("p.Get(\"word\").String()", "p.Get(word).String()", "21:3", "expected a name, or names as in `[a,b].0`"),
        ("[door_id,door].0", "doors.#.id", "20:3", "expected a name, or names as in `[a,b].0`, found `p0 := int32("),
        ("pt.Exists()", "pt.IsTrue()", "23:3", "or a default and `if pt := p.Get(\"…\"); pt.Exists()`, found `if pt"),
        ("\t\tp2 := true\n", "", "", "expected `p… := p.Get(\"…\")`"),
        (
            "return c.bot.CQKnock(p0, p1, p2)",
            "return knock(p0)",
            "26:3",
            "expected `return c.bot.` and a handler's call",
        ),
        ("\t\treturn c.bot.CQKnock(p0, p1, p2)\n", "", "19:2", "expected a case that ends in `return c.bot.`"),
    ] {
        let trouble = Case::new("bad table").table(old, new).trouble();
        assert!(trouble.contains(said), "{said:?} is not in\n{trouble}");
        assert!(trouble.contains(&format!("tree/modules/api/api.go:{place}")), "{place:?} is not in\n{trouble}");
        assert!(trouble.contains("go-cqhttp's code could not be read"), "{trouble}");
    }
    let empty = "package api\n\nfunc (c *Caller) call() {\n\tswitch action {\n\t}\n}\n";
    let trouble = Case { table: empty.into(), ..Case::new("empty table") }.trouble();
    assert!(trouble.contains("expected a `switch action` with the actions as cases, found none"), "{trouble}");
}

#[test]
fn handlers_that_cannot_be_read() {
    for (old, new, place, said) in [
        ("// @route(knock)", "// @rout(knock)", "5:1", "expected an annotation that is known, found `@rout`"),
        (
            "// @route(knock)",
            "// @alias(knock)",
            "5:1",
            "known here: `route`, `route11`, `route12`, `rename`, `default`",
        ),
        ("// @route(knock)", "// @route(knock", "5:1", "expected `@name(…)`, found `@route(knock`"),
        ("// @route(knock)", "// @route(knock,)", "5:1", "expected names of actions in `@route`, found `knock,`"),
        ("door->", "gate->", "6:1", "expected a parameter of the handler, found `gate`"),
        ("door->", "door=", "6:1", "expected pairs with `->` in `@rename`, found `door="),
        ("\\x2Cdoor].0", "\\x2Cdoor].1", "6:1", "expected a name, or names as in `[a,b].0` in `@rename`"),
        ("loud=true", "loud=yes", "7:1", "expected bool in `@default`, found `yes`"),
        ("loud bool", "loud float64", "8:52", "expected a type that parameters have, found `float64`"),
        ("package coolq\n", "package coolq\n\nfunc {", "3:", "expected Go, found something else"),
    ] {
        let trouble = Case::new("bad handlers").handlers(old, new).trouble();
        assert!(trouble.contains(said), "{said:?} is not in\n{trouble}");
        assert!(trouble.contains(&format!("tree/coolq/api.go:{place}")), "{place:?} is not in\n{trouble}");
    }
    let bare = "package coolq\n\nfunc (bot *CQBot) CQKnock() {}\n";
    let trouble = Case { handlers: bare.into(), ..Case::new("no handlers") }.trouble();
    assert!(trouble.contains("expected handlers with `// @route(…)`, found none"), "{trouble}");
}

#[test]
fn a_file_that_is_no_text() {
    let folder = Case::new("bytes").written();
    fs::write(folder.join("tree/modules/api/api.go"), b"package api \xff").unwrap();
    let said = audit(&folder, &["--go-cqhttp", "tree"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("expected Go, found bytes that are not UTF-8"), "{}", said.err);
}

/// OneBot 12 came with a file of its own, which older trees lack.
#[test]
fn handlers_of_the_second_file_are_read() {
    let case = Case::new("second file");
    let (first, second) = case.handlers.split_once("// CQRingV12").unwrap();
    let folder = folder(
        "audit two files",
        &[
            ("tree/modules/api/api.go", case.table.as_bytes()),
            ("tree/coolq/api.go", first.as_bytes()),
            ("tree/coolq/api_v12.go", format!("package coolq\n\n// CQRingV12{second}").as_bytes()),
            ("schema/actions.yaml", SCHEMA.as_bytes()),
        ],
    );
    assert_eq!(audit(&folder, &["--go-cqhttp", "tree"]).out, count("2 actions", "0 findings", 0));
}

#[test]
fn a_schema_that_cannot_be_read() {
    let faulty = Case::new("faulty schema").schema("effect: send", "effect: sent");
    let trouble = faulty.trouble();
    assert!(trouble.contains("`sent` is not a valid effect"), "{trouble}");
    assert!(trouble.contains("schema: cannot be compared, since it has faults"), "{trouble}");
    let folder = Case::new("no schema").written();
    let said = audit(&folder, &["--go-cqhttp", "tree", "--schema", "nowhere"]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("nowhere: cannot be read"), "{}", said.err);
}

/// The real tree is nobody's to copy: this runs where `CQHTTP_GO_CQHTTP` names a checkout of it.
#[test]
fn the_schema_is_what_go_cqhttp_does() {
    let Some(tree) = std::env::var_os("CQHTTP_GO_CQHTTP") else {
        eprintln!("skipped: set CQHTTP_GO_CQHTTP to a checkout of go-cqhttp to compare the schema with it");
        return;
    };
    let tree = std::path::absolute(tree).unwrap();
    let root = crate::support::root("");
    let said = audit(&root, &["--go-cqhttp", tree.to_str().unwrap()]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{}", said.out);
    assert!(said.out.contains(", 84 of go-cqhttp, "), "{}", said.out);
}
