//! Messages written like a sentence: `Message::at(10086).text(" hi")`.

use crate::file::FileSource;
use crate::generated::segment::{Segment, Text};
use crate::generated::types::{MessageId, UserId};
use crate::message::Message;

/// A message that is being built: [`Message::text`], [`Message::at`] and the like start it.
///
/// It converts to a [`Message`] wherever a parameter takes one, or with [`build`](Self::build).
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a message is sent only by a call"]
pub struct MessageBuilder(Message);

impl Message {
    /// Starts a message with a plain text.
    pub fn text(text: impl Into<String>) -> MessageBuilder {
        MessageBuilder::default().text(text)
    }

    /// Starts a message with a mention of a user.
    pub fn at(user: impl Into<UserId>) -> MessageBuilder {
        MessageBuilder::default().at(user)
    }

    /// Starts a message with a mention of everyone.
    pub fn at_all() -> MessageBuilder {
        MessageBuilder::default().at_all()
    }

    /// Starts a message with an image.
    pub fn image(file: impl Into<FileSource>) -> MessageBuilder {
        MessageBuilder::default().image(file)
    }

    /// Starts a message with a QQ face, by its number.
    pub fn face(id: impl Into<i64>) -> MessageBuilder {
        MessageBuilder::default().face(id)
    }

    /// Starts a message with the quotation of a message that the server knows.
    pub fn reply(id: impl Into<MessageId>) -> MessageBuilder {
        MessageBuilder::default().reply(id)
    }

    /// Starts a message with any segment.
    pub fn segment(segment: impl Into<Segment>) -> MessageBuilder {
        MessageBuilder::default().segment(segment)
    }
}

impl MessageBuilder {
    /// Adds a plain text.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.segment(Text::new(text))
    }

    /// Adds a mention of a user.
    pub fn at(self, user: impl Into<UserId>) -> Self {
        self.segment(Segment::at(user.into()))
    }

    /// Adds a mention of everyone. go-cqhttp sends it as plain text if the bot is not an administrator.
    pub fn at_all(self) -> Self {
        self.segment(Segment::at_all())
    }

    /// Adds an image.
    pub fn image(self, file: impl Into<FileSource>) -> Self {
        self.segment(Segment::image(file))
    }

    /// Adds a QQ face, by its number.
    pub fn face(self, id: impl Into<i64>) -> Self {
        self.segment(Segment::face(id.into()))
    }

    /// Adds the quotation of a message that the server knows. go-cqhttp moves it to the front, and keeps only one.
    pub fn reply(self, id: impl Into<MessageId>) -> Self {
        self.segment(Segment::reply(id))
    }

    /// Adds any segment.
    pub fn segment(mut self, segment: impl Into<Segment>) -> Self {
        self.0.push(segment);
        self
    }

    /// Adds all segments of another message.
    pub fn append(mut self, message: impl Into<Message>) -> Self {
        self.0.extend(message.into());
        self
    }

    /// Returns the message.
    #[must_use]
    pub fn build(self) -> Message {
        self.0
    }
}

impl From<MessageBuilder> for Message {
    fn from(builder: MessageBuilder) -> Self {
        builder.0
    }
}
