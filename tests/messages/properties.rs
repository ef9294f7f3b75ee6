//! Properties of every message.

use std::borrow::Cow;

use cqhttp::segment::UnknownSegment;
use cqhttp::{CqPart, Message, Segment, mock};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::string::string_regex;
use serde_json::Value;

/// Texts, with and without characters that are special in CQ codes.
fn text() -> impl Strategy<Value = String> {
    const TOKENS: &[&str] = &[
        "[CQ:",
        "[CQ:at,qq=",
        "[CQ:text,text=",
        "[",
        "]",
        ",",
        "=",
        "&",
        "&amp;",
        "&#44;",
        "&#91;",
        "&#93;",
        "&#91",
        "#91;",
        "amp;",
        "at",
        "all",
        "qq",
        "0",
        "1",
        "-1",
        "007",
        "10086",
        "",
        " ",
        "\n",
        "\0",
        "你好",
        "🐈",
        "\u{301}",
        "CQ:",
        "null",
        "true",
        "1.5",
        "[]",
        "{}",
        "\"",
        "\\",
        "\\u",
    ];
    prop_oneof![
        3 => prop::collection::vec(select(TOKENS), 0..8).prop_map(|tokens| tokens.concat()),
        1 => any::<String>(),
    ]
}

fn json() -> impl Strategy<Value = String> {
    const PLAIN: &[&str] =
        &["0", "1", "-0", "5", "1.0", "1.50", "1e3", "-7", "9223372036854775808", "3.25", "null", "true", "false"];
    let leaf = prop_oneof![
        4 => text().prop_map(|text| Value::from(text).to_string()),
        3 => select(PLAIN).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let entry = (text(), inner.clone()).prop_map(|(name, json)| format!("{}:{json}", Value::from(name)));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(entry, 0..4).prop_map(|entries| format!("{{{}}}", entries.join(","))),
        ]
    })
}

/// The type of a segment and the names of its data, most of which the type knows.
fn kind() -> impl Strategy<Value = (String, Vec<&'static str>)> {
    let known: Vec<_> = mock::segments().filter(|segment| !segment.feed).collect();
    prop_oneof![
        6 => select(known).prop_map(|segment| (segment.kind.to_owned(), segment.fields.to_vec())),
        1 => text().prop_map(|kind| (kind, vec!["content", "id"])),
    ]
}

/// `"name":value`, for `data`, with names that repeat.
fn entries(names: Vec<&'static str>) -> impl Strategy<Value = Vec<String>> {
    let name = match names.is_empty() {
        true => text().boxed(),
        false => prop_oneof![
            6 => select(names).prop_map(str::to_owned),
            1 => Just("content".to_owned()),
            1 => text(),
        ]
        .boxed(),
    };
    prop::collection::vec((name, json()).prop_map(|(name, json)| format!("{}:{json}", Value::from(name))), 0..7)
}

/// A float in place of `data` is refused, since it would not be sent on unchanged.
fn no_float(json: String) -> String {
    if serde_json::from_str::<Value>(&json).unwrap().is_f64() { format!("[{json}]") } else { json }
}

/// A segment as unusual JSON: `data` first, `data` twice, `data` that is not an object.
fn segment_json() -> impl Strategy<Value = String> {
    kind().prop_flat_map(|(kind, names)| {
        let data = || {
            prop_oneof![
                8 => entries(names.clone()).prop_map(|entries| format!("{{{}}}", entries.join(","))),
                1 => json().prop_map(no_float),
            ]
        };
        let extra = (prop_oneof![Just("type".to_owned()), Just("data".to_owned()), text()], json());
        let beside = prop_oneof![9 => Just(None), 1 => extra.prop_map(Some)];
        (Just(kind), data(), beside, any::<bool>()).prop_map(|(kind, data, beside, turned)| {
            let kind = format!("\"type\":{}", Value::from(kind));
            let data = format!("\"data\":{data}");
            let beside = beside.map(|(name, json)| format!(",{}:{json}", Value::from(name))).unwrap_or_default();
            match turned {
                true => format!("{{{data},{kind}{beside}}}"),
                false => format!("{{{kind},{data}{beside}}}"),
            }
        })
    })
}

fn message_json() -> impl Strategy<Value = String> {
    prop::collection::vec(segment_json(), 0..5).prop_map(|segments| format!("[{}]", segments.join(",")))
}

/// A segment built by a bot as an unknown one, of a known or an unknown type.
fn unknown_segment() -> impl Strategy<Value = Segment> {
    let entries =
        |names: Vec<&'static str>| prop::collection::vec((select([names, vec!["content"]].concat()), json()), 0..4);
    kind().prop_flat_map(move |(kind, names)| (Just(kind), entries(names))).prop_map(|(kind, entries)| {
        let mut segment = UnknownSegment::new(kind);
        for (name, json) in entries {
            segment.data.set(name, serde_json::from_str::<Value>(&json).unwrap());
        }
        Segment::Unknown(segment)
    })
}

/// The content of a message without its form: each code's type, names and values, and the text between codes.
fn content(codes: &str) -> Vec<String> {
    let mut content: Vec<String> = Vec::new();
    for part in Message::cq_parts(codes) {
        match part {
            CqPart::Text(text) => content.push(format!("text {text}")),
            CqPart::Code { kind, fields } => {
                let mut fields: Vec<_> = fields.map(|(name, value)| format!("{name}={value}")).collect();
                fields.sort();
                content.push(format!("{kind} {fields:?}"));
            }
            other => panic!("{other:?}"),
        }
    }
    content
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn json_that_is_read_and_written_reads_the_same(json in message_json()) {
        let message: Message = serde_json::from_str(&json).unwrap();
        let written = serde_json::to_string(&message).unwrap();
        let again: Message = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(&again, &message, "{} is written {}", json, written);
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), written);
    }

    #[test]
    fn a_message_reads_the_same_from_its_codes(json in message_json(), unknown in unknown_segment(), index in 0..4_usize) {
        let mut message: Message = serde_json::from_str(&json).unwrap();
        message.insert(index.min(message.len()), unknown);
        let canonical = message.canonical();
        prop_assert_eq!(canonical.canonical(), canonical.clone(), "canonical is not idempotent");
        let codes = message.to_cq();
        prop_assert_eq!(codes.clone().ok(), canonical.to_cq().ok());
        if let Ok(codes) = codes {
            prop_assert_eq!(Message::cq(&codes), canonical, "{}", codes);
        }
    }

    #[test]
    fn any_text_is_a_message(codes in text()) {
        let message = Message::cq(&codes);
        let written = message.to_cq().unwrap();
        let canonical = message.canonical();
        prop_assert_eq!(&Message::cq(&written), &canonical, "{}", written);
        prop_assert_eq!(canonical.to_cq().unwrap(), written.clone());
        prop_assert_eq!(Message::cq(&written).to_cq().unwrap(), written);
    }

    #[test]
    fn nothing_in_codes_is_lost(codes in text()) {
        // A code of the type `text` is text, however it is written.
        let codes = codes.replace("[CQ:text", "[CQ:other");
        let written = Message::cq(&codes).to_cq().unwrap();
        prop_assert_eq!(content(&written), content(&codes), "{}", written);
    }

    #[test]
    fn text_survives_as_it_is(text in text()) {
        let message = Message::from(&*text);
        prop_assert_eq!(message.plain_text(), text.clone());
        let read = Message::cq(message.to_cq().unwrap());
        prop_assert_eq!(read.plain_text(), text);
        prop_assert!(read.len() <= 1 && read.iter().all(|segment| segment.as_text().is_some()));
    }

    #[test]
    fn the_parts_are_the_segments(codes in text()) {
        let parts: Vec<_> = Message::cq_parts(&codes).collect();
        let message = Message::cq(&codes);
        prop_assert_eq!(parts.len(), message.len());
        for (part, segment) in parts.into_iter().zip(&message) {
            match part {
                CqPart::Text(text) => prop_assert_eq!(segment.as_text(), Some(&*text)),
                CqPart::Code { kind, fields } => {
                    prop_assert_eq!(kind, segment.kind());
                    let count = fields.count();
                    let json = serde_json::to_string(segment).unwrap();
                    let written = Message::cq_parts(&Message::from(segment.clone()).to_cq().unwrap()).map(|part| match part {
                        CqPart::Code { fields, .. } => fields.count(),
                        _ => 1,
                    }).sum::<usize>();
                    prop_assert!(kind == "text" || written == count, "{}", json);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_text_without_codes_is_borrowed(text in "[^\\[&]{1,20}") {
        let parts: Vec<_> = Message::cq_parts(&text).collect();
        prop_assert_eq!(parts.len(), 1);
        prop_assert!(matches!(&parts[0], CqPart::Text(Cow::Borrowed(part)) if *part == text));
    }

    #[test]
    fn no_bytes_make_a_message_panic(json in string_regex(r#"[\[\]{}:,"a-z0-9\\]{0,60}"#).unwrap()) {
        let _ = serde_json::from_str::<Message>(&json);
        let _ = serde_json::from_str::<Segment>(&json);
    }
}
