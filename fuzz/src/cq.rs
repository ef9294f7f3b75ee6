//! Text with CQ codes: every text is a message, and nothing of it is lost.

use cqhttp::{CqPart, Message};

/// Reads the input as text, writes it, and reads it again.
pub fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let message = Message::cq(text);
    let parts = Message::cq_parts(text);
    assert_eq!(parts.count(), message.len());
    let codes = message.to_cq().expect("what was read from codes has a form as codes");
    assert_eq!(Message::cq(&codes), message.canonical(), "{codes}");
    if Message::cq_parts(text).all(|part| matches!(part, CqPart::Text(_))) && !text.contains('&') {
        assert_eq!(message.plain_text(), text, "text without codes stays as it is");
    }
    let json = serde_json::to_vec(&message).expect("it is written");
    assert_eq!(serde_json::from_slice::<Message>(&json).expect("what was written is a message"), message);
}
