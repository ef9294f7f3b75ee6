//! Files of Go as trees, and the routes that both kinds of file of go-cqhttp describe.

use std::fs;
use std::path::{Path, PathBuf};

use tree_sitter::{Node, Parser, Tree};

use crate::failure::{Failure, Fault, shown};

/// An action that go-cqhttp answers.
#[derive(Debug)]
pub(crate) struct Route {
    /// Its name, and further ones.
    pub(crate) names: Vec<String>,
    pub(crate) version: Version,
    pub(crate) handler: String,
    pub(crate) params: Vec<GoParam>,
    pub(crate) place: GoPlace,
}

/// The versions of OneBot that a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    All,
    V11,
    V12,
}

/// A parameter that a route reads.
#[derive(Clone, Debug)]
pub(crate) struct GoParam {
    /// The names under which it is looked for; the first one that is present counts.
    pub(crate) names: Vec<String>,
    pub(crate) ty: GoType,
    /// The value if it is absent, unless that is Go's zero.
    pub(crate) default: Option<GoLiteral>,
    pub(crate) place: GoPlace,
}

impl GoParam {
    /// Returns `true` if two files describe a parameter in the same way.
    pub(crate) fn same(&self, other: &Self) -> bool {
        self.names == other.names && self.ty == other.ty && self.default == other.default
    }

    /// Returns the names in a path: `p.Get("[user_id,id].0")` looks for `user_id`, then for `id`.
    pub(crate) fn names_of(path: &str) -> Option<Vec<String>> {
        let names: Vec<String> = match path.strip_prefix('[').and_then(|path| path.strip_suffix("].0")) {
            Some(names) => names.split(',').map(|name| name.trim().to_owned()).collect(),
            None => vec![path.to_owned()],
        };
        names.iter().all(|name| !name.is_empty() && !name.contains(['[', ']', ',', '#', '|', '@'])).then_some(names)
    }
}

/// The type as which go-cqhttp reads a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GoType {
    Bool,
    Int,
    Int32,
    Int64,
    Uint16,
    Uint32,
    Uint64,
    String,
    /// Any JSON; the handler looks into it.
    Json,
}

impl GoType {
    /// The types of Go that handlers take, by name.
    pub(crate) const GO: &'static [(&'static str, Self)] = &[
        ("bool", Self::Bool),
        ("int", Self::Int),
        ("int32", Self::Int32),
        ("int64", Self::Int64),
        ("uint16", Self::Uint16),
        ("uint32", Self::Uint32),
        ("uint64", Self::Uint64),
        ("string", Self::String),
        ("gjson.Result", Self::Json),
    ];

    /// Returns the name in Go.
    pub(crate) fn go(self) -> &'static str {
        Self::GO.iter().find(|(_, ty)| *ty == self).map_or("", |(name, _)| name)
    }

    /// Returns the value that Go gives to an absent parameter.
    pub(crate) fn zero(self) -> Option<GoLiteral> {
        match self {
            Self::Bool => Some(GoLiteral::Bool(false)),
            Self::String => Some(GoLiteral::Text(String::new())),
            Self::Json => None,
            _ => Some(GoLiteral::Int(0)),
        }
    }
}

/// A value that the code assumes for an absent parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GoLiteral {
    Bool(bool),
    Int(i128),
    Text(String),
}

impl std::fmt::Display for GoLiteral {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "`{value}`"),
            Self::Int(value) => write!(f, "`{value}`"),
            Self::Text(value) if value.is_empty() => f.write_str("an empty string"),
            Self::Text(value) => write!(f, "`{value}`"),
        }
    }
}

/// A place in one of go-cqhttp's files.
#[derive(Clone, Debug)]
pub(crate) struct GoPlace {
    pub(crate) file: PathBuf,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A file of Go.
pub(crate) struct GoFile {
    path: PathBuf,
    text: String,
    tree: Tree,
}

const CHECKOUT: &str = "name a checkout of go-cqhttp 1.0 or later";

impl GoFile {
    /// Reads a file of the tree at `root`.
    pub(crate) fn read(root: &Path, path: &str) -> Result<Self, Failure> {
        let path = root.join(path);
        let bytes = fs::read(&path).map_err(|error| {
            Failure::io(&path, "expected a file of go-cqhttp, found none that can be read", &error, CHECKOUT)
        })?;
        let text = String::from_utf8(bytes).map_err(|_| {
            Failure::trouble(format!("{}: expected Go, found bytes that are not UTF-8", shown(&path)), CHECKOUT)
        })?;
        let mut parser = Parser::new();
        let trouble = |said: String| Failure::trouble(format!("{}: Go cannot be read here: {said}", shown(&path)), "");
        parser.set_language(&tree_sitter_go::LANGUAGE.into()).map_err(|error| trouble(error.to_string()))?;
        let tree = parser.parse(&text, None).ok_or_else(|| trouble("the parser gave up".into()))?;
        let file = Self { path, text, tree };
        match first_error(file.root()) {
            Some(node) => {
                let hint = "the file may be cut off, or changed by hand: check it out again";
                Err(unreadable(vec![file.fault(node, "expected Go, found something else", hint)]))
            }
            None => Ok(file),
        }
    }

    /// Returns the root of the tree.
    pub(crate) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// Returns the text of a node.
    pub(crate) fn text(&self, node: Node<'_>) -> &str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// Returns the place of a node.
    pub(crate) fn place(&self, node: Node<'_>) -> GoPlace {
        let start = node.start_position();
        let line = self.text.split('\n').nth(start.row).unwrap_or_default();
        // The parser counts bytes, editors count characters.
        let column = line.get(..start.column).unwrap_or_default().chars().count();
        GoPlace { file: self.path.clone(), line: start.row + 1, column: column + 1 }
    }

    /// Creates a fault at a node.
    pub(crate) fn fault(&self, node: Node<'_>, message: impl Into<String>, hint: impl Into<String>) -> Fault {
        let GoPlace { file, line, column } = self.place(node);
        let text = self.text.split('\n').nth(line - 1).map(|line| line.trim_end_matches('\r').to_owned());
        Fault { file, line, column, message: message.into(), hint: hint.into(), text }
    }

    /// Creates a fault "expected …, found `…`", with the first line of the node.
    pub(crate) fn unexpected(&self, node: Node<'_>, expected: &str) -> Fault {
        let found = self.text(node).lines().next().unwrap_or_default().trim_end();
        let hint = "the audit knows what go-cqhttp's cmd/api-generator writes: regenerate the file with `go generate`";
        self.fault(node, format!("expected {expected}, found `{found}`"), hint)
    }

    /// Returns every method of the file, with the type it belongs to.
    pub(crate) fn methods(&self) -> impl Iterator<Item = (Node<'_>, &str)> {
        children(self.root()).into_iter().filter(|node| node.kind() == "method_declaration").filter_map(|node| {
            let receiver = named(node.child_by_field_name("receiver")?).into_iter().next()?;
            Some((node, self.text(receiver.child_by_field_name("type")?)))
        })
    }

    /// Returns the text of a field of a node, or an empty text.
    pub(crate) fn field(&self, node: Node<'_>, field: &str) -> &str {
        node.child_by_field_name(field).map(|node| self.text(node)).unwrap_or_default()
    }
}

/// Creates the failure for code that cannot be read.
pub(crate) fn unreadable(faults: Vec<Fault>) -> Failure {
    Failure::Trouble { message: "go-cqhttp's code could not be read".into(), hint: CHECKOUT.into(), faults }
}

/// Returns the parts of a node.
pub(crate) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.children(&mut node.walk()).collect()
}

/// Returns the parts of a node that are neither punctuation nor comments.
pub(crate) fn named(node: Node<'_>) -> Vec<Node<'_>> {
    children(node).into_iter().filter(|node| node.is_named() && node.kind() != "comment").collect()
}

/// Returns the statements of a block or a case, or of a list of them.
pub(crate) fn statements(node: Node<'_>) -> Vec<Node<'_>> {
    let lists = |node| named(node).into_iter().filter(|node: &Node<'_>| node.kind() == "statement_list");
    lists(node).flat_map(named).collect()
}

/// Returns the first node that is not valid Go. No recursion: code may nest deeper than the stack allows.
fn first_error(root: Node<'_>) -> Option<Node<'_>> {
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if node.is_error() || node.is_missing() {
            return Some(node);
        }
        open.extend(children(node).into_iter().rev().filter(|node| node.has_error() || node.is_missing()));
    }
    None
}

/// Returns the value of a string literal of Go.
pub(crate) fn unquote(text: &str) -> Option<String> {
    if let Some(raw) = text.strip_prefix('`') {
        return raw.strip_suffix('`').map(str::to_owned);
    }
    let quoted = text.strip_prefix('"')?.strip_suffix('"')?;
    let mut chars = quoted.chars();
    let mut plain = String::new();
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next()? {
                'x' => {
                    let digits: String = chars.by_ref().take(2).collect();
                    let code = u8::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 2);
                    char::from(code?)
                }
                'n' => '\n',
                't' => '\t',
                c @ ('"' | '\\') => c,
                _ => return None,
            },
            '"' => return None,
            c => c,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::{GoParam, unquote};

    #[test]
    fn strings_of_go() {
        assert_eq!(unquote(r#""[user_id\x2Cid].0""#).as_deref(), Some("[user_id,id].0"));
        assert_eq!(unquote("`a\"b`").as_deref(), Some("a\"b"));
        for broken in ["", "a", "\"a", r#""\q""#, r#""\x2""#, "\"a\"b\""] {
            assert_eq!(unquote(broken), None, "{broken}");
        }
    }

    #[test]
    fn paths_name_parameters() {
        let names = |path| GoParam::names_of(path);
        assert_eq!(names("user_id"), Some(vec!["user_id".into()]));
        assert_eq!(
            names("[anonymous_flag,anonymous.flag].0"),
            Some(vec!["anonymous_flag".into(), "anonymous.flag".into()])
        );
        for broken in ["", "[a,b].1", "[a,b]", "a,b", "[a,].0", "list.#"] {
            assert_eq!(names(broken), None, "{broken}");
        }
    }
}
