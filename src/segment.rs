//! Message segments: one type for each, and [`Segment`], which is any of them.
//!
//! A segment is built by its constructor on [`Segment`] and the setters of its type, and read by matching:
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
//! On the wire every value is a string; here it has the type that it means. A number is read as its digits, and null as
//! nothing. A yes or no is `1` or `0`; `true` is neither, as on go-cqhttp, and stays in `extra`.
//!
//! What a type does not know stays in its `extra`, in order, and goes back out unchanged; a segment of an unknown type, or
//! without a field that its type cannot be without, is a [`Segment::Unknown`].

pub(crate) mod codec;
pub(crate) mod extra;
pub(crate) mod fields;
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
    /// A mention of everyone. go-cqhttp sends it as plain text where the bot is no administrator.
    #[must_use]
    pub fn at_all() -> At {
        At::new(Mention::All)
    }

    /// A quotation of a message that the server knows.
    #[must_use]
    pub fn reply(id: impl Into<MessageId>) -> Reply {
        Reply::new().id(id)
    }

    /// Its text, for a text segment.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(&text.text),
            _ => None,
        }
    }

    /// Whom it mentions, for an at segment.
    #[must_use]
    pub fn as_mention(&self) -> Option<&Mention> {
        match self {
            Self::At(at) => Some(&at.qq),
            _ => None,
        }
    }

    /// Its type on the wire.
    #[must_use]
    pub fn kind(&self) -> &str {
        Segments::kind(self)
    }
}

impl FeedSegment {
    /// Its type on the wire.
    #[must_use]
    pub fn kind(&self) -> &str {
        Segments::kind(self)
    }
}

/// What can stand alone in a message: every segment's type.
pub trait IntoSegment {
    /// As one of many.
    fn into_segment(self) -> Segment;
}

impl<T: IntoSegment> From<T> for Segment {
    fn from(segment: T) -> Self {
        segment.into_segment()
    }
}
