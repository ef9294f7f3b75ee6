//! Mentions of users and of everyone.

use std::borrow::Cow;
use std::fmt;

use crate::decode::Integer as _;
use crate::generated::types::UserId;
use crate::segment::fields::FieldValue;
use crate::segment::item::{Item, Written};
use crate::types::Unlisted;

/// The user, or everyone, that an [`At`](crate::segment::At) segment mentions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mention {
    /// Everyone: `all`.
    All,
    /// One user, by QQ number; in a guild, by the number in the guild system. On go-cqhttp 0 means everyone.
    User(UserId),
    /// Any other text, unchanged.
    Other(Unlisted<String>),
}

impl Mention {
    /// Returns `true` if everyone is mentioned.
    #[must_use]
    pub fn is_everyone(&self) -> bool {
        matches!(self, Self::All) || *self == Self::User(UserId::new(0))
    }

    /// Returns the user who is mentioned; `None` for everyone.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::User(user) if !self.is_everyone() => Some(*user),
            _ => None,
        }
    }
}

impl From<UserId> for Mention {
    fn from(user: UserId) -> Self {
        Self::User(user)
    }
}

impl From<i64> for Mention {
    fn from(user: i64) -> Self {
        Self::User(user.into())
    }
}

impl From<&str> for Mention {
    fn from(text: &str) -> Self {
        match i64::read_text(text) {
            Some(user) => Self::User(user.into()),
            None if text == "all" => Self::All,
            None => Self::Other(Unlisted::new(text.to_owned())),
        }
    }
}

crate::__decode_as_text!(Mention);

impl fmt::Display for Mention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::User(user) => user.fmt(f),
            Self::Other(other) => f.write_str(other.get()),
        }
    }
}

/// Null is read as everyone: one server writes it so.
impl FieldValue for Mention {
    fn read_text(text: &str) -> Option<Self> {
        Some(Self::from(text))
    }

    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::All => Cow::Borrowed("all"),
            Self::User(user) => Cow::Owned(user.to_string()),
            Self::Other(other) => Cow::Borrowed(other.get()),
        }
    }

    fn written(&self) -> Written<'_> {
        match self {
            Self::User(user) => Written::Number(user.wide()),
            other => Written::Text(other.text()),
        }
    }

    fn read(item: &Item<'_>) -> Option<Self> {
        if item.is_null() { Some(Self::All) } else { Self::read_text(&item.text()?) }
    }
}
