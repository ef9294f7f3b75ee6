//! Users who talk to the bot.

use super::message_event::{make_anonymous, raw_message};
use super::meta_event::now;
use super::post_format::event_text;
use super::server::MockServer;
use super::state::State;
use super::world::World;
use crate::event::{Event, GroupMessage, PrivateMessage};
use crate::message::Message;
use crate::time::Timestamp;
use crate::types::{GroupId, GroupRole, GroupSender, MessageId, MessageSeq, PrivateSender, UserId};

/// A user who talks to the bot: [`MockServer::user`]. In a [world](super::world), names and roles are the world's, and
/// there are [further acts](super::world#acts-of-users).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until `says` and a chat"]
pub struct User<'a> {
    server: &'a MockServer,
    id: UserId,
    name: Option<String>,
    card: Option<String>,
    role: Option<GroupRole>,
    anonymous: Option<String>,
}

impl MockServer {
    /// Returns a user who talks to the bot, by default an ordinary member of groups.
    ///
    /// ```
    /// # async fn run(server: cqhttp::mock::MockServer) {
    /// let anna = server.user(10086).named("Anna").as_admin();
    /// anna.says("hello").in_group(10001000);
    /// anna.says("hello").in_private();
    /// # }
    /// ```
    pub fn user(&self, id: impl Into<UserId>) -> User<'_> {
        User { server: self, id: id.into(), name: None, card: None, role: None, anonymous: None }
    }
}

impl<'a> User<'a> {
    /// Sets the user's nickname. Default: the one in the schema's example.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the user's name in groups. Default: none.
    pub fn card(mut self, card: impl Into<String>) -> Self {
        self.card = Some(card.into());
        self
    }

    /// Makes the user the owner of groups.
    pub fn as_owner(mut self) -> Self {
        self.role = Some(GroupRole::Owner);
        self
    }

    /// Makes the user an administrator of groups.
    pub fn as_admin(mut self) -> Self {
        self.role = Some(GroupRole::Admin);
        self
    }

    /// Makes the user anonymous, under this name, in groups that allow it: the event has neither their account nor
    /// their role.
    pub fn as_anonymous(mut self, name: impl Into<String>) -> Self {
        self.anonymous = Some(name.into());
        self
    }

    /// Returns a message of the user, which is sent once its chat is set. Text is plain text; [`Message::cq`] reads CQ
    /// codes.
    pub fn says(&self, message: impl Into<Message>) -> Saying<'a> {
        Saying { user: self.clone(), message: message.into() }
    }

    /// Returns a property of the user that differs from the world's, for an error message.
    fn disagrees(&self, world: &World, group: GroupId) -> Option<String> {
        let member = world.find_group(group)?.find_member(self.id)?;
        let (name, card, role) = (self.name.as_ref(), self.card.as_ref(), self.role.as_ref());
        let what = [
            (name.is_some_and(|name| *name != member.nickname), "name"),
            (card.is_some_and(|card| *card != member.card), "card"),
            (role.is_some_and(|role| *role != member.role), "role"),
        ];
        let (_, what) = what.into_iter().find(|(differs, _)| *differs)?;
        let id = self.id;
        Some(format!(
            "the world has another {what} for user {id} in group {group}; set it there: \
             `Group::admin`, `Member::card`"
        ))
    }

    fn group_sender(&self) -> GroupSender {
        let example = GroupSender::example();
        GroupSender {
            user_id: Some(self.id),
            nickname: self.name.clone().or(example.nickname),
            card: Some(self.card.clone().unwrap_or_default()),
            role: Some(self.role.clone().unwrap_or(GroupRole::Member)),
            title: Some(String::new()),
            ..example
        }
    }
}

/// A message without a chat yet: [`User::says`].
#[derive(Clone, Debug)]
#[must_use = "the message is not sent until its chat is set"]
pub struct Saying<'a> {
    user: User<'a>,
    message: Message,
}

impl Saying<'_> {
    /// Sends the message in a group, and returns its id. The event goes wherever [`MockServer::push`] sends events,
    /// with the current time.
    ///
    /// # Panics
    ///
    /// In the server's [world](super::world), the user is not in the group, is muted there, or has another name, card
    /// or role than was set here.
    #[track_caller]
    pub fn in_group(self, group: impl Into<GroupId>) -> MessageId {
        let state = &self.user.server.state;
        let group = group.into();
        let in_world = state.in_world(|world| {
            let world = world.as_mut()?;
            if let Some(why) = self.user.disagrees(world, group) {
                return Some(Err(why));
            }
            let message = self.message.clone();
            let said = match &self.user.anonymous {
                Some(name) => world.says_anonymously(self.user.id, group, name, message),
                None => world.says_in_group(self.user.id, group, message),
            };
            Some(said.map_err(|why| why.to_string()))
        });
        if let Some(said) = in_world {
            return said.unwrap_or_else(|why| cannot_happen(&why));
        }
        let id = state.next_message_id();
        let mut event = GroupMessage {
            time: Timestamp::new(now() as i64),
            self_id: UserId::new(state.self_id),
            message_id: MessageId::new(id),
            message_seq: Some(MessageSeq::new(id)),
            group_id: group,
            user_id: self.user.id,
            raw_message: Some(raw_message(&self.message)),
            message: self.message,
            sender: self.user.group_sender(),
            ..GroupMessage::example()
        };
        if let Some(name) = self.user.anonymous {
            make_anonymous(&mut event, name);
        }
        send(state, Event::GroupMessage(event.into()), id)
    }

    /// Sends the message to the bot in private, as a friend, and returns its id. Nobody is anonymous in private. In a
    /// [world](super::world) it is a temporary session if the user is not a friend.
    ///
    /// # Panics
    ///
    /// In the server's world, the user is neither a friend nor in one of its groups.
    #[track_caller]
    pub fn in_private(self) -> MessageId {
        let state = &self.user.server.state;
        let message = self.message.clone();
        if let Some(said) = state.in_world(|world| Some(world.as_mut()?.says_in_private(self.user.id, message))) {
            return said.unwrap_or_else(|why| cannot_happen(&why.to_string()));
        }
        let id = state.next_message_id();
        let example = PrivateSender::example();
        let event = PrivateMessage {
            time: Timestamp::new(now() as i64),
            self_id: UserId::new(state.self_id),
            message_id: MessageId::new(id),
            user_id: self.user.id,
            target_id: Some(UserId::new(state.self_id)),
            raw_message: Some(raw_message(&self.message)),
            message: self.message,
            sender: PrivateSender {
                user_id: Some(self.user.id),
                nickname: self.user.name.or(example.nickname),
                ..example
            },
            ..PrivateMessage::example()
        };
        send(state, Event::PrivateMessage(event.into()), id)
    }
}

#[track_caller]
#[allow(clippy::panic, reason = "the test is wrong, and fails at its own line")]
fn cannot_happen(why: &str) -> ! {
    panic!("{why}")
}

fn send(state: &State, event: Event, id: i64) -> MessageId {
    state.push_event(&event_text(&event));
    MessageId::new(id)
}
