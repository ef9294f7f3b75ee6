//! Messages: writing and reading them as bots do.

use std::error::Error as _;

use cqhttp::segment::{self, UnknownSegment};
use cqhttp::types::ImageSubType;
use cqhttp::{
    Event, FileSource, ForwardNode, Mention, Message, MessageArg, MessageBuilder, MessageId, Segment, UserId,
};
use serde_json::{Value, json};

fn segment(json: &str) -> Segment {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn message(json: &str) -> Message {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn written(segment: &Segment) -> String {
    serde_json::to_string(segment).unwrap()
}

// ---- Writing ----

#[test]
fn every_step_of_the_builder_is_a_starting_point_too() {
    let picture = || FileSource::url("https://example.com/cat.png");
    let whole = Message::new();
    assert!(whole.is_empty());
    let whole = MessageBuilder::default()
        .reply(7)
        .text("a")
        .at(10086)
        .at_all()
        .image(picture())
        .face(5)
        .segment(Segment::image(picture()).sub_type(ImageSubType::Sticker))
        .build();
    let starts: Vec<Message> = vec![
        Message::reply(7).into(),
        Message::text("a").into(),
        Message::at(10086).into(),
        Message::at_all().into(),
        Message::image(picture()).into(),
        Message::face(5).into(),
        Message::segment(Segment::image(picture()).sub_type(ImageSubType::Sticker)).into(),
    ];
    let parts: Message = starts.into_iter().flatten().collect();
    assert_eq!(parts, whole);
    let kinds: Vec<&str> = whole.iter().map(Segment::kind).collect();
    assert_eq!(kinds, ["reply", "text", "at", "at", "image", "face", "image"]);
}

#[test]
fn everything_that_can_be_said_is_a_message() {
    let said: [Message; 9] = [
        "hi".into(),
        (&String::from("hi")).into(),
        String::from("hi").into(),
        Message::text("hi").into(),
        Segment::text("hi").into(),
        Segment::from(Segment::text("hi")).into(),
        vec![Segment::from(Segment::text("hi"))].into(),
        (&Message::from("hi")).into(),
        [Segment::text("hi")].into_iter().collect(),
    ];
    assert!(said.iter().all(|message| *message == said[0]), "{said:?}");
    assert_eq!(Message::default(), Message::new());
    assert_eq!(serde_json::to_string(&said[0]).unwrap(), r#"[{"type":"text","data":{"text":"hi"}}]"#);
    assert_eq!(serde_json::to_string(&Message::new()).unwrap(), "[]");
}

#[test]
fn a_message_is_a_collection() {
    let mut message = Message::at(1).text("a").build();
    message.push(Segment::text("b"));
    message.insert(1, Segment::face(5));
    message.extend([Segment::text("c"), Segment::text("d")]);
    assert_eq!(message.len(), 6);
    assert_eq!(message.plain_text(), "abcd");
    assert_eq!(message.remove(1).kind(), "face");
    message.retain(|segment| segment.as_text() != Some("b"));
    assert_eq!(message.plain_text(), "acd");
    assert_eq!(message[0].kind(), "at");
    assert_eq!(message[1..].len(), 3);
    assert_eq!(message.first().map(Segment::kind), Some("at"));

    let mut count = 0;
    for segment in &message {
        count += usize::from(segment.as_text().is_some());
    }
    assert_eq!(count, 3);
    for segment in &mut message {
        if let Segment::Text(text) = segment {
            text.text.push('!');
        }
    }
    assert_eq!(message.plain_text(), "a!c!d!");
    message[1] = Segment::text("z").into();
    message.reverse();
    let owned: Vec<Segment> = message.clone().into_iter().collect();
    assert_eq!(owned, message.into_segments());
    assert_eq!(owned[2].as_text(), Some("z"));
}

// ---- Reading ----

#[test]
fn what_is_said_and_to_whom() {
    let said = Message::at_all().at(0).reply(0).text("a").at(2).text("b").at(1).build();
    assert_eq!(said.plain_text(), "ab");
    assert!(said.mentions(1) && said.mentions(UserId::new(2)) && !said.mentions(3));
    assert_eq!(said.first_mention(), Some(UserId::new(2)));
    assert_eq!(said.mentioned().map(UserId::get).collect::<Vec<_>>(), [2, 1]);
    assert!(said.mentions_everyone());
    assert!(!said.mentions(0), "0 is everyone, and nobody's number");
    assert_eq!(said.reply_to(), Some(MessageId::new(0)));

    let nobody = Message::text("@all [CQ:at,qq=all]").build();
    assert!(!nobody.mentions_everyone() && nobody.first_mention().is_none() && nobody.reply_to().is_none());
    assert_eq!(Message::new().plain_text(), "");
    assert!(Message::cq("[CQ:at,qq=0]").mentions_everyone());
    assert!(!Message::cq("[CQ:at,qq=ALL]").mentions_everyone());
    assert!(message(r#"[{"type":"at","data":{"qq":"all"}}]"#).mentions_everyone());
    assert!(message(r#"[{"type":"at","data":{"qq":10086}}]"#).mentions(10086));
    assert!(!message(r#"[{"type":"at","data":{"qq":"010086"}}]"#).mentions(10086), "it goes back out as it came");
}

#[test]
fn a_reply_of_ones_own_words_quotes_nothing_known() {
    let said = message(
        r#"[{"type":"reply","data":{"text":"old","qq":"1"}},{"type":"reply","data":{"id":"-12"}},{"type":"reply","data":{"id":3}}]"#,
    );
    assert_eq!(said.reply_to(), Some(MessageId::new(-12)));
}

#[test]
fn images_are_found_in_order() {
    let said = Message::image(FileSource::url("https://a/1")).text("x").image(FileSource::received("2.image")).build();
    let files: Vec<&str> = said.images().map(|image| image.file.as_str()).collect();
    assert_eq!(files, ["https://a/1", "2.image"]);
    assert_eq!(Message::from("x").images().count(), 0);
}

#[test]
fn a_prefix_is_found_and_the_rest_given_back() {
    let rest = |codes: &str, prefix: &str| Message::cq(codes).strip_prefix(prefix).map(|rest| rest.to_cq().unwrap());
    for (codes, prefix, expected) in [
        ("/mute", "/mute", Some("")),
        ("/mute   ", "/mute", Some("")),
        ("/mute 60", "/mute", Some("60")),
        (" \n/mute\t60 ", "/mute", Some("60 ")),
        ("\u{3000}/mute\u{3000}60", "/mute", Some("60")),
        ("[CQ:reply,id=1]/mute 60", "/mute", Some("60")),
        ("[CQ:reply,id=1] [CQ:reply,id=2] /mute 60", "/mute", Some("60")),
        ("[CQ:reply,id=1] \n[CQ:text,text= /mute 60]", "/mute", Some("60")),
        ("/mute[CQ:at,qq=1] 60", "/mute", Some("[CQ:at,qq=1] 60")),
        ("/mute [CQ:at,qq=1] 60", "/mute", Some("[CQ:at,qq=1] 60")),
        ("/mute [CQ:reply,id=1]", "/mute", Some("[CQ:reply,id=1]")),
        ("/muted", "/mute", None),
        ("/mute2", "/mute", None),
        ("/mute_all", "/mute", None),
        ("/mute-all", "/mute", Some("-all")),
        ("/mute你", "/mute", Some("你")),
        ("/Mute", "/mute", None),
        ("禁言60", "禁言", Some("60")),
        ("禁言他", "禁言", Some("他")),
        ("禁 言", "禁言", None),
        ("!", "!", Some("")),
        ("!!x", "!", Some("!x")),
        ("!ban", "!", Some("ban")),
        ("please /mute", "/mute", None),
        ("[CQ:at,qq=1] /mute", "/mute", None),
        ("[CQ:image,file=x]/mute", "/mute", None),
        ("[CQ:reply,id=1]", "/mute", None),
        ("", "/mute", None),
        ("  ", "/mute", None),
        ("&#91;x&#93; y", "[x]", Some("y")),
    ] {
        assert_eq!(rest(codes, prefix).as_deref(), expected, "{codes:?} without {prefix:?}");
    }
    let said = Message::cq("[CQ:reply,id=9]/say /say hi");
    let once = said.strip_prefix("/say").unwrap();
    assert_eq!(once.strip_prefix("/say").unwrap().plain_text(), "hi");
    assert_eq!(once.reply_to(), None, "the quotation is dropped");
}

#[test]
fn arguments_are_words_and_segments_in_order() {
    let said = Message::text("  ban\u{3000}x\n").at(10086).face(5).text("").text("60 ").at_all().build();
    let args: Vec<MessageArg<'_>> = said.args().collect();
    let words: Vec<Option<&str>> = args.iter().map(MessageArg::word).collect();
    assert_eq!(words, [Some("ban"), Some("x"), None, None, Some("60"), None]);
    let mentions: Vec<Option<UserId>> = args.iter().map(MessageArg::mention).collect();
    assert_eq!(mentions, [None, None, Some(UserId::new(10086)), None, None, None]);
    assert!(matches!(args[5], MessageArg::Segment(Segment::At(at)) if at.qq == Mention::All));
    assert_eq!(Message::new().args().count(), 0);
    assert_eq!(Message::from("  ").args().count(), 0);
}

// ---- JSON ----

#[test]
fn the_json_type_alone_says_what_a_message_is() {
    let list = message(r#"[{"type":"text","data":{"text":"[CQ:face,id=5]"}},{"type":"face","data":{"id":5}}]"#);
    assert_eq!(list.len(), 2);
    assert_eq!(list[0].as_text(), Some("[CQ:face,id=5]"), "text in a list is text");
    assert_eq!(message(r#""[CQ:face,id=5]""#), Message::face(5).into());
    assert_eq!(message(r#"{"type":"face","data":{"id":5}}"#), Message::face(5).into());
    assert_eq!(message("[]"), Message::new());
    assert_eq!(message("null"), Message::new());
    assert_eq!(message(r#""""#), Message::new());
    // A text that looks like a list is a text.
    let text = r#"[{"type":"at","data":{"qq":"all"}}]"#;
    assert_eq!(message(&json!(text).to_string()).plain_text(), text);

    for json in ["5", "true", "1.5"] {
        let error = serde_json::from_str::<Message>(json).expect_err(json);
        assert!(error.is_data(), "{json}: {error}");
    }
    for json in
        ["{}", r#"{"type":5}"#, "[5]", "[1e300]", r#"["hi"]"#, "[null]", "[[]]", "[[1e300]]", r#"{"data":{}}"#, "[{}]"]
    {
        let kept = message(json);
        assert!(matches!(&*kept, [Segment::Unknown(segment)] if segment.as_json().is_some()), "{json}: {kept:?}");
        let list = if json.starts_with('[') { json.to_owned() } else { format!("[{json}]") };
        assert_eq!(serde_json::to_string(&kept).unwrap(), list);
        assert_eq!(serde_json::from_str::<Message>(&list).unwrap(), kept);
    }
    let error = serde_json::from_str::<Message>("5").unwrap_err().to_string();
    assert!(error.contains("a message: a string, a segment or a list of segments"), "{error}");
}

#[test]
fn json_values_become_messages_or_say_which_entry_is_none() {
    let face = json!({ "type": "face", "data": { "id": 5 } });
    assert_eq!(Message::from_json(json!([face, face])).unwrap().len(), 2);
    assert_eq!(Message::from_json(face.clone()).unwrap(), Message::face(5).into());
    assert_eq!(Message::from_json(json!("[CQ:face,id=5]")).unwrap(), Message::face(5).into());
    assert_eq!(Message::from_json(json!([])).unwrap(), Message::new());
    for (json, index) in [
        (json!([face, "hi"]), 1),
        (json!([face, face, { "type": 5 }, 7]), 2),
        (json!([face, null]), 1),
        (json!({ "data": {} }), 0),
        (json!(null), 0),
        (json!(5), 0),
    ] {
        let error = Message::from_json(json.clone()).expect_err(&json.to_string());
        let expected = format!("entry {index} is not a segment: a segment is an object with a `type` and its `data`");
        assert_eq!(error.to_string(), expected, "{json}");
        assert!(error.source().is_none());
    }
    // What is odd but a segment is kept.
    let odd = json!([{ "type": "x", "data": [1], "y": 2 }, { "type": "face" }, { "type": "", "data": null }]);
    let kept = serde_json::to_value(Message::from_json(odd).unwrap()).unwrap();
    assert_eq!(
        kept,
        json!([{ "type": "x", "data": [1], "y": 2 }, { "type": "face", "data": {} }, { "type": "", "data": {} }])
    );
}

/// A JSON value, a reader and a slice decode to the same message.
#[test]
fn every_way_of_reading_reads_the_same() {
    let json = r#"[{"data":{"id":"5","raw":{"a":[1,"\u4f60"]},"t\n":null},"type":"face"},{"type":"text","data":{"text":"a\n\"b"}},{"type":"at","data":{"qq":null}}]"#;
    let read = message(json);
    assert_eq!(serde_json::from_slice::<Message>(json.as_bytes()).unwrap(), read);
    assert_eq!(serde_json::from_reader::<_, Message>(json.as_bytes()).unwrap(), read);
    let tree: Value = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::from_value::<Message>(tree.clone()).unwrap().len(), 3);
    assert_eq!(Message::from_json(tree).unwrap()[1..], read[1..], "a tree sorts names, nothing else");
}

// ---- CQ codes ----

#[test]
fn text_never_becomes_a_code() {
    for typed in ["&#91;CQ:at,qq=all&#93;", "[CQ:at,qq=all]", "&amp;#91;CQ:at,qq=all&amp;#93;", "[CQ:", "]", "&", ",="]
    {
        let said = Message::from(typed);
        assert!(!said.mentions_everyone());
        let codes = said.to_cq().unwrap();
        assert!(!codes.contains('['), "{codes}");
        let read = Message::cq(&codes);
        assert_eq!(read, said, "{codes}");
        assert_eq!(read.to_cq().unwrap(), codes);
        assert_eq!(message(&serde_json::to_string(&said).unwrap()), said, "as a list it needs no escapes");
    }
    // As a server that sends strings would pass on what a user typed.
    assert_eq!(message(r##""&#91;CQ:at,qq=all&#93;""##).plain_text(), "[CQ:at,qq=all]");
    assert_eq!(message(r##""&amp;#91;CQ:at,qq=all&amp;#93;""##).plain_text(), "&#91;CQ:at,qq=all&#93;");
    // Nor does a value end a code.
    let link = Segment::share("https://example.com/?a=1&b=[2],c", "x,y]=[CQ:at,qq=all]");
    let codes = Message::from(link.clone()).to_cq().unwrap();
    assert_eq!(Message::cq(codes), Message::from(link));
}

#[test]
fn what_has_no_code_says_why() {
    let cases = [
        (r#"{"type":"a,b","data":{}}"#, "segment 1 (`a,b`) has no form as a CQ code: its type holds `,` or `]`"),
        (
            r#"{"type":"x","data":{"a=b":1}}"#,
            "segment 1 (`x`) has no form as a CQ code: the name `a=b` holds `,`, `]` or `=`",
        ),
        (
            r#"{"type":"x","data":{},"y":1}"#,
            "segment 1 (`x`) has no form as a CQ code: it is not an object with `type` and `data` alone",
        ),
        (
            r#"{"type":"x","data":5}"#,
            "segment 1 (`x`) has no form as a CQ code: it is not an object with `type` and `data` alone",
        ),
        (
            r#"{"type":"node","data":{"content":[{"type":"text","data":{"text":"x"}}]}}"#,
            "segment 1 (`node`) has no form as a CQ code: a node holds a whole message",
        ),
    ];
    for (json, why) in cases {
        let said = Message::text("x").segment(segment(json)).build();
        assert_eq!(said.to_cq().unwrap_err().to_string(), why);
        assert_eq!(said.canonical().to_cq().unwrap_err().to_string(), why, "the canonical message is the same");
        let own = UnknownSegment::new("node");
        assert_eq!(Message::from(Segment::Unknown(own)).to_cq().unwrap(), "[CQ:node]");
    }
}

#[test]
fn a_node_by_any_name_holds_a_message() {
    let mut node = UnknownSegment::new("node");
    node.data.set("content", json!([{ "type": "text", "data": { "text": "x" } }]));
    assert!(Message::from(Segment::Unknown(node)).to_cq().is_err());
}

/// References to segments, from a match on a message, convert as well.
#[test]
fn a_node_in_a_message_is_a_node_of_a_forward() {
    let said = Message::from(ForwardNode::custom(10086, "小明", "hi"));
    let Segment::Node(node) = &said[0] else { panic!("{said:?}") };
    assert_eq!(ForwardNode::try_from(node).unwrap(), ForwardNode::custom(10086, "小明", "hi"));
}

#[test]
fn canonical_joins_what_codes_cannot_tell_apart() {
    let said = Message::text("a").text("").text("b").face(5).text("").build();
    assert_eq!(said.canonical(), Message::text("ab").face(5).into());
    let mut text = UnknownSegment::new("text");
    text.data.set("text", "b");
    let said = Message::text("a").segment(Segment::Unknown(text)).build();
    assert_eq!(said.to_cq().unwrap(), "ab");
    assert_eq!(said.canonical(), Message::from("ab"));
}

/// A lone surrogate is valid JSON but not a text: it is kept, and does no harm.
#[test]
fn half_a_character_in_an_unknown_field_is_kept() {
    let json = r#"{"type":"odd","data":{"x":"\ud83d!"}}"#;
    let odd = segment(json);
    assert_eq!(written(&odd), json);
    let codes = Message::from(odd).to_cq().unwrap();
    assert!(codes.contains("ud83d"), "{codes}");
}

// ---- Editing what came ----

fn image(json: &str) -> Box<segment::Image> {
    match segment(json) {
        Segment::Image(image) => image,
        other => panic!("{other:?}"),
    }
}

fn resent(image: Box<segment::Image>) -> String {
    written(&Segment::Image(image))
}

#[test]
fn a_field_under_another_name_goes_back_out_under_that_name() {
    let json = r#"{"type":"image","data":{"file":"a","sub_type":1,"raw":{"x":[1,2]},"summary":"[x]"}}"#;
    let received = image(json);
    assert_eq!(received.sub_type, Some(ImageSubType::Sticker));
    assert_eq!(
        resent(received.clone()),
        r#"{"type":"image","data":{"file":"a","summary":"[x]","sub_type":1,"raw":{"x":[1,2]}}}"#
    );

    let mut changed = received.clone();
    changed.sub_type = Some(ImageSubType::Selfie);
    let out = r#"{"type":"image","data":{"file":"a","subType":"8","summary":"[x]","raw":{"x":[1,2]}}}"#;
    assert_eq!(resent(changed), out);

    let mut cleared = received.clone();
    cleared.sub_type = None;
    let out = r#"{"type":"image","data":{"file":"a","summary":"[x]","raw":{"x":[1,2]}}}"#;
    assert_eq!(resent(cleared), out);

    let mut back = received.clone();
    back.sub_type = None;
    back.sub_type = Some(ImageSubType::Sticker);
    assert_eq!(back, received);
}

#[test]
fn a_field_that_came_under_no_name_can_be_set() {
    let mut received = image(r#"{"type":"image","data":{"file":"a"}}"#);
    received.sub_type = Some(ImageSubType::Sticker);
    assert_eq!(resent(received), r#"{"type":"image","data":{"file":"a","subType":"1"}}"#);
}

#[test]
fn a_field_under_both_names_is_changed_under_both() {
    let json = r#"{"type":"image","data":{"file":"a","subType":"1","sub_type":"1"}}"#;
    let mut received = image(json);
    assert_eq!(resent(received.clone()), json);
    received.sub_type = Some(ImageSubType::Selfie);
    assert_eq!(resent(received.clone()), r#"{"type":"image","data":{"file":"a","subType":"8"}}"#);
    received.sub_type = None;
    assert_eq!(resent(received), r#"{"type":"image","data":{"file":"a"}}"#);
}

/// Two values for one field are both kept until the field is changed.
#[test]
fn values_that_contradict_are_kept() {
    for json in [
        r#"{"type":"image","data":{"file":"a","subType":"1","sub_type":"2"}}"#,
        r#"{"type":"image","data":{"file":"a","subType":"x","sub_type":"2"}}"#,
        r#"{"type":"image","data":{"file":"a","sub_type":"1","sub_type":"2"}}"#,
        r#"{"type":"image","data":{"file":"a","cache":"1","cache":"yes"}}"#,
        r#"{"type":"image","data":{"file":"a","cache":"yes","cache":"no"}}"#,
        r#"{"type":"image","data":{"file":"a"},"data":{"file":"b"}}"#,
        r#"{"type":"image","data":{"file":"a"},"type":"face"}"#,
    ] {
        assert_eq!(resent(image(json)), json);
    }
}

#[test]
fn a_value_that_does_not_fit_stays_until_the_field_is_set() {
    let json = r#"{"type":"image","data":{"file":"a","cache":"yes","subType":[1],"sub_type":{}}}"#;
    let mut received = image(json);
    assert_eq!((received.cache, received.sub_type), (None, None));
    assert_eq!(resent(received.clone()), json);
    received.cache = Some(true);
    received.sub_type = Some(ImageSubType::Normal);
    assert_eq!(resent(received), r#"{"type":"image","data":{"file":"a","subType":"0","cache":"1"}}"#);
}

/// A changed field behind many others is sent once.
#[test]
fn a_field_behind_many_others_is_sent_once() {
    let many: String = (0..100).map(|n| format!(r#""x{n}":{n},"#)).collect();
    let mut received = image(&format!(r#"{{"type":"image","data":{{{many}"file":"a"}}}}"#));
    received.file = FileSource::received("b");
    let out = resent(received);
    assert_eq!(out.matches(r#""file""#).count(), 1, "{out}");
    assert!(out.starts_with(r#"{"type":"image","data":{"file":"b","x0":0,"x1":1,"#) && out.ends_with(r#""x99":99}}"#));
}

#[test]
fn dice_and_hands_keep_the_name_of_their_server() {
    let Segment::Dice(mut dice) = segment(r#"{"type":"dice","data":{"result":"4"}}"#) else { panic!("it is a die") };
    assert_eq!(dice.value, Some(4));
    assert_eq!(written(&Segment::Dice(dice.clone())), r#"{"type":"dice","data":{"result":"4"}}"#);
    dice.value = Some(6);
    assert_eq!(written(&Segment::Dice(dice.clone())), r#"{"type":"dice","data":{"value":"6"}}"#);
    dice.value = None;
    assert_eq!(written(&Segment::Dice(dice)), r#"{"type":"dice","data":{}}"#);
}

#[test]
fn unknown_fields_are_kept_in_order_and_can_be_edited() {
    let json = r#"{"type":"face","data":{"id":"5","z":1,"a":{"deep":[null,1.50]},"m":null}}"#;
    let mut received = segment(json);
    assert_eq!(written(&received), json);
    let Segment::Face(face) = &mut received else { panic!("it is a face") };
    assert_eq!(face.extra.names().collect::<Vec<_>>(), ["z", "a", "m"]);
    assert_eq!(face.extra.json("a"), Some(r#"{"deep":[null,1.50]}"#));
    assert_eq!(face.extra.get("nothing"), None);
    face.extra.set("a", "new");
    face.extra.set("last", 7);
    face.extra.remove("z");
    face.extra.remove("nothing");
    assert_eq!(written(&received), r#"{"type":"face","data":{"id":"5","a":"new","m":null,"last":7}}"#);
}

/// The typed field wins over a value that is set under its name in `extra`.
#[test]
fn a_typed_field_is_not_overruled() {
    let mut face = Segment::face(5);
    face.extra.set("id", 7);
    assert_eq!(written(&face.into()), r#"{"type":"face","data":{"id":"5"}}"#);
    // Where the field says nothing, it goes out.
    let mut image = image(r#"{"type":"image","data":{"file":"a","sub_type":1}}"#);
    image.sub_type = None;
    image.extra.set("sub_type", 99);
    assert_eq!(resent(image), r#"{"type":"image","data":{"file":"a","sub_type":99}}"#);
}

#[test]
fn what_stands_beside_type_and_data_goes_back_out() {
    let json = r#"{"type":"face","data":{"id":"5"},"id":77,"x":{"y":1}}"#;
    let received = segment(json);
    assert_eq!(written(&received), json);
    let Segment::Face(face) = &received else { panic!("it is a face") };
    assert_eq!(face.extra.names().count(), 0, "it is not a part of the data");
    assert!(!face.extra.is_empty());
    assert_ne!(received, Segment::face(5).into());
    for (json, out) in [
        (r#"{"id":1,"data":{"id":"5"},"type":"face"}"#, r#"{"type":"face","data":{"id":"5"},"id":1}"#),
        (r#"{"type":"shake","x":1}"#, r#"{"type":"shake","data":{},"x":1}"#),
    ] {
        assert_eq!(written(&segment(json)), out);
    }
}

#[test]
fn data_that_is_no_object_goes_back_out() {
    for json in [
        r#"{"type":"text","data":"hi"}"#,
        r#"{"type":"face","data":[1,{"a":null}]}"#,
        r#"{"type":"x","data":5}"#,
        r#"{"type":"x","data":-5}"#,
        r#"{"type":"x","data":true}"#,
        r#"{"type":"shake","data":[]}"#,
        r#"{"type":"x","data":5,"data":{"a":1}}"#,
    ] {
        let received = segment(json);
        assert_eq!(written(&received), json);
        let turned = json.replace(r#""type":"x","data":5}"#, r#""data":5,"type":"x"}"#);
        assert_eq!(segment(&turned), received);
    }
    let Segment::Unknown(mut text) = segment(r#"{"type":"text","data":"hi"}"#) else { panic!("it has no text") };
    text.data.set("text", "hi");
    assert_eq!(written(&Segment::Unknown(text)), r#"{"type":"text","data":{"text":"hi"}}"#);
}

#[test]
fn a_segment_without_what_it_needs_is_unknown_and_goes_back_out() {
    for json in [
        r#"{"type":"face","data":{"id":"smile","x":1}}"#,
        r#"{"type":"image","data":{"url":"https://a"}}"#,
        r#"{"type":"text","data":{"text":null}}"#,
        r#"{"type":"text","data":{"text":["a"]}}"#,
        r#"{"type":"face","data":{"id":"007"}}"#,
        r#"{"type":"at","data":{"qq":[1]}}"#,
    ] {
        let received = segment(json);
        assert!(matches!(received, Segment::Unknown(_)), "{received:?}");
        assert_eq!(written(&received), json);
        assert_eq!(received.as_text(), None);
    }
}

#[test]
fn numbers_are_read_as_their_digits() {
    for (json, cache) in [("1", true), (r#""1""#, true), ("0", false), (r#""0""#, false)] {
        let received = image(&format!(r#"{{"type":"image","data":{{"file":"a","cache":{json}}}}}"#));
        assert_eq!(received.cache, Some(cache), "{json}");
    }
    // As servers that keep segments as text see it, these are neither.
    for json in ["true", r#""true""#, "1.0", "2", "null"] {
        let received = image(&format!(r#"{{"type":"image","data":{{"file":"a","cache":{json}}}}}"#));
        assert_eq!(received.cache, None, "{json}");
    }
    let json = r#"{"type":"image","data":{"file":"a","cache":true}}"#;
    assert_eq!(resent(image(json)), json);

    let place = segment(r#"{"type":"location","data":{"lat":39.9087,"lon":116}}"#);
    assert!(matches!(&place, Segment::Location(place) if place.lat == "39.9087" && place.lon == "116"), "{place:?}");
    let Segment::At(at) = segment(r#"{"type":"at","data":{"qq":"144115218000000001"}}"#) else { panic!("a mention") };
    assert_eq!(at.qq, Mention::from(144115218000000001));
}

#[test]
fn a_mention_in_front_is_taken_off() {
    let me = UserId::new(10010);
    let command = Message::reply(7).text(" ").at(me).text("  /mute").at(10086).build();
    let rest = command.strip_mention(me).unwrap();
    assert_eq!(rest, Message::text("/mute").at(10086).build());
    assert!(command.strip_mention(10086).is_none(), "somebody else is mentioned first");
    assert!(Message::text("hi ").at(me).build().strip_mention(me).is_none());
    assert!(Message::at_all().build().strip_mention(me).is_none());
    assert!(Message::new().strip_mention(me).is_none());
    assert_eq!(Message::at(me).build().strip_mention(me), Some(Message::new()));
}

#[test]
fn a_message_is_appended_to_another() {
    let tail = Message::text("b").face(5).build();
    let whole = Message::text("a").append(&tail).append("c").build();
    assert_eq!(whole, Message::text("a").text("b").face(5).text("c").build());
}

/// A number of more than 64 bits is sent on unchanged, wherever it stands.
#[test]
fn a_number_of_any_size_is_kept() {
    for json in [
        r#"[{"type":"at","data":{"qq":1234567890123456789012345}}]"#,
        r#"[{"type":"","data":588888888888880040000000000000000000000000000001}]"#,
        r#"[{"type":"text","data":1e300}]"#,
        r#"[{"type":"other","data":{"n":1234567890123456789012345}}]"#,
        "[1234567890123456789012345]",
        r#"[{"type":"face","data":{"id":"5"}},1.50]"#,
    ] {
        let message: Message = serde_json::from_str(json).unwrap();
        let written = serde_json::to_string(&message).unwrap();
        assert_eq!(written.replace('"', ""), json.replace('"', ""));
        let event = format!(r#"{{"post_type":"message","message_type":"group","message":{json}}}"#);
        assert!(event.parse::<Event>().is_ok(), "{json}");
    }
}

/// QQ's clients mention the author of the quoted message, right after the quotation.
#[test]
fn the_mention_behind_a_quotation_is_no_part_of_what_was_said() {
    let (me, author) = (UserId::new(10010), UserId::new(10086));
    let quoting = Message::reply(7).at(author).text(" /kick now").build();
    assert_eq!(quoting.strip_prefix("/kick"), Some(Message::from("now")));
    assert!(Message::at(author).text(" /kick").build().strip_prefix("/kick").is_none(), "nothing is quoted");
    assert!(Message::reply(7).at(author).at(author).text("/kick").build().strip_prefix("/kick").is_none());
    let to_me = Message::reply(7).at(author).text(" ").at(me).text(" /kick").build();
    assert_eq!(to_me.strip_mention(me), Some(Message::from("/kick")));
    assert_eq!(Message::reply(7).at(me).text(" hi").build().strip_mention(me), Some(Message::from("hi")));
}
