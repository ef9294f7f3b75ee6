//! Reading the messages of a merged forward, whose form is known only once a whole message is there.
//!
//! The text of a message is passed over twice on each level, and never copied: a hostile answer of many levels costs little.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{ForwardContent, ForwardedMessage, UnknownContent};
use crate::decode::{self, Context, Decode, Decoded, Found, ReadCustom, Reading, Sink, Step, Stop, Unfit, raw_text};
use crate::generated::segment::Segment;
use crate::generated::types::{GroupId, MessageId, MessageSender, UserId};
use crate::message::Message;
use crate::time::Timestamp;

impl Decode for ForwardedMessage {
    fn blank() -> Self {
        Self::unknown("")
    }

    crate::__slots!(Custom);
}

impl ReadCustom for ForwardedMessage {
    fn read(&mut self, value: &mut dyn decode::Value<'_>, context: &mut Context) -> Decoded<()> {
        if context.is_exact() {
            *self = Self::of_raw(&value.raw()?, context);
            return Ok(Reading::Value(()));
        }
        if context.is_inexact() {
            // It is read once more anyway.
            return Ok(Reading::Value(()));
        }
        let (mut parts, before) = (InOrder::blank(), context.mark());
        let reading = value.fill(&mut parts.slot(), context)?;
        match parts.message(&reading).filter(|_| context.mark() == before) {
            Some(message) => *self = message,
            None => context.note_inexact(),
        }
        Ok(Reading::Value(()))
    }
}

/// The parts of a message in its usual form: its sender, and its content as a list of segments. Any other is read another way.
#[derive(Debug)]
struct InOrder {
    sender: Option<MessageSender>,
    user_id: Option<UserId>,
    nickname: Option<String>,
    time: Option<Timestamp>,
    content: Message,
    group_id: Option<GroupId>,
    message_id: Option<MessageId>,
    /// The type of a node segment around the message.
    kind: Option<String>,
}

crate::decode_object!(InOrder {
    sender: optional "sender",
    user_id: optional "user_id" | "uin",
    nickname: optional "nickname" | "name",
    time: optional "time",
    content: required "content" | "message",
    group_id: optional "group_id",
    message_id: optional "message_id",
    kind: optional "type",
});

impl InOrder {
    /// Returns the message; `None` if it has another form.
    fn message(self, reading: &Reading<()>) -> Option<ForwardedMessage> {
        let is_node = |segment: &Segment| matches!(segment, Segment::Node(_));
        if !matches!(reading, Reading::Value(())) || self.kind.is_some() || self.content.iter().any(is_node) {
            return None;
        }
        let sender = self.sender.unwrap_or_else(|| MessageSender::of(None, None));
        Some(ForwardedMessage {
            sender: MessageSender {
                user_id: sender.user_id.or(self.user_id),
                nickname: sender.nickname.or(self.nickname),
            },
            time: self.time,
            content: ForwardContent::Message(self.content),
            group_id: self.group_id,
            message_id: self.message_id,
        })
    }
}

impl ForwardedMessage {
    /// Reads a message. One that cannot be read, or is in too many others, is kept as text.
    fn of_raw(raw: &RawValue, context: &mut Context) -> Self {
        let message = context.within_forward(|context| Self::read(raw, context)).flatten();
        message.unwrap_or_else(|| {
            context.warn(Unfit::new("not a message of a forward, and kept as an unknown one"));
            Self::unknown(raw.get())
        })
    }

    fn unknown(text: &str) -> Self {
        let unknown = UnknownContent { text: text.to_owned() };
        Self::new(MessageSender::of(None, None), ForwardContent::Unknown(unknown))
    }

    /// Reads a message, or the node segment around it; `None` if it has no content.
    fn read(raw: &RawValue, context: &mut Context) -> Option<Self> {
        let entries = Entries::of(raw)?;
        match entries.raw("data").filter(|data| data.get().starts_with('{')) {
            Some(data) if entries.raw("type").and_then(raw_text).as_deref() == Some("node") => {
                context.within(Step::Name("data"), |context| Self::of_entries(&Entries::of(data)?, context))
            }
            _ => Self::of_entries(&entries, context),
        }
    }

    fn of_entries(entries: &Entries<'_>, context: &mut Context) -> Option<Self> {
        let mut senders = entries.all("sender").filter_map(Entries::of);
        let sender = senders.find(|sender| !sender.entries.is_empty()).unwrap_or_default();
        let (user_id, nickname) = context.within(Step::Name("sender"), |context| {
            (sender.value("user_id", context), sender.value("nickname", context))
        });
        let user_id = user_id.or_else(|| entries.value("user_id", context)).or_else(|| entries.value("uin", context));
        let nickname =
            nickname.or_else(|| entries.value("nickname", context)).or_else(|| entries.value("name", context));
        let (name, content) = entries.content()?;
        Some(Self {
            sender: MessageSender::of(user_id, nickname),
            time: entries.value("time", context),
            content: context.within(Step::Name(name), |context| content_of(content, context))?,
            group_id: entries.value("group_id", context),
            message_id: entries.value("message_id", context),
        })
    }
}

impl MessageSender {
    fn of(user_id: Option<UserId>, nickname: Option<String>) -> Self {
        Self { user_id, nickname }
    }
}

/// Reads the content of a message: nodes if the items are nodes, else a message; `None` if it is neither.
fn content_of(raw: &RawValue, context: &mut Context) -> Option<ForwardContent<ForwardedMessage>> {
    let nodes = match raw.get().as_bytes().first() {
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
            let forms: Vec<Form> = items.iter().map(|item| Form::of(item)).collect();
            (forms.contains(&Form::Node) && !forms.contains(&Form::Segment)).then_some(items)
        }
        Some(b'{') => (Form::of(raw) == Form::Node).then(|| vec![raw]),
        _ => None,
    };
    let Some(nodes) = nodes else {
        return match decode::part::<Message>(raw, context) {
            Reading::Value(message) => Some(ForwardContent::Message(message)),
            Reading::Absent | Reading::Unfit(_) => None,
        };
    };
    let nodes = nodes.into_iter().enumerate();
    let read = |(index, node)| context.within(Step::Index(index), |context| ForwardedMessage::of_raw(node, context));
    Some(ForwardContent::Nodes(nodes.map(read).collect()))
}

/// The entries of an object, without those that are null. Of a key that comes twice the first counts.
#[derive(Default)]
struct Entries<'a> {
    entries: Vec<(Cow<'a, str>, &'a RawValue)>,
    key: Cow<'a, str>,
}

impl<'a> Entries<'a> {
    /// Reads the entries; `None` if the value is not an object.
    fn of(raw: &'a RawValue) -> Option<Self> {
        let mut entries = Self::default();
        matches!(decode::raw_parts(raw, &mut entries), Ok(Found::Object(_))).then_some(entries)
    }

    fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.entries.iter().find(|(key, _)| key == name).map(|(_, raw)| *raw)
    }

    /// Returns the values under this name.
    fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'a RawValue> + Clone + 'e {
        self.entries.iter().filter(move |(key, _)| key == name).map(|(_, raw)| *raw)
    }

    /// Returns the content of a message, with its name. One that is empty or no message gives way to another one.
    fn content(&self) -> Option<(&'static str, &'a RawValue)> {
        let is_filled = |raw: &RawValue| match raw.get().as_bytes() {
            [b'[', rest @ ..] => rest.trim_ascii() != b"]",
            [first, ..] => matches!(first, b'"' | b'{') && raw.get() != "\"\"",
            [] => false,
        };
        let mut contents =
            ["content", "message"].into_iter().flat_map(|name| self.all(name).map(move |raw| (name, raw)));
        contents.clone().find(|(_, raw)| is_filled(raw)).or_else(|| contents.next())
    }

    /// Reads the value under this name; one that does not fit is passed over.
    fn value<T: Decode>(&self, name: &str, context: &mut Context) -> Option<T> {
        match context.within(Step::Name(name), |context| decode::part(self.raw(name)?, context).into()) {
            Some(Reading::Value(value)) => Some(value),
            Some(Reading::Unfit(unfit)) => {
                context.warn(unfit.within(Step::Name(name)));
                None
            }
            Some(Reading::Absent) | None => None,
        }
    }
}

impl<'a> Sink<'a> for Entries<'a> {
    fn key(&mut self, key: Cow<'a, str>) -> bool {
        self.key = key;
        true
    }

    fn entry(&mut self, value: &mut dyn decode::Value<'a>) -> Result<(), Stop> {
        if let Cow::Borrowed(raw) = value.raw()?
            && raw.get() != "null"
        {
            self.entries.push((std::mem::take(&mut self.key), raw));
        }
        Ok(())
    }
}

/// The form of an item in the content of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Form {
    Node,
    Segment,
    /// Neither, such as null.
    #[default]
    Neither,
}

impl Form {
    /// Reads as much of the item as tells its form. Every segment has a `type`; a message in a forward has one only if it is a
    /// node segment, and content otherwise.
    fn of(raw: &RawValue) -> Self {
        let mut marks = Marks::default();
        // What follows is not read, which looks like a fault to the parser.
        let _ = decode::raw_parts(raw, &mut marks);
        marks.form
    }
}

/// Looks for the first key that tells the form of an object, and stops there.
#[derive(Default)]
struct Marks {
    form: Form,
    is_type: bool,
}

impl<'a> Sink<'a> for Marks {
    fn key(&mut self, key: Cow<'a, str>) -> bool {
        self.is_type = key == "type";
        self.is_type || matches!(&*key, "content" | "message")
    }

    fn entry(&mut self, value: &mut dyn decode::Value<'a>) -> Result<(), Stop> {
        if self.is_type {
            match value.raw()? {
                kind if kind.get() == "null" => return Ok(()),
                kind if kind.get() == "\"node\"" => self.form = Form::Node,
                _ => self.form = Form::Segment,
            }
        } else {
            self.form = Form::Node;
        }
        Err(Stop)
    }
}
