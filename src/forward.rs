//! Merged forwards: messages of any users, folded into one.
//!
//! A list of [`ForwardNode`]s is sent; a list of [`ForwardedMessage`]s is read back.
//!
//! ```no_run
//! # async fn run(client: &cqhttp::Client) -> Result<(), cqhttp::Error> {
//! use cqhttp::forward::ForwardContent;
//! use cqhttp::{ForwardNode, MessageId};
//!
//! let quoted = MessageId::new(-1234500000);
//! let nodes = [ForwardNode::message(quoted), ForwardNode::custom(10086, "小明", "你好")];
//! let sent = client.send_group_forward_msg(10001000, nodes).await?;
//!
//! if let Some(forward) = sent.forward_id {
//!     for message in client.get_forward_msg(forward).await?.messages {
//!         match message.content {
//!             ForwardContent::Message(content) => println!("{}: {content:?}", message.sender.display_name()),
//!             ForwardContent::Nodes(nodes) => println!("{}: {} messages", message.sender.display_name(), nodes.len()),
//!             _ => {}
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A message of a forward that cannot be read is [`ForwardContent::Unknown`] and spoils no other.
//!
//! Forwards can be nested. Of received ones, forty levels are read, so that an answer cannot exhaust the stack, and what is below
//! them is kept as text. The nesting of forwards that a program sends is not limited here.

pub(crate) mod received;

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use serde_json::{Error, Map, Value};

use crate::decode::{self, Context, Decode, Decoded, ReadCustom, Unfit};
use crate::generated::segment::{self, Segment};
use crate::generated::types::{GroupId, MessageId, MessageSender, UserId};
use crate::message::Message;
use crate::segment::IntoSegment;
use crate::time::Timestamp;

/// The content of a message in a forward: `N` is [`ForwardNode`] for sending and [`ForwardedMessage`] for reading.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ForwardContent<N> {
    /// A message.
    Message(Message),
    /// The messages of another forward.
    Nodes(Vec<N>),
    /// A message that cannot be read: the whole of it is kept.
    Unknown(UnknownContent),
}

/// A message of a forward that cannot be read, or one in more than forty other forwards.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnknownContent {
    /// The JSON text of the whole message.
    pub text: String,
}

impl<N: Serialize> Serialize for ForwardContent<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Message(message) => message.serialize(serializer),
            Self::Nodes(nodes) => nodes.serialize(serializer),
            Self::Unknown(content) => content.serialize(serializer),
        }
    }
}

/// Two are equal if their texts are.
impl PartialEq for UnknownContent {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Writes the message unchanged.
impl Serialize for UnknownContent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.text).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

/// A message for a merged forward that is sent.
///
/// ```
/// use cqhttp::{ForwardNode, Timestamp};
///
/// let node = ForwardNode::custom(10086, "小明", "你好").time(Timestamp::new(1700000000));
/// assert_eq!(
///     serde_json::to_value(node)?,
///     serde_json::json!({
///         "type": "node",
///         "data": {
///             "user_id": "10086", "uin": "10086", "name": "小明", "nickname": "小明",
///             "content": [{ "type": "text", "data": { "text": "你好" } }],
///             "time": 1700000000
///         }
///     })
/// );
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Ids are sent as strings of digits, which every server accepts: NapCat and Lagrange read nothing else. The sender and the
/// name are sent under both of their keys: `user_id` and `nickname` of OneBot v11, `uin` and `name` of go-cqhttp's
/// documentation.
#[doc(alias = "合并转发消息节点")]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ForwardNode {
    /// The message that the node shows.
    pub body: NodeBody,
    /// The time that the message shows. go-cqhttp shows five minutes ago by default, and ignores the time beside a message's
    /// id.
    pub time: Option<Timestamp>,
    /// Further fields that some servers read: `news`, `summary`, `prompt` and `source` on NapCat and LLOneBot. They do not
    /// replace the node's own fields, and are not sent if they are null.
    pub extra: Map<String, Value>,
}

/// The message of a [`ForwardNode`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum NodeBody {
    /// A message that the server knows.
    Message(MessageId),
    /// A custom message, or another forward.
    Custom {
        /// The user shown as the sender; go-cqhttp drops the node if this is 0.
        user_id: UserId,
        /// The sender's name; go-cqhttp drops the node if it is empty.
        name: String,
        /// The content. A message that consists of node segments is read back as nodes, an empty list of nodes as an empty
        /// message: on the wire they are equal.
        content: ForwardContent<ForwardNode>,
    },
}

impl ForwardNode {
    /// Creates a node for a message that the server knows, by its id. go-cqhttp drops the node if it does not know the
    /// message; Lagrange does not accept such nodes.
    pub fn message(id: impl Into<MessageId>) -> Self {
        Self::new(NodeBody::Message(id.into()))
    }

    /// Creates a node for a message in the name of `user_id`, who need not have written it.
    pub fn custom(user_id: impl Into<UserId>, name: impl Into<String>, content: impl Into<Message>) -> Self {
        Self::of(user_id.into(), name.into(), ForwardContent::Message(content.into()))
    }

    /// Creates a node for a forward inside the forward, in the name of `user_id`. go-cqhttp's documentation forbids it, but
    /// its code accepts it; NapCat and LLOneBot accept a few levels, Lagrange none.
    ///
    /// ```
    /// use cqhttp::ForwardNode;
    ///
    /// let inner = [ForwardNode::custom(10086, "小明", "你好"), ForwardNode::message(-1234500000)];
    /// let node = ForwardNode::nested(10010, "小红", inner);
    /// # assert_eq!(serde_json::to_value(node)?["data"]["content"][1]["data"]["id"], "-1234500000");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn nested(user_id: impl Into<UserId>, name: impl Into<String>, nodes: impl Into<Vec<Self>>) -> Self {
        Self::of(user_id.into(), name.into(), ForwardContent::Nodes(nodes.into()))
    }

    /// Sets the time that the message shows.
    #[must_use]
    pub fn time(mut self, time: impl Into<Timestamp>) -> Self {
        self.time = Some(time.into());
        self
    }

    /// Sets a further field that some servers read: see [`extra`](Self::extra).
    ///
    /// ```
    /// use cqhttp::ForwardNode;
    ///
    /// let inner = [ForwardNode::custom(10086, "小明", "你好")];
    /// let node = ForwardNode::nested(10010, "小红", inner).field("prompt", "[旧消息]");
    /// # assert_eq!(serde_json::to_value(node)?["data"]["prompt"], "[旧消息]");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(name.into(), value.into());
        self
    }

    fn of(user_id: UserId, name: String, content: ForwardContent<Self>) -> Self {
        Self::new(NodeBody::Custom { user_id, name, content })
    }

    fn new(body: NodeBody) -> Self {
        Self { body, time: None, extra: Map::new() }
    }
}

/// A message of a merged forward that was received.
///
/// Servers send these messages in three forms, and all are read: go-cqhttp and LLOneBot send the fields below, NapCat whole
/// message events, Lagrange node segments. On go-cqhttp a forward inside is [`ForwardContent::Nodes`], if the message holds
/// nothing else. On other servers it is a message with a forward segment: NapCat puts the inner messages into the segment's
/// `content`, the others send its `id` only.
///
/// ```
/// use cqhttp::{ForwardedMessage, Message};
/// use cqhttp::forward::ForwardContent;
///
/// let json = r#"{ "type": "node", "data": { "user_id": "10086", "nickname": "小明", "content": "你好" } }"#;
/// let message: ForwardedMessage = serde_json::from_str(json)?;
/// assert_eq!(message.sender.display_name(), "小明");
/// assert_eq!(message.content, ForwardContent::Message(Message::cq("你好")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[doc(alias = "合并转发内容")]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ForwardedMessage {
    /// The sender.
    pub sender: MessageSender,
    /// The time at which the message was sent. Lagrange omits it.
    pub time: Option<Timestamp>,
    /// The content.
    pub content: ForwardContent<ForwardedMessage>,
    /// The group of the message; on go-cqhttp 0 outside of groups. LLOneBot and Lagrange omit it.
    pub group_id: Option<GroupId>,
    /// The message's id; only NapCat sends it.
    pub message_id: Option<MessageId>,
}

/// Writes the fields that are there. A message that cannot be read is written unchanged.
impl Serialize for ForwardedMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let ForwardContent::Unknown(unknown) = &self.content {
            return unknown.serialize(serializer);
        }
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("sender", &self.sender)?;
        if let Some(time) = &self.time {
            map.serialize_entry("time", time)?;
        }
        map.serialize_entry("content", &self.content)?;
        if let Some(group_id) = &self.group_id {
            map.serialize_entry("group_id", group_id)?;
        }
        if let Some(message_id) = &self.message_id {
            map.serialize_entry("message_id", message_id)?;
        }
        map.end()
    }
}

impl ForwardedMessage {
    /// Creates a message with the fields that every server sends.
    pub fn new(sender: MessageSender, content: ForwardContent<Self>) -> Self {
        Self { sender, time: None, content, group_id: None, message_id: None }
    }
}

/// The names of a custom node's own fields, which `extra` does not hold.
const CUSTOM_FIELDS: &[&str] = &["id", "user_id", "uin", "name", "nickname", "content", "time"];

/// The names of the own fields of a node that refers to a message by id.
const REFERENCE_FIELDS: &[&str] = &["id", "time"];

impl Serialize for ForwardNode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut segment = serializer.serialize_map(Some(2))?;
        segment.serialize_entry("type", "node")?;
        segment.serialize_entry("data", &NodeData(self))?;
        segment.end()
    }
}

/// The `data` of a node.
struct NodeData<'a>(&'a ForwardNode);

impl Serialize for NodeData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ForwardNode { body, time, extra } = self.0;
        let mut data = serializer.serialize_map(None)?;
        let own = match body {
            NodeBody::Message(id) => {
                data.serialize_entry("id", &id.to_string())?;
                REFERENCE_FIELDS
            }
            NodeBody::Custom { user_id, name, content } => {
                let user_id = user_id.to_string();
                data.serialize_entry("user_id", &user_id)?;
                data.serialize_entry("uin", &user_id)?;
                data.serialize_entry("name", name)?;
                data.serialize_entry("nickname", name)?;
                // Before `extra`: Lagrange reads the first `content` at any depth.
                data.serialize_entry("content", content)?;
                CUSTOM_FIELDS
            }
        };
        if let Some(time) = time {
            data.serialize_entry("time", time)?;
        }
        for (name, value) in extra.iter().filter(|(name, value)| !own.contains(&name.as_str()) && !value.is_null()) {
            data.serialize_entry(name, value)?;
        }
        data.end()
    }
}

impl IntoSegment for ForwardNode {
    fn into_segment(self) -> Segment {
        let json = serde_json::to_string(&self).unwrap_or_default();
        serde_json::from_str(&json).unwrap_or_else(|_| segment::Node::new().into_segment())
    }
}

impl TryFrom<&segment::Node> for ForwardNode {
    type Error = Error;

    /// Converts the segment to a node with typed content. It fails if a required field is missing.
    fn try_from(node: &segment::Node) -> Result<Self, Error> {
        serde_json::from_value(serde_json::to_value(node.clone().into_segment())?)
    }
}

/// Converts a boxed segment, since [`Segment`] holds nodes in boxes.
impl TryFrom<&Box<segment::Node>> for ForwardNode {
    type Error = Error;

    fn try_from(node: &Box<segment::Node>) -> Result<Self, Error> {
        (&**node).try_into()
    }
}

/// Reads the forms that servers read: either name of a field, ids as numbers or digits. As on go-cqhttp, a node with an
/// `id` refers to a message, whatever else it holds.
impl<'de> Deserialize<'de> for ForwardNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Reads the forms that servers send. A value that is not a message is kept: see [`ForwardContent::Unknown`].
impl<'de> Deserialize<'de> for ForwardedMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        decode::deserialize(deserializer)
    }
}

impl Decode for ForwardNode {
    fn blank() -> Self {
        Self { body: NodeBody::Message(MessageId::new(0)), time: None, extra: Map::new() }
    }

    crate::__slots!(Custom);
}

impl ReadCustom for ForwardNode {
    fn read(&mut self, value: &mut dyn decode::Value<'_>, _: &mut Context) -> Decoded<()> {
        let node = serde_json::from_str(value.raw()?.get());
        Ok(node.map(|node| *self = node).map_err(|error: Error| Unfit::quoting(&error)).into())
    }
}

impl ForwardNode {
    fn is_json(value: &Value) -> bool {
        value["type"] == "node"
    }

    /// Reads a node from a JSON value. Each part of the value is moved, not copied.
    fn read(segment: Map<String, Value>) -> Result<Self, Error> {
        let mut data = node_data(segment)
            .ok_or_else(|| Error::custom("not a node segment: the `type` of a node segment is `node`"))?;
        let time = within("time", Option::deserialize(take(&mut data, &["time"])))?;
        if let Some(id) = within("id", optional(take(&mut data, &["id"])))? {
            data.retain(|name, _| !REFERENCE_FIELDS.contains(&name.as_str()));
            return Ok(Self { body: NodeBody::Message(id), time, extra: data });
        }
        let body = NodeBody::Custom {
            user_id: within("user_id", UserId::deserialize(take(&mut data, &["user_id", "uin"])))?,
            name: within("name", decode::deserialize(take(&mut data, &["name", "nickname"])))?,
            content: within("content", content(take(&mut data, &["content"])))?,
        };
        data.retain(|name, _| !CUSTOM_FIELDS.contains(&name.as_str()));
        Ok(Self { body, time, extra: data })
    }
}

/// Reads an id that may be absent: null and `""` are `None`.
fn optional<T: DeserializeOwned>(value: Value) -> Result<Option<T>, Error> {
    if is_empty(&value) { Ok(None) } else { T::deserialize(value).map(Some) }
}

/// Reads the content of a node that is sent: nodes if every item is one, else a message.
fn content(value: Value) -> Result<ForwardContent<ForwardNode>, Error> {
    let nodes = match value {
        Value::Array(items) if !items.is_empty() && items.iter().all(ForwardNode::is_json) => items,
        Value::Object(_) if ForwardNode::is_json(&value) => vec![value],
        Value::Null => return Err(Error::custom("nothing where a message is expected")),
        message => return decode::deserialize_strictly(message).map(ForwardContent::Message),
    };
    let nodes = nodes.into_iter().map(|node| Map::deserialize(node).and_then(ForwardNode::read));
    nodes.collect::<Result<_, _>>().map(ForwardContent::Nodes)
}

/// Takes the `data` of a node segment; `None` for any other object.
fn node_data(mut segment: Map<String, Value>) -> Option<Map<String, Value>> {
    let is_node = segment.get("type").is_some_and(|kind| kind == "node");
    match segment.get_mut("data") {
        Some(Value::Object(data)) if is_node => Some(std::mem::take(data)),
        _ => None,
    }
}

/// Takes the value under the first of `names` that is not empty, else one that is not null, else null.
///
/// The keys stay, since removing one would change the order of the others.
fn take(entries: &mut Map<String, Value>, names: &[&str]) -> Value {
    let find = |holds: fn(&Value) -> bool| names.iter().find(|name| entries.get(**name).is_some_and(holds));
    let found = find(|value| !is_empty(value)).or_else(|| find(|value| !value.is_null()));
    found.and_then(|name| entries.get_mut(*name)).map(Value::take).unwrap_or_default()
}

/// Returns `true` for null, `""` and `[]`.
fn is_empty(value: &Value) -> bool {
    value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty)
}

/// Adds the field's name to an error.
fn within<T>(field: &str, read: Result<T, Error>) -> Result<T, Error> {
    read.map_err(|error| Error::custom(format_args!("`{field}`: {error}")))
}
