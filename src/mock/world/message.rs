//! Messages: sending, reading, recalling, forwarding, essences.

use std::time::Duration;

use serde::Deserialize;

use super::model::{Group, StoredMessage, World};
use super::refuse::{WorldResult, refuse_because};
use crate::action::{self, KnownAction};
use crate::forward::{ForwardContent, ForwardNode, ForwardedMessage, NodeBody};
use crate::message::Message;
use crate::mock::refusal::Refusal;
use crate::segment::{Forward, Mention, Segment, Text};
use crate::target::Target;
use crate::time::Timestamp;
use crate::types::{
    EssenceMessage, ForwardId, GroupId, MessageId, MessageKind, MessageSender, MessageSeq, RefusalCode, SentForward,
    SentMessage, UserId,
};

/// The time in which an ordinary member can recall a message.
const RECALLABLE: Duration = Duration::from_secs(120);

/// The most nodes that a forward can contain.
const MAX_NODES: usize = 200;

impl World {
    /// Stores a message, with an id and a number.
    pub(super) fn store(&mut self, author: UserId, place: Destination, message: Message) -> StoredMessage {
        self.store_as(None, author, place, message)
    }

    /// Stores a message, of an anonymous sender if `anonymous` is set.
    pub(super) fn store_as(
        &mut self,
        anonymous: Option<String>,
        author: UserId,
        place: Destination,
        message: Message,
    ) -> StoredMessage {
        let (group_id, target_id) = match place {
            Destination::Group(group) => (Some(group), None),
            Destination::Private(target) => (None, Some(target)),
        };
        let time = self.now();
        let sender_name = anonymous.clone().unwrap_or_else(|| self.display_name(author, group_id));
        let said = StoredMessage { group_id, target_id, time, sender_name, ..StoredMessage::new(author, message) };
        let mut said = StoredMessage { anonymous, ..said };
        said.message_id = self.free_message_id();
        said.message_seq = self.next_seq(&said, &self.messages);
        self.messages.push(said.clone());
        if let Some(member) = group_id.and_then(|group| self.find_group_mut(group)?.find_member_mut(author)) {
            member.last_sent_time = time;
        }
        said
    }

    /// Returns an unused message id.
    pub(super) fn free_message_id(&mut self) -> MessageId {
        loop {
            // An odd factor maps each number to another id; many are negative, as on go-cqhttp.
            let id = MessageId::new((self.next_number().wrapping_mul(0x9E37_79B1) as i32).into());
            if self.find_message(id).is_none() {
                return id;
            }
        }
    }

    /// Returns the next number in a message's chat, after the messages `before` it.
    pub(super) fn next_seq(&self, said: &StoredMessage, before: &[StoredMessage]) -> MessageSeq {
        let chat = self.chat_of(said);
        let last = before.iter().rev().find(|other| self.chat_of(other) == chat);
        MessageSeq::new(last.map_or(0, |last| last.message_seq.get()).saturating_add(1))
    }

    /// Returns a user's visible name: their card in a group, if they have one, else their nickname.
    pub(super) fn display_name(&self, user: UserId, group_id: Option<GroupId>) -> String {
        let member = group_id.and_then(|group| self.find_group(group)?.find_member(user));
        match member {
            Some(member) if !member.card.is_empty() => member.card.clone(),
            Some(member) if !member.nickname.is_empty() => member.nickname.clone(),
            _ => self.nickname(user),
        }
    }

    /// Returns the group, or the other user.
    fn chat_of(&self, said: &StoredMessage) -> (bool, i64) {
        let other = if said.user_id == self.account.user_id { said.target_id } else { Some(said.user_id) };
        match said.group_id {
            Some(group) => (true, group.get()),
            None => (false, other.map_or(0, UserId::get)),
        }
    }

    pub(super) fn send_msg(&mut self, request: action::SendMsg) -> WorldResult<SentMessage> {
        let action::SendMsg { target, message, .. } = request;
        match target {
            Target::Group(group) => self.send_to_group(group, message),
            Target::User(user) | Target::Temp { user, .. } => self.send_to_user(user, message),
        }
    }

    pub(super) fn send_group_msg(&mut self, request: action::SendGroupMsg) -> WorldResult<SentMessage> {
        self.send_to_group(request.group_id, request.message)
    }

    pub(super) fn send_private_msg(&mut self, request: action::SendPrivateMsg) -> WorldResult<SentMessage> {
        self.send_to_user(request.user_id, request.message)
    }

    /// Refuses a message to a group that the account is not in. go-cqhttp checks the group before the message.
    pub(crate) fn refuses_group(&self, action: &str, params: &[u8]) -> Option<Refusal> {
        #[derive(Deserialize)]
        struct ToGroup {
            message_type: Option<MessageKind>,
            group_id: GroupId,
        }
        let sends = [action::SendMsg::NAME, action::SendGroupMsg::NAME].contains(&action);
        let to: ToGroup = serde_json::from_slice(params).ok().filter(|_| sends)?;
        let to_group = to.message_type.is_none_or(|kind| kind == MessageKind::Group);
        self.joined(to.group_id).err().filter(|_| to_group)
    }

    fn send_to_group(&mut self, group_id: GroupId, mut message: Message) -> WorldResult<SentMessage> {
        let account = self.account.user_id;
        let group = self.joined(group_id)?;
        has_content(&message)?;
        let poked = message.iter().find_map(|segment| match segment {
            Segment::Poke(poke) => Some(poke.qq.unwrap_or(UserId::new(0))),
            _ => None,
        });
        let (is_member, rank) = (poked.is_some_and(|poked| group.find_member(poked).is_some()), group.rank(account));
        if let Some(poked) = poked {
            if is_member {
                self.happens(self.poke(Some(group_id), account, poked));
            }
            return Ok(sent(MessageId::new(0)));
        }
        self.may_speak(group)?;
        if rank == 0 {
            for segment in message.iter_mut().filter(|segment| is_mention_of_everyone(segment)) {
                *segment = Text::new("@全体成员").into();
            }
        }
        Ok(sent(self.send(Destination::Group(group_id), message).message_id))
    }

    fn send_to_user(&mut self, user: UserId, message: Message) -> WorldResult<SentMessage> {
        has_content(&message)?;
        if let Some(Segment::Poke(_)) = message.iter().find(|segment| matches!(segment, Segment::Poke(_))) {
            return Ok(sent(MessageId::new(0)));
        }
        self.is_reachable(user)?;
        Ok(sent(self.send(Destination::Private(user), message).message_id))
    }

    /// Sends a message of the account.
    fn send(&mut self, place: Destination, message: Message) -> StoredMessage {
        let mut said = self.store(self.account.user_id, place, message);
        // go-cqhttp stores its own messages under the nickname.
        said.sender_name.clone_from(&self.account.nickname);
        if let Some(stored) = self.messages.last_mut() {
            stored.sender_name.clone_from(&said.sender_name);
        }
        if self.report_self_message {
            self.happens(match place {
                Destination::Group(group) => self.group_message(group, &said),
                Destination::Private(_) => self.private_message(&said, None),
            });
        }
        said
    }

    fn may_speak(&self, group: &Group) -> WorldResult<()> {
        match group.silences(self.account.user_id, self.now()) {
            None => Ok(()),
            Some(why) => {
                Err(refuse_because(RefusalCode::SendMsgApiError, format!("{why} in group {}", group.group_id)))
            }
        }
    }

    /// Refuses a private message to a user who is not a friend. In a temporary session, go-cqhttp gives the same answer
    /// whether the message was sent or not.
    fn is_reachable(&self, user: UserId) -> WorldResult<()> {
        if self.is_friend(user) {
            return Ok(());
        }
        Err(refuse_because(RefusalCode::SendMsgApiError, format!("{user} is not a friend of the account")))
    }

    pub(super) fn send_forward_msg(&mut self, request: action::SendForwardMsg) -> WorldResult<SentForward> {
        match request.target {
            Target::Group(group) => self.forward_to_group(group, request.messages),
            Target::User(user) | Target::Temp { user, .. } => self.forward_to_user(user, request.messages),
        }
    }

    pub(super) fn send_group_forward_msg(&mut self, request: action::SendGroupForwardMsg) -> WorldResult<SentForward> {
        self.forward_to_group(request.group_id, request.messages)
    }

    pub(super) fn send_private_forward_msg(
        &mut self,
        request: action::SendPrivateForwardMsg,
    ) -> WorldResult<SentForward> {
        self.forward_to_user(request.user_id, request.messages)
    }

    fn forward_to_group(&mut self, group_id: GroupId, nodes: Vec<ForwardNode>) -> WorldResult<SentForward> {
        let nodes = self.forwarded(nodes, group_id)?;
        // go-cqhttp does not check the group; the refusal is QQ's.
        let unknown =
            || refuse_because(RefusalCode::SendMsgApiError, format!("the account is not in group {group_id}"));
        self.may_speak(self.joined(group_id).map_err(|_| unknown())?)?;
        Ok(self.forward(Destination::Group(group_id), nodes))
    }

    fn forward_to_user(&mut self, user: UserId, nodes: Vec<ForwardNode>) -> WorldResult<SentForward> {
        let nodes = self.forwarded(nodes, GroupId::new(0))?;
        self.is_reachable(user)?;
        Ok(self.forward(Destination::Private(user), nodes))
    }

    fn forward(&mut self, place: Destination, nodes: Vec<ForwardedMessage>) -> SentForward {
        let forward_id = ForwardId::new(format!("forward-{}", self.next_number()));
        self.forwards.insert(forward_id.to_string(), nodes);
        let said = self.send(place, Forward::new(forward_id.clone()).into());
        SentForward { message_id: said.message_id, forward_id: Some(forward_id) }
    }

    fn forwarded(&self, nodes: Vec<ForwardNode>, group_id: GroupId) -> WorldResult<Vec<ForwardedMessage>> {
        let messages = self.sendable_nodes(nodes, group_id);
        if messages.is_empty() || messages.len() > MAX_NODES {
            return Err(refuse_because(RefusalCode::EmptyNodes, "no node can be sent, or there are more than 200"));
        }
        Ok(messages)
    }

    /// Reads nodes, and leaves out those that cannot be sent.
    fn sendable_nodes(&self, nodes: Vec<ForwardNode>, group_id: GroupId) -> Vec<ForwardedMessage> {
        let five_minutes_ago = Timestamp::new(self.now().seconds().saturating_sub(300));
        let read = |node: ForwardNode| {
            let (user_id, nickname, time, content) = match node.body {
                NodeBody::Message(id) => {
                    let said = self.find_message(id)?;
                    let content = ForwardContent::Message(said.message.clone());
                    (said.user_id, said.sender_name.clone(), said.time, content)
                }
                NodeBody::Custom { user_id, name, content } => {
                    let content = match content {
                        ForwardContent::Message(message) if message.is_empty() => return None,
                        ForwardContent::Message(message) => ForwardContent::Message(message),
                        ForwardContent::Nodes(nodes) => ForwardContent::Nodes(self.sendable_nodes(nodes, group_id)),
                        ForwardContent::Unknown(_) => return None,
                    };
                    (user_id, name, node.time.unwrap_or(five_minutes_ago), content)
                }
            };
            if user_id.get() == 0 || nickname.is_empty() {
                return None;
            }
            let sender = MessageSender { user_id: Some(user_id), nickname: Some(nickname) };
            let mut message = ForwardedMessage::new(sender, content);
            message.time = Some(time);
            message.group_id = Some(group_id);
            Some(message)
        };
        nodes.into_iter().filter_map(read).collect()
    }

    pub(super) fn get_forward_msg(
        &mut self,
        request: action::GetForwardMsg,
    ) -> WorldResult<action::GetForwardMsgResponse> {
        let id = request.message_id;
        match self.forwards.get(id.as_str()) {
            Some(messages) => Ok(action::GetForwardMsgResponse { messages: messages.clone() }),
            None => Err(refuse_because(RefusalCode::MsgNotFound, format!("there is no forward {id}"))),
        }
    }

    pub(super) fn get_msg(&mut self, request: action::GetMsg) -> WorldResult<action::GetMsgResponse> {
        let said = self.stored(request.message_id, RefusalCode::MsgNotFound)?.clone();
        let (is_group, chat) = self.chat_of(&said);
        Ok(action::GetMsgResponse {
            message_id: said.message_id,
            real_id: Some(said.message_seq),
            message_seq: Some(said.message_seq),
            message_id_v2: Some(format!("{chat:016x}{:08x}", said.message_seq.get())),
            message_type: Some(if is_group { MessageKind::Group } else { MessageKind::Private }),
            group: Some(is_group),
            group_id: said.group_id,
            sender: MessageSender { user_id: Some(said.user_id), nickname: Some(said.sender_name) },
            time: Some(said.time),
            message: said.message,
            raw_message: None,
            real_seq: None,
            emoji_likes_list: Vec::new(),
        })
    }

    fn stored(&self, id: MessageId, code: RefusalCode) -> WorldResult<&StoredMessage> {
        self.find_message(id).ok_or_else(|| refuse_because(code, format!("there is no message {id}")))
    }

    pub(super) fn mark_msg_as_read(&mut self, request: action::MarkMsgAsRead) -> WorldResult<()> {
        self.stored(request.message_id, RefusalCode::MsgNotFound).map(drop)
    }

    pub(super) fn get_group_msg_history(
        &mut self,
        request: action::GetGroupMsgHistory,
    ) -> WorldResult<action::GetGroupMsgHistoryResponse> {
        let group_id = self.joined(request.group_id)?.group_id;
        let here = self.messages.iter().filter(|said| said.group_id == Some(group_id));
        let newest = here.clone().map(|said| said.message_seq.get()).max().unwrap_or(0);
        let last = request.message_seq.map(MessageSeq::get).filter(|seq| *seq != 0).unwrap_or(newest);
        let window =
            here.filter(|said| !said.recalled && (last.saturating_sub(19)..=last).contains(&said.message_seq.get()));
        let mut window: Vec<_> = window.collect();
        window.sort_by_key(|said| said.message_seq.get());
        Ok(action::GetGroupMsgHistoryResponse {
            messages: window.into_iter().map(|said| self.group_message(group_id, said)).collect(),
        })
    }

    pub(super) fn delete_msg(&mut self, request: action::DeleteMsg) -> WorldResult<()> {
        let said = self.stored(request.message_id, RefusalCode::MessageNotFound)?.clone();
        let account = self.account.user_id;
        if said.group_id.is_none() && said.user_id != account {
            return Err(refuse_because(RefusalCode::CannotRecallFriendMsg, "another user wrote it"));
        }
        self.recall(&said, account).map_err(|why| refuse_because(RefusalCode::RecallApiError, why))
    }

    /// Recalls a message, or returns the reason why `user` cannot.
    pub(super) fn recall(&mut self, said: &StoredMessage, user: UserId) -> Result<(), String> {
        let in_time = self.now().seconds().saturating_sub(said.time.seconds()) <= RECALLABLE.as_secs() as i64;
        let group = said.group_id.and_then(|group| self.find_group(group));
        let is_author = said.user_id == user;
        let allowed = match (said.group_id, group) {
            (None, _) => is_author && in_time,
            (Some(_), Some(group)) if group.find_member(user).is_some() => {
                group.may_manage(user, said.user_id) || is_author && (in_time || group.rank(user) > 0)
            }
            _ => false,
        };
        if said.recalled {
            return Err(format!("message {} was recalled before", said.message_id));
        }
        if !allowed {
            return Err(format!("{user} may not recall message {}, or no longer", said.message_id));
        }
        if let Some(said) = self.messages.iter_mut().find(|other| other.message_id == said.message_id) {
            said.recalled = true;
        }
        match said.group_id {
            Some(group) => self.happens(self.group_recall(group, said, user)),
            // A private message that the account itself recalls has no event.
            None if user == self.account.user_id => {}
            None => self.happens(self.friend_recall(said)),
        }
        Ok(())
    }

    pub(super) fn get_essence_msg_list(
        &mut self,
        request: action::GetEssenceMsgList,
    ) -> WorldResult<Vec<EssenceMessage>> {
        let group_id = self.joined(request.group_id)?.group_id;
        let here = self.messages.iter().filter(|said| said.group_id == Some(group_id) && !said.recalled);
        let essences = here.filter_map(|said| {
            let (operator_id, operator_time) = said.essence?;
            Some(EssenceMessage {
                sender_id: Some(said.user_id),
                sender_nick: Some(self.nickname(said.user_id)),
                sender_time: Some(said.time),
                operator_id: Some(operator_id),
                operator_nick: Some(self.nickname(operator_id)),
                operator_time: Some(operator_time),
                message_id: Some(said.message_id),
                ..EssenceMessage::default()
            })
        });
        Ok(essences.collect())
    }

    pub(super) fn set_essence_msg(&mut self, request: action::SetEssenceMsg) -> WorldResult<()> {
        let essence = Some((self.account.user_id, self.now()));
        self.essence_of(request.message_id, |_| true)?.essence = essence;
        Ok(())
    }

    pub(super) fn delete_essence_msg(&mut self, request: action::DeleteEssenceMsg) -> WorldResult<()> {
        self.essence_of(request.message_id, |said| said.essence.is_some())?.essence = None;
        Ok(())
    }

    fn essence_of(&mut self, id: MessageId, fits: impl Fn(&StoredMessage) -> bool) -> WorldResult<&mut StoredMessage> {
        let not_found = || refuse_because(RefusalCode::MessageNotFound, format!("there is no message {id} in a group"));
        let account = self.account.user_id;
        let said = self.find_message(id).ok_or_else(not_found)?;
        let group_id = said.group_id.ok_or_else(not_found)?;
        let rank = self.find_group(group_id).map_or(0, |group| group.rank(account));
        if rank == 0 || said.recalled || !fits(said) {
            let why =
                format!("the account is not an administrator of group {group_id}, or the message cannot be chosen");
            return Err(refuse_because(RefusalCode::SetEssenceMsgError, why));
        }
        self.messages.iter_mut().find(|said| said.message_id == id).ok_or_else(not_found)
    }
}

/// Returns the answer about a message that was sent.
fn sent(message_id: MessageId) -> SentMessage {
    SentMessage { message_id, forward_id: None }
}

/// Refuses a message without segments. An empty string was refused before, with another code.
fn has_content(message: &Message) -> WorldResult<()> {
    if message.is_empty() { Err(refuse_because(RefusalCode::SendMsgApiError, "the message is empty")) } else { Ok(()) }
}

fn is_mention_of_everyone(segment: &Segment) -> bool {
    segment.as_mention().is_some_and(Mention::is_everyone)
}

/// The chat of a message.
#[derive(Clone, Copy)]
pub(super) enum Destination {
    Group(GroupId),
    /// A private chat: the user that the account writes to, or the account that a user writes to.
    Private(UserId),
}
