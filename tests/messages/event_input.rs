//! Malformed events: an event that does not decode is kept, with the error.

use std::error::Error as _;

use cqhttp::{Event, EventKind, Message, Segment, Timestamp, UserId, mock};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

/// The kind that an event's tags name, read without this crate's reader.
fn tagged(event: &Value) -> EventKind {
    let tag = |name: &str| event[name].as_str();
    let Some(post_type) = tag("post_type") else { return EventKind::Unknown };
    let detail = match post_type {
        "message" | "message_sent" => tag("message_type"),
        "notice" => tag("notice_type"),
        "request" => tag("request_type"),
        "meta_event" => tag("meta_event_type"),
        _ => None,
    };
    detail
        .map_or(EventKind::Unknown, |detail| EventKind::of_tags(post_type, detail, tag("sub_type").unwrap_or_default()))
}

/// The account's own messages are of another kind, whatever their tags are.
fn kind(event: &Value) -> EventKind {
    let id = |name: &str| match &event[name] {
        Value::String(digits) => digits.parse().ok(),
        number => number.as_i64(),
    };
    let own = id("user_id").is_some() && id("user_id") == id("self_id");
    match tagged(event) {
        EventKind::GroupMessage if own => EventKind::GroupMessageSent,
        EventKind::PrivateMessage if own => EventKind::PrivateMessageSent,
        kind => kind,
    }
}

/// Checks the rule for every text: it is refused, or an unknown event with its tags and text, or an event of its kind.
fn check(json: &str) -> Result<Option<Event>, String> {
    let peeked = EventKind::peek(json.as_bytes());
    let read = Event::from_slice(json.as_bytes());
    let value: Option<Value> = serde_json::from_str(json).ok();
    let Some(value) = value.filter(|value| value["post_type"].is_string()) else {
        return match read {
            Ok(event) => Err(format!("it is not an event, but was read as {event:?}")),
            Err(error) if error.path().is_empty() && error.to_string() == "this is not an event" => Ok(None),
            Err(error) => Err(format!("the error says {error}")),
        };
    };
    let event = read.map_err(|error| format!("it is an event, and refused: {error} ({:?})", error.source()))?;
    let (tagged, kind) = (tagged(&value), kind(&value));
    if peeked != tagged {
        return Err(format!("its tags say {tagged:?}, and {peeked:?} at a glance"));
    }
    let Event::Unknown(unknown) = &event else {
        return match event.kind() == kind {
            true => Ok(Some(event)),
            false => Err(format!("it is a {kind:?}, and read as {event:?}")),
        };
    };
    let id = |name: &str| value[name].as_i64();
    if unknown.text != json {
        return Err(format!("its text is lost: {}", unknown.text));
    }
    if unknown.error.is_some() != (kind != EventKind::Unknown) {
        return Err(format!("its error is {:?}", unknown.error));
    }
    if id("time").is_some_and(|time| unknown.time != Some(Timestamp::new(time))) {
        return Err(format!("its time is {:?}", unknown.time));
    }
    if id("self_id").is_some_and(|id| unknown.self_id != Some(UserId::new(id))) {
        return Err(format!("its account is {:?}", unknown.self_id));
    }
    if unknown.post_type.as_deref() != value["post_type"].as_str() {
        return Err(format!("its post_type is {:?}", unknown.post_type));
    }
    if let Some(error) = &unknown.error {
        let expected = match error.path() {
            "" => "the event cannot be read".to_owned(),
            path => format!("the event cannot be read at `{path}`"),
        };
        if error.to_string() != expected || error.source().is_none() {
            return Err(format!("the error says {error}"));
        }
    }
    Ok(Some(event))
}

fn checked(json: &str) -> Event {
    match check(json) {
        Ok(Some(event)) => event,
        Ok(None) => panic!("{json} is not an event"),
        Err(fault) => panic!("{json}: {fault}"),
    }
}

fn example(name: &str) -> Value {
    let info = mock::events().find(|info| info.name == name).unwrap();
    serde_json::from_str(info.example).unwrap()
}

/// Every place in a value: its JSON pointer, and its path as errors write it.
fn places(value: &Value, pointer: String, path: String, places: &mut Vec<(String, String)>) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                self::places(value, format!("{pointer}/{name}"), path, places);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                self::places(value, format!("{pointer}/{index}"), format!("{path}[{index}]"), places);
            }
        }
        _ => {}
    }
    if !pointer.is_empty() {
        places.push((pointer, path));
    }
}

fn places_of(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    places(value, String::new(), String::new(), &mut found);
    found
}

#[test]
fn a_text_that_is_cut_off_anywhere_is_no_event() {
    for info in mock::events() {
        for end in 0..info.example.trim_end().len() {
            let cut = &info.example.as_bytes()[..end];
            let error = Event::from_slice(cut).expect_err(info.name);
            assert_eq!(
                (error.path(), error.to_string().as_str()),
                ("", "this is not an event"),
                "{} at {end}",
                info.name
            );
            assert!(error.source().is_some());
            let _ = EventKind::peek(cut);
        }
        for behind in ["x", "}", "{}", " 1"] {
            let error = check(&format!("{}{behind}", info.example));
            assert_eq!(error, Ok(None), "{} with {behind:?} behind", info.name);
        }
        checked(&format!(" \n{}\r\n ", info.example));
    }
}

#[test]
fn what_is_no_event_is_refused() {
    for json in [
        "",
        " ",
        "null",
        "5",
        "[]",
        "\"message\"",
        "{}",
        "{\"post_type\":null}",
        "{\"post_type\":5}",
        "{\"post_type\":[\"notice\"]}",
        "{\"post_type\":{\"post_type\":\"notice\"}}",
        "{\"status\":\"ok\",\"retcode\":0}",
        "[{\"post_type\":\"notice\"}]",
        "NaN",
        "{\"post_type\":\"notice\",\"time\":NaN}",
        "{\"post_type\":\"notice\",}",
        "{post_type:\"notice\"}",
        "\u{feff}{\"post_type\":\"notice\"}",
    ] {
        assert_eq!(check(json), Ok(None), "{json}");
    }
    let error = "{}".parse::<Event>().unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "it has no `post_type` that is a string");
}

/// Puts each unexpected value in every place of every example.
#[test]
fn a_wrong_value_anywhere_is_read_or_named() {
    let wrong = [
        json!(null),
        json!(""),
        json!("x"),
        json!(true),
        json!(-1),
        json!(0),
        json!(1.5),
        json!(1e300),
        json!("-5"),
        json!([]),
        json!({}),
        json!([1]),
        json!({ "x": [null] }),
        json!(u64::MAX),
        json!("99999999999999999999"),
        json!("[CQ:at,qq=all]"),
    ];
    let mut faults = Vec::new();
    for info in mock::events() {
        let whole: Value = serde_json::from_str(info.example).unwrap();
        for (pointer, path) in places_of(&whole) {
            let mut texts: Vec<String> = Vec::new();
            for value in &wrong {
                let mut changed = whole.clone();
                *changed.pointer_mut(&pointer).unwrap() = value.clone();
                texts.push(changed.to_string());
            }
            // Numbers that no tree holds.
            let mut marked = whole.clone();
            *marked.pointer_mut(&pointer).unwrap() = json!("MARK");
            for number in ["99999999999999999999", "-99999999999999999999", "1e2", "0.0"] {
                texts.push(marked.to_string().replace("\"MARK\"", number));
            }
            for text in texts {
                match check(&text) {
                    Ok(Some(Event::Unknown(unknown))) => {
                        let at = unknown.error.as_ref().map(|error| error.path().to_owned()).unwrap_or_default();
                        if !path.starts_with(&*at) && !at.starts_with(&*path) {
                            faults.push(format!("{} at {path}: the error is at {at}\n    {text}", info.name));
                        }
                    }
                    Ok(_) => {}
                    Err(fault) => faults.push(format!("{} at {path}: {fault}\n    {text}", info.name)),
                }
            }
        }
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults[..faults.len().min(20)].join("\n"));
}

#[test]
fn a_field_that_is_missing_is_named() {
    let mut named = 0;
    for info in mock::events() {
        let whole: Value = serde_json::from_str(info.example).unwrap();
        for name in whole.as_object().unwrap().keys() {
            let mut less = whole.clone();
            less.as_object_mut().unwrap().remove(name);
            let Ok(event) = check(&less.to_string()) else { panic!("{} without {name}", info.name) };
            if let Some(Event::Unknown(unknown)) = event
                && let Some(error) = &unknown.error
            {
                assert_eq!(error.to_string(), format!("the event cannot be read at `{name}`"), "{}", info.name);
                assert_eq!(error.source().unwrap().to_string(), "it is missing");
                named += 1;
            }
        }
    }
    assert!(named > 70, "{named}");
}

/// If a tag occurs twice, the first occurrence that is a string counts.
#[test]
fn a_name_that_comes_twice_makes_no_other_event() {
    let others = [json!(null), json!(5), json!([]), json!("x"), json!("notice"), json!("group"), json!("poke")];
    for info in mock::events() {
        let whole: Value = serde_json::from_str(info.example).unwrap();
        let rest = info.example.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap();
        for (name, value) in whole.as_object().unwrap() {
            for other in [&others[..], std::slice::from_ref(value)].concat() {
                let entry = format!("{}:{other}", Value::from(name.as_str()));
                for (text, first) in [(format!("{{{rest},{entry}}}"), value), (format!("{{{entry},{rest}}}"), &other)] {
                    let mut counts = whole.clone();
                    counts[name] = if first.is_string() { first.clone() } else { value.clone() };
                    let event = Event::from_slice(text.as_bytes()).unwrap();
                    match &event {
                        Event::Unknown(unknown) => assert_eq!(unknown.text, text),
                        event => assert_eq!(event.kind(), kind(&counts), "{text}"),
                    }
                    assert_eq!(EventKind::peek(text.as_bytes()), tagged(&counts), "{text}");
                }
            }
        }
    }
}

#[test]
fn tags_in_what_people_say_are_no_tags() {
    let message = example("GroupMessage");
    let said = r#"{"post_type":"notice","notice_type":"friend_add"}"#;
    let mut entries: Vec<(&str, Value)> = vec![
        ("raw_message", json!(said)),
        (
            "sender",
            json!({ "post_type": "notice", "notice_type": "notify", "sub_type": "poke", "user_id": 10086, "nickname": said }),
        ),
        (
            "message",
            json!([{ "type": "text", "data": { "text": said, "post_type": "notice" }, "post_type": "notice" }]),
        ),
        ("x", json!([{ "post_type": "notice" }, { "post_type": { "post_type": "notice" } }])),
    ];
    entries.extend(message.as_object().unwrap().iter().filter_map(|(name, value)| {
        let new = !["raw_message", "sender", "message"].contains(&name.as_str());
        new.then(|| (name.as_str(), value.clone()))
    }));
    let text: Vec<String> = entries.iter().map(|(name, value)| format!("{:?}:{value}", name)).collect();
    let event = checked(&format!("{{{}}}", text.join(",")));
    assert_eq!(event.kind(), EventKind::GroupMessage);
    assert_eq!(event.as_message().unwrap().message().plain_text(), said);

    let escaped =
        r#"{"\u0070ost_type":"notic\u0065","notice_type":"friend\u005fadd","time":1,"self_id":2,"user_id":3}"#;
    assert_eq!(checked(escaped).kind(), EventKind::FriendAdd);
}

#[test]
fn tags_of_the_wrong_type_are_unknown() {
    for (json, kind) in [
        (r#"{"post_type":"notice","notice_type":5,"time":7,"self_id":"8"}"#, EventKind::Unknown),
        (
            r#"{"post_type":"notice","notice_type":"notify","sub_type":["poke"],"time":7,"self_id":8}"#,
            EventKind::Unknown,
        ),
        (r#"{"post_type":"notice","notice_type":"notify","time":"7","self_id":8}"#, EventKind::Unknown),
        (r#"{"time":7,"self_id":8,"post_type":"Notice","notice_type":"friend_add"}"#, EventKind::Unknown),
        (r#"{"time":7,"self_id":8,"post_type":"notice","message_type":"group"}"#, EventKind::Unknown),
    ] {
        let Event::Unknown(unknown) = checked(json) else { panic!("{json}") };
        assert_eq!(EventKind::peek(json.as_bytes()), kind);
        assert_eq!((unknown.time, unknown.self_id), (Some(Timestamp::new(7)), Some(UserId::new(8))), "{json}");
        assert_eq!(serde_json::to_string(&Event::Unknown(unknown)).unwrap(), json);
    }
    let Event::Unknown(unknown) = checked(r#"{"post_type":"x","time":[],"self_id":1.5,"sub_type":"s"}"#) else {
        panic!()
    };
    assert_eq!((unknown.time, unknown.self_id, unknown.sub_type.as_deref()), (None, None, Some("s")));
}

#[test]
fn half_a_character_is_no_text_and_no_obstacle() {
    let mut message = example("GroupMessage");
    message["raw_message"] = json!("MARK");
    message["x"] = json!("MARK2");
    let text = message.to_string();
    let broken = text.replace("\"MARK\"", r#""\ud83d""#);
    let Event::GroupMessage(read) = Event::from_slice(broken.as_bytes()).unwrap() else { panic!("it is not read") };
    assert_eq!(read.raw_message.as_deref(), Some("\u{fffd}"));
    message["message"] = json!([{ "type": "text", "data": { "text": "MARK3" } }]);
    let cut = message.to_string().replace("MARK3", r"a\ud83db");
    let Event::GroupMessage(read) = Event::from_slice(cut.as_bytes()).unwrap() else { panic!("it is not read") };
    assert_eq!(read.message.plain_text(), "a\u{fffd}b");
    let ignored = text.replace("\"MARK2\"", r#""\udc00\ud83d""#);
    assert_eq!(Event::from_slice(ignored.as_bytes()).unwrap().kind(), EventKind::GroupMessage);

    // In a tag, the event is an event too.
    let tag = text.replacen('{', r#"{"sub_type":"a\ud83d","#, 1).replace(r#","sub_type":"normal""#, "");
    assert_eq!(EventKind::peek(tag.as_bytes()), EventKind::GroupMessage, "{tag}");
    assert_eq!(Event::from_slice(tag.as_bytes()).unwrap().kind(), EventKind::GroupMessage);

    let bytes = [&b"{\"post_type\":\"odd\",\"x\":\""[..], &[0xff, 0xfe], b"\"}"].concat();
    let Event::Unknown(unknown) = Event::from_slice(&bytes).unwrap() else { panic!("it is read") };
    assert!(unknown.text.contains("\"post_type\":\"odd\""), "{}", unknown.text);
}

/// Runs a test on a stack of 1 MiB, less than tokio's threads have.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(1 << 20).spawn(test).unwrap().join().unwrap();
}

fn bombs() -> [String; 3] {
    const DEPTH: usize = 100_000;
    [
        format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH)),
        format!("{}1{}", "{\"a\":".repeat(DEPTH), "}".repeat(DEPTH)),
        format!("{}1{}", "{\"type\":\"node\",\"data\":{\"content\":[".repeat(DEPTH), "]}}".repeat(DEPTH)),
    ]
}

#[test]
fn depth_breaks_nothing() {
    on_a_small_stack(|| {
        for bomb in bombs() {
            let with = |name: &str| {
                let mut event = example("GroupMessage");
                event[name] = json!("MARK");
                event.to_string().replace("\"MARK\"", &bomb)
            };
            for name in ["message", "sender", "time", "post_type", "message_type", "anonymous", "raw", "sub_type"] {
                match Event::from_slice_with_warnings(with(name).as_bytes()) {
                    Ok((Event::Unknown(unknown), _)) => assert_eq!(unknown.text, with(name)),
                    Ok((event, warnings)) => {
                        assert_eq!(event.kind(), EventKind::GroupMessage, "{name}");
                        // A segment may hold anything, and so may an object.
                        let holds_anything = bomb.starts_with('{') && name != "time" && name != "sub_type";
                        assert!(!warnings.is_empty() || holds_anything || name == "raw", "{name}");
                    }
                    Err(error) => assert!(name == "post_type", "{name}: {error}"),
                }
            }
            let event = Event::from_slice(with("unknown").as_bytes()).unwrap();
            assert_eq!(event.kind(), EventKind::GroupMessage);

            for data in [
                r#"{"type":"node","data":{"content":MARK}}"#,
                r#"{"data":{"content":MARK},"type":"node"}"#,
                r#"{"type":"odd","data":MARK}"#,
                r#"{"type":"face","data":{"id":MARK}}"#,
                r#"{"type":"text","data":{"text":"x"},"beside":MARK}"#,
            ] {
                let json = format!("[{}]", data.replace("MARK", &bomb));
                let message: Message = serde_json::from_str(&json).unwrap();
                let again: Message = serde_json::from_str(&serde_json::to_string(&message).unwrap()).unwrap();
                assert!(again == message);
                assert!(format!("{message:?}").len() > 1000);
                drop(message.to_cq());
                drop(message.canonical());
                if let Segment::Node(node) = &message[0] {
                    assert!(cqhttp::ForwardNode::try_from(node).is_err());
                    assert_eq!(node.extra.get("content"), None);
                    assert!(node.extra.json("content").is_some());
                }
            }
        }
    });
}

/// A reader that takes more than linear time would not finish.
#[test]
fn size_breaks_nothing() {
    const SIZE: usize = 1 << 20;
    for unit in ["x", "[", "&", "[CQ:", "[CQ:a,b]", "[CQ:a,b=&#91;]", "&amp;", "]", "[CQ:at,qq=1] "] {
        let codes = unit.repeat(SIZE / unit.len());
        let mut event = example("GroupMessage");
        event["message"] = json!(codes);
        let Event::GroupMessage(event) = Event::from_slice(event.to_string().as_bytes()).unwrap() else { panic!() };
        let written = event.message.to_cq().unwrap();
        assert!(written.len() >= codes.len(), "{unit}: nothing is lost");
        drop((event.message.plain_text(), event.message.args().count(), event.message.strip_prefix("x")));
    }
    let text = "x".repeat(10 << 20);
    let mut event = example("PrivateMessage");
    for message in [json!(text), json!([{ "type": "text", "data": { "text": text } }])] {
        event["message"] = message;
        let event = checked(&event.to_string());
        assert_eq!(event.as_message().unwrap().message().plain_text().len(), text.len());
    }
    let fields: String = (0..100_000).map(|n| format!(",\"x{n}\":{n}")).collect();
    let same = ",\"id\":\"5\"".repeat(100_000);
    for fields in [fields, same] {
        let json = format!(r#"{{"type":"face","data":{{"id":"5"{fields}}}}}"#);
        let mut segment: Segment = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&segment).unwrap(), json);
        let Segment::Face(face) = &mut segment else { panic!("{:?}", segment.kind()) };
        face.id = 6;
        assert!(serde_json::to_string(&segment).unwrap().starts_with(r#"{"type":"face","data":{"id":"6""#));
    }
}

#[test]
fn ids_of_any_size_are_read_or_named() {
    let with = |json: &str| {
        format!(r#"{{"post_type":"notice","notice_type":"friend_add","time":1,"self_id":2,"user_id":{json}}}"#)
    };
    for (json, id) in [("-7", -7), ("\"-7\"", -7), ("9223372036854775807", i64::MAX), ("\"10086\"", 10086)] {
        assert_eq!(checked(&with(json)).user_id(), Some(UserId::new(id)), "{json}");
    }
    for json in [
        "9223372036854775808",
        "12345678901234567890",
        "\"12345678901234567890\"",
        "123456789012345678901",
        "1.5",
        "\"\"",
        "\"x\"",
        "null",
    ] {
        let Event::Unknown(unknown) = checked(&with(json)) else { panic!("{json} is read") };
        assert_eq!(unknown.error.unwrap().path(), "user_id", "{json}");
    }
}

/// One malformed event does not spoil a list of events.
#[test]
fn an_event_within_something_else_is_never_an_error() {
    let list = r#"[{"post_type":"notice","notice_type":"friend_add","time":1,"self_id":2,"user_id":3},5,{},null]"#;
    let events: Vec<Event> = serde_json::from_str(list).unwrap();
    assert_eq!(events.iter().map(Event::kind).collect::<Vec<_>>()[0], EventKind::FriendAdd);
    for (event, text) in events[1..].iter().zip(["5", "{}", "null"]) {
        let Event::Unknown(unknown) = event else { panic!("{event:?}") };
        assert_eq!(unknown.text, text);
        assert_eq!(unknown.error.as_ref().unwrap().to_string(), "this is not an event");
    }
    assert_eq!(serde_json::to_string(&events[1..]).unwrap(), "[5,{},null]");
}

#[test]
fn own_messages_are_told_apart() {
    for (name, own) in
        [("GroupMessage", EventKind::GroupMessageSent), ("PrivateMessage", EventKind::PrivateMessageSent)]
    {
        let theirs = example(name);
        assert!(!checked(&theirs.to_string()).is_own());
        // As Lagrange says it.
        let mut same_account = theirs.clone();
        same_account["user_id"] = same_account["self_id"].clone();
        let event = checked(&same_account.to_string());
        assert!(event.is_own() && event.kind() == own && event.as_message().is_none(), "{event:?}");
        let again: Event = serde_json::to_string(&event).unwrap().parse().unwrap();
        assert_eq!(again, event);
        // As the others do.
        let mut sent = theirs;
        sent["post_type"] = json!("message_sent");
        let event = checked(&sent.to_string());
        assert!(event.is_own() && event.kind() == own && event.as_message().is_none(), "{event:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn what_slips_in_anywhere_breaks_nothing(
        info in select(mock::events().collect::<Vec<_>>()),
        slips in prop::collection::vec((any::<Index>(), select(SLIPS)), 1..3),
    ) {
        let mut text: Vec<char> = info.example.chars().collect();
        for (place, slip) in slips {
            let place = place.index(text.len() + 1);
            text.splice(place..place, slip.chars());
        }
        let text: String = text.into_iter().collect();
        match serde_json::from_str::<Value>(&text) {
            Ok(_) => prop_assert!(check(&text).is_ok(), "{:?}: {}", check(&text), text),
            // An endless number or half a character in a part that is not read is not a fault here.
            Err(_) => drop(Event::from_slice(text.as_bytes())),
        }
    }
}

const SLIPS: &[&str] = &[
    "\"", "{", "}", "[", "]", ",", ":", "\\", "0", "-", "e", ".", "null", "true", " ", "\0", "x", "你", "\\u12", "[]",
    "{},",
];
