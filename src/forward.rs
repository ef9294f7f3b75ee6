//! Merged forwards: messages of anyone, folded into one.
//!
//! What is sent is a list of [`ForwardNode`]s; what is read back is a list of [`ForwardedMessage`]s.
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
//!             ForwardContent::Message(content) => println!("{}: {content:?}", message.sender.nickname),
//!             ForwardContent::Nodes(nodes) => println!("{}: {} messages", message.sender.nickname, nodes.len()),
//!             _ => {}
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Forwards nest. What comes as JSON text is refused beyond `serde_json`'s 128 levels, some forty forwards in each
//! other, so that no answer exhausts the stack. What a program nests itself is not limited here.

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Error, Map, Value};

use crate::generated::segment::{self, Segment};
use crate::generated::types::{GroupId, MessageId, MessageSender, UserId};
use crate::lenient;
use crate::message::Message;
use crate::segment::IntoSegment;
use crate::time::Timestamp;

/// What a message in a forward holds: `N` is a [`ForwardNode`] where it is sent, a [`ForwardedMessage`] where it is read.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ForwardContent<N> {
    /// A message.
    Message(Message),
    /// The messages of another forward.
    Nodes(Vec<N>),
}

/// A message to be sent in a merged forward.
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
/// Ids go out as strings of digits, which every server takes: NapCat and Lagrange read nothing else. Sender and name go
/// out under both of their names: OneBot v11 has `user_id` and `nickname`, go-cqhttp's documentation `uin` and `name`.
#[doc(alias = "合并转发消息节点")]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ForwardNode {
    /// What the node shows.
    pub body: NodeBody,
    /// When it seems to have been sent. go-cqhttp takes five minutes ago where none is given, and ignores it beside a
    /// message's id.
    pub time: Option<Timestamp>,
    /// Further fields, as some servers read them: `news`, `summary`, `prompt` and `source` on NapCat and LLOneBot. They
    /// do not replace what the node says itself, and are not sent where they are null.
    pub extra: Map<String, Value>,
}

/// What a [`ForwardNode`] shows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum NodeBody {
    /// A message that the server knows.
    Message(MessageId),
    /// A message made up, or another forward.
    Custom {
        /// Who seems to have sent it; go-cqhttp leaves the node out where this is 0.
        user_id: UserId,
        /// The sender's name; go-cqhttp leaves the node out where it is empty.
        name: String,
        /// What it says. A message that itself consists of node segments is read back as nodes, an empty list of nodes
        /// as an empty message: on the wire they are the same.
        content: ForwardContent<ForwardNode>,
    },
}

impl ForwardNode {
    /// A message that the server knows, by its id. go-cqhttp leaves the node out where it does not; Lagrange takes no
    /// such nodes.
    pub fn message(id: impl Into<MessageId>) -> Self {
        Self::new(NodeBody::Message(id.into()))
    }

    /// A message in the name of `user_id`, whether they ever wrote it or not.
    pub fn custom(user_id: impl Into<UserId>, name: impl Into<String>, content: impl Into<Message>) -> Self {
        Self::of(user_id.into(), name.into(), ForwardContent::Message(content.into()))
    }

    /// A forward inside the forward, in the name of `user_id`. go-cqhttp's documentation forbids it and its code takes
    /// it; NapCat and LLOneBot take a few levels, Lagrange none.
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

    /// When it seems to have been sent.
    #[must_use]
    pub fn time(mut self, time: impl Into<Timestamp>) -> Self {
        self.time = Some(time.into());
        self
    }

    /// A further field, as some servers read it; see [`extra`](Self::extra).
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

/// A message of a merged forward, as it is read.
///
/// Servers show them in three ways, and all are read: go-cqhttp and LLOneBot send the fields below, NapCat whole message
/// events, Lagrange node segments. A forward inside is [`ForwardContent::Nodes`] on go-cqhttp, where the message holds
/// nothing else. Elsewhere it is a message with a forward segment: NapCat puts the inner messages into that segment's
/// `content`, the others only name it by `id`.
///
/// ```
/// use cqhttp::{ForwardedMessage, Message};
/// use cqhttp::forward::ForwardContent;
///
/// let json = r#"{ "type": "node", "data": { "user_id": "10086", "nickname": "小明", "content": "你好" } }"#;
/// let message: ForwardedMessage = serde_json::from_str(json)?;
/// assert_eq!(message.sender.nickname, "小明");
/// assert_eq!(message.content, ForwardContent::Message(Message::cq("你好")));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[doc(alias = "合并转发内容")]
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ForwardedMessage {
    /// Who sent it.
    pub sender: MessageSender,
    /// When it was sent. Lagrange leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// What it says.
    pub content: ForwardContent<ForwardedMessage>,
    /// The group it was sent to; 0 on go-cqhttp where it was none. LLOneBot and Lagrange leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<GroupId>,
    /// The message's id; only NapCat sends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<MessageId>,
}

impl ForwardedMessage {
    /// A message with what every server sends.
    pub fn new(sender: MessageSender, content: ForwardContent<Self>) -> Self {
        Self { sender, time: None, content, group_id: None, message_id: None }
    }
}

/// What a custom node's own fields are called; `extra` holds none of them.
const CUSTOM: &[&str] = &["id", "user_id", "uin", "name", "nickname", "content", "time"];

/// The same for a node that names a message.
const REFERENCE: &[&str] = &["id", "time"];

impl Serialize for ForwardNode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut segment = serializer.serialize_map(Some(2))?;
        segment.serialize_entry("type", "node")?;
        segment.serialize_entry("data", &Data(self))?;
        segment.end()
    }
}

/// The `data` of a node.
struct Data<'a>(&'a ForwardNode);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ForwardNode { body, time, extra } = self.0;
        let mut data = serializer.serialize_map(None)?;
        let own = match body {
            NodeBody::Message(id) => {
                data.serialize_entry("id", &id.to_string())?;
                REFERENCE
            }
            NodeBody::Custom { user_id, name, content } => {
                let user_id = user_id.to_string();
                data.serialize_entry("user_id", &user_id)?;
                data.serialize_entry("uin", &user_id)?;
                data.serialize_entry("name", name)?;
                data.serialize_entry("nickname", name)?;
                // Before `extra`: Lagrange takes the first `content` of any depth.
                data.serialize_entry("content", content)?;
                CUSTOM
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
    #[inline]
    fn into_segment(self) -> Segment {
        let json = serde_json::to_string(&self).unwrap_or_default();
        serde_json::from_str(&json).unwrap_or_else(|_| segment::Node::new().into_segment())
    }
}

impl TryFrom<&segment::Node> for ForwardNode {
    type Error = Error;

    /// The node with its content typed. It fails where a field is missing that a node cannot be without.
    #[inline]
    fn try_from(node: &segment::Node) -> Result<Self, Error> {
        serde_json::from_value(serde_json::to_value(node.clone().into_segment())?)
    }
}

/// As segments hold it.
impl TryFrom<&Box<segment::Node>> for ForwardNode {
    type Error = Error;

    #[inline]
    fn try_from(node: &Box<segment::Node>) -> Result<Self, Error> {
        (&**node).try_into()
    }
}

/// Reads what servers read: either spelling, numbers or digits. As on go-cqhttp, a node with an `id` names a message,
/// whatever else it holds.
impl<'de> Deserialize<'de> for ForwardNode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for ForwardedMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Map::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// What stands in a list of nodes. It is read from a tree, of which every branch is moved, not copied: the shape of a
/// node shows only when all of it is there.
trait NodeForm: Sized {
    fn is(value: &Value) -> bool;

    fn read(entries: Map<String, Value>) -> Result<Self, Error>;
}

impl NodeForm for ForwardNode {
    fn is(value: &Value) -> bool {
        value["type"] == "node"
    }

    fn read(segment: Map<String, Value>) -> Result<Self, Error> {
        let mut data = node_data(segment).map_err(|_| Error::custom("no node segment: its `type` is `node`"))?;
        let time = within("time", lenient::opt_int(take(&mut data, &["time"])))?;
        if let Some(id) = within("id", lenient::opt_int(take(&mut data, &["id"])))? {
            data.retain(|name, _| !REFERENCE.contains(&name.as_str()));
            return Ok(Self { body: NodeBody::Message(id), time, extra: data });
        }
        let body = NodeBody::Custom {
            user_id: within("user_id", lenient::int(take(&mut data, &["user_id", "uin"])))?,
            name: within("name", lenient::string(take(&mut data, &["name", "nickname"])))?,
            content: within("content", content(take(&mut data, &["content"])))?,
        };
        data.retain(|name, _| !CUSTOM.contains(&name.as_str()));
        Ok(Self { body, time, extra: data })
    }
}

impl NodeForm for ForwardedMessage {
    fn is(value: &Value) -> bool {
        // Every segment has a `type`; a message in a forward has none, unless it is a node segment.
        let says = |name: &str| !value[name].is_null();
        ForwardNode::is(value) || !says("type") && (says("content") || says("message"))
    }

    fn read(message: Map<String, Value>) -> Result<Self, Error> {
        let mut message = node_data(message).unwrap_or_else(|flat| flat);
        if let Value::Object(sender) = take(&mut message, &["sender"]) {
            let names =
                |(name, value): &(String, Value)| ["user_id", "nickname"].contains(&&**name) && !value.is_null();
            message.extend(sender.into_iter().filter(names));
        }
        Ok(Self {
            sender: MessageSender {
                user_id: within("user_id", lenient::int(take(&mut message, &["user_id", "uin"])))?,
                nickname: within("nickname", lenient::string(take(&mut message, &["nickname", "name"])))?,
            },
            time: within("time", lenient::opt_int(take(&mut message, &["time"])))?,
            content: within("content", content(take(&mut message, &["content", "message"])))?,
            group_id: within("group_id", lenient::opt_int(take(&mut message, &["group_id"])))?,
            message_id: within("message_id", lenient::opt_int(take(&mut message, &["message_id"])))?,
        })
    }
}

/// Nodes where there are nothing but nodes, else a message.
fn content<N: NodeForm>(value: Value) -> Result<ForwardContent<N>, Error> {
    let nodes = match value {
        Value::Array(items) if !items.is_empty() && items.iter().all(N::is) => items,
        Value::Object(_) if N::is(&value) => vec![value],
        Value::Null => return Err(Error::custom("nothing where a message is expected")),
        message => return Message::deserialize(message).map(ForwardContent::Message),
    };
    let nodes = nodes.into_iter().map(|node| Map::deserialize(node).and_then(N::read));
    nodes.collect::<Result<_, _>>().map(ForwardContent::Nodes)
}

/// The `data` of a node segment; anything else comes back as it is.
fn node_data(mut segment: Map<String, Value>) -> Result<Map<String, Value>, Map<String, Value>> {
    let is_node = segment.get("type").is_some_and(|kind| kind == "node");
    match segment.get_mut("data") {
        Some(Value::Object(data)) if is_node => Ok(std::mem::take(data)),
        _ => Err(segment),
    }
}

/// Takes what stands under the first of these names that holds something, and null where nothing does. The names stay,
/// so that the order of the others does.
fn take(entries: &mut Map<String, Value>, names: &[&str]) -> Value {
    let find = |holds: fn(&Value) -> bool| names.iter().find(|name| entries.get(**name).is_some_and(holds));
    let found = find(|value| !is_empty(value)).or_else(|| find(|value| !value.is_null()));
    found.and_then(|name| entries.get_mut(*name)).map(Value::take).unwrap_or_default()
}

/// Null, `""` or `[]`.
fn is_empty(value: &Value) -> bool {
    value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty)
}

/// Says in which field a fault is.
fn within<T>(field: &str, read: Result<T, Error>) -> Result<T, Error> {
    read.map_err(|error| Error::custom(format_args!("`{field}`: {error}")))
}
