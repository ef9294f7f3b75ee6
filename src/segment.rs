//! Message segments: one type for each kind of segment, and [`Segment`], the enum of all.
//!
//! A constructor on [`Segment`] and the setters of the segment's type build a segment; a `match` reads it:
//!
//! ```
//! use cqhttp::{FileSource, Message, Segment};
//! use cqhttp::types::ImageKind;
//!
//! let image = Segment::image(FileSource::url("https://example.com/cat.png")).kind(ImageKind::Flash);
//! let message = Message::from(image);
//! match &message[0] {
//!     Segment::Image(image) => println!("{:?}", image.file),
//!     other => println!("a {} segment", other.kind()),
//! }
//! ```
//!
//! On the wire every value is a string; here each field has the type of its meaning. A number in place of a string is read
//! as its digits, null as absent. A flag is `1` or `0`; `true` is neither, as on go-cqhttp, and stays in `extra`.
//!
//! Fields that a type does not know stay in its `extra`, in order, and are sent on unchanged, and so does a known field whose
//! value cannot be read. A segment of an unknown type, or without a required field, is a [`Segment::Unknown`], and so is a value in
//! a message that is not a segment, such as null: see [`UnknownSegment::as_json`].

pub(crate) mod codec;
pub(crate) mod escape;
pub(crate) mod extra;
pub(crate) mod fields;
pub(crate) mod item;
pub(crate) mod json;
pub(crate) mod mention;
pub(crate) mod unknown;
pub(crate) mod writing;

use self::codec::Segments;
pub use self::extra::Extra;
pub use self::mention::Mention;
pub use self::unknown::UnknownSegment;
pub use crate::generated::segment::*;
use crate::generated::types::MessageId;

impl Segment {
    /// Creates a mention of everyone. go-cqhttp sends it as plain text if the bot is not an administrator.
    #[must_use]
    pub fn at_all() -> At {
        At::new(Mention::All)
    }

    /// Creates a quotation of a message that the server knows.
    #[must_use]
    pub fn reply(id: impl Into<MessageId>) -> Reply {
        Reply::new().id(id)
    }

    /// Returns the text of a text segment; `None` for any other.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(&text.text),
            _ => None,
        }
    }

    /// Returns the mention of an at segment; `None` for any other.
    #[must_use]
    pub fn as_mention(&self) -> Option<&Mention> {
        match self {
            Self::At(at) => Some(&at.qq),
            _ => None,
        }
    }

    /// Returns the segment's type on the wire.
    #[must_use]
    pub fn kind(&self) -> &str {
        Segments::kind(self)
    }
}

impl FeedSegment {
    /// Returns the segment's type on the wire.
    #[must_use]
    pub fn kind(&self) -> &str {
        Segments::kind(self)
    }
}

/// A type that converts to a [`Segment`]: every segment's own type.
pub trait IntoSegment {
    /// Converts the value to a segment.
    fn into_segment(self) -> Segment;
}

impl<T: IntoSegment> From<T> for Segment {
    fn from(segment: T) -> Self {
        segment.into_segment()
    }
}
