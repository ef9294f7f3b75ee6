//! Messages to any chat, and answers to events: `Client::{send, send_forward, reply, approve, reject}`.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::action::{Action, AnswersOnce, Effect};
use crate::call::{Call, WithRaw};
use crate::client::Client;
use crate::error::{Error, NotSent, Reason};
use crate::event::views::{MessageEvent, RequestEvent};
use crate::forward::ForwardNode;
use crate::generated::action::{SendForwardMsg, SendGuildChannelMsg, SendMsg, SetFriendAddRequest, SetGroupAddRequest};
use crate::generated::event::{Event, FriendRequest, GroupMessage, GroupRequest, GuildMessage, PrivateMessage};
use crate::generated::segment::Segment;
use crate::generated::types::{MessageId, SentGuildMessageId, SentMessage, UserId};
use crate::message::Message;
use crate::segment::IntoSegment;
use crate::segment::mention::Mention;
use crate::target::{Chat, Target};

/// The ids of a message that was sent with [`Client::send`] or [`Client::reply`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// The message's id; `None` in guilds, and if the server answered an id that names no message (0 or -1 on go-cqhttp).
    pub message_id: Option<MessageId>,
    /// The message's id in a guild.
    pub guild_message_id: Option<SentGuildMessageId>,
}

impl SentMessage {
    /// Returns the message's id; `None` if it names no message that could be read or recalled: 0 or -1 on go-cqhttp.
    #[must_use]
    pub fn id(&self) -> Option<MessageId> {
        Some(self.message_id).filter(|id| !matches!(id.get(), 0 | -1))
    }
}

impl Client {
    /// Sends a message to any chat: a user, a group, a temporary session or a channel of a guild.
    ///
    /// The action is `send_msg`, or `send_guild_channel_msg` for a channel.
    pub fn send(&self, chat: impl Into<Chat>, message: impl Into<Message>) -> SendCall {
        SendCall { client: self.clone(), chat: Some(chat.into()), message: message.into(), within: None }
    }

    /// Sends a merged forward to a user, a group or a temporary session.
    ///
    /// The action is `send_forward_msg`. The parameter is a [`Target`], since channels of guilds do not accept forwards.
    pub fn send_forward(&self, target: impl Into<Target>, nodes: impl Into<Vec<ForwardNode>>) -> Call<SendForwardMsg> {
        self.call(SendForwardMsg::new(target, nodes))
    }

    /// Answers an event in its chat.
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
    /// Any event can be answered, an [`Event`] or the value inside a variant: a new member of a group can be greeted this
    /// way. For an event without a [`target`](Event::target) the call fails with [`Error::NotSent`].
    pub fn reply(&self, event: impl Into<ReplyTo>, message: impl Into<Message>) -> ReplyCall {
        ReplyCall {
            to: event.into(),
            send: SendCall { client: self.clone(), chat: None, message: message.into(), within: None },
            quote: false,
            at_sender: false,
        }
    }

    /// Accepts a request to become a friend or to join a group, or an invitation to a group.
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

    /// Rejects a request or an invitation.
    pub fn reject<R: Approvable>(&self, request: R) -> Call<R::Action> {
        self.call(request.answer(false))
    }
}

/// A message that is ready to be sent with `.await`: see [`Client::send`].
#[must_use = "a message is not sent until the call is awaited"]
#[derive(Clone, Debug)]
pub struct SendCall {
    client: Client,
    chat: Option<Chat>,
    message: Message,
    within: Option<Duration>,
}

impl SendCall {
    /// Sets a time limit for this call, like [`Call::within`].
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = Some(limit);
        self
    }

    /// Also returns the text of the answer, like [`Call::with_raw`].
    pub fn with_raw(self) -> RawSendCall {
        RawSendCall(self)
    }

    /// Returns the call of the chat's action.
    fn routed(self) -> Result<Routed, Error> {
        let Self { client, chat, message, within } = self;
        let target = match chat {
            None => {
                let reason = Reason("the event has no `target`, a chat that an answer could be sent to".into());
                return Err(Error::NotSent(Box::new(NotSent { action: "send_msg".into(), reason: reason.into() })));
            }
            Some(Chat::Channel { guild, channel }) => {
                let call = client.call(SendGuildChannelMsg::new(guild, channel, message));
                return Ok(Routed::Channel(with_limit(call, within)));
            }
            Some(Chat::User(user)) => Target::User(user),
            Some(Chat::Group(group)) => Target::Group(group),
            Some(Chat::Temp { user, group }) => Target::Temp { user, group },
        };
        Ok(Routed::Message(with_limit(client.call(SendMsg::new(target, message)), within)))
    }

    async fn send(self) -> Result<Sent, Error> {
        Ok(match self.routed()? {
            Routed::Message(call) => call.await?.into(),
            Routed::Channel(call) => call.await?.message_id.into(),
        })
    }
}

/// The call of the action for a kind of chat.
enum Routed {
    Message(Call<SendMsg>),
    Channel(Call<SendGuildChannelMsg>),
}

impl From<SentMessage> for Sent {
    fn from(sent: SentMessage) -> Self {
        Self { message_id: sent.id(), guild_message_id: None }
    }
}

impl From<SentGuildMessageId> for Sent {
    fn from(id: SentGuildMessageId) -> Self {
        Self { message_id: None, guild_message_id: Some(id) }
    }
}

/// A message that is ready to be sent, with the text of the answer: see [`SendCall::with_raw`] and [`ReplyCall::with_raw`].
#[must_use = "a message is not sent until the call is awaited"]
#[derive(Clone, Debug)]
pub struct RawSendCall(SendCall);

impl IntoFuture for RawSendCall {
    type Output = Result<WithRaw<Sent>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            Ok(match self.0.routed()? {
                Routed::Message(call) => call.with_raw().await?.map(Sent::from),
                Routed::Channel(call) => call.with_raw().await?.map(|sent| sent.message_id.into()),
            })
        })
    }
}

fn with_limit<A: Action>(call: Call<A>, within: Option<Duration>) -> Call<A> {
    match within {
        Some(limit) => call.within(limit),
        None => call,
    }
}

impl IntoFuture for SendCall {
    type Output = Result<Sent, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// The destination of an answer: the chat, the sender and the message of an event.
///
/// Events, the values in their variants, and views of events convert to it.
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
            Event::Unknown(unknown) => {
                Self { quoted: unknown.quotable(), ..Self::about(event.target(), unknown.user_id) }
            }
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
    /// Creates the destination for an event that is not a message.
    pub(crate) fn about(chat: Option<Chat>, user: Option<UserId>) -> Self {
        Self { chat, quoted: None, sender: user.map(Mention::User) }
    }
}

/// Converts a boxed event, since [`Event`] holds the large ones in boxes.
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
        // Servers do not store messages of temporary sessions, so they cannot be quoted.
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

/// An answer that is ready to be sent with `.await`: see [`Client::reply`].
#[must_use = "an answer is not sent until the call is awaited"]
#[derive(Clone, Debug)]
pub struct ReplyCall {
    to: ReplyTo,
    send: SendCall,
    quote: bool,
    at_sender: bool,
}

impl ReplyCall {
    /// Quotes the answered message. This is ignored in guilds and temporary sessions, if the message's id names no message
    /// (0 or -1), and for events that are not messages.
    pub fn quote(mut self) -> Self {
        self.quote = true;
        self
    }

    /// Mentions the sender at the start, followed by a blank. This is ignored in private, for anonymous senders, and if the
    /// sender's id is 0.
    pub fn at_sender(mut self) -> Self {
        self.at_sender = true;
        self
    }

    /// Sets a time limit for this call, like [`Call::within`].
    pub fn within(mut self, limit: Duration) -> Self {
        self.send = self.send.within(limit);
        self
    }

    /// Also returns the text of the answer, like [`Call::with_raw`].
    pub fn with_raw(self) -> RawSendCall {
        RawSendCall(self.complete())
    }

    /// Returns the call that sends the whole message.
    fn complete(self) -> SendCall {
        let message = self.message();
        SendCall { chat: self.to.chat, message, ..self.send }
    }

    /// Returns the message as it will be sent.
    #[must_use]
    pub fn message(&self) -> Message {
        let quoted = self.to.quoted.filter(|id| self.quote && !matches!(id.get(), 0 | -1));
        let quoted = quoted.map(|id| Segment::reply(id).into_segment());
        let in_private = matches!(self.to.chat, Some(Chat::User(_) | Chat::Temp { .. }));
        // The id 0 names nobody, but a mention of 0 would mention everyone.
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

    fn into_future(self) -> Self::IntoFuture {
        self.complete().into_future()
    }
}

/// A request that can be accepted or rejected: see [`Client::approve`].
pub trait Approvable {
    /// The action that accepts or rejects the request.
    type Action: Action<Response = ()>;

    /// Creates the action that accepts (`true`) or rejects the request.
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

/// Accepts a boxed request, since [`Event`] holds requests in boxes.
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
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum AnswerRequest {
    /// The answer to a request to become a friend.
    Friend(SetFriendAddRequest),
    /// The answer to a request to join a group, or to an invitation.
    Group(SetGroupAddRequest),
}

impl Serialize for AnswerRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Friend(request) => request.serialize(serializer),
            Self::Group(request) => request.serialize(serializer),
        }
    }
}

impl AnswersOnce for AnswerRequest {}

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
