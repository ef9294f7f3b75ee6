//! Reading the messages of a merged forward, whose form is known only once a whole message is there.

use serde_json::value::RawValue;

use super::{ForwardContent, ForwardedMessage, UnknownContent};
use crate::decode::{self, Context, Decode, Decoded, Reading, Step, Unfit};
use crate::generated::types::{GroupId, MessageId, MessageSender, UserId};
use crate::message::Message;
use crate::time::Timestamp;

/// The fields of a message, or a node segment around them.
struct MessageParts {
    kind: Option<String>,
    data: Option<Raw>,
    sender: Option<SenderParts>,
    user_id: Option<UserId>,
    nickname: Option<String>,
    time: Option<Timestamp>,
    content: Option<Raw>,
    group_id: Option<GroupId>,
    message_id: Option<MessageId>,
}

crate::decode_object!(MessageParts {
    kind: optional "type",
    data: optional "data",
    sender: optional "sender",
    user_id: optional "user_id" | "uin",
    nickname: optional "nickname" | "name",
    time: optional "time",
    content: optional "content" | "message",
    group_id: optional "group_id",
    message_id: optional "message_id",
});

struct SenderParts {
    user_id: Option<UserId>,
    nickname: Option<String>,
}

crate::decode_object!(SenderParts {
    user_id: optional "user_id",
    nickname: optional "nickname",
});

/// Any value but null, as JSON text.
struct Raw(Box<RawValue>);

impl Decode for Raw {
    fn decode(value: &mut dyn decode::Value<'_>, _: &mut Context) -> Decoded<Self> {
        let raw = value.raw()?.into_owned();
        Ok(if raw.get() == "null" { Reading::Absent } else { Reading::Value(Self(raw)) })
    }

    fn is_empty(&self) -> bool {
        matches!(self.0.get(), "[]" | "\"\"")
    }
}

/// The parts of an object that tell a message of a forward from a segment.
struct Marks {
    kind: Option<String>,
    content: Option<Raw>,
}

crate::decode_object!(Marks {
    kind: optional "type",
    content: optional "content" | "message",
});

impl Decode for ForwardedMessage {
    fn decode(value: &mut dyn decode::Value<'_>, context: &mut Context) -> Decoded<Self> {
        let raw = value.raw()?;
        let message = context.within_forward(|context| Self::of_raw(&raw, context)).flatten();
        Ok(Reading::Value(message.unwrap_or_else(|| {
            context.warn(Unfit::new("not a message of a forward, and kept as an unknown one"));
            let unknown = UnknownContent { text: raw.get().to_owned() };
            Self::new(MessageSender::of(None, None), ForwardContent::Unknown(unknown))
        })))
    }
}

impl ForwardedMessage {
    /// Reads a message; `None` if it has no content.
    fn of_raw(raw: &RawValue, context: &mut Context) -> Option<Self> {
        let mut parts: MessageParts = value(decode::part(raw, context))?;
        if parts.kind.as_deref() == Some("node")
            && parts.data.as_ref().is_some_and(|data| data.0.get().starts_with('{'))
        {
            let data = parts.data.take()?;
            parts = value(context.within(Step::Name("data"), |context| decode::part(&data.0, context)))?;
        }
        let (user_id, nickname) = parts.sender.map(|sender| (sender.user_id, sender.nickname)).unwrap_or_default();
        let raw = parts.content?.0;
        Some(Self {
            sender: MessageSender::of(user_id.or(parts.user_id), nickname.or(parts.nickname)),
            time: parts.time,
            content: context.within(Step::Name("content"), |context| content(&raw, context))?,
            group_id: parts.group_id,
            message_id: parts.message_id,
        })
    }
}

impl MessageSender {
    fn of(user_id: Option<UserId>, nickname: Option<String>) -> Self {
        Self { user_id, nickname }
    }
}

/// Reads the content of a message: nodes if the items are nodes, else a message; `None` if it is neither.
fn content(raw: &RawValue, context: &mut Context) -> Option<ForwardContent<ForwardedMessage>> {
    let nodes = match raw.get().as_bytes().first() {
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
            let forms: Vec<Form> = items.iter().map(|item| Form::of(item)).collect();
            forms.contains(&Form::Node) && !forms.contains(&Form::Segment)
        }
        Some(b'{') => Form::of(raw) == Form::Node,
        _ => false,
    };
    match nodes {
        true if raw.get().starts_with('[') => value(decode::part(raw, context)).map(ForwardContent::Nodes),
        true => value(decode::part(raw, context)).map(|node| ForwardContent::Nodes(vec![node])),
        false => value(decode::part::<Message>(raw, context)).map(ForwardContent::Message),
    }
}

/// The form of an item in the content of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Node,
    Segment,
    /// Neither, such as null.
    Neither,
}

impl Form {
    fn of(raw: &RawValue) -> Self {
        // Every segment has a `type`; a message in a forward has a `type` only if it is a node segment.
        match value::<Marks>(decode::part(raw, &mut Context::default())) {
            Some(Marks { kind: Some(kind), .. }) if kind == "node" => Self::Node,
            Some(Marks { kind: Some(_), .. }) => Self::Segment,
            Some(Marks { kind: None, content: Some(_) }) => Self::Node,
            _ => Self::Neither,
        }
    }
}

fn value<T>(outcome: Reading<T>) -> Option<T> {
    match outcome {
        Reading::Value(value) => Some(value),
        Reading::Absent | Reading::Unfit(_) => None,
    }
}
