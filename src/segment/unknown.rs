//! Segments of types that the schema does not know.

use crate::segment::extra::Extra;

/// A segment of a type that this crate does not know, or one without a required field. It is sent on unchanged.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UnknownSegment {
    /// The segment's type on the wire.
    pub kind: String,
    /// The segment's data.
    pub data: Extra,
}

impl UnknownSegment {
    /// Creates a segment of this type without data; `data.set` adds fields.
    ///
    /// ```
    /// use cqhttp::segment::UnknownSegment;
    ///
    /// let mut markdown = UnknownSegment::new("markdown");
    /// markdown.data.set("content", "# 你好");
    /// # assert_eq!(serde_json::to_string(&cqhttp::Segment::Unknown(markdown))?,
    /// #     r##"{"type":"markdown","data":{"content":"# 你好"}}"##);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn new(kind: impl Into<String>) -> Self {
        Self { kind: kind.into(), data: Extra::default() }
    }
}
