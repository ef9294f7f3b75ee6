//! `diff`, as a maintainer runs it: what each change is called, and whether it breaks code.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Said, folder, run_in};
use serde_json::{Value, json};

/// One of everything.
const SCHEMA: &str = r#"
- name: set_light
  title: 设置灯光
  doc: Sets a light.
  origin: onebot11
  effect: write
  params:
    - name: room
      type: RoomId
      doc: The room.
    - name: level
      type: u32
      doc: How bright.
    - name: seconds
      type: u32
      default: 30
      doc: For how long.
    - name: colour
      type: string?
      doc: In which colour.
  errors: [DARK]
  returns:
    - name: before
      type: i32
      doc: How bright it was.
    - name: lamps
      type: string[]
      doc: Which lamps.
  example:
    params: { room: 1, level: 2, seconds: 3, colour: red }
    returns: { before: 1, lamps: [a] }

- name: get_lights
  title: 获取灯光
  doc: Lists the lights.
  origin: onebot11
  effect: read
  params:
    - name: next
      type: string?
      doc: The page.
  pages:
    set: next
    from: token
  returns:
    - name: token
      type: string?
      doc: The next page.
  example:
    params: { next: a }
    returns: { token: b }

- name: get_light
  title: 获取一盏灯
  doc: Gets a light.
  origin: onebot11
  effect: read
  returns: Light
  example:
    returns: { name: a }

- kind: object
  name: Light
  doc: A light.
  fields:
    - name: name
      type: string
      doc: Its name.
    - name: state
      type: State?
      doc: Its state.
  example: { name: a }

- kind: enum
  name: State
  base: string
  doc: What a light does.
  values:
    - { value: shining, doc: It shines. }
    - { value: broken, doc: It does not. }

- kind: enum
  name: RefusalCode
  base: string
  doc: Why.
  values:
    - { value: DARK, doc: It is dark. }
    - { value: LATE, doc: It is late. }

- { kind: id, name: RoomId, base: i64, doc: A room. }
- { kind: id, name: UserId, base: i64, doc: A user. }
- { kind: id, name: HouseId, base: i64, doc: A house. }

- kind: event
  name: light_changed
  title: 灯光变化
  doc: A light has changed.
  post_type: request
  type: light
  operation: LightOperation
  fields:
    - name: room
      type: RoomId
      doc: The room.
    - name: level
      type: i32
      doc: How bright.
    - name: name
      type: string?
      doc: Which.
  example: { post_type: request, request_type: light, time: 1, self_id: 2, room: 3, level: 4 }

- kind: operation
  name: LightOperation
  doc: What to do about it.
  params:
    - name: off
      type: bool
      default: false
      doc: Whether to put it out.

- kind: segment
  name: lamp
  title: 灯
  doc: A lamp.
  direction: both
  fields:
    - name: file
      type: file_source
      doc: A picture.
    - name: watts
      type: u32?
      doc: How strong.
    - name: kind
      wire: type
      type: string?
      doc: Which.
  example: { file: a.png }

- kind: segment
  name: spark
  title: 火花
  doc: A spark.
  direction: both
"#;

/// A change of the schema, as texts to replace, and the lines that `diff` has for it.
struct Case(&'static [(&'static str, &'static str)], &'static [&'static str]);

const PARAM: &str = "    - name: seconds\n";
const LAST_PARAM: &str = "      doc: In which colour.\n";
const LAST_FIELD: &str = "      doc: Which lamps.\n";
const EVENT_FIELD: &str = "      doc: Which.\n  example: { post_type";
const SEGMENT_FIELD: &str = "      doc: Which.\n  example: { file";

const ACTIONS: &[Case] = &[
    Case(&[("origin: onebot11", "origin: onebot11")], &["Nothing changed."]),
    // What go-cqhttp's code does otherwise is for `audit` alone.
    Case(
        &[(
            "effect: write\n  params:\n    - name: room\n      type: RoomId\n",
            "effect: write\n  deviates: { names: Two. }\n  params:\n    - name: room\n      type: RoomId\n      \
             deviates: { unread: It is not. }\n",
        )],
        &["Nothing changed."],
    ),
    Case(
        &[("effect: read\n  returns: Light", "effect: read\n  soft_failure: true\n  returns: Light")],
        &["- action `get_light`: an answer with a code of QQ's other than 0 is a refusal."],
    ),
    Case(
        &[(
            "effect: read\n  returns: Light\n  example:\n",
            "effect: read\n  stream: Light\n  returns: Light\n  example:\n    parts: [{ name: b }]\n",
        )],
        &["- **Breaking:** action `get_light`: answers in parts of `Light`: its call is no longer awaited."],
    ),
    Case(
        &[("- name: get_light\n", "- name: GetLight\n  method: get_light\n")],
        &["- action `get_light`: goes out as `GetLight`; before: `get_light`."],
    ),
    Case(
        &[("- name: get_light\n", "- name: get_light\n  method: look\n")],
        &["- **Breaking:** action `get_light`: removed.", "- action `look`: new: `look() -> Light`."],
    ),
    Case(
        &[
            (
                "      doc: In which colour.\n",
                "      doc: In which colour.\n    - { name: shade, type: string?, doc: In which shade. }\n",
            ),
            ("  errors: [DARK]\n", "  at_most_one: [colour, shade]\n  errors: [DARK]\n"),
        ],
        &[
            "- action `set_light`: new parameter `shade` is `String`, optional.",
            "- action `set_light`: Set at most one of `colour` and `shade`. Other calls are not sent.",
        ],
    ),
    Case(
        &[("  returns: Light\n", "  returns: never\n"), ("  example:\n    returns: { name: a }\n", "")],
        &["- **Breaking:** action `get_light`: answers nothing, since the server ends; before: `Light`."],
    ),
    Case(
        &[(
            "      type: u32?\n      doc: How strong.",
            "      type: u32?\n      as_json: true\n      doc: How strong.",
        )],
        &["- segment `Lamp`: field `watts` goes out as JSON; before: as a text."],
    ),
    Case(
        &[("- name: get_light\n", "- name: get_lamp\n")],
        &["- **Breaking:** action `get_light`: removed.", "- action `get_lamp`: new: `get_lamp() -> Light`."],
    ),
    Case(
        &[("- name: get_light\n", "- name: _get_light\n")],
        &["- action `get_light`: goes out as `_get_light`; before: `get_light`."],
    ),
    Case(
        &[("effect: write", "effect: send")],
        &["- action `set_light`: the effect is `send`, which layers use; before: `write`."],
    ),
    Case(
        &[("effect: write", "effect: write\n  silent: true")],
        &["- action `set_light`: an `Ok` does not prove that it was done."],
    ),
    Case(
        &[("effect: write", "effect: write\n  server: removed")],
        &["- action `set_light`: go-cqhttp has removed it."],
    ),
    Case(
        &[("effect: write", "effect: write\n  aliases: [_set_light]")],
        &["- action `set_light`: further names that servers read: `_set_light`; before: none."],
    ),
    Case(
        &[("effect: write", "effect: write\n  wait: seconds")],
        &["- action `set_light`: the time limit is longer by `seconds`; before: by nothing."],
    ),
    Case(
        &[(
            "- { kind: id, name: RoomId",
            "- { kind: refusal, name: other, doc: Other., happened: no, rules: [{ code: [DARK, LATE] }] }\n- { kind: id, name: RoomId",
        )],
        &["- refusal `Other`: new: refusals that were of another kind."],
    ),
    Case(
        &[("[DARK]", "[DARK, LATE]")],
        &["- action `set_light`: documented refusals: `DARK`, `LATE`; before: `DARK`."],
    ),
    Case(
        &[("origin: onebot11\n  effect: write", "origin: go-cqhttp\n  effect: write")],
        &["- action `set_light`: is an action of go-cqhttp's own."],
    ),
    Case(
        &[("origin: onebot11\n  effect: write", "origin: snowluma\n  effect: write")],
        &["- action `set_light`: is an action of SnowLuma's own."],
    ),
    Case(
        &[("  pages:\n    set: next\n    from: token\n", "")],
        &["- **Breaking:** action `get_lights`: no longer has pages: `.pages()` is gone."],
    ),
    Case(
        &[(
            "returns: Light\n  example:\n    returns: { name: a }\n",
            "returns: Light[]\n  example:\n    returns: []\n",
        )],
        &["- **Breaking:** action `get_light`: answers `Vec<Light>`; before: `Light`."],
    ),
    Case(
        &[("  returns: Light\n  example:\n    returns: { name: a }\n", "")],
        &["- **Breaking:** action `get_light`: answers nothing; before: `Light`."],
    ),
    Case(&[("Sets a light.", "Puts a light on.")], &["- Documentation: action `set_light`."]),
    Case(
        &[("设置灯光", "开灯"), ("doc: A room.", "doc: Any room."), ("colour: red", "colour: blue")],
        &["- Documentation: action `set_light`, type `RoomId`."],
    ),
];

const PARAMS: &[Case] = &[
    Case(
        &[
            (PARAM, "    - { name: lamp, type: string, doc: Which. }\n    - name: seconds\n"),
            ("level: 2", "level: 2, lamp: a"),
        ],
        &["- **Breaking:** action `set_light`: new parameter `lamp` is `String`, required."],
    ),
    Case(
        &[(LAST_PARAM, "      doc: In which colour.\n    - { name: slowly, type: bool, default: true, doc: How. }\n")],
        &["- action `set_light`: new parameter `slowly` is `bool`, by default `true`, which goes out from now on."],
    ),
    Case(
        &[(LAST_PARAM, "      doc: In which colour.\n    - { name: by, type: \"UserId[]?\", doc: Who. }\n")],
        &["- action `set_light`: new parameter `by` is `Vec<UserId>`, optional."],
    ),
    Case(
        &[("    - name: colour\n      type: string?\n      doc: In which colour.\n", ""), (", colour: red", "")],
        &["- **Breaking:** action `set_light`: parameter `colour` removed."],
    ),
    Case(
        &[("default: 30", "default: 60")],
        &["- **Breaking:** action `set_light`: parameter `seconds` goes out as 60 if it is not set; before: as 30."],
    ),
    Case(
        &[("type: u32\n      default: 30", "type: i64\n      default: 30")],
        &[
            "- **Breaking:** action `set_light`: parameter `seconds` is `i64`, by default 30; it was `u32`, by default 30.",
        ],
    ),
    Case(
        &[("type: u32\n      default: 30", "type: u32?")],
        &["- **Breaking:** action `set_light`: parameter `seconds` is `u32`, optional; it was `u32`, by default 30."],
    ),
    Case(
        &[("type: u32\n      default: 30", "type: u32")],
        &["- **Breaking:** action `set_light`: parameter `seconds` is `u32`, required; it was `u32`, by default 30."],
    ),
    Case(
        &[("type: u32\n      doc: How bright.", "type: u32?\n      doc: How bright.")],
        &["- **Breaking:** action `set_light`: parameter `level` is `u32`, optional; it was `u32`, required."],
    ),
    Case(
        &[
            ("    - name: level\n      type: u32\n      doc: How bright.\n", ""),
            (
                "    - name: room\n      type: RoomId\n      doc: The room.\n    - name: seconds",
                "    - name: level\n      type: u32\n      doc: How bright.\n    - name: room\n      type: RoomId\n      doc: The room.\n    - name: seconds",
            ),
        ],
        &["- **Breaking:** action `set_light`: arguments in another order: `level`, `room`; before: `room`, `level`."],
    ),
    Case(
        &[
            ("    - name: level\n      type: u32\n", "    - name: level\n      wire: bright\n      type: u32\n"),
            (", level: 2", ", bright: 2"),
        ],
        &["- action `set_light`: parameter `level` goes out as `bright`; before: as `level`."],
    ),
    Case(
        &[(PARAM, "    - name: seconds\n      also: [duration]\n      aliases: [time]\n")],
        &[
            "- action `set_light`: parameter `seconds` goes out under further names: `duration`; before: none.",
            "- action `set_light`: parameter `seconds` is read under further names: `time`; before: none.",
        ],
    ),
];

const FIELDS: &[Case] = &[
    Case(
        &[(LAST_FIELD, "      doc: Which lamps.\n    - { name: by, type: UserId?, doc: Who. }\n")],
        &["- action `set_light`: new field `by: Option<UserId>` of the answer."],
    ),
    Case(
        &[
            (LAST_FIELD, "      doc: Which lamps.\n    - { name: by, type: UserId, doc: Who. }\n"),
            ("lamps: [a]", "lamps: [a], by: 1"),
        ],
        &["- action `set_light`: new field `by: UserId` of the answer, without which it is no longer read."],
    ),
    Case(
        &[(LAST_FIELD, "      bare: true\n      doc: Which lamps.\n")],
        &["- action `set_light`: field `lamps` of the answer is read if it comes alone, too."],
    ),
    Case(
        &[
            (LAST_FIELD, "      doc: Which lamps.\n    - { name: by, type: State, decides: true, doc: What. }\n"),
            ("lamps: [a]", "lamps: [a], by: broken"),
        ],
        &["- action `set_light`: new field `by: State` of the answer."],
    ),
    Case(
        &[
            ("      type: State?\n", "      type: State\n      decides: true\n"),
            ("  example: { name: a }", "  example: { name: a, state: broken }"),
            ("returns: { name: a }", "returns: { name: a, state: broken }"),
        ],
        &[
            "- **Breaking:** type `Light`: field `state: State`; it was `Option<State>`.",
            "- type `Light`: field `state` is `Other` if it is absent.",
            "- Documentation: action `get_light`.",
        ],
    ),
    Case(
        &[("    - name: before\n      type: i32\n      doc: How bright it was.\n", ""), ("before: 1, ", "")],
        &["- **Breaking:** action `set_light`: field `before` of the answer removed."],
    ),
    Case(
        &[("type: i32\n      doc: How bright it", "type: i32?\n      doc: How bright it")],
        &["- **Breaking:** action `set_light`: field `before: Option<i32>` of the answer; it was `i32`."],
    ),
    Case(
        &[
            (
                "    - name: name\n      type: string\n",
                "    - name: name\n      wire: label\n      type: string\n      aliases: [title]\n",
            ),
            ("  example: { name: a }", "  example: { label: a }"),
            ("returns: { name: a }", "returns: { label: a }"),
        ],
        &[
            "- type `Light`: field `name` is called `label`; before: `name`.",
            "- type `Light`: field `name` is read under further names: `title`; before: none.",
            "- Documentation: action `get_light`.",
        ],
    ),
    Case(
        &[("type: State?", "type: State[]")],
        &["- **Breaking:** type `Light`: field `state: Vec<State>`; it was `Option<State>`."],
    ),
];

const EVENTS: &[Case] = &[
    Case(
        &[("name: light_changed", "name: lamp_changed")],
        &[
            "- **Breaking:** event `LightChanged`: removed.",
            "- event `LampChanged`: new: what comes with `request.light` is no longer `Unknown`.",
        ],
    ),
    Case(
        &[("  type: light\n", "  type: lamp\n"), ("request_type: light", "request_type: lamp")],
        &["- event `LightChanged`: comes with `request.lamp`; before: `request.light`."],
    ),
    Case(
        &[
            ("post_type: request\n", "post_type: notice\n"),
            ("post_type: request, request_type", "post_type: notice, notice_type"),
        ],
        &["- **Breaking:** event `LightChanged`: comes with `notice.light`; before: `request.light`."],
    ),
    Case(
        &[("post_type: request\n", "post_type: request\n  servers: [napcat]\n")],
        &["- event `LightChanged`: only from: `napcat`; before: none."],
    ),
    Case(
        &[
            ("  operation: LightOperation\n", ""),
            (
                "- kind: operation\n  name: LightOperation\n  doc: What to do about it.\n  params:\n    - name: off\n      type: bool\n      default: false\n      doc: Whether to put it out.\n",
                "",
            ),
        ],
        &[
            "- **Breaking:** event `LightChanged`: is answered with nothing; before: `LightOperation`.",
            "- **Breaking:** operation `LightOperation`: removed.",
        ],
    ),
    Case(
        &[("type: bool\n      default: false", "type: bool?")],
        &[
            "- **Breaking:** operation `LightOperation`: parameter `off` is `bool`, optional; it was `bool`, by default `false`.",
        ],
    ),
    Case(
        &[(EVENT_FIELD, "      doc: Which.\n    - { name: by, type: UserId?, doc: Who. }\n  example: { post_type")],
        &["- event `LightChanged`: new field `by: Option<UserId>`."],
    ),
    // Three fields with `time` and `self_id`: the fourth makes the box.
    Case(
        &[
            ("    - name: level\n      type: i32\n      doc: How bright.\n", ""),
            ("    - name: name\n      type: string?\n      doc: Which.\n", ""),
            (", room: 3, level: 4 }", ", room: 3 }"),
        ],
        &[
            "- **Breaking:** event `LightChanged`: the variant of `Event` holds it without a `Box`.",
            "- **Breaking:** event `LightChanged`: field `level` removed.",
            "- **Breaking:** event `LightChanged`: field `name` removed.",
        ],
    ),
    Case(
        &[("      doc: Which.\n  example: { post_type", "      doc: Which one.\n  example: { post_type")],
        &["- Documentation: event `LightChanged`."],
    ),
];

const SEGMENTS: &[Case] = &[
    Case(
        &[("  name: spark\n", "  name: flash\n")],
        &[
            "- **Breaking:** segment `Spark`: removed.",
            "- segment `Flash`: new: what comes as `flash` is no longer `Unknown`.",
        ],
    ),
    Case(
        &[("direction: both\n  fields", "direction: receive\n  fields")],
        &[
            "- **Breaking:** segment `Lamp`: `Segment::lamp` is gone.",
            "- segment `Lamp`: is received; before: received and sent.",
        ],
    ),
    Case(
        &[("    - name: watts\n      type: u32?", "    - name: watts\n      type: i64?")],
        &["- **Breaking:** segment `Lamp`: field `watts` is `i64`, optional; it was `u32`, optional."],
    ),
    Case(
        &[(SEGMENT_FIELD, "      doc: Which.\n    - { name: by, type: UserId?, doc: Who. }\n  example: { file")],
        &[
            "- **Breaking:** segment `Lamp`: the variant of `Segment` holds a `Box` of it.",
            "- segment `Lamp`: new field `by` is `UserId`, optional.",
        ],
    ),
    Case(
        &[(
            "doc: A spark.\n  direction: both\n",
            "doc: A spark.\n  direction: both\n  fields:\n    - { name: hot, type: bool?, doc: How. }\n  example: { hot: \"1\" }\n",
        )],
        &[
            "- **Breaking:** segment `Spark`: `Segment::spark` is gone.",
            "- segment `Spark`: new field `hot` is `bool`, optional.",
        ],
    ),
    Case(
        &[("    - name: watts\n      type: u32?", "    - name: watts\n      type: u32?\n      default: 60")],
        &["- Documentation: segment `Lamp`."],
    ),
];

const TYPES: &[Case] = &[
    Case(
        &[("  name: Light\n  doc: A light.\n", "  name: Light\n  doc: A light.\n  within: light\n")],
        &["- type `Light`: is read in another object, too, under the name: `light`; before: none."],
    ),
    Case(
        &[("    - { value: broken, doc: It does not. }\n", "")],
        &["- **Breaking:** type `State`: value `Broken` removed."],
    ),
    Case(
        &[(
            "    - { value: broken, doc: It does not. }\n",
            "    - { value: broken, doc: It does not. }\n    - { value: lost, doc: It is gone. }\n",
        )],
        &["- type `State`: new value `Lost`: `\"lost\"` is no longer `Other`."],
    ),
    Case(
        &[("{ value: broken,", "{ value: dead, name: broken,")],
        &["- type `State`: value `Broken` stands for `\"dead\"`; before: for `\"broken\"`."],
    ),
    Case(
        &[("name: HouseId, base: i64", "name: HouseId, base: u64")],
        &["- **Breaking:** type `HouseId`: is an id of `u64`; before: an id of `i64`."],
    ),
    Case(
        &[(
            "- { kind: id, name: RoomId,",
            "- { kind: id, name: LampId, base: string, doc: A lamp. }\n- { kind: id, name: RoomId,",
        )],
        &["- type `LampId`: new: an id of `String`."],
    ),
];

fn changed(replacements: &[(&str, &str)]) -> String {
    replacements.iter().fold(SCHEMA.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "the schema has {old:?}");
        text.replacen(old, new, 1)
    })
}

fn all_cases() -> impl Iterator<Item = &'static Case> {
    [ACTIONS, PARAMS, FIELDS, EVENTS, SEGMENTS, TYPES].into_iter().flatten()
}

#[test]
fn every_change_has_its_words_and_its_mark() {
    let root = folder("diffs", &[("old/a.yaml", SCHEMA.as_bytes())]);
    for Case(replacements, expected) in all_cases() {
        let new = folder("diffs/new", &[("a.yaml", changed(replacements).as_bytes())]);
        let said = run_in(&root, &["diff", "old", new.to_str().unwrap()]);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{replacements:?}");
        assert_eq!(said.out.lines().collect::<Vec<_>>(), *expected, "{replacements:?}");
    }
}

/// A breaking change is also reported in the other direction, if not always as breaking.
#[test]
fn no_change_goes_unseen_in_the_other_direction() {
    let root = folder("diffs back", &[("old/a.yaml", SCHEMA.as_bytes())]);
    for Case(replacements, expected) in all_cases().filter(|case| case.1 != ["Nothing changed."]) {
        folder("diffs back/new", &[("a.yaml", changed(replacements).as_bytes())]);
        let said = run_in(&root, &["diff", "new", "old"]);
        assert_eq!(said.code, Some(0), "{}", said.err);
        assert_ne!(said.out, "Nothing changed.\n", "{expected:?}");
    }
}

/// An object may have the Rust name of a built-in type; it is still another type.
#[test]
fn types_of_one_name_are_told_apart() {
    const OWN: &str = "
- { kind: object, name: Message, doc: A message., fields: [{ name: a, type: i32, doc: A. }], example: { a: 1 } }
- { kind: object, name: Value, doc: A value., fields: [{ name: a, type: i32, doc: A. }], example: { a: 1 } }
- name: say
  title: 说
  doc: Says it.
  origin: onebot11
  effect: send
  params:
    - { name: word, type: message, doc: What. }
    - { name: more, type: \"message[]?\", doc: What else. }
    - { name: times, type: u32, default: 1, doc: How often. }
  returns:
    - { name: heard, type: json?, doc: What was heard. }
  example:
    params: { word: { a: 1 } }
    returns: {}
- name: hear
  title: 听
  doc: Hears it.
  origin: onebot11
  effect: read
  returns: json
  example:
    returns: { a: 1 }
";
    let old = OWN.replace("word: { a: 1 }", "word: [{ type: text, data: { text: a } }]");
    let new = OWN.replace("message,", "Message,").replace("message[]", "Message[]").replace("json", "Value");
    let root = folder("diff names", &[("old/a.yaml", old.as_bytes()), ("new/a.yaml", new.as_bytes())]);
    let said = run_in(&root, &["diff", "old", "new"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert_eq!(
        said.out.lines().collect::<Vec<_>>(),
        [
            "- **Breaking:** action `say`: parameter `word` is `Message` (of the schema), required; it was `Message`, required.",
            "- **Breaking:** action `say`: parameter `more` is `Vec<Message>` (of the schema), optional; it was \
             `Vec<Message>`, optional.",
            "- **Breaking:** action `say`: field `heard: Option<Value>` (of the schema) of the answer; it was `Option<Value>`.",
            "- **Breaking:** action `hear`: answers `Value` (of the schema); before: `Value`.",
        ]
    );
    let said = run_in(&root, &["diff", "new", "old"]);
    let back = "parameter `word` is `Message`, required; it was `Message` (of the schema), required.";
    assert!(said.out.contains(back), "{}", said.out);
    assert!(said.out.contains("answers `Value`; before: `Value` (of the schema)."), "{}", said.out);
}

#[test]
fn json_has_every_change_with_its_mark() {
    let new = changed(&[("default: 30", "default: 60"), ("doc: A room.", "doc: Any room."), ("[DARK]", "[LATE]")]);
    let root = folder("diff json", &[("old/a.yaml", SCHEMA.as_bytes()), ("new/a.yaml", new.as_bytes())]);
    let said = run_in(&root, &["diff", "--format", "json", "old", "new"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let found: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&found["old"], &found["new"], &found["breaking"]), (&json!("old"), &json!("new"), &json!(true)));
    let changes = found["changes"].as_array().unwrap();
    let of = |index: usize| ["part", "name", "mark"].map(|key| changes[index][key].as_str().unwrap());
    assert_eq!(changes.len(), 3);
    assert_eq!(of(0), ["action", "set_light", "breaking"]);
    assert_eq!(of(1), ["action", "set_light", "compatible"]);
    assert_eq!(of(2), ["type", "RoomId", "documentation"]);
    assert_eq!(changes[0]["text"], "parameter `seconds` goes out as 60 if it is not set; before: as 30");
}

#[test]
fn breaking_changes_can_be_denied() {
    let breaking = changed(&[("default: 30", "default: 60")]);
    let harmless = changed(&[("[DARK]", "[LATE]")]);
    let files = [("old/a.yaml", SCHEMA), ("breaking/a.yaml", &breaking), ("harmless/a.yaml", &harmless)];
    let root = folder("diff denied", &files.map(|(path, text)| (path, text.as_bytes())));
    let said = run_in(&root, &["diff", "--deny-breaking", "old", "breaking"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.out.starts_with("- **Breaking:** "), "{}", said.out);
    assert_eq!(run_in(&root, &["diff", "--deny-breaking", "old", "harmless"]).code, Some(0));
    assert_eq!(run_in(&root, &["diff", "old", "breaking"]).code, Some(0));
}

fn git(folder: &Path, arguments: &[&str]) {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
    let output = Command::new("git").args(identity).args(arguments).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A repository whose tag `v1` has the schema of above, and whose working tree has other defaults.
fn repository(name: &str) -> std::path::PathBuf {
    let root = folder(name, &[("schema/actions/light.yaml", SCHEMA.as_bytes()), ("schema/notes.md", b"Not a schema.")]);
    git(&root, &["init", "-q", "-b", "main"]);
    git(&root, &["add", "."]);
    git(&root, &["commit", "-q", "-m", "One"]);
    git(&root, &["tag", "v1"]);
    fs::write(root.join("schema/actions/light.yaml"), changed(&[("default: 30", "default: 60")])).unwrap();
    root
}

const CHANGED_DEFAULT: &str =
    "- **Breaking:** action `set_light`: parameter `seconds` goes out as 60 if it is not set; before: as 30.\n";

#[test]
fn a_revision_is_its_folder_schema_or_what_stands_behind_the_colon() {
    let root = repository("diff git");
    for arguments in [
        &["diff", "v1"][..],
        &["diff", "v1", "schema"],
        &["diff", "HEAD", "schema/actions/light.yaml"],
        &["diff", "v1:schema", "schema"],
        &["diff", "v1:schema/actions", "schema"],
        &["diff", "v1:schema/actions/light.yaml", "schema"],
    ] {
        let said = run_in(&root, arguments);
        assert_eq!((said.code, said.err.as_str(), said.out.as_str()), (Some(0), "", CHANGED_DEFAULT), "{arguments:?}");
    }
    git(&root, &["commit", "-q", "-a", "-m", "Two"]);
    assert_eq!(run_in(&root, &["diff", "v1", "main"]).out, CHANGED_DEFAULT);
    assert_eq!(run_in(&root, &["diff", "HEAD", "main"]).out, "Nothing changed.\n");
    // In git a path is that from the root, unless it begins with a dot.
    let below = root.join("schema");
    assert_eq!(run_in(&below, &["diff", "v1:schema", "main:./actions"]).out, CHANGED_DEFAULT);
    // An existing file is not taken for a revision.
    fs::create_dir(root.join("v1")).unwrap();
    fs::copy(root.join("schema/actions/light.yaml"), root.join("v1/light.yaml")).unwrap();
    assert_eq!(run_in(&root, &["diff", "v1", "schema"]).out, "Nothing changed.\n");
    assert_eq!(run_in(&root, &["diff", "v1:schema", "schema"]).out, CHANGED_DEFAULT);
    assert_eq!(fs::read_dir(&root).unwrap().count(), 3, "nothing was left behind but .git, schema and v1");
}

/// A repository whose schema has a link to a file, one to a folder, and in that one a link to another link.
#[cfg(unix)]
fn repository_with_links(name: &str) -> std::path::PathBuf {
    use std::os::unix::fs::symlink;

    let id = |name: &str| format!("- {{ kind: id, name: {name}, base: i64, doc: An id. }}\n");
    let root = folder(
        name,
        &[
            ("sub/schema/light.yaml", SCHEMA.as_bytes()),
            ("sub/shared.yaml", id("SharedId").as_bytes()),
            ("parts/part.yaml", id("PartId").as_bytes()),
            ("far/away.yaml", id("FarId").as_bytes()),
            ("notes.md", b"Not a schema."),
        ],
    );
    symlink("../shared.yaml", root.join("sub/schema/shared.yaml")).unwrap();
    symlink("../../parts", root.join("sub/schema/parts")).unwrap();
    symlink("../../notes.md", root.join("sub/schema/notes.md")).unwrap();
    symlink("../far/away.yaml", root.join("parts/once.link")).unwrap();
    symlink("once.link", root.join("parts/twice.yaml")).unwrap();
    symlink("sub/schema", root.join("linked")).unwrap();
    git(&root, &["init", "-q", "-b", "main"]);
    git(&root, &["add", "."]);
    git(&root, &["commit", "-q", "-m", "One"]);
    root
}

#[cfg(unix)]
#[test]
fn links_are_followed_in_a_revision_as_in_the_working_tree() {
    let root = repository_with_links("diff links");
    let below = root.join("sub");
    for (folder, arguments) in [
        (&root, &["diff", "HEAD:sub/schema", "sub/schema"][..]),
        (&root, &["diff", "HEAD:linked", "linked"]),
        (&root, &["diff", "HEAD:linked/parts/twice.yaml", "far"]),
        (&root, &["diff", "HEAD:sub/schema/shared.yaml", "sub/shared.yaml"]),
        (&below, &["diff", "HEAD", "schema"]),
        (&below, &["diff", "HEAD:./schema/../schema", "schema"]),
        (&below, &["diff", "HEAD:../linked", "schema"]),
    ] {
        let said = run_in(folder, arguments);
        let told = (said.code, said.err.as_str(), said.out.as_str());
        assert_eq!(told, (Some(0), "", "Nothing changed.\n"), "{arguments:?}");
    }
    // What a link leads to may differ from revision to revision.
    fs::write(root.join("far/away.yaml"), "- { kind: id, name: FarId, base: u64, doc: An id. }\n").unwrap();
    let said = run_in(&below, &["diff", "HEAD", "schema"]);
    assert_eq!(said.out, "- **Breaking:** type `FarId`: is an id of `u64`; before: an id of `i64`.\n", "{}", said.err);
}

#[cfg(unix)]
#[test]
fn links_that_cannot_be_followed_are_named() {
    use std::os::unix::fs::symlink;

    for (link, target, why) in [
        ("out.yaml", "../../../outside.yaml", "leads out of the revision"),
        ("absolute.yaml", "/nowhere/at-all.yaml", "leads out of the revision"),
        ("gone.yaml", "nothing.yaml", "leads nowhere"),
        ("self.yaml", "self.yaml", "leads nowhere"),
        ("again", "../schema", "leads back to a folder that it stands in"),
    ] {
        let root = repository_with_links("diff lost links");
        symlink(target, root.join("sub/schema").join(link)).unwrap();
        git(&root, &["add", "."]);
        git(&root, &["commit", "-q", "-m", "Two"]);
        let err = refused(&root, &["diff", "HEAD:sub/schema", "far"]);
        let expected = format!("HEAD:sub/schema: `sub/schema/{link}` is a link that {why}");
        assert!(err.contains(&expected), "{expected:?} is not in\n{err}");
        assert!(err.contains("put the file itself there, or compare with a checkout"), "{err}");
    }
    let root = repository_with_links("diff lost links");
    symlink("nothing.yaml", root.join("lost.yaml")).unwrap();
    git(&root, &["add", "."]);
    git(&root, &["commit", "-q", "-m", "Two"]);
    let err = refused(&root, &["diff", "HEAD:lost.yaml", "far"]);
    assert!(err.contains("HEAD:lost.yaml: `lost.yaml` is a link that leads nowhere"), "{err}");
}

/// `git worktree`s and bare repositories are repositories.
#[test]
fn a_bare_repository_does() {
    let root = repository("diff bare origin");
    let bare = folder("diff bare", &[]);
    git(&bare, &["clone", "-q", "--bare", root.to_str().unwrap(), "bare.git"]);
    let said = run_in(&bare.join("bare.git"), &["diff", "v1:schema", root.join("schema").to_str().unwrap()]);
    assert_eq!((said.err.as_str(), said.out.as_str()), ("", CHANGED_DEFAULT));
}

fn refused(folder: &Path, arguments: &[&str]) -> String {
    let Said { code, out, err } = run_in(folder, arguments);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {err}");
    err
}

#[test]
fn what_cannot_be_compared_is_said() {
    let root = repository("diff refused");
    let err = refused(&root, &["diff", "v2"]);
    let expected = "v2: expected a folder, a file or a git revision; found neither a file nor a revision of that name";
    assert!(err.contains(expected), "{err}");
    let err = refused(&root, &["diff", "v1", "nowhere/schema"]);
    assert!(err.contains("nowhere/schema: expected a folder, a file or a git revision"), "{err}");
    let err = refused(&root, &["diff", "v1:nothing"]);
    assert!(err.contains("expected a schema at `nothing` of the revision `v1`, found nothing there"), "{err}");
    let err = refused(&root, &["diff", "v1:schema/notes.md"]);
    assert!(err.contains("v1:schema/notes.md: expected a folder or a `.yaml` file, found another file"), "{err}");
    // Not an option of git's.
    let err = refused(&root, &["diff", "--", "--all"]);
    assert!(err.contains("--all: expected a folder"), "{err}");
    fs::create_dir(root.join("empty")).unwrap();
    let err = refused(&root, &["diff", "empty", "schema"]);
    assert!(err.contains("empty: there is no YAML file in this folder"), "{err}");
}

/// Within the target folder there is a repository, this one; git is told to look no further up than the test's folder.
#[test]
fn outside_of_a_repository_only_files_are_named() {
    let root = folder("no repository", &[("schema/a.yaml", SCHEMA.as_bytes())]);
    let mut command = crate::support::command(&root, &["diff", "v1"]);
    let said = crate::support::said(command.env("GIT_CEILING_DIRECTORIES", root.parent().unwrap()));
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    assert!(said.err.contains("found no such file, and the current folder is not in a git repository"), "{}", said.err);
}

#[test]
fn a_revision_of_other_rules_is_shown_with_its_faults() {
    let root = repository("diff faulty");
    let faulty = changed(&[("effect: write", "effect: writes")]);
    fs::write(root.join("schema/actions/light.yaml"), faulty).unwrap();
    git(&root, &["commit", "-q", "-a", "-m", "Two"]);
    let err = refused(&root, &["diff", "v1", "main"]);
    assert!(err.contains("--> main:./schema/actions/light.yaml:6:11\n"), "{err}");
    assert!(err.contains("6 |   effect: writes\n  |           ^\n"), "{err}");
    assert!(err.contains("main: expected a schema without faults by the rules of this version"), "{err}");
    let said = run_in(&root, &["diff", "--format", "json", "v1", "main:schema"]);
    let found: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(said.code, Some(2));
    assert_eq!(found["faults"][0]["file"], "main:schema/actions/light.yaml");
    assert!(found["error"].as_str().unwrap().starts_with("main:schema: expected"), "{found}");
}
