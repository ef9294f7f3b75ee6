//! The parts of message events that users and the world share.

use crate::event::GroupMessage;
use crate::message::Message;
use crate::types::{GroupAnonymous, GroupMessageKind, GroupSender, UserId};

/// Makes the sender anonymous, in go-cqhttp's form.
pub(super) fn make_anonymous(event: &mut GroupMessage, name: String) {
    let anonymous = GroupAnonymous::example();
    event.sub_type = GroupMessageKind::Anonymous;
    event.user_id = UserId::new(anonymous.id);
    event.sender = GroupSender {
        user_id: event.user_id,
        nickname: "匿名消息".to_owned(),
        card: None,
        role: None,
        title: None,
        ..GroupSender::example()
    };
    let flag = format!("{}|{name}", anonymous.flag.as_ref().split('|').next().unwrap_or_default());
    event.anonymous = Some(GroupAnonymous { name, flag: flag.into(), ..anonymous });
}

/// Returns a message with CQ codes; as plain text if a segment has no CQ code.
pub(super) fn raw_message(message: &Message) -> String {
    message.to_cq().unwrap_or_else(|_| message.plain_text())
}
