//! Messages as JSON: what is read goes out again as it came.

use cqhttp::Message;
use serde_json::Value;
use serde_json::value::RawValue;

/// Decodes the input, encodes and decodes it again, and takes it through CQ codes.
pub fn check(input: &[u8]) {
    let Ok(message) = serde_json::from_slice::<Message>(input) else { return };
    let written = serde_json::to_vec(&message).expect("it is written");
    let again: Message = serde_json::from_slice(&written).expect("what was written is a message");
    assert_eq!(again, message, "{}", String::from_utf8_lossy(&written));
    check_others(input, &written);
    let canonical = message.canonical();
    assert_eq!(canonical.canonical(), canonical);
    if let Ok(codes) = message.to_cq() {
        assert_eq!(Message::cq(&codes), canonical, "{codes}");
    }
    let _ = (message.plain_text(), message.first_mention(), message.reply_to(), message.args().count());
}

/// Values in a list that are not segments are kept in their places.
fn check_others(input: &[u8], written: &[u8]) {
    let Ok(read) = serde_json::from_slice::<Vec<&RawValue>>(input) else { return };
    let written: Vec<&RawValue> = serde_json::from_slice(written).expect("a message is written as a list");
    assert_eq!(written.len(), read.len());
    for (before, after) in read.iter().zip(&written) {
        // Of a key that comes twice the tree has the last value. Half an emoji does not fit into a tree.
        let Ok(tree) = serde_json::from_str::<Value>(before.get()) else { continue };
        if !before.get().contains("type") && !before.get().contains('\\') {
            assert_eq!(serde_json::from_str::<Value>(after.get()).expect("it is JSON"), tree, "it is not a segment");
        }
    }
}
