//! Segments and values that are not in the usual order: whether the fast way or the exact way reads them, the result is the same.

use cqhttp::__private::decode::{Context, Decoded, Value};
use cqhttp::__private::{answer_data, object_answer};
use cqhttp::{Answer, Event, ForwardedMessage, Message, mock};

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
    fn read_data(data: &mut dyn Value<'_>, context: &mut Context) -> Decoded<Self> {
        object_answer(data, context)
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
