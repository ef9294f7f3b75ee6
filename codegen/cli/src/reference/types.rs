//! The page of types.

use cqhttp_codegen::tooling::{BUILT_IN, EnumBase, IdBase, Scalar, TARGET_KEYS, TypeDef, TypeKind};

use super::book::{Book, sorted_types};
use super::refusals;
use super::text::{cell, heading, json, json_block, paragraph, table, value};

const INTRODUCTION: &str = "\
Types of parameters and fields. An enum is open: servers may send values that are not listed. A list may be absent or `null`
if there is nothing in it. *Always* means that an object without the field is not read as this type; a field that *may be absent*
is then read as empty, 0 or an unlisted value.";

/// Formats the page.
pub(super) fn page(book: &Book<'_>) -> String {
    let built_in = BUILT_IN.iter().map(|(name, scalar)| format!("### `{name}`\n\n{}\n", description(book, scalar)));
    let built_in = built_in.collect::<Vec<_>>().join("\n");
    let types = sorted_types(book.api).into_iter().map(|ty| section(book, ty));
    let types = types.collect::<Vec<_>>().join("\n");
    let head = format!("# Types\n\n{INTRODUCTION}\n\n{}\n", book.links());
    let refusals = refusals::section(book.api);
    format!("{head}\n## Built-in types\n\n{built_in}\n## Types of the schema\n\n{types}{refusals}")
}

fn section(book: &Book<'_>, ty: &TypeDef) -> String {
    let mut text = heading(&ty.name, ty.title.as_deref().unwrap_or_default(), &ty.doc);
    text += &paragraph(kind(&ty.kind));
    match &ty.kind {
        TypeKind::Id(_) => {}
        TypeKind::Enum(_, variants) => {
            let rows = variants.iter().map(|variant| [value(&variant.value), cell(&variant.doc)]);
            text += &(table(["value", "meaning"], rows) + "\n");
        }
        TypeKind::Object { fields, example, .. } => {
            text += &(book.fields("Fields", fields) + &json_block(&json(example)) + "\n")
        }
    }
    text.trim_end().to_owned() + "\n"
}

/// Returns the description of a built-in type.
fn description(book: &Book<'_>, scalar: &Scalar) -> String {
    let see = |word: &str, page: &str| if book.api.extension { word.to_owned() } else { format!("[{word}]({page})") };
    match scalar {
        Scalar::Bool => "`true` or `false`.".into(),
        Scalar::I32 => "An integer of 32 bits.".into(),
        Scalar::I64 => "An integer of 64 bits.".into(),
        Scalar::U32 => "An integer of 32 bits, 0 or more.".into(),
        Scalar::U64 => "An integer of 64 bits, 0 or more.".into(),
        Scalar::F64 => "A number.".into(),
        Scalar::String => "A string.".into(),
        Scalar::Json => "Any JSON value.".into(),
        Scalar::Message => format!("A message: a list of {}, or a string with CQ codes.", see("segments", "segments.md")),
        Scalar::ForwardNode => {
            "A message to be sent in a merged forward: `{\"type\": \"node\", \"data\": …}`, where the data is an `id`, or \
             `user_id`, `name` and `content`."
                .into()
        }
        Scalar::ForwardedMessage => {
            "A message of a merged forward, as it is read: its `sender`, `time` and `content`.".into()
        }
        Scalar::Timestamp => "Seconds since 1970, an integer; 0 where the server knows none.".into(),
        Scalar::FileSource => {
            "Where the server takes a file from, a string: an address (`https://…`), bytes (`base64://…`), a path on the \
             server's disk (`file:///…`), or a name that it knows."
                .into()
        }
        Scalar::UploadSource => {
            "Where the server takes a file from that it uploads, a string: a path on its disk, or, on some servers, an \
             address or bytes."
                .into()
        }
        Scalar::Mention => "A user's number, or `all`: a string.".into(),
        Scalar::FeedSegment => {
            format!("A piece of a post in a topic channel, a {} of its own kind.", see("segment", "segments.md"))
        },
        Scalar::Event => format!("A whole {}.", see("event", "events.md")),
        Scalar::Target => {
            let keys = TARGET_KEYS.map(|key| format!("`{key}`"));
            format!("The recipient of a message: a user, a group or a temporary session. It stands for {}.", keys.join(", "))
        }
        Scalar::Named(name, _) => format!("`{name}`."),
    }
}

/// Returns the kind of a type, in words.
pub(super) fn kind(kind: &TypeKind) -> &'static str {
    match kind {
        TypeKind::Id(IdBase::I64) => "Id, an integer.",
        TypeKind::Id(IdBase::U64) => "Id, an integer sent as a string of digits.",
        TypeKind::Id(IdBase::String) => "Id, a string.",
        TypeKind::Enum(EnumBase::String, _) => "Enum, a string.",
        TypeKind::Enum(EnumBase::I64, _) => "Enum, an integer.",
        TypeKind::Object { .. } => "Object.",
    }
}
