//! Fields of segments that are JSON on the wire: lists, objects, any value, and numbers and flags that are not texts.

use cqhttp::segment::{Face, Keyboard};
use cqhttp::types::{KeyboardButton, KeyboardRow};
use cqhttp::{Message, Segment};
use serde_json::json;

/// Reads a segment alone, and within a message, where the text is in order; both are the same.
fn read(json: &str) -> Segment {
    let alone: Segment = serde_json::from_str(json).unwrap();
    let message: Message = serde_json::from_str(&format!("[{json}]")).unwrap();
    assert_eq!(message[0], alone, "{json}");
    // Names in another order, which are read one by one.
    let (kind, data) = json.split_once(",\"data\":").unwrap();
    let turned = format!("[{{\"data\":{},{}}}]", data.strip_suffix('}').unwrap(), kind.strip_prefix('{').unwrap());
    let turned: Message = serde_json::from_str(&turned).unwrap();
    assert_eq!(turned[0], alone, "{json}");
    assert_eq!(serde_json::to_string(&message).unwrap(), serde_json::to_string(&[&alone]).unwrap(), "{json}");
    alone
}

fn face(data: &str) -> Face {
    match read(&format!("{{\"type\":\"face\",\"data\":{data}}}")) {
        Segment::Face(face) => *face,
        other => panic!("{other:?}"),
    }
}

fn keyboard(data: &str) -> Keyboard {
    match read(&format!("{{\"type\":\"keyboard\",\"data\":{data}}}")) {
        Segment::Keyboard(keyboard) => keyboard,
        other => panic!("{other:?}"),
    }
}

fn written(segment: impl Into<Segment>) -> String {
    let json = serde_json::to_value(segment.into()).unwrap();
    json["data"].to_string()
}

#[test]
fn a_number_and_a_flag_go_out_as_such() {
    let face = Face::new(178).large(true).chain_count(3).raw(json!({ "faceType": 3, "a": [null, 1.5] }));
    assert_eq!(written(face), r#"{"chainCount":3,"id":"178","large":true,"raw":{"a":[null,1.5],"faceType":3}}"#);
}

/// A server may write another kind. It is read, and goes back out as it came until the field is set.
#[test]
fn other_kinds_of_values_are_read_and_go_back_unchanged() {
    for (data, large, count) in [
        (r#"{"id":"178","large":true,"chainCount":3}"#, Some(true), Some(3)),
        (r#"{"id":"178","large":1,"chainCount":"3"}"#, Some(true), Some(3)),
        (r#"{"id":"178","large":"1","chainCount":3.0}"#, Some(true), Some(3)),
        (r#"{"id":"178","large":"false","chainCount":{"a":1}}"#, Some(false), None),
        (r#"{"id":"178","large":[],"chainCount":"many"}"#, None, None),
    ] {
        let mut face = face(data);
        assert_eq!((face.large, face.chain_count), (large, count), "{data}");
        let sent: serde_json::Value = serde_json::from_str(&written(face.clone())).unwrap();
        assert_eq!(sent, serde_json::from_str::<serde_json::Value>(data).unwrap(), "{data}");
        face.chain_count = Some(7);
        assert!(written(face).contains("\"chainCount\":7"), "{data}");
    }
    // Null is nothing.
    assert_eq!(face(r#"{"id":"178","large":null,"raw":null}"#), Face::new(178));
}

/// Fields unknown to a type, and elements that cannot be read, are missing from the typed value, but not from the message sent.
#[test]
fn objects_go_back_out_whole() {
    let rows = r#"{"rows":[{"buttons":[{"id":"1","group_id":"9"},7],"colour":"red"},"none"],"bot_appid":102}"#;
    let mut keyboard = keyboard(rows);
    let typed = keyboard.rows.as_ref().unwrap();
    assert_eq!((typed.len(), typed[0].buttons.len(), typed[0].buttons[0].id.as_deref()), (1, 1, Some("1")));
    let sent = |keyboard: &Keyboard| -> serde_json::Value { serde_json::from_str(&written(keyboard.clone())).unwrap() };
    assert_eq!(sent(&keyboard), serde_json::from_str::<serde_json::Value>(rows).unwrap());
    // A change takes effect.
    let mut row: KeyboardRow = KeyboardRow::example();
    row.buttons = vec![KeyboardButton::example()];
    keyboard.rows = Some(vec![row]);
    let changed = sent(&keyboard);
    assert_eq!((&changed["rows"][0]["buttons"][0]["id"], &changed["bot_appid"]), (&json!("1"), &json!(102)));
    assert_eq!(changed["rows"].as_array().unwrap().len(), 1);
    keyboard.rows = None;
    assert_eq!(sent(&keyboard), json!({ "bot_appid": 102 }));
}

/// CQ codes, and servers that write JSON into a text.
#[test]
fn a_text_may_hold_the_json() {
    let quoted = json!({ "rows": r#"[{"buttons":[{"id":"1"}]}]"# }).to_string();
    let keyboard = keyboard(&quoted);
    assert_eq!(keyboard.rows.as_ref().unwrap()[0].buttons[0].id.as_deref(), Some("1"));
    assert_eq!(written(keyboard), quoted);
    let code = "[CQ:face,id=178,large=1,chainCount=3,raw={\"faceType\":3&#44;\"x\":&#91;1&#93;}]";
    let message = Message::cq(code);
    let Segment::Face(face) = &message[0] else { panic!("{message:?}") };
    assert_eq!((face.large, face.chain_count), (Some(true), Some(3)));
    assert_eq!(face.raw, Some(json!({ "faceType": 3, "x": [1] })));
    let again = Message::cq(message.to_cq().unwrap());
    assert_eq!(again.to_cq().unwrap(), message.to_cq().unwrap());
    let Segment::Face(again) = &again[0] else { panic!("{again:?}") };
    assert_eq!((&again.raw, again.chain_count), (&face.raw, face.chain_count));
}

/// A float that would be another number when it is read again goes back out as it came.
#[test]
fn a_long_float_stays_the_same() {
    for number in ["666666666666666666666666666666666666660", "6.6666666666666665e38", "0.1"] {
        let json = format!(r#"[{{"type":"face","data":{{"id":"178","raw":{{"a":[{number}]}}}}}}]"#);
        let message: Message = serde_json::from_str(&json).unwrap();
        let again: Message = serde_json::from_str(&serde_json::to_string(&message).unwrap()).unwrap();
        assert_eq!(again, message);
        let Segment::Face(face) = &message[0] else { panic!("{message:?}") };
        assert!(face.raw.as_ref().unwrap()["a"][0].is_f64(), "{number}");
    }
}

#[test]
fn a_doubled_json_field_has_one_canonical_form() {
    for code in [
        r#"[CQ:face,id=1,raw={"a":1},chainCount=x,raw={"a":1},chainCount=y]"#,
        r#"[CQ:face,id=1,raw={"a":1},chainCount=x,chainCount=y,raw={"a":1}]"#,
        r#"[CQ:face,id=1,raw={"a":1}&#44;,chainCount=x,raw={"a":1},chainCount=y]"#,
        r#"[CQ:face,id=1,chainCount=x,chainCount=1,chainCount=2]"#,
        r#"[CQ:face,id=1,raw={"a":1&#44;"a":1},chainCount=x,raw={"a":1},raw={"a": 1}]"#,
        r#"[CQ:face,id=1,raw=x,raw={"a":1}]"#,
        r#"[CQ:face,id=1,raw={"a":30000000000000000000000000},raw={"b":3},resultId=]"#,
    ] {
        let message = Message::cq(code);
        let codes = message.to_cq().unwrap();
        assert_eq!(Message::cq(&codes), message.canonical(), "{codes}");
        let json = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<Message>(&json).unwrap(), message, "{json}");
        // A server that reads JSON is sent an object, if the text holds one.
        assert_eq!(json.contains(r#"raw":"{"#), code.contains("}&#44;"), "{json}");
    }
}

/// An integer beyond 64 bits keeps its digits.
#[test]
fn a_long_integer_keeps_its_digits() {
    for number in ["123456789012345678901234567890", "-123456789012345678901234567890"] {
        let json = format!(r#"[{{"type":"face","data":{{"id":"178","raw":{{"a":[{number}]}}}}}}]"#);
        let message: Message = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), json);
        let codes = message.to_cq().unwrap();
        assert!(codes.contains(number), "{codes}");
        assert_eq!(Message::cq(&codes).to_cq().unwrap(), codes);
        assert_eq!(Message::cq(&codes), message.canonical());
    }
}

/// An object in which a key comes twice goes back out as it came, until the field is set.
#[test]
fn an_object_with_a_doubled_key_stays_whole() {
    for raw in [r#"{"a":1,"a":2}"#, r#"[{"b":[null,true,-1,0.5,"c",{"a":1,"a":2}]}]"#] {
        let json = format!(r#"[{{"type":"face","data":{{"id":"178","raw":{raw}}}}}]"#);
        let message: Message = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), json);
        let codes = message.to_cq().unwrap();
        assert_eq!(serde_json::to_string(&Message::cq(&codes)).unwrap(), json, "{codes}");
        assert_eq!(Message::cq(&codes), message.canonical());
        let mut face = face(&format!(r#"{{"id":"178","raw":{raw}}}"#));
        face.raw = Some(json!({ "a": 3 }));
        assert_eq!(written(face), r#"{"id":"178","raw":{"a":3}}"#);
    }
}
