//! The handlers, `coolq/api.go` and its neighbours: the routes in their annotations.

use cqhttp_codegen::tooling::{list, suggest};
use tree_sitter::Node;

use super::code::{GoFile, GoLiteral, GoParam, GoPlace, GoType, Route, Version, children, named, unquote, unreadable};
use crate::failure::{Failure, Fault};

/// The paths in the tree; the second file came with OneBot 12.
pub(crate) const HANDLERS: [&str; 2] = ["coolq/api.go", "coolq/api_v12.go"];

const ANNOTATIONS: &[&str] = &["route", "route11", "route12", "rename", "default"];

/// Reads every route that annotations describe.
pub(crate) fn read(files: &[GoFile]) -> Result<Vec<Route>, Failure> {
    let (mut routes, mut faults) = (Vec::new(), Vec::new());
    for file in files {
        for (method, receiver) in file.methods() {
            if receiver == "*CQBot" {
                match Handler::read(file, method) {
                    Ok(handler) => routes.extend(handler.routes()),
                    Err(fault) => faults.push(fault),
                }
            }
        }
    }
    if faults.is_empty()
        && routes.is_empty()
        && let Some(file) = files.first()
    {
        let message = "expected handlers with `// @route(…)`, found none";
        faults.push(file.fault(file.root(), message, "name a checkout of go-cqhttp 1.0 or later"));
    }
    if faults.is_empty() { Ok(routes) } else { Err(unreadable(faults)) }
}

/// A method, and the routes in its annotations.
struct Handler {
    name: String,
    place: GoPlace,
    params: Vec<GoParam>,
    routes: Vec<(Version, Vec<String>)>,
}

impl Handler {
    fn read(file: &GoFile, method: Node<'_>) -> Result<Self, Fault> {
        let mut handler = Self {
            name: file.field(method, "name").to_owned(),
            place: file.place(method),
            params: Vec::new(),
            routes: Vec::new(),
        };
        let annotations = annotations(file, method)?;
        if annotations.is_empty() {
            return Ok(handler);
        }
        handler.params = params(file, method)?;
        for annotation in annotations {
            handler.annotate(file, &annotation)?;
        }
        Ok(handler)
    }

    fn routes(self) -> impl Iterator<Item = Route> {
        let Self { name, place, params, routes } = self;
        routes.into_iter().map(move |(version, names)| Route {
            names,
            version,
            handler: name.clone(),
            params: params.clone(),
            place: place.clone(),
        })
    }

    fn annotate(&mut self, file: &GoFile, annotation: &Annotation<'_>) -> Result<(), Fault> {
        let version = match annotation.name {
            "route" => Version::All,
            "route11" => Version::V11,
            "route12" => Version::V12,
            "rename" => {
                for (old, new) in annotation.pairs(file, "->")? {
                    self.param(file, annotation, &old)?.names = GoParam::names_of(&new)
                        .ok_or_else(|| annotation.unexpected(file, "a name, or names as in `[a,b].0`", &new))?;
                }
                return Ok(());
            }
            _ => {
                for (name, value) in annotation.pairs(file, "=")? {
                    let param = self.param(file, annotation, &name)?;
                    let default = literal(param.ty, &value);
                    let default = default.ok_or_else(|| annotation.unexpected(file, param.ty.go(), &value))?;
                    // The generator leaves out Go's own zero.
                    param.default = Some(default).filter(|default| Some(default) != param.ty.zero().as_ref());
                }
                return Ok(());
            }
        };
        let names = annotation.arguments.split(',').map(|name| plain(name.trim()));
        let names: Option<Vec<String>> = names.map(|name| name.filter(|name| !name.is_empty())).collect();
        let mut names = names.ok_or_else(|| annotation.unexpected(file, "names of actions", annotation.arguments))?;
        names.sort();
        self.routes.push((version, names));
        Ok(())
    }

    fn param(&mut self, file: &GoFile, annotation: &Annotation<'_>, name: &str) -> Result<&mut GoParam, Fault> {
        let known: Vec<String> = self.params.iter().filter_map(|param| param.names.first().cloned()).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let found = self.params.iter_mut().find(|param| param.names.first().is_some_and(|known| known == name));
        found.ok_or_else(|| {
            let message = format!("expected a parameter of the handler, found `{name}`");
            file.fault(annotation.node, message, suggest(name, &known))
        })
    }
}

/// An annotation, `// @name(arguments)`.
struct Annotation<'a> {
    node: Node<'a>,
    name: &'a str,
    arguments: &'a str,
}

impl Annotation<'_> {
    /// Reads arguments such as `a->b, c->d`.
    fn pairs(&self, file: &GoFile, sign: &str) -> Result<Vec<(String, String)>, Fault> {
        let pair = |text: &str| {
            let (key, value) = text.split_once(sign)?;
            Some((key.trim().to_owned(), plain(value.trim())?))
        };
        let pairs: Option<Vec<_>> = self.arguments.split(',').map(pair).collect();
        pairs.ok_or_else(|| self.unexpected(file, &format!("pairs with `{sign}`"), self.arguments))
    }

    fn unexpected(&self, file: &GoFile, expected: &str, found: &str) -> Fault {
        let message = format!("expected {expected} in `@{}`, found `{found}`", self.name);
        file.fault(self.node, message, "go-cqhttp's cmd/api-generator says what annotations mean")
    }
}

/// Reads the annotations above a method.
fn annotations<'a>(file: &'a GoFile, method: Node<'a>) -> Result<Vec<Annotation<'a>>, Fault> {
    let mut found = Vec::new();
    let mut below = method;
    while let Some(comment) = below.prev_sibling().filter(|node| node.kind() == "comment") {
        if comment.end_position().row + 1 != below.start_position().row {
            break;
        }
        if let Some(text) = file.text(comment).trim_start_matches('/').trim().strip_prefix('@') {
            let parts = text.strip_suffix(')').and_then(|text| text.split_once('('));
            let (name, arguments) = parts.ok_or_else(|| {
                file.fault(comment, format!("expected `@name(…)`, found `@{text}`"), "close the annotation")
            })?;
            if !ANNOTATIONS.contains(&name) {
                let message = format!("expected an annotation that is known, found `@{name}`");
                let hint = format!("known here: {}", list(ANNOTATIONS));
                return Err(file.fault(comment, message, hint));
            }
            found.push(Annotation { node: comment, name, arguments });
        }
        below = comment;
    }
    found.reverse();
    Ok(found)
}

/// Reads the parameters of a method that stand for parameters of an action.
fn params(file: &GoFile, method: Node<'_>) -> Result<Vec<GoParam>, Fault> {
    let mut params = Vec::new();
    let declared = method.child_by_field_name("parameters").map(named).unwrap_or_default();
    for declaration in declared {
        let ty = file.field(declaration, "type");
        if ty == "*onebot.Spec" {
            continue;
        }
        let known = GoType::GO.iter().find(|(name, _)| *name == ty).map(|(_, ty)| *ty).ok_or_else(|| {
            let known: Vec<&str> = GoType::GO.iter().map(|(name, _)| *name).collect();
            let message = format!("expected a type that parameters have, found `{ty}`");
            file.fault(declaration, message, format!("known here: {}, `*onebot.Spec`", list(&known)))
        })?;
        let names = children(declaration).into_iter().filter(|node| node.kind() == "identifier");
        params.extend(names.map(|name| GoParam {
            names: vec![snake(file.text(name))],
            ty: known,
            default: None,
            place: file.place(name),
        }));
    }
    Ok(params)
}

/// Returns the name that go-cqhttp's generator gives to a parameter: `group_id` for `groupID`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.replace("ID", "Id").chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// Returns a text without its quotes, if it has any.
fn plain(text: &str) -> Option<String> {
    if text.starts_with(['"', '`']) { unquote(text) } else { Some(text.to_owned()) }
}

fn literal(ty: GoType, text: &str) -> Option<GoLiteral> {
    match ty {
        GoType::Bool => text.parse().ok().map(GoLiteral::Bool),
        GoType::String => Some(GoLiteral::Text(text.to_owned())),
        GoType::Json => None,
        _ => text.parse().ok().map(GoLiteral::Int),
    }
}
