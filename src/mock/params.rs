//! Parameters, read as go-cqhttp reads them: any value is accepted, and converted to the right kind.

mod value;

use self::value::{GivenParams, ParamObject, ParamValue, PlainValue};
use super::refusal::{Refusal, refuse, refuse_as};
use super::schema::{ActionInfo, ChoiceInfo, ParamInfo};
use crate::types::RefusalCode;

/// The refusals of an empty parameter: the first of these that the schema lists for the action applies. If the schema
/// lists none, the call is carried out, as on the server.
const REFUSALS: &[(&str, &[&str])] = &[
    ("anonymous_flag", &["INVALID_FLAG"]),
    ("channel_id", &["CHANNEL_NOT_FOUND"]),
    ("content", &["WORD_SEGMENTATION_API_ERROR"]),
    ("file", &["FILE_NOT_FOUND", "LOAD_FILE_ERROR", "OPEN_FILE_ERROR"]),
    ("file_id", &["FILE_SYSTEM_API_ERROR"]),
    ("flag", &["FLAG_NOT_FOUND"]),
    ("folder_id", &["FILE_SYSTEM_API_ERROR"]),
    ("group_id", &["GROUP_NOT_FOUND", "PERMISSION_DENIED", "FILE_SYSTEM_API_ERROR", "SEND_MSG_API_ERROR"]),
    ("guild_id", &["GUILD_NOT_FOUND", "API_ERROR"]),
    ("image", &["LOAD_FILE_ERROR"]),
    ("message", &["EMPTY_MSG_ERROR"]),
    ("message_id", &["MESSAGE_NOT_FOUND", "INVALID_MESSAGE_ID", "MSG_NOT_FOUND"]),
    ("messages", &["EMPTY_NODES"]),
    ("model", &["GET_MODEL_SHOW_API_ERROR", "SET_MODEL_SHOW_API_ERROR"]),
    ("notice_id", &["DELETE_NOTICE_ERROR"]),
    ("role_id", &["API_ERROR"]),
    ("url", &["DOWNLOAD_FILE_ERROR"]),
    (
        "user_id",
        &[
            "FRIEND_NOT_FOUND",
            "GROUP_MEMBER_NOT_FOUND",
            "MEMBER_NOT_FOUND",
            "SUMMARY_API_ERROR",
            "FILE_SYSTEM_UPLOAD_API_ERROR",
            "SEND_MSG_API_ERROR",
            "GROUP_NOT_FOUND",
            "API_ERROR",
        ],
    ),
];

/// The parameters of a call, as its action reads them.
pub(super) struct Reading {
    /// The parameters as JSON, in the form of the request type.
    pub(super) json: Vec<u8>,
    pub(super) verdict: Verdict,
}

pub(super) enum Verdict {
    Fine,
    Refused(Refusal),
    /// A message without a target, which gets an empty answer.
    NoTarget,
}

impl Reading {
    pub(super) fn new(info: &ActionInfo, params: &[u8]) -> Self {
        let given = GivenParams::read(params);
        let mut entries = Vec::with_capacity(info.params.len());
        let mut refusal = info.choices.iter().find_map(|choice| refusal_of_choice(choice, &given));
        let mut target = None;
        for param in info.params {
            if is_of_target(info, param) {
                target = target.or_else(|| Some(SendTarget::read(&given)));
                continue;
            }
            let Some(value) = ParamValue::read(param, &given) else { continue };
            if param.required && refusal.is_none() && value.is_empty() {
                refusal = refusal_of(info, param.name, &value);
            }
            entries.push((param.name, value));
        }
        let verdict = match target {
            Some(SendTarget { kind: "", .. }) => Verdict::NoTarget,
            Some(target) => target.write(info, &mut entries).or(refusal).map_or(Verdict::Fine, Verdict::Refused),
            None => refusal.map_or(Verdict::Fine, Verdict::Refused),
        };
        // Values that were read can always be written.
        Self { json: serde_json::to_vec(&ParamObject(&entries)).unwrap_or_default(), verdict }
    }
}

fn refusal_of(info: &ActionInfo, param: &str, value: &ParamValue<'_>) -> Option<Refusal> {
    // go-cqhttp gives no code if `messages` is missing.
    if matches!(value, ParamValue::Missing) && param == "messages" {
        return Some(Refusal { msg: String::new(), wording: String::new(), retcode: 100 });
    }
    // go-cqhttp checks for an empty string before it sends, and for an empty list only while it sends.
    if matches!(value, ParamValue::List(_)) && param == "message" {
        return Some(refuse(RefusalCode::SendMsgApiError).wording("empty message"));
    }
    let (_, codes) = REFUSALS.iter().find(|(name, _)| *name == param)?;
    let code = codes.iter().find(|code| info.refusals.contains(code))?;
    let refusal = refuse((*code).into());
    // go-cqhttp gives no explanation for guilds and channels.
    let is_silent = ["guild_id", "channel_id"].contains(&param);
    Some(if is_silent { refusal } else { refusal.wording(format!("`{param}` is empty")) })
}

/// Returns the refusal of a call that gives several parameters of a group, or none where one is needed.
fn refusal_of_choice(choice: &ChoiceInfo, given: &GivenParams<'_>) -> Option<Refusal> {
    let is_given = |name: &str| given.get(name).is_some_and(|value| value.get() != "null");
    let count =
        choice.params.iter().filter(|(name, sharing)| is_given(name) && !sharing.iter().any(|name| is_given(name)));
    let how_many = match (count.count(), choice.required) {
        (1, _) | (0, false) => return None,
        (0, true) => "one of these parameters has to be given",
        _ => "only one of these parameters can be given",
    };
    let names: Vec<&str> = choice.params.iter().map(|(name, _)| *name).collect();
    Some(refuse_as(1400, format!("{how_many}: {}", names.join(", "))))
}

/// Returns `true` for the three parameters that name a target.
fn is_of_target(info: &ActionInfo, param: &ParamInfo) -> bool {
    let names = ["message_type", "user_id", "group_id"];
    names.contains(&param.name) && info.params.iter().any(|param| param.name == names[0])
}

/// The target of a message: by its type first, else by the id that is present.
struct SendTarget {
    /// Empty if there is no target.
    kind: &'static str,
    user: i64,
    group: i64,
}

impl SendTarget {
    fn read(given: &GivenParams<'_>) -> Self {
        let id = |name| given.get(name).map_or(0, |value| PlainValue::of(value).int());
        let (user, group) = (id("user_id"), id("group_id"));
        let kind = given.get("message_type").map(|kind| PlainValue::of(kind).text()).unwrap_or_default();
        let kind = match (&*kind, user, group) {
            ("group", ..) => "group",
            ("private", ..) => "private",
            (_, 0, 0) => "",
            (_, 0, _) => "group",
            _ => "private",
        };
        Self { kind, user, group }
    }

    /// Writes the target, and returns the refusal if its id is 0.
    fn write(&self, info: &ActionInfo, entries: &mut Vec<(&'static str, ParamValue<'_>)>) -> Option<Refusal> {
        entries.push(("message_type", ParamValue::Text(self.kind.to_owned())));
        let (name, id) = match self.kind {
            "group" => ("group_id", self.group),
            _ => ("user_id", self.user),
        };
        entries.push((name, ParamValue::Int(id.into())));
        if self.kind != "group" && self.group != 0 {
            entries.push(("group_id", ParamValue::Int(self.group.into())));
        }
        (id == 0).then(|| refusal_of(info, name, &ParamValue::Int(0))).flatten()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::{REFUSALS, Reading, Verdict};
    use crate::mock::schema::{ActionInfo, ParamInfo, ParamKind, action, actions};

    /// Reads one parameter `x` of a kind.
    fn read_as(kind: ParamKind, given: &str) -> String {
        let params = Box::leak(Box::new([ParamInfo::required("x", kind)]));
        let info = ActionInfo { params, ..*action("get_status").unwrap() };
        let json = Reading::new(&info, format!("{{\"x\":{given}}}").as_bytes()).json;
        let text = String::from_utf8(json).unwrap();
        text.strip_prefix("{\"x\":").unwrap().strip_suffix('}').unwrap().to_owned()
    }

    #[test]
    fn every_value_becomes_a_number_if_a_number_is_read() {
        use ParamKind::{F64, I32, I64, U32, U64};
        for (kind, given, read) in [
            (I64, "12", "12"),
            (I64, "12.9", "12"),
            (I64, "-1e3", "-1000"),
            (I64, "9007199254740993", "9007199254740993"),
            (I64, r#""12""#, "12"),
            (I64, r#""-12""#, "-12"),
            (I64, r#""12a""#, "0"),
            (I64, r#""+12""#, "0"),
            (I64, r#"" 12""#, "0"),
            (I64, r#""1.5""#, "0"),
            (I64, "true", "1"),
            (I64, "false", "0"),
            (I64, "null", "0"),
            (I64, "[12]", "0"),
            (I64, r#"{"x":12}"#, "0"),
            (I32, "4294967297", "1"),
            (I32, "2147483648", "-2147483648"),
            (U32, "-1", "4294967295"),
            (U32, r#""-1""#, "0"),
            (U32, "4294967296", "0"),
            (U64, "18446744073709551615", "18446744073709551615"),
            (U64, r#""18446744073709551615""#, "18446744073709551615"),
            (U64, "-1", "18446744073709551615"),
            (F64, r#""1.5""#, "1.5"),
            (F64, "null", "0.0"),
        ] {
            assert_eq!(read_as(kind, given), read, "{given} as {kind:?}");
        }
    }

    #[test]
    fn every_value_becomes_a_bool_a_text_or_json_if_that_is_read() {
        use ParamKind::{Bool, Json, Message, String};
        for (kind, given, read) in [
            (Bool, "true", "true"),
            (Bool, "2", "true"),
            (Bool, "0", "false"),
            (Bool, "0.5", "true"),
            (Bool, r#""True""#, "true"),
            (Bool, r#""t""#, "true"),
            (Bool, r#""1""#, "true"),
            (Bool, r#""yes""#, "false"),
            (Bool, r#""on""#, "false"),
            (Bool, r#""2""#, "false"),
            (Bool, "null", "false"),
            (Bool, "[true]", "false"),
            (String, "12", r#""12""#),
            (String, "1.50", r#""1.50""#),
            (String, "true", r#""true""#),
            (String, "null", r#""""#),
            (String, r#"[1, "a"]"#, r#""[1, \"a\"]""#),
            (String, r#""\u4f60""#, r#""你""#),
            (Json, r#"{"b":1,"a":[ ]}"#, r#"{"b":1,"a":[ ]}"#),
            (Json, "null", "null"),
            (Message, "12", r#""12""#),
            (Message, r#""[CQ:face,id=1]""#, r#""[CQ:face,id=1]""#),
            (Message, r#"{"type":"face","data":{"id":"1"}}"#, r#"{"type":"face","data":{"id":"1"}}"#),
            (Message, "null", r#""""#),
        ] {
            assert_eq!(read_as(kind, given), read, "{given} as {kind:?}");
        }
    }

    fn read(name: &str, given: &str) -> (Value, Option<String>) {
        let reading = Reading::new(action(name).unwrap(), given.as_bytes());
        let refused = match reading.verdict {
            Verdict::Fine => None,
            Verdict::Refused(refusal) => Some(refusal.msg),
            Verdict::NoTarget => Some("{}".into()),
        };
        (serde_json::from_slice(&reading.json).unwrap(), refused)
    }

    #[test]
    fn the_first_name_that_is_there_counts() {
        for (action, given, name, value) in [
            ("delete_friend", r#"{"id":1,"user_id":2}"#, "user_id", "2"),
            ("delete_friend", r#"{"id":1}"#, "user_id", "1"),
            ("delete_friend", r#"{"id":1,"user_id":null}"#, "user_id", "0"),
            ("delete_group_file", r#"{"bus_id":"102"}"#, "busid", "102"),
            ("get_forward_msg", r#"{"id":"a"}"#, "message_id", r#""a""#),
            ("set_group_add_request", r#"{"type":"invite"}"#, "sub_type", r#""invite""#),
            ("set_group_anonymous_ban", r#"{"anonymous":{"flag":"f"}}"#, "anonymous_flag", r#""f""#),
            ("set_group_anonymous_ban", r#"{"anonymous.flag":"f"}"#, "anonymous_flag", r#""f""#),
            ("set_group_anonymous_ban", r#"{"anonymous":"f"}"#, "anonymous_flag", r#""""#),
            ("set_group_anonymous_ban", r#"{"flag":"f"}"#, "anonymous_flag", r#""""#),
            ("get_group_info", r#"{"group_id":1,"group_id":2}"#, "group_id", "1"),
        ] {
            let value: Value = serde_json::from_str(value).unwrap();
            assert_eq!(read(action, given).0[name], value, "{action} {given}");
        }
    }

    #[test]
    fn what_is_left_out_is_its_default_and_null_is_the_zero_value() {
        let ban = r#"{"group_id":1,"user_id":2"#;
        assert_eq!(read("set_group_ban", &format!("{ban}}}")).0["duration"], 1800);
        assert_eq!(read("set_group_ban", &format!("{ban},\"duration\":null}}")).0["duration"], 0);
        assert_eq!(read("set_group_admin", r#"{"enable":null}"#).0["enable"], false);
        assert_eq!(read("set_group_admin", "{}").0["enable"], true);
        let profile = read("set_qq_profile", r#"{"email":null,"nothing":1}"#).0;
        assert_eq!(profile, serde_json::json!({ "email": "" }), "optional and unknown ones are left out");
    }

    #[test]
    fn a_parameter_that_says_nothing_is_refused_as_the_schema_lists() {
        let message = r#""message":"hi""#;
        for (action, given, refusal) in [
            ("send_group_msg", format!("{{{message}}}"), Some("GROUP_NOT_FOUND")),
            ("send_group_msg", format!("{{{message},\"group_id\":\"x\"}}"), Some("GROUP_NOT_FOUND")),
            ("send_group_msg", r#"{"group_id":1}"#.into(), Some("EMPTY_MSG_ERROR")),
            ("send_group_msg", r#"{"group_id":1,"message":""}"#.into(), Some("EMPTY_MSG_ERROR")),
            ("send_group_msg", r#"{"group_id":1,"message":[ ]}"#.into(), Some("SEND_MSG_API_ERROR")),
            ("send_group_msg", r#"{"group_id":1,"message":[{"type":"x"}]}"#.into(), None),
            ("send_group_msg", format!("{{{message},\"group_id\":\"1\"}}"), None),
            ("send_group_forward_msg", r#"{"group_id":1,"messages":[]}"#.into(), Some("EMPTY_NODES")),
            ("send_group_forward_msg", r#"{"group_id":1,"messages":7}"#.into(), Some("")),
            ("set_group_admin", "{}".into(), Some("PERMISSION_DENIED")),
            ("set_group_admin", r#"{"group_id":1}"#.into(), Some("GROUP_MEMBER_NOT_FOUND")),
            ("set_group_ban", r#"{"group_id":1}"#.into(), Some("GROUP_NOT_FOUND")),
            ("delete_msg", r#"{"message_id":0}"#.into(), Some("MESSAGE_NOT_FOUND")),
            ("get_msg", "{}".into(), Some("MSG_NOT_FOUND")),
            ("set_friend_add_request", r#"{"flag":null}"#.into(), Some("FLAG_NOT_FOUND")),
            ("set_group_anonymous_ban", r#"{"group_id":1,"flag":"f"}"#.into(), Some("INVALID_FLAG")),
            // The schema lists no refusal for these.
            ("send_like", "{}".into(), None),
            ("send_group_sign", "{}".into(), None),
            ("get_group_file_url", r#"{"group_id":1,"file_id":"f","busid":0}"#.into(), None),
        ] {
            assert_eq!(read(action, &given).1.as_deref(), refusal, "{action} {given}");
        }
    }

    #[test]
    fn a_target_is_told_by_its_type_and_then_by_its_ids() {
        for (given, kind, refusal) in [
            (r#""message_type":"group","group_id":1,"user_id":2"#, "group", None),
            (r#""message_type":"private","group_id":1,"user_id":2"#, "private", None),
            (r#""group_id":1,"user_id":2"#, "private", None),
            (r#""group_id":"1","user_id":0"#, "group", None),
            (r#""message_type":"other","group_id":1"#, "group", None),
            (r#""message_type":"group","user_id":2"#, "group", Some("GROUP_NOT_FOUND")),
            (r#""message_type":"private","group_id":2"#, "private", Some("SEND_MSG_API_ERROR")),
        ] {
            let (read, refused) = read("send_msg", &format!("{{{given},\"message\":\"hi\"}}"));
            assert_eq!((&read["message_type"], refused.as_deref()), (&kind.into(), refusal), "{given}");
        }
        for given in [r#"{"message":"hi"}"#, r#"{"message":"hi","user_id":"x"}"#, "[]", "{}"] {
            assert_eq!(read("send_msg", given).1.as_deref(), Some("{}"), "{given}");
            assert_eq!(read("send_forward_msg", given).1.as_deref(), Some("{}"), "{given}");
        }
    }

    #[test]
    fn texts_are_what_they_look_like_where_they_are_escaped() {
        let text = r#"{"group_id":1,"message":"[CQ:face,id=1]","auto_escape":"1"}"#;
        let segments = serde_json::json!([{ "type": "text", "data": { "text": "[CQ:face,id=1]" } }]);
        assert_eq!(read("send_group_msg", text).0["message"], segments);
        let list = r#"{"group_id":1,"message":[{"type":"face","data":{"id":"1"}}],"auto_escape":true}"#;
        assert_eq!(read("send_group_msg", list).0["message"][0]["type"], "face");
    }

    #[test]
    fn lists_are_read_from_texts_and_from_one_object() {
        assert_eq!(
            read("download_file", r#"{"headers":"a=1\r\nb=2"}"#).0["headers"],
            serde_json::json!(["a=1", "b=2"])
        );
        assert_eq!(read("download_file", r#"{"headers":["a=1",2]}"#).0["headers"], serde_json::json!(["a=1", "2"]));
        assert_eq!(read("set_guild_member_role", r#"{"users":["1",2]}"#).0["users"], serde_json::json!([1, 2]));
        let node = r#"{"type":"node","data":{"id":"1"}}"#;
        let read = read("send_group_forward_msg", &format!("{{\"group_id\":1,\"messages\":{node}}}"));
        assert_eq!((read.0["messages"].to_string().len(), read.1), (node.len() + 2, None));
    }

    /// The parameters of every example survive the reading.
    #[test]
    fn every_example_is_read_as_it_is() {
        for info in actions() {
            let reading = Reading::new(info, info.example_params.as_bytes());
            assert!(matches!(reading.verdict, Verdict::Fine), "{}", info.name);
            let read = String::from_utf8(reading.json).unwrap();
            let again = info.reread_params(&read).unwrap_or_else(|error| panic!("{}: {error}: {read}", info.name));
            assert_eq!(again, info.reread_params(info.example_params).unwrap(), "{}", info.name);
        }
    }

    /// The table has no entry that the schema no longer needs.
    #[test]
    fn every_refusal_of_the_table_is_used() {
        let required = |info: &'static ActionInfo| info.params.iter().filter(|param| param.required);
        let mut used = BTreeSet::new();
        for info in actions() {
            let named = info.params.iter().any(|param| param.name == "message_type").then_some(["user_id", "group_id"]);
            for name in required(info).map(|param| param.name).chain(named.into_iter().flatten()) {
                let codes = REFUSALS.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, codes)| codes);
                used.extend(codes.iter().find(|code| info.refusals.contains(code)).map(|code| (name, *code)));
            }
        }
        let listed = REFUSALS.iter().flat_map(|(name, codes)| codes.iter().map(move |code| (*name, *code)));
        assert_eq!(listed.collect::<BTreeSet<_>>(), used);
    }
}
