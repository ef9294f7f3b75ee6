//! Segments and values that are not in the usual order: whether the fast way or the exact way reads them, the result is the same.

use cqhttp::__private::decode::Slot;
use cqhttp::__private::{Place, answer_data};
use cqhttp::forward::ForwardContent;
use cqhttp::{Answer, Event, ForwardedMessage, Message, mock};
use serde_json::{Value, json};

/// Reads a message inside an event, and returns it as JSON.
fn inside_an_event(message: &str) -> String {
    let json =
        format!(r#"{{"post_type":"message","message_type":"private","message_id":1,"user_id":1,"message":{message}}}"#);
    match Event::from_slice(json.as_bytes()).expect("it is an event") {
        Event::PrivateMessage(event) => serde_json::to_string(&event.message).expect("it is written"),
        other => panic!("{other:?}"),
    }
}

/// Reads a message alone, and returns it as JSON.
fn alone(message: &str) -> String {
    let message: Message = serde_json::from_str(message).expect("it is a message");
    serde_json::to_string(&message).expect("it is written")
}

/// An entry before the type is kept, as one behind it is.
#[test]
fn an_entry_before_the_type_is_kept() {
    for message in [
        r#"[{"id":1,"type":"text","data":{"text":"a"}}]"#,
        r#"[{"data":{"text":"a"},"type":"text","data":{"text":"b"}}]"#,
        r#"[{"data":1,"type":"dice","data":{}}]"#,
    ] {
        assert_eq!(inside_an_event(message), alone(message), "{message}");
    }
}

/// Null beside a value of the same field is kept, whichever comes first.
#[test]
fn null_before_a_value_of_its_field_is_kept() {
    for message in [
        r#"[{"type":"image","data":{"file":"f","url":null,"url":"u"}}]"#,
        r#"[{"type":"image","data":{"file":"f","subType":null,"sub_type":"1"}}]"#,
    ] {
        assert_eq!(inside_an_event(message), alone(message), "{message}");
    }
}

/// A number that no parser takes, in place of a text of a segment, does not spoil the event.
#[test]
fn a_number_beyond_any_float_in_a_segment_is_its_text() {
    for message in [r#"[{"type":"text","data":{"text":1e999}}]"#, r#"[{"type":1e999,"data":{}}]"#] {
        assert_eq!(inside_an_event(message), alone(message), "{message}");
    }
}

/// A half of an emoji in a value that is kept unchanged stays, also if a text beside it has to be repaired.
#[test]
fn half_an_emoji_in_a_kept_value_stays() {
    let message =
        r#"[{"type":"text","data":{"text":"a\ud83d"}},{"type":"json","data":{"data":"{}","config":"a\ud83d"}}]"#;
    let kept = r#""config":"a\ud83d""#;
    assert!(alone(message).contains(kept));
    assert!(inside_an_event(message).contains(kept), "{}", inside_an_event(message));
}

/// A value under another name, or the same name once more, that holds half an emoji is read like any other.
#[test]
fn half_an_emoji_in_a_second_value_is_repaired() {
    let read = |action: &str, json: &str| {
        let action = mock::action(action).expect("the schema has it");
        (action.reread_answer)(json).expect("it is an answer")
    };
    let words = read(".get_word_slices", r#"{"slices":[],"slices":["a\ud83d"]}"#);
    assert_eq!(words, "{\"slices\":[\"a\u{fffd}\"]}");
    let friends = read("get_unidirectional_friend_list", r#"[{"user_id":1,"nick_name":"x","nickname":"a\ud83d"}]"#);
    assert!(friends.contains("\"nickname\":\"a\u{fffd}\""), "{friends}");
}

/// Nor is there a warning about it where the first value counts.
#[test]
fn half_an_emoji_in_a_second_value_is_no_warning() {
    let json = br#"{"post_type":"notice","notice_type":"bot_offline","tag":"x","tag":"\ude00"}"#;
    let (_, warnings) = Event::from_slice_with_warnings(json).expect("it is an event");
    assert!(warnings.is_empty(), "{warnings:?}");
}

/// An answer of a schema of one's own: a message, and then events or messages of a forward.
#[derive(Debug)]
struct Quoted {
    message: Message,
    history: Vec<Event>,
    forwarded: Vec<ForwardedMessage>,
}

cqhttp::decode_object!(Quoted {
    message: required "message",
    history: required "history",
    forwarded: required "forwarded",
});

impl Answer for Quoted {
    fn slot(place: &mut Place<Self>) -> Slot<'_> {
        place.slot()
    }
}

/// The part that comes behind a message does not end the reading of the message once more.
#[test]
fn a_message_out_of_order_before_events_and_forwards_is_whole() {
    let message = r#"[{"type":"text","data":{"text":"a"}},{"type":"odd","data":{}}]"#;
    let event = r#"{"post_type":"message","message_type":"private","message_id":1,"user_id":1,"message":"b"}"#;
    for rest in
        ["\"history\":[]".to_owned(), format!("\"history\":[{event}]"), r#""forwarded":[{"content":"b"}]"#.to_owned()]
    {
        let quoted: Quoted = answer_data(&format!(r#"{{"message":{message},{rest}}}"#)).expect("it is an answer");
        assert_eq!(quoted.message.len(), 2, "{rest}: {quoted:?}");
        assert!(quoted.history.len() + quoted.forwarded.len() < 2);
    }
}

/// `data` that is null stays null in an object that is not a segment (so before the reshaping too).
#[test]
fn null_as_data_of_no_segment_is_kept() {
    assert_eq!(alone(r#"[{"x":1,"data":null}]"#), r#"[{"x":1,"data":null}]"#);
}

/// Returns the history, as JSON, of an answer with these events, and the warnings about it.
fn history(events: &str) -> (String, usize) {
    let quoted: Quoted =
        answer_data(&format!(r#"{{"message":[],"history":[{events}],"forwarded":[]}}"#)).expect("it is an answer");
    let typed = quoted.history.iter().filter(|event| !matches!(event, Event::Unknown(_))).count();
    (serde_json::to_string(&quoted.history).expect("it is written"), typed)
}

/// An event of a history is read as it is alone, whatever the order of its tags and its other fields.
#[test]
fn an_event_of_a_history_is_read_as_it_is_alone() {
    for (name, case) in support::cases::<Value>("events") {
        let Value::Object(fields) = &case["payload"] else { panic!("{name} is not an object") };
        let entries: Vec<String> = fields.iter().map(|(key, value)| format!("{}:{value}", json!(key))).collect();
        let reversed: Vec<String> = entries.iter().rev().cloned().collect();
        for entries in [entries, reversed] {
            assert_is_read_as_alone(&format!("{{{}}}", entries.join(",")), &name);
        }
    }
}

/// Fails if an event of a history is read otherwise than alone.
fn assert_is_read_as_alone(event: &str, name: &str) {
    let alone = Event::from_slice(event.as_bytes()).expect("it is an event");
    let typed = usize::from(!matches!(alone, Event::Unknown(_)));
    let json = format!("[{}]", serde_json::to_string(&alone).expect("it is written"));
    assert_eq!(history(event), (json, typed), "{name}");
}

/// The same holds for entries before the tags that are not read at once: segments out of order, halves of emoji beside values that are
/// kept, and numbers that no parser takes.
#[test]
fn odd_entries_before_the_tags_are_read_as_they_are_behind_them() {
    for odd in [
        r#""message":[{"type":1}]"#,
        r#""message":[{"type":1e999,"data":{}}]"#,
        r#""message":[{"type":"text","data":{"text":"a\ud83d"}},{"type":"json","data":{"data":"{}","config":"a\ud83d"}}]"#,
        r#""message":1e999"#,
        r#""sender":{"nickname":"a\ud83d"}"#,
    ] {
        let event = format!(r#"{{"message_id":1,"user_id":1,{odd},"post_type":"message","message_type":"private"}}"#);
        assert_is_read_as_alone(&event, odd);
    }
}

/// Any number of entries may stand before the tags. The time does not grow with its square, which would be minutes here.
#[test]
fn many_entries_before_the_tags_are_read() {
    let entries: String = (0..100_000).map(|index| format!("\"x{index}_type\":{index},")).collect();
    let tags = r#""post_type":"message","message_type":"private""#;
    let event = format!(r#"{{"message":"a","message_id":1,"user_id":1,{entries}{tags}}}"#);
    assert_is_read_as_alone(&event, "many entries");
}

/// Messages of a forward that come twice are read once more as the first ones are.
#[test]
fn messages_of_a_forward_that_come_twice_are_read() {
    let read = |json: &str| {
        let action = mock::action("get_forward_msg").expect("the schema has it");
        (action.reread_answer)(json).expect("it is an answer")
    };
    let messages = r#"{"messages":[],"messages":[{"content":[{"type":1}]}]}"#;
    assert!(read(messages).contains(r#"[{"type":1}]"#), "{}", read(messages));
    // An empty content and an empty sender give way, whether the messages are in order or not.
    for odd in ["", r#","content":[],"time":[]"#] {
        let sender = r#""sender":{},"sender":{"nickname":"n"}"#;
        let json = format!(r#"{{"messages":[{{"content":[],"content":"x",{sender}{odd}}}]}}"#);
        assert!(read(&json).contains(r#""text":"x""#), "{}", read(&json));
        assert!(read(&json).contains(r#""nickname":"n""#), "{}", read(&json));
    }
}

/// The same holds beside an event that is out of order, so that the whole answer is read once more.
#[test]
fn events_beside_a_value_that_is_not_one_are_kept() {
    let event = r#"{"post_type":"notice","notice_type":"friend_add","user_id":1}"#;
    for odd in ["null", "1", "\"x\"", "[]", "{}", r#"{"post_type":1}"#, r#"{"post_type":"odd"}"#] {
        let (json, typed) = history(&format!("{event},{odd},{event}"));
        assert_eq!((typed, json.contains(odd)), (2, true), "{json}");
    }
}

/// A message of a forward is read in its usual form as in any other.
#[test]
fn a_message_of_a_forward_has_its_sender_and_its_content_in_each_form() {
    let text = r#"[{"type":"text","data":{"text":"a"}}]"#;
    let first = r#"[{"data":{"text":"a"},"type":"text"}]"#;
    let node = r#"[{"type":"node","data":{"user_id":"1","nickname":"x","content":"a"}}]"#;
    for (json, expected) in [
        (format!(r#"{{"content":{text},"sender":{{"user_id":1,"nickname":"x"}},"time":5}}"#), text),
        (format!(r#"{{"message":{first},"user_id":1,"nickname":"x","time":5}}"#), text),
        (r#"{"sender":{"nickname":"x"},"user_id":"1","message":"a","time":"5"}"#.to_owned(), text),
        (format!(r#"{{"sender":null,"uin":1,"name":"x","message":[],"content":{text},"time":5}}"#), text),
        (format!(r#"{{"type":"node","data":{{"uin":1,"name":"x","content":{text},"time":5}}}}"#), text),
        (format!(r#"{{"user_id":1,"nickname":"x","content":{node},"time":5}}"#), "nodes"),
    ] {
        let quoted: Quoted =
            answer_data(&format!(r#"{{"message":[],"history":[],"forwarded":[{json}]}}"#)).expect("it is an answer");
        let message = &quoted.forwarded[0];
        assert_eq!(message.sender.user_id.map(|id| id.get()), Some(1), "{json}");
        assert_eq!(message.sender.nickname.as_deref(), Some("x"), "{json}");
        assert_eq!(message.time.map(|time| time.seconds()), Some(5), "{json}");
        match &message.content {
            ForwardContent::Message(message) => {
                assert_eq!(serde_json::to_string(message).expect("it is written"), expected, "{json}");
            }
            ForwardContent::Nodes(nodes) => assert_eq!((nodes.len(), expected), (1, "nodes"), "{json}"),
            other => panic!("{json}: {other:?}"),
        }
    }
}
