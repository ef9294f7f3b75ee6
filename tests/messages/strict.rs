//! Requests that a program has stored: of those, nothing is assumed.

use cqhttp::action::{SendGroupForwardMsg, SendGroupMsg, SetGroupAddRequest, SetGroupBan};
use serde::de::DeserializeOwned;

fn fault<T: DeserializeOwned + std::fmt::Debug>(json: &str) -> String {
    serde_json::from_str::<T>(json).expect_err(json).to_string()
}

#[test]
fn a_stored_request_is_whole_or_refused() {
    for json in [r#"{"group_id":1}"#, r#"{"group_id":1,"message":null}"#] {
        assert!(fault::<SendGroupMsg>(json).contains("`message`"), "{json}");
    }
    assert!(fault::<SendGroupForwardMsg>(r#"{"group_id":1}"#).contains("`messages`: it is missing"));
    let with = |more: &str| format!(r#"{{"flag":"a","sub_type":"add"{more}}}"#);
    assert!(fault::<SetGroupAddRequest>(&with(r#","approve":null"#)).contains("`approve`: it is null"));
    let twice = r#"{"group_id":1,"user_id":2,"duration":60,"duration":0}"#;
    assert!(fault::<SetGroupBan>(twice).contains("`duration`: it is there twice"));
    assert!(fault::<SetGroupBan>(r#"{"group_id":1,"user_id":2,"duration":"x"}"#).contains("`duration`"));
    for json in ["null", "[]", "5"] {
        assert!(fault::<SetGroupBan>(json).contains("object"), "{json}");
    }
    // What is left out has its default, and what nobody knows is ignored.
    let ban: SetGroupBan = serde_json::from_str(r#"{"group_id":1,"user_id":2,"x":3}"#).unwrap();
    assert_eq!(ban, SetGroupBan::new(1, 2));
    assert!(serde_json::from_str::<SetGroupAddRequest>(&with("")).is_ok());
}
