//! The names that documentation uses for types, and the spelling of names.

use cqhttp_codegen::tooling::{is_pascal, list, nearest, suggest};

/// A type as a page names it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum TypeName {
    /// A built-in type of the schema language.
    Known { ty: &'static str, list: bool },
    /// An object; the page may have a table of its fields.
    Object,
    /// A list of objects.
    Objects,
    /// A type that the page may describe under this name.
    Named { name: String, list: bool },
    /// A type without a description.
    Vague { word: String, list: bool },
}

const KNOWN: &[(&str, &str)] = &[
    ("bool", "bool"),
    ("boolean", "bool"),
    ("double", "f64"),
    ("float", "f64"),
    ("float32", "f64"),
    ("float64", "f64"),
    ("forward message", "forwarded_message"),
    ("forward node", "forward_node"),
    ("int", "i64"),
    ("int16", "i32"),
    ("int32", "i32"),
    ("int64", "i64"),
    ("int8", "i32"),
    ("message", "message"),
    ("number", "i64"),
    ("string", "string"),
    ("uint16", "u32"),
    ("uint32", "u32"),
    ("uint64", "u64"),
    ("uint8", "u32"),
];

const VAGUE: &[&str] = &["any", "array or string", "json", "string or array", "vector2"];

/// Returns the type for a name, or `None` if documentation does not use that name.
pub(super) fn parse(text: &str) -> Option<TypeName> {
    let text = text.trim().trim_matches('`').trim();
    let item = text.strip_suffix("[]").or_else(|| text.strip_prefix("[]"));
    let (item, list) = item.map_or((text, false), |item| (item.trim(), true));
    let lower = item.to_lowercase().replace('|', " or ");
    // `Message[]` is a list of objects, not of message contents.
    let capital = item.starts_with(|c: char| c.is_ascii_uppercase()) && list;
    let known = KNOWN.iter().find(|(word, _)| *word == lower && !capital);
    match (known, lower.as_str(), list) {
        (Some((_, ty)), _, list) => Some(TypeName::Known { ty, list }),
        (_, "object", false) => Some(TypeName::Object),
        (_, "object", true) | (_, "array", false) => Some(TypeName::Objects),
        (_, word, list) if VAGUE.contains(&word) => Some(TypeName::Vague { word: item.to_owned(), list }),
        _ if is_pascal(item) => Some(TypeName::Named { name: item.to_owned(), list }),
        _ => None,
    }
}

/// Returns a hint for a name that is not known.
pub(super) fn hint(text: &str) -> String {
    let mut known: Vec<&str> = KNOWN.iter().map(|(word, _)| *word).chain(["object", "array"]).collect();
    known.extend(VAGUE);
    let known = match nearest(text, &known) {
        Some(_) => suggest(text, &known),
        None => format!("known here: {}", list(&known)),
    };
    format!("{known}; with `[]` for a list; or the name of an object, such as `Device`")
}

/// Converts names such as `UserId`, `messageId` and `go-cqhttp` to snake case.
pub(super) fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase()
            && snake.ends_with(|before: char| before.is_ascii_lowercase() || before.is_ascii_digit())
        {
            snake.push('_');
        }
        snake.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' });
    }
    snake.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{TypeName, parse, snake};

    #[test]
    fn types_of_documentation() {
        let known = |ty, list| Some(TypeName::Known { ty, list });
        let named = |name: &str, list| Some(TypeName::Named { name: name.into(), list });
        for (word, expected) in [
            ("int64", known("i64", false)),
            ("`boolean`", known("bool", false)),
            ("string[]", known("string", true)),
            ("forward node[]", known("forward_node", true)),
            ("Message", known("message", false)),
            ("Message[]", named("Message", true)),
            ("[]Device", named("Device", true)),
            ("array", Some(TypeName::Objects)),
            ("string or array", Some(TypeName::Vague { word: "string or array".into(), list: false })),
        ] {
            assert_eq!(parse(word), expected, "{word}");
        }
        for word in ["", "-", "strng", "int128", "map[string]string", "群号"] {
            assert_eq!(parse(word), None, "{word}");
        }
    }

    #[test]
    fn names_of_documentation() {
        for (name, expected) in [
            ("UserId", "user_id"),
            ("messageId", "message_id"),
            ("group_id", "group_id"),
            ("go-cqhttp", "go_cqhttp"),
            ("SendPrivateMsg", "send_private_msg"),
        ] {
            assert_eq!(snake(name), expected);
        }
    }
}
