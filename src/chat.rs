use std::collections::BTreeMap;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::action::{
    HandleQuickOperation, SendForwardMsg, SendGuildChannelMsg, SendMsg, SetFriendAddRequest, SetGroupAddRequest,
};
use crate::error::Reason;
use crate::event::{
    Event, FriendRequest, GroupMessage, GroupRequest, GuildMessage, MessageEvent, PrivateMessage, QuickOperable,
    RequestEvent,
};
use crate::segment::IntoSegment;
use crate::types::{ChannelId, GroupId, GuildId, MessageId, SentGuildMessageId, SentMessage, UserId};
use crate::{Action, Call, Client, Effect, Error, ForwardNode, Mention, Message, NotSent, Segment, Target};

/// Where people talk: what a [`Target`] names, or a channel of a guild.
///
/// ```no_run
/// # async fn run(client: &cqhttp::Client, event: &cqhttp::Event) -> Result<(), cqhttp::Error> {
/// use cqhttp::{Chat, GroupId};
///
/// client.send(GroupId::new(10001000), "hi, all").await?;
/// client.send(Chat::channel(6000001000000001, 1000001), "hi, guild").await?;
/// if let Some(chat) = event.target() {
///     client.send(chat, "I saw that").await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Chat {
    /// A friend.
    User(UserId),
    /// A group.
    Group(GroupId),
    /// A temporary session with a member of a group, see [`Target::Temp`].
    Temp {
        /// The member.
        user: UserId,
        /// The group through which they are reached.
        group: GroupId,
    },
    /// A channel of a guild.
    Channel {
        /// The guild.
        guild: GuildId,
        /// The channel.
        channel: ChannelId,
    },
}

impl Chat {
    /// A channel of a guild.
    pub fn channel(guild: impl Into<GuildId>, channel: impl Into<ChannelId>) -> Self {
        Self::Channel { guild: guild.into(), channel: channel.into() }
    }

    /// Where an event with these ids happened; `None` where that is nowhere, or it is about the account itself.
    pub(crate) fn of(
        self_id: Option<UserId>,
        user: Option<UserId>,
        group: Option<GroupId>,
        channel: Option<(GuildId, ChannelId)>,
    ) -> Option<Self> {
        let channel = channel.map(|(guild, channel)| Self::Channel { guild, channel });
        // 0 stands for no group, and for nobody.
        let group = group.filter(|group| group.get() != 0).map(Self::Group);
        let user = user.filter(|user| user.get() != 0 && Some(*user) != self_id).map(Self::User);
        channel.or(group).or(user)
    }

    /// As a target; `None` for a channel of a guild.
    #[must_use]
    pub fn target(self) -> Option<Target> {
        match self {
            Self::User(user) => Some(Target::User(user)),
            Self::Group(group) => Some(Target::Group(group)),
            Self::Temp { user, group } => Some(Target::Temp { user, group }),
            Self::Channel { .. } => None,
        }
    }
}

impl From<Target> for Chat {
    fn from(target: Target) -> Self {
        match target {
            Target::User(user) => Self::User(user),
            Target::Group(group) => Self::Group(group),
            Target::Temp { user, group } => Self::Temp { user, group },
        }
    }
}

impl From<UserId> for Chat {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

impl From<GroupId> for Chat {
    fn from(group: GroupId) -> Self {
        Self::Group(group)
    }
}

/// What became of a message that was sent with [`Client::send`] or [`Client::reply`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// Its id; `None` where the server gave none that stands for a message (0 or -1 on go-cqhttp), and in guilds.
    pub message_id: Option<MessageId>,
    /// Its id in a guild.
    pub guild_message_id: Option<SentGuildMessageId>,
}

impl SentMessage {
    /// The message's id; `None` where it stands for no message that could be read or recalled: 0 or -1 on go-cqhttp.
    #[must_use]
    pub fn id(&self) -> Option<MessageId> {
        Some(self.message_id).filter(|id| !matches!(id.get(), 0 | -1))
    }
}

impl Client {
    /// Sends a message anywhere: to a user, into a group, a temporary session or a channel of a guild.
    ///
    /// It is `send_msg`, or `send_guild_channel_msg` for a channel.
    pub fn send(&self, chat: impl Into<Chat>, message: impl Into<Message>) -> SendCall {
        SendCall { client: self.clone(), chat: Some(chat.into()), message: message.into(), within: None }
    }

    /// Sends a merged forward: to a user, into a group or a temporary session.
    ///
    /// It is `send_forward_msg`; channels of guilds take no forwards, which is why this takes a [`Target`].
    pub fn send_forward(&self, target: impl Into<Target>, nodes: impl Into<Vec<ForwardNode>>) -> Call<SendForwardMsg> {
        self.call(SendForwardMsg::new(target, nodes))
    }

    /// Answers an event where it happened.
    ///
    /// ```no_run
    /// # async fn run(client: &cqhttp::Client, event: &cqhttp::Event) -> Result<(), cqhttp::Error> {
    /// if let Some(message) = event.as_message() {
    ///     client.reply(message, "pong").quote().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It takes any event, whole or as its variant holds it: somebody who has just joined can be greeted this way. One
    /// without a [`target`](Event::target) is [`Error::NotSent`].
    pub fn reply(&self, event: impl Into<ReplyTo>, message: impl Into<Message>) -> ReplyCall {
        ReplyCall {
            to: event.into(),
            send: SendCall { client: self.clone(), chat: None, message: message.into(), within: None },
            quote: false,
            at_sender: false,
        }
    }

    /// Accepts a request: to become a friend, to join a group, or to be invited to one.
    ///
    /// ```no_run
    /// # async fn run(client: &cqhttp::Client, event: &cqhttp::Event) -> Result<(), cqhttp::Error> {
    /// use cqhttp::Event;
    ///
    /// match event {
    ///     Event::FriendRequest(request) => client.approve(request).remark("from the bot").await?,
    ///     Event::GroupRequest(request) => client.reject(request).reason("members only").await?,
    ///     _ => {}
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn approve<R: Approvable>(&self, request: R) -> Call<R::Action> {
        self.call(request.answer(true))
    }

    /// Rejects a request.
    pub fn reject<R: Approvable>(&self, request: R) -> Call<R::Action> {
        self.call(request.answer(false))
    }
}

/// A message on its way, see [`Client::send`]: `.await` sends it.
#[must_use = "nothing is sent until it is awaited"]
#[derive(Clone, Debug)]
pub struct SendCall {
    client: Client,
    chat: Option<Chat>,
    message: Message,
    within: Option<Duration>,
}

impl SendCall {
    /// Gives the call a time limit of its own, as [`Call::within`] does.
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = Some(limit);
        self
    }

    async fn send(self) -> Result<Sent, Error> {
        let Self { client, chat, message, within } = self;
        match chat {
            None => {
                let reason = Reason("the event happened nowhere that an answer could go to: it has no `target`".into());
                Err(Error::NotSent(Box::new(NotSent { action: "send_msg".into(), reason: reason.into() })))
            }
            Some(Chat::Channel { guild, channel }) => {
                let sent = limited(client.call(SendGuildChannelMsg::new(guild, channel, message)), within).await?;
                Ok(Sent { message_id: None, guild_message_id: Some(sent.message_id) })
            }
            Some(Chat::User(user)) => plain(client, Target::User(user), message, within).await,
            Some(Chat::Group(group)) => plain(client, Target::Group(group), message, within).await,
            Some(Chat::Temp { user, group }) => plain(client, Target::Temp { user, group }, message, within).await,
        }
    }
}

async fn plain(client: Client, target: Target, message: Message, within: Option<Duration>) -> Result<Sent, Error> {
    let sent = limited(client.call(SendMsg::new(target, message)), within).await?;
    Ok(Sent { message_id: sent.id(), guild_message_id: None })
}

fn limited<A: Action>(call: Call<A>, within: Option<Duration>) -> Call<A> {
    match within {
        Some(limit) => call.within(limit),
        None => call,
    }
}

impl IntoFuture for SendCall {
    type Output = Result<Sent, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// What an answer needs to know of an event; made from an event, or a view of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReplyTo {
    chat: Option<Chat>,
    quoted: Option<MessageId>,
    sender: Option<Mention>,
}

impl From<&Event> for ReplyTo {
    fn from(event: &Event) -> Self {
        match event {
            Event::PrivateMessage(event) | Event::PrivateMessageSent(event) => event.into(),
            Event::GroupMessage(event) | Event::GroupMessageSent(event) => event.into(),
            Event::GuildMessage(event) => event.into(),
            other => Self::about(other.target(), other.user_id()),
        }
    }
}

impl From<MessageEvent<'_>> for ReplyTo {
    fn from(event: MessageEvent<'_>) -> Self {
        match event {
            MessageEvent::Private(event) => event.into(),
            MessageEvent::Group(event) => event.into(),
            MessageEvent::Guild(event) => event.into(),
        }
    }
}

impl ReplyTo {
    /// About an event that is no message, with these ids.
    pub(crate) fn about(chat: Option<Chat>, user: Option<UserId>) -> Self {
        Self { chat, quoted: None, sender: user.map(Mention::User) }
    }
}

/// As events hold the large ones.
impl<'a, T> From<&'a Box<T>> for ReplyTo
where
    Self: From<&'a T>,
{
    fn from(event: &'a Box<T>) -> Self {
        (&**event).into()
    }
}

impl From<&PrivateMessage> for ReplyTo {
    fn from(event: &PrivateMessage) -> Self {
        let chat = event.target();
        // Messages of temporary sessions are not stored, and cannot be quoted.
        let quoted = matches!(chat, Chat::User(_)).then_some(event.message_id);
        Self { chat: Some(chat), quoted, sender: None }
    }
}

impl From<&GroupMessage> for ReplyTo {
    fn from(event: &GroupMessage) -> Self {
        let sender = event.anonymous.is_none().then_some(Mention::User(event.user_id));
        Self { chat: Some(Chat::Group(event.group_id)), quoted: Some(event.message_id), sender }
    }
}

impl From<&GuildMessage> for ReplyTo {
    fn from(event: &GuildMessage) -> Self {
        Self { chat: Some(event.target()), quoted: None, sender: Some(Mention::from(&*event.user_id.to_string())) }
    }
}

/// An answer on its way, see [`Client::reply`]: `.await` sends it.
#[must_use = "nothing is sent until it is awaited"]
#[derive(Clone, Debug)]
pub struct ReplyCall {
    to: ReplyTo,
    send: SendCall,
    quote: bool,
    at_sender: bool,
}

impl ReplyCall {
    /// Quotes the message that it answers. Ignored where that is not possible: in guilds and temporary sessions, where
    /// the message's id stands for none (0 or -1), and for events that are no messages.
    pub fn quote(mut self) -> Self {
        self.quote = true;
        self
    }

    /// Mentions the sender in front, with a blank behind. Ignored in private, for anonymous senders, and where the sender
    /// is 0.
    pub fn at_sender(mut self) -> Self {
        self.at_sender = true;
        self
    }

    /// Gives the call a time limit of its own, as [`Call::within`] does.
    pub fn within(mut self, limit: Duration) -> Self {
        self.send = self.send.within(limit);
        self
    }

    /// What goes out.
    #[must_use]
    pub fn message(&self) -> Message {
        let quoted = self.to.quoted.filter(|id| self.quote && !matches!(id.get(), 0 | -1));
        let quoted = quoted.map(|id| Segment::reply(id).into_segment());
        let in_private = matches!(self.to.chat, Some(Chat::User(_) | Chat::Temp { .. }));
        // A mention of 0, which is nobody, would be one of everyone.
        let can_be_mentioned = |sender: &Mention| !in_private && !sender.is_everyone();
        let sender = self.to.sender.clone().filter(|sender| self.at_sender && can_be_mentioned(sender));
        let sender = sender.map(|sender| [Segment::at(sender).into_segment(), Segment::text(" ").into_segment()]);
        let before = quoted.into_iter().chain(sender.into_iter().flatten());
        before.chain(self.send.message.iter().cloned()).collect()
    }
}

impl IntoFuture for ReplyCall {
    type Output = Result<Sent, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        let message = self.message();
        SendCall { chat: self.to.chat, message, ..self.send }.into_future()
    }
}

/// A request that can be accepted or rejected: see [`Client::approve`].
pub trait Approvable {
    /// The action that does it.
    type Action: Action<Response = ()>;

    /// The action's request.
    fn answer(self, approve: bool) -> Self::Action;
}

impl Approvable for &FriendRequest {
    type Action = SetFriendAddRequest;

    fn answer(self, approve: bool) -> SetFriendAddRequest {
        SetFriendAddRequest::new(&self.flag).approve(approve)
    }
}

impl Approvable for &GroupRequest {
    type Action = SetGroupAddRequest;

    fn answer(self, approve: bool) -> SetGroupAddRequest {
        SetGroupAddRequest::new(&self.flag, self.sub_type.clone()).approve(approve)
    }
}

/// As events hold them.
impl<'a, T> Approvable for &'a Box<T>
where
    &'a T: Approvable,
{
    type Action = <&'a T as Approvable>::Action;

    fn answer(self, approve: bool) -> Self::Action {
        (&**self).answer(approve)
    }
}

impl Approvable for RequestEvent<'_> {
    type Action = AnswerRequest;

    fn answer(self, approve: bool) -> AnswerRequest {
        match self {
            Self::Friend(request) => AnswerRequest::Friend(request.answer(approve)),
            Self::Group(request) => AnswerRequest::Group(request.answer(approve)),
        }
    }
}

/// The answer to a request of either kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum AnswerRequest {
    /// To become a friend.
    Friend(SetFriendAddRequest),
    /// About joining a group.
    Group(SetGroupAddRequest),
}

impl Action for AnswerRequest {
    type Response = ();

    fn name(&self) -> &str {
        match self {
            Self::Friend(request) => request.name(),
            Self::Group(request) => request.name(),
        }
    }

    fn effect(&self) -> Effect {
        match self {
            Self::Friend(request) => request.effect(),
            Self::Group(request) => request.effect(),
        }
    }
}

impl HandleQuickOperation {
    /// The quick operation `operation` on `event`. The answer to a webhook does the same without a call.
    ///
    /// ```no_run
    /// # async fn run(client: &cqhttp::Client, event: &cqhttp::event::GroupMessage) -> Result<(), cqhttp::Error> {
    /// use cqhttp::action::HandleQuickOperation;
    /// use cqhttp::event::GroupMessageOperation;
    ///
    /// let mute = GroupMessageOperation::new().ban(true).ban_duration(60);
    /// client.call(HandleQuickOperation::on(event, &mute)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on<E: QuickOperable>(event: &E, operation: &E::Operation) -> Self {
        Self::new(tree(event), tree(operation))
    }
}

/// An object as a tree. A message may hold what has no tree, such as half a character, and is left out then: the server
/// finds it by its id.
fn tree(object: &impl Serialize) -> Value {
    let json = serde_json::to_string(object).unwrap_or_default();
    let entries: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&json).unwrap_or_default();
    let entry = |(name, value): (String, Box<RawValue>)| Some((name, serde_json::from_str(value.get()).ok()?));
    Value::Object(entries.into_iter().filter_map(entry).collect())
}

impl fmt::Display for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "user {user}"),
            Self::Group(group) => write!(f, "group {group}"),
            Self::Temp { user, group } => write!(f, "user {user} through group {group}"),
            Self::Channel { guild, channel } => write!(f, "channel {channel} of guild {guild}"),
        }
    }
}
