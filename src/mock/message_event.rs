//! Message events, as far as people and the world write them alike.

use crate::event::GroupMessage;
use crate::message::Message;
use crate::types::{GroupAnonymous, GroupMessageKind, GroupSender, UserId};

/// An anonymous sender as go-cqhttp shows one.
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

/// Some segments have no CQ code; go-cqhttp shows nothing of those either.
pub(super) fn raw_message(message: &Message) -> String {
    message.to_cq().unwrap_or_else(|_| message.plain_text())
}
