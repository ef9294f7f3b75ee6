//! Stanzas as text.

use std::fmt::Write;

use crate::yaml::{Node, Value};

/// A value of an example.
#[derive(Clone, Debug)]
pub(super) enum Example {
    Plain(String),
    List(Vec<Example>),
    Map(Vec<(String, Example)>),
}

impl Example {
    pub(super) fn text(text: &str) -> Self {
        Self::Plain(scalar(text))
    }

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

    /// The value in block style, line by line; a scalar and what is empty is one line.
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

/// Lines behind a lead, the first of them beside it.
fn indented(lead: &str, lines: Vec<String>) -> Vec<String> {
    let blank = " ".repeat(lead.len());
    lines.into_iter().enumerate().map(|(at, line)| format!("{}{line}", if at == 0 { lead } else { &blank })).collect()
}

/// Text, line by line.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) text: String,
    /// How many places are marked.
    pub(super) marks: usize,
}

impl Lines {
    pub(super) fn line(&mut self, indent: usize, text: &str) {
        self.marks += usize::from(text.contains("TODO"));
        _ = writeln!(self.text, "{}{text}", " ".repeat(indent));
    }

    /// A comment; nothing for an empty text.
    pub(super) fn comment(&mut self, indent: usize, text: &str) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if !text.is_empty() {
            self.line(indent, &format!("# {text}"));
        }
    }

    pub(super) fn mark(&mut self, indent: usize, text: &str) {
        self.comment(indent, &format!("TODO: {text}"));
    }

    pub(super) fn example(&mut self, indent: usize, key: &str, example: &Example) {
        example.under(key).iter().for_each(|line| self.line(indent, line));
    }
}

/// A text as a scalar, between quotes where it would be read as something else.
pub(super) fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_alphabetic())
        && text.chars().all(|c| c.is_alphanumeric() || " _-./（）／".contains(c))
        && !text.ends_with(' ')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&text.to_lowercase().as_str());
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
