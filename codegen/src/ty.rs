//! Type expressions: `GroupInfo[]`, `string?`.

/// The part of a type before `[]` and `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    Bool,
    I32,
    I64,
    U32,
    U64,
    F64,
    String,
    Json,
    Message,
    ForwardNode,
    ForwardedMessage,
    Timestamp,
    FileSource,
    Mention,
    FeedSegment,
    Event,
    UploadSource,
    Target,
    /// An id, enum or object of the schema, by its Rust name.
    Named(String, NamedKind),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NamedKind {
    Id(IdBase),
    Enum(EnumBase),
    Object,
}

/// The form of an id on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdBase {
    I64,
    U64,
    String,
}

/// The form of an enum's values on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnumBase {
    String,
    I64,
}

impl Scalar {
    /// Returns `true` if its values are written as JSON in Rust, too.
    pub fn has_no_literal(&self) -> bool {
        use Scalar::{
            Event, FeedSegment, FileSource, ForwardNode, ForwardedMessage, Json, Mention, Message, UploadSource,
        };
        matches!(
            self,
            Json | Message | ForwardNode | ForwardedMessage | FileSource | UploadSource | Mention | FeedSegment | Event
        )
    }
}

/// A type as the schema writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ty {
    pub scalar: Scalar,
    pub list: bool,
    pub optional: bool,
}

impl Ty {
    /// Returns `true` if a parameter of this type may have a default.
    pub fn has_default(&self) -> bool {
        !self.list
            && !matches!(
                self.scalar,
                Scalar::Target
                    | Scalar::FileSource
                    | Scalar::Mention
                    | Scalar::FeedSegment
                    | Scalar::Event
                    | Scalar::UploadSource
                    | Scalar::Named(_, NamedKind::Id(_) | NamedKind::Object)
            )
    }

    /// The object that a value of this type contains in place, not behind a list.
    pub fn object_in_place(&self) -> Option<&str> {
        match &self.scalar {
            Scalar::Named(name, NamedKind::Object) if !self.list => Some(name),
            _ => None,
        }
    }
}

/// The types that every schema knows.
pub const BUILT_IN: &[(&str, Scalar)] = &[
    ("bool", Scalar::Bool),
    ("i32", Scalar::I32),
    ("i64", Scalar::I64),
    ("u32", Scalar::U32),
    ("u64", Scalar::U64),
    ("f64", Scalar::F64),
    ("string", Scalar::String),
    ("json", Scalar::Json),
    ("message", Scalar::Message),
    ("forward_node", Scalar::ForwardNode),
    ("forwarded_message", Scalar::ForwardedMessage),
    ("timestamp", Scalar::Timestamp),
    ("file_source", Scalar::FileSource),
    ("mention", Scalar::Mention),
    ("feed_segment", Scalar::FeedSegment),
    ("event", Scalar::Event),
    ("upload_source", Scalar::UploadSource),
    ("Target", Scalar::Target),
];

/// An expression taken apart: the name and the marks behind it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expression<'a> {
    pub(crate) name: &'a str,
    pub(crate) list: bool,
    pub(crate) optional: bool,
}

impl<'a> Expression<'a> {
    /// Parses a name, then `[]`, then `?`; `None` for any other text.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (rest, optional) = text.strip_suffix('?').map_or((text, false), |rest| (rest, true));
        let (name, list) = rest.strip_suffix("[]").map_or((rest, false), |rest| (rest, true));
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        plain.then_some(Self { name, list, optional })
    }
}

#[cfg(test)]
mod tests {
    use super::Expression;

    #[test]
    fn name_then_list_then_optional() {
        for (text, name, list, optional) in [
            ("i64", "i64", false, false),
            ("GroupInfo[]", "GroupInfo", true, false),
            ("string?", "string", false, true),
            ("UserId[]?", "UserId", true, true),
        ] {
            assert_eq!(Expression::parse(text), Some(Expression { name, list, optional }));
        }
        for text in ["", "?", "i64?[]", "i64[][]", "Vec<i64>", "i64 ?", "[]"] {
            assert_eq!(Expression::parse(text), None, "{text}");
        }
    }
}
