//! Segments and messages: a case for each file of `corpus/segments`, and the table of CQ texts.

use std::collections::{BTreeMap, BTreeSet};

use cqhttp::forward::ForwardContent;
use cqhttp::segment::{FeedSegment, Mface};
use cqhttp::types::KeyboardActionKind;
use cqhttp::{CqPart, Message, Segment, mock};
use serde::Deserialize;
use serde_json::value::RawValue;
use support::compact;
use support::{entries, same_segment};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    server: String,
    what: String,
    segment: Box<RawValue>,
    variant: String,
    cq: Option<String>,
}

fn cases() -> BTreeMap<String, Case> {
    support::cases("segments")
}

/// The name of a variant, from its `Debug` text, such as `Image`.
fn variant(debug: &str) -> &str {
    debug.split(|c: char| !c.is_alphanumeric()).next().unwrap()
}

fn check(name: &str, case: &Case) -> Result<(), String> {
    let json = case.segment.get();
    if name.starts_with("feed/") {
        let segment: FeedSegment = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let written = serde_json::to_string(&segment).unwrap();
        return match variant(&format!("{segment:?}")) == case.variant && same_segment(json, &written) {
            true => Ok(()),
            false => Err(format!("{segment:?}, written {written}")),
        };
    }
    let segment: Segment = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if variant(&format!("{segment:?}")) != case.variant {
        return Err(format!("it is {segment:?}"));
    }
    let written = serde_json::to_string(&segment).unwrap();
    if !same_segment(json, &written) {
        return Err(format!("it is written {written}"));
    }
    // The same with `data` before `type`, and by way of a tree.
    let turned: Vec<String> = entries(json).iter().rev().map(|(name, value)| format!("{name:?}:{value}")).collect();
    let turned: Segment = serde_json::from_str(&format!("{{{}}}", turned.join(","))).unwrap();
    if turned != segment {
        return Err(format!("with its keys turned it is {turned:?}"));
    }
    if let Some(cq) = &case.cq {
        let compact: Segment = serde_json::from_str(&compact(json)).unwrap();
        let message = Message::from(compact);
        let written = message.to_cq().map_err(|error| error.to_string())?;
        let (read, reread) = (Message::cq(cq), Message::cq(&written));
        if read != message.canonical() || reread != read {
            return Err(format!(
                "its code reads {read:?}, and it is written {written}; canonical is {:?}",
                message.canonical()
            ));
        }
    }
    Ok(())
}

#[test]
fn every_segment_of_every_server_is_read_and_written_as_its_case_says() {
    let mut faults = Vec::new();
    for (name, case) in &cases() {
        assert!(name.starts_with(&case.server) || name.starts_with("feed/"), "{name}");
        if let Err(fault) = check(name, case) {
            faults.push(format!("{name} ({})\n    {fault}", case.what));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Fails for a type without a case, and for a type with a case in one of the two formats only.
#[test]
fn every_type_of_segment_has_a_case_in_both_formats() {
    let cases = cases();
    let of = |json: bool| -> BTreeSet<&str> {
        let cases = cases.values().filter(|case| json || case.cq.is_some());
        cases.map(|case| case.variant.as_str()).collect()
    };
    for segment in mock::segments() {
        assert!(of(true).contains(segment.name), "no case for {}", segment.name);
        if !segment.feed {
            assert!(of(false).contains(segment.name), "no CQ code for {}", segment.name);
        }
    }
}

/// The values that are objects, lists, numbers and flags on the wire are fields, and do not stay in `extra`.
#[test]
fn what_servers_send_as_json_is_typed() {
    let cases = cases();
    let read = |name: &str| -> Segment { serde_json::from_str(cases[name].segment.get()).unwrap() };

    let Segment::Forward(forward) = read("napcat/forward.content.json") else { panic!("it is a forward") };
    let ForwardContent::Message(message) = &forward.content.as_ref().unwrap()[0].content else { panic!("a message") };
    assert_eq!(message.plain_text(), "你好");

    let Segment::Face(face) = read("napcat/face.result.json") else { panic!("it is a face") };
    assert_eq!((face.result_id.as_deref(), face.chain_count), (Some("3"), Some(2)));
    assert_eq!(face.raw.unwrap()["faceIndex"], 114);

    let Segment::Keyboard(keyboard) = read("llonebot/keyboard.rows.json") else { panic!("it is a keyboard") };
    let button = &keyboard.rows.unwrap()[0].buttons[0];
    let (render, action) = (button.render_data.as_ref().unwrap(), button.action.as_ref().unwrap());
    assert_eq!((render.label.as_deref(), render.style), (Some("好"), Some(1)));
    assert_eq!((action.kind, action.data.as_deref()), (Some(KeyboardActionKind::Command), Some("好")));

    let Segment::Mface(sticker) = read("lagrange/mface.plain.json") else { panic!("it is a sticker") };
    assert_eq!((sticker.emoji_id.as_str(), sticker.emoji_package_id), ("ab12cd34", 231_182));

    let Segment::Onlinefile(folder) = read("napcat/onlinefile.folder.json") else { panic!("it is a folder") };
    assert_eq!((folder.msg_id.as_str(), folder.is_dir), ("7412345678901234567", Some(true)));

    let Segment::Node(node) = read("napcat/node.outlook.json") else { panic!("it is a node") };
    assert_eq!((node.source.as_deref(), node.news.unwrap()[0].text.as_str()), (Some("聊天记录"), "小明: 你好"));
}

/// NapCat hands the pack's number to QQ's client as it came: as a text it would be none.
#[test]
fn a_sticker_is_sent_with_the_number_of_its_pack_as_a_number() {
    let sticker = Segment::from(Mface::new("ab12cd34", 231_182, "0123456789abcdef").summary("[赞]"));
    let expected = r#"{"type":"mface","data":{"emoji_id":"ab12cd34","emoji_package_id":231182,"key":"0123456789abcdef","summary":"[赞]"}}"#;
    assert_eq!(serde_json::to_string(&sticker).unwrap(), expected);
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    parse: Vec<Parse>,
    format: Vec<Format>,
    array_input: Vec<ArrayInput>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parse {
    input: String,
    segments: Box<RawValue>,
    note: Option<String>,
    #[serde(rename = "gocqhttp")]
    _go_cqhttp: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Format {
    segments: Box<RawValue>,
    output: String,
    note: Option<String>,
    #[serde(rename = "gocqhttp")]
    _go_cqhttp: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArrayInput {
    input: Box<RawValue>,
    segments: Option<Box<RawValue>>,
    #[serde(default)]
    refused: bool,
    note: Option<String>,
    #[serde(rename = "gocqhttp")]
    _go_cqhttp: Option<Box<RawValue>>,
}

fn table() -> Table {
    serde_json::from_str(include_str!("../corpus/cq.json")).unwrap()
}

fn segments(json: &RawValue) -> Vec<Box<RawValue>> {
    serde_json::from_str(json.get()).unwrap()
}

/// Returns `true` if a message is written as these segments.
fn is_written_as(message: &Message, expected: &RawValue) -> bool {
    let written = serde_json::value::to_raw_value(message).unwrap();
    let (written, expected) = (segments(&written), segments(expected));
    written.len() == expected.len() && written.iter().zip(&expected).all(|(a, b)| same_segment(a.get(), b.get()))
}

#[test]
fn cq_text_is_read_as_the_table_says() {
    for case in table().parse {
        let message = Message::cq(&case.input);
        assert!(is_written_as(&message, &case.segments), "{:?} ({:?}) is read as {message:?}", case.input, case.note);
    }
}

#[test]
fn cq_text_is_written_as_the_table_says() {
    for case in table().format {
        let message: Message = serde_json::from_str(&compact(case.segments.get())).unwrap();
        // The fields that a type knows come first, so their order may be another.
        let written = message.to_cq().unwrap();
        let sorted = |codes: &str| {
            let parts = Message::cq_parts(codes).map(|part| match part {
                CqPart::Code { kind, fields } => {
                    let mut fields: Vec<_> = fields.map(|(name, value)| format!("{name}={value}")).collect();
                    fields.sort();
                    format!("{kind}: {fields:?}")
                }
                text => format!("{text:?}"),
            });
            parts.collect::<Vec<_>>()
        };
        assert_eq!(sorted(&written), sorted(&case.output), "{:?}", case.note);
        assert_eq!(written.len(), case.output.len(), "{written}: it is escaped otherwise");
    }
}

#[test]
fn json_in_the_place_of_a_message_is_read_as_the_table_says() {
    for case in table().array_input {
        match serde_json::from_str::<Message>(case.input.get()) {
            Ok(message) => {
                assert!(!case.refused, "{} ({:?}) is read as {message:?}", case.input, case.note);
                let expected = case.segments.unwrap();
                assert!(is_written_as(&message, &expected), "{} ({:?}) is read as {message:?}", case.input, case.note);
            }
            Err(error) => assert!(case.refused, "{} ({:?}): {error}", case.input, case.note),
        }
    }
}
