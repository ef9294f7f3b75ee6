//! Segments of types that the schema does not know.

use serde_json::value::RawValue;

use crate::decode::{FieldSlot, SegmentData, Shape, no_field};
use crate::segment::extra::Extra;

/// A segment of a type that this crate does not know, one without a required field, or a value that is not a segment, such as
/// null between segments. It is sent on unchanged.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UnknownSegment {
    /// The segment's type on the wire; empty for a value that is not a segment.
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

    /// Returns the JSON text of a value that is not a segment; `None` if the segment has a type.
    ///
    /// ```
    /// use cqhttp::{Message, Segment};
    ///
    /// let message: Message = serde_json::from_str(r#"[null,{"type":"text","data":{"text":"hi"}}]"#)?;
    /// let Segment::Unknown(first) = &message[0] else { panic!("null is not a segment") };
    /// assert_eq!(first.as_json(), Some("null"));
    /// assert_eq!(message.plain_text(), "hi");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn as_json(&self) -> Option<&str> {
        self.data.whole().map(serde_json::value::RawValue::get)
    }
}

impl SegmentData for UnknownSegment {
    fn shape(&self) -> &'static Shape {
        static SHAPE: Shape = Shape::new(&[], &[], &[], false);
        &SHAPE
    }

    fn field(&mut self, index: usize) -> FieldSlot<'_> {
        no_field(index)
    }

    fn keep(&mut self, name: String, value: Box<RawValue>, is_alias: bool) {
        self.data.__keep(name, value, is_alias);
    }
}
