//! The parts of message events that users and the world share.

use crate::event::GroupMessage;
use crate::message::Message;
use crate::types::{GroupAnonymous, GroupMessageKind, GroupSender, UserId};

/// Makes the sender anonymous, in go-cqhttp's form.
pub(super) fn make_anonymous(event: &mut GroupMessage, name: String) {
    let anonymous = GroupAnonymous::example();
    event.sub_type = GroupMessageKind::Anonymous;
    event.user_id = anonymous_user();
    event.sender = GroupSender {
        user_id: Some(event.user_id),
        nickname: Some("匿名消息".to_owned()),
        card: None,
        role: None,
        title: None,
        ..GroupSender::example()
    };
    let flag = anonymous.flag.as_ref().and_then(|flag| flag.as_str().split('|').next()).unwrap_or_default();
    let flag = Some(format!("{flag}|{name}").into());
    event.anonymous = Some(GroupAnonymous { name: Some(name), flag, ..anonymous });
}

/// Returns the number that stands for every anonymous member.
pub(super) fn anonymous_user() -> UserId {
    UserId::new(GroupAnonymous::example().id.unwrap_or_default())
}

/// Returns a message with CQ codes; as plain text if a segment has no CQ code.
pub(super) fn raw_message(message: &Message) -> String {
    message.to_cq().unwrap_or_else(|_| message.plain_text())
}
