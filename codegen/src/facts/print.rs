//! A server's file as YAML.

use std::fmt::Write;

use super::ServerFacts;

impl ServerFacts {
    /// Formats the file `schema/servers/<name>.yaml`: the same facts give the same bytes.
    pub fn yaml(&self) -> String {
        let mut text = String::from("- kind: server\n");
        for (key, value) in
            [("name", &self.name), ("title", &self.title), ("app_name", &self.app_name), ("version", &self.version)]
        {
            _ = writeln!(text, "  {key}: {}", scalar(value));
        }
        text += "  actions:\n";
        for action in &self.actions {
            _ = writeln!(text, "    {}: {}", scalar(&action.key()), scalar(&action.line()));
        }
        text
    }
}

/// Formats a text as a scalar, between quotes if YAML would read it as something else.
fn scalar(text: &str) -> String {
    let begins = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '.' | '$' | '/');
    let other = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", ".nan", ".inf"];
    let plain = text.starts_with(begins)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && text.parse::<f64>().is_err()
        && !other.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { quoted(text) }
}

/// Puts a text between quotes: single ones if it holds double ones.
fn quoted(text: &str) -> String {
    if text.contains(['"', '\\']) { format!("'{}'", text.replace('\'', "''")) } else { format!("\"{text}\"") }
}

#[cfg(test)]
mod tests {
    use super::scalar;

    #[test]
    fn texts_that_yaml_would_misread_are_quoted() {
        for (text, expected) in [
            ("", "\"\""),
            ("group_id! user_id!", "group_id! user_id!"),
            ("wording=\" \"", "wording=\" \""),
            ("a=\"b: c\"", "'a=\"b: c\"'"),
            ("a=\"it's #1\"", "'a=\"it''s #1\"'"),
            ("8.1", "\"8.1\""),
            ("4.18.13", "\"4.18.13\""),
            ("null", "\"null\""),
            ("-> stream", "\"-> stream\""),
            ("get_rkey|nc_get_rkey", "get_rkey|nc_get_rkey"),
        ] {
            assert_eq!(scalar(text), expected);
        }
    }
}
