//! Access tokens, removed from the texts of others.

/// Returns a text without the access token, in the forms in which texts repeat it: as it is, and as Rust and JSON quote it.
pub(crate) fn without_token(text: &str, token: &str) -> String {
    let quoted = |text: String| text.get(1..text.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let json = serde_json::to_string(token).map(quoted).unwrap_or_default();
    let forms = [quoted(format!("{token:?}")), json, token.to_owned()];
    let forms = forms.into_iter().filter(|form| !form.is_empty());
    forms.fold(text.to_owned(), |text, form| text.replace(&form, "…"))
}

/// Returns `true` for a text that is a name, such as `GROUP_NOT_FOUND`, in which a token is one of the words by chance.
pub(crate) fn is_name_with_word(text: &str, token: &str) -> bool {
    let is_name = text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    is_name && text != token && token.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_as_it_is_and_quoted() {
        let token = r#"quo"te\slash"#;
        let json = serde_json::json!({ "token": token }).to_string();
        for text in [token.to_owned(), format!("{token:?}"), json] {
            let hidden = without_token(&text, token);
            assert!(hidden.contains('…') && !hidden.contains("quo") && !hidden.contains("slash"), "{hidden}");
        }
        assert_eq!(without_token("text", ""), "text");
        assert_eq!(without_token("a \"tab\there\"", "tab\there"), "a \"…\"");
    }

    #[test]
    fn a_name_keeps_its_words() {
        assert!(is_name_with_word("ROOM_NOT_FOUND", "ROOM"));
        assert!(!is_name_with_word("ROOM", "ROOM"));
        assert!(!is_name_with_word("BAD_TOKEN_ROOM4711", "ROOM4711"));
        assert!(!is_name_with_word("no ROOM", "ROOM"));
    }
}
