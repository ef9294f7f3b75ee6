//! Messages as JSON: what is read goes out again as it came.

use cqhttp::Message;

/// Decodes the input, encodes and decodes it again, and takes it through CQ codes.
pub fn check(input: &[u8]) {
    let Ok(message) = serde_json::from_slice::<Message>(input) else { return };
    let written = serde_json::to_vec(&message).expect("it is written");
    let again: Message = serde_json::from_slice(&written).expect("what was written is a message");
    assert_eq!(again, message, "{}", String::from_utf8_lossy(&written));
    let canonical = message.canonical();
    assert_eq!(canonical.canonical(), canonical);
    if let Ok(codes) = message.to_cq() {
        assert_eq!(Message::cq(&codes), canonical, "{codes}");
    }
    let _ = (message.plain_text(), message.first_mention(), message.reply_to(), message.args().count());
}
