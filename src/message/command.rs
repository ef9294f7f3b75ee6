//! Commands in messages: stripping a prefix or a mention of the bot, and splitting the rest into words and segments.

use crate::generated::segment::{Segment, Text};
use crate::generated::types::UserId;
use crate::message::Message;
use crate::segment::IntoSegment;
use crate::segment::mention::Mention;

impl Message {
    /// Returns the rest of the message behind a prefix such as `/mute`; `None` if the message does not start with it.
    ///
    /// Blanks around the prefix are dropped, and so is a quotation before it, with the mention that QQ adds after a
    /// quotation. A prefix that ends in an ASCII letter or digit does not match within a word: `/mute` is not a prefix of
    /// `/muted`. If users mention the bot first, use [`strip_mention`](Self::strip_mention).
    ///
    /// ```
    /// use cqhttp::{Message, UserId};
    ///
    /// let message = Message::reply(1234).text("/mute ").at(10086).text(" 60").build();
    /// let rest = message.strip_prefix("/mute").unwrap();
    /// assert_eq!(rest.first_mention(), Some(UserId::new(10086)));
    /// assert_eq!(rest.plain_text(), " 60");
    /// assert!(message.strip_prefix("/mut").is_none());
    /// ```
    #[must_use]
    pub fn strip_prefix(&self, prefix: &str) -> Option<Self> {
        let mut segments = after_quotation_and_mention(self).iter();
        let text = segments.next()?.as_text()?.trim_start();
        let rest = text.strip_prefix(prefix)?;
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if prefix.ends_with(|c: char| c.is_ascii_alphanumeric()) && rest.starts_with(word) {
            return None;
        }
        let rest = Some(rest.trim_start()).filter(|rest| !rest.is_empty());
        Some(rest.map(|rest| Text::new(rest).into_segment()).into_iter().chain(segments.cloned()).collect())
    }

    /// Returns the rest of a message that starts with a mention of `user`, as commands to a bot in a group do; `None` if the
    /// message does not. A quotation before the mention and blanks around it are dropped.
    ///
    /// ```
    /// use cqhttp::{Message, UserId};
    ///
    /// let me = UserId::new(10010);
    /// let message = Message::at(me).text(" /mute 60").build();
    /// let said = message.strip_mention(me).unwrap_or(message);
    /// assert_eq!(said.strip_prefix("/mute").unwrap().plain_text(), "60");
    /// ```
    #[must_use]
    pub fn strip_mention(&self, user: impl Into<UserId>) -> Option<Self> {
        let user = user.into();
        let begins = |segments: &[Segment]| {
            let mention = segments.iter().find(|segment| segment.as_text().is_none_or(|text| !text.trim().is_empty()));
            mention.and_then(Segment::as_mention).and_then(Mention::user) == Some(user)
        };
        let segments =
            [after_quotation(self), after_quotation_and_mention(self)].into_iter().find(|segments| begins(segments))?;
        let behind = segments.iter().skip_while(|segment| segment.as_mention().is_none()).skip(1);
        let mut rest: Self = behind.cloned().collect();
        if let Some(Segment::Text(text)) = rest.first_mut() {
            text.text = text.text.trim_start().to_owned();
        }
        Some(rest)
    }

    /// Returns the words of the text segments, and all other segments, in order.
    ///
    /// ```
    /// use cqhttp::{Message, MessageArg};
    ///
    /// let message = Message::text("ban ").at(10086).text(" 60 spam").build();
    /// let args: Vec<_> = message.args().collect();
    /// assert_eq!(args.len(), 4);
    /// assert_eq!(args[0], MessageArg::Word("ban"));
    /// assert_eq!(args[2].word().and_then(|word| word.parse().ok()), Some(60));
    /// ```
    pub fn args(&self) -> impl Iterator<Item = MessageArg<'_>> {
        self.iter().flat_map(|segment| {
            let words = segment.as_text().unwrap_or_default().split_whitespace().map(MessageArg::Word);
            let other = segment.as_text().is_none().then_some(MessageArg::Segment(segment));
            words.chain(other)
        })
    }
}

/// Returns the segments behind leading blanks and a quotation.
fn after_quotation(message: &Message) -> &[Segment] {
    let is_prelude = |segment: &Segment| match segment {
        Segment::Text(text) => text.text.trim().is_empty(),
        segment => matches!(segment, Segment::Reply(_)),
    };
    let begin = message.iter().position(|segment| !is_prelude(segment)).unwrap_or(message.len());
    &message[begin..]
}

/// Returns the segments behind a quotation and the mention of its author, which QQ adds after a quotation.
fn after_quotation_and_mention(message: &Message) -> &[Segment] {
    match after_quotation(message) {
        [Segment::At(_), rest @ ..] if message.reply_to().is_some() => rest,
        segments => segments,
    }
}

/// A word of a message, or a segment other than text: see [`Message::args`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum MessageArg<'a> {
    /// A word.
    Word(&'a str),
    /// A segment other than text.
    Segment(&'a Segment),
}

impl<'a> MessageArg<'a> {
    /// Returns the word; `None` for a segment.
    #[must_use]
    pub fn word(&self) -> Option<&'a str> {
        match self {
            Self::Word(word) => Some(word),
            Self::Segment(_) => None,
        }
    }

    /// Returns the user who is mentioned; `None` if it is not a mention of a user.
    #[must_use]
    pub fn mention(&self) -> Option<UserId> {
        match self {
            Self::Word(_) => None,
            Self::Segment(segment) => segment.as_mention()?.user(),
        }
    }
}
