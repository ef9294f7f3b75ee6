//! Stanzas as YAML text.

use std::fmt::Write;

use cqhttp_codegen::tooling::{Node, Value};

/// A value of an example.
#[derive(Clone, Debug)]
pub(super) enum ExampleValue {
    Plain(String),
    List(Vec<ExampleValue>),
    Map(Vec<(String, ExampleValue)>),
}

impl ExampleValue {
    /// Creates the value of a text.
    pub(super) fn text(text: &str) -> Self {
        Self::Plain(scalar(text))
    }

    /// Creates the value of a node of the schema.
    pub(super) fn of(node: &Node) -> Self {
        match &node.value {
            Value::Null => Self::Plain("null".into()),
            Value::Bool(value) => Self::Plain(value.to_string()),
            Value::Int(value) => Self::Plain(value.to_string()),
            Value::Float(value) => Self::Plain(format!("{value:?}")),
            Value::Text(text) => Self::text(text),
            Value::List(items) => Self::List(items.iter().map(Self::of).collect()),
            Value::Map(entries) => {
                let key =
                    |key: &Node| if let Value::Text(key) = &key.value { key.clone() } else { key.value.describe() };
                Self::Map(entries.iter().map(|(name, value)| (key(name), Self::of(value))).collect())
            }
        }
    }

    /// Returns the lines of the value in block style; scalars and empty values are one line.
    fn lines(&self) -> Vec<String> {
        match self {
            Self::Plain(text) => vec![text.clone()],
            Self::List(items) if items.is_empty() => vec!["[]".into()],
            Self::Map(entries) if entries.is_empty() => vec!["{}".into()],
            Self::List(items) => {
                let item = |item: &Self| indented("- ", item.lines());
                items.iter().flat_map(item).collect()
            }
            Self::Map(entries) => entries.iter().flat_map(|(key, value)| value.under(&scalar(key))).collect(),
        }
    }

    fn under(&self, key: &str) -> Vec<String> {
        let in_place = match self {
            Self::Plain(_) => true,
            Self::List(items) => items.is_empty(),
            Self::Map(entries) => entries.is_empty(),
        };
        if in_place {
            return self.lines().into_iter().map(|line| format!("{key}: {line}")).collect();
        }
        let below = self.lines().into_iter().map(|line| format!("  {line}"));
        [format!("{key}:")].into_iter().chain(below).collect()
    }
}

/// Indents lines by a lead, which stands on the first of them.
fn indented(lead: &str, lines: Vec<String>) -> Vec<String> {
    let blank = " ".repeat(lead.len());
    lines.into_iter().enumerate().map(|(at, line)| format!("{}{line}", if at == 0 { lead } else { &blank })).collect()
}

/// YAML text that is written line by line.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) text: String,
    /// The number of marked places.
    pub(super) marks: usize,
}

impl Lines {
    /// Writes a line.
    pub(super) fn line(&mut self, indent: usize, text: &str) {
        self.marks += usize::from(text.contains("TODO"));
        _ = writeln!(self.text, "{}{text}", " ".repeat(indent));
    }

    /// Writes a comment; for an empty text, nothing.
    pub(super) fn comment(&mut self, indent: usize, text: &str) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !text.is_empty() {
            self.line(indent, &format!("# {text}"));
        }
    }

    /// Writes a comment that marks work to do.
    pub(super) fn mark(&mut self, indent: usize, text: &str) {
        self.comment(indent, &format!("TODO: {text}"));
    }

    /// Writes a value under a key.
    pub(super) fn example(&mut self, indent: usize, key: &str, example: &ExampleValue) {
        example.under(key).iter().for_each(|line| self.line(indent, line));
    }
}

/// Formats a text as a scalar, between quotes if YAML would read it as something else.
pub(super) fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_alphabetic())
        && text.chars().all(|c| c.is_alphanumeric() || " _-./（）／".contains(c))
        && !text.ends_with(' ')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str());
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
