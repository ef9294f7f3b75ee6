//! Names: written once in the schema, derived here in every form that Rust needs.

use proc_macro2::{Ident, Span};

/// A Rust name with its two spellings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    snake: String,
}

impl Name {
    /// From a wire name such as `set_group_ban`, `_get_group_notice` or `GROUP_NOT_FOUND`.
    pub fn from_wire(wire: &str) -> Self {
        let words = wire.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        Self { snake: words.map(str::to_lowercase).collect::<Vec<_>>().join("_") }
    }

    /// `set_group_ban`.
    pub fn snake(&self) -> &str {
        &self.snake
    }

    /// `SetGroupBan`.
    pub fn pascal(&self) -> String {
        self.snake.split('_').map(capitalised).collect()
    }

    /// The snake-case identifier.
    pub(crate) fn ident(&self) -> Ident {
        ident(&self.snake)
    }

    /// The Pascal-case identifier.
    pub(crate) fn type_ident(&self) -> Ident {
        ident(&self.pascal())
    }
}

/// An identifier from a name that `resolve` has checked.
pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Returns `true` if `name` is a keyword of Rust (edition 2024, `gen` included).
pub fn is_keyword(name: &str) -> bool {
    // A plain identifier of every edition parses as one; all else is a keyword, or not a name.
    syn::parse_str::<Ident>(name).is_err() || matches!(name, "gen" | "dyn" | "async" | "await" | "try")
}

/// Returns `true` for the name of a field, a parameter or an enum's value: `group_id`.
pub fn is_snake(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_ascii_lowercase())
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.ends_with('_')
        && !name.contains("__")
}

/// Returns `true` for the name of a type: `GroupInfo`.
pub fn is_pascal(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric())
}

/// Returns `true` for the name of an action on the wire: `set_group_ban`, `_get_vip_info`, `.ocr_image`.
pub fn is_action(name: &str) -> bool {
    is_snake(name.trim_start_matches(['_', '.']))
}

/// Returns `true` for any name of an action on the wire: `ArkShareGroup` too.
pub fn is_wire_action(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    name.contains(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_in_every_spelling() {
        for (wire, snake, pascal) in [
            ("set_group_ban", "set_group_ban", "SetGroupBan"),
            ("_get_group_notice", "get_group_notice", "GetGroupNotice"),
            (".ocr_image", "ocr_image", "OcrImage"),
            ("GROUP_NOT_FOUND", "group_not_found", "GroupNotFound"),
            ("kick-me", "kick_me", "KickMe"),
        ] {
            let name = Name::from_wire(wire);
            assert_eq!((name.snake(), name.pascal().as_str()), (snake, pascal));
        }
    }

    #[test]
    fn keywords_of_edition_2024_are_known() {
        for keyword in ["type", "gen", "async", "self", "Self", "match"] {
            assert!(is_keyword(keyword), "{keyword}");
        }
        assert!(!is_keyword("honor_type"));
    }
}
