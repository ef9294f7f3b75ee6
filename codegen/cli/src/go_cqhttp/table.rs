//! The dispatch table, `modules/api/api.go`: the actions, and the way their parameters are read.

use tree_sitter::Node;

use super::code::{GoFile, GoLiteral, GoParam, GoType, Route, Version, named, statements, unquote, unreadable};
use crate::failure::{Failure, Fault};

/// The path in the tree.
pub(crate) const TABLE: &str = "modules/api/api.go";

/// Reads every route of the table.
pub(crate) fn read(file: &GoFile) -> Result<Vec<Route>, Failure> {
    let mut table = TableReader { file, routes: Vec::new(), faults: Vec::new() };
    let call = file.methods().find(|(method, _)| file.field(*method, "name") == "call");
    match call.and_then(|(method, _)| method.child_by_field_name("body")) {
        Some(body) => statements(body).into_iter().for_each(|statement| table.statement(statement, Version::All)),
        None => {
            let hint = "the audit knows the layout of go-cqhttp 1.0 and later";
            let message = "expected the method `call` with a `switch action`, found none";
            table.faults.push(file.fault(file.root(), message, hint));
        }
    }
    if table.faults.is_empty() && table.routes.is_empty() {
        let message = "expected a `switch action` with the actions as cases, found none";
        table.faults.push(file.fault(file.root(), message, "the table is made by go-cqhttp's cmd/api-generator"));
    }
    if table.faults.is_empty() { Ok(table.routes) } else { Err(unreadable(table.faults)) }
}

/// Reads the dispatch table.
struct TableReader<'a> {
    file: &'a GoFile,
    routes: Vec<Route>,
    faults: Vec<Fault>,
}

/// The maximal depth of nested calls: `int32(p.Get("…").Int())`.
const DEPTH: usize = 3;

/// An expression of the kinds that the table uses.
enum Expression {
    /// `p.Get("name")`, or `pt`, and the type that it is read as.
    Read {
        path: Option<String>,
        ty: GoType,
    },
    Literal(GoLiteral),
}

impl TableReader<'_> {
    /// Reads a statement of the method: a switch, or a condition for a version of OneBot.
    fn statement(&mut self, node: Node<'_>, version: Version) {
        match node.kind() {
            "expression_switch_statement" if self.file.field(node, "value") == "action" => {
                for case in named(node).into_iter().filter(|part| Some(*part) != node.child_by_field_name("value")) {
                    match self.case(case, version) {
                        Ok(route) => self.routes.push(route),
                        Err(fault) => self.faults.push(fault),
                    }
                }
            }
            "if_statement" if version == Version::All => {
                let version = match self.file.field(node, "condition") {
                    "spec.Version == 11" => Version::V11,
                    "spec.Version == 12" => Version::V12,
                    _ => {
                        self.faults.push(self.file.unexpected(node, "`if spec.Version == 11` or `12`"));
                        return;
                    }
                };
                let body = node.child_by_field_name("consequence").map(statements).unwrap_or_default();
                body.into_iter().for_each(|statement| self.statement(statement, version));
            }
            "return_statement" if version == Version::All => {}
            _ => self.faults.push(self.file.unexpected(node, "`switch action`")),
        }
    }

    fn case(&self, node: Node<'_>, version: Version) -> Result<Route, Fault> {
        let expected = "`case` with the action's name as a string";
        let values = node.child_by_field_name("value").map(named).unwrap_or_default();
        let names: Option<Vec<String>> = values.iter().map(|value| unquote(self.file.text(*value))).collect();
        let names = names.filter(|names| node.kind() == "expression_case" && !names.is_empty());
        let names = names.ok_or_else(|| self.file.unexpected(node, expected))?;
        let mut route =
            Route { names, version, handler: String::new(), params: Vec::new(), place: self.file.place(node) };
        let body = statements(node);
        let mut body = body.iter().peekable();
        while let Some(&statement) = body.next() {
            match statement.kind() {
                "return_statement" if body.peek().is_none() => {
                    let expected = "`return c.bot.` and a handler's call";
                    let handler = self.handler(statement);
                    route.handler = handler.ok_or_else(|| self.file.unexpected(statement, expected))?;
                }
                _ => {
                    let default = body.next_if(|next| next.kind() == "if_statement").copied();
                    route.params.push(self.param(statement, default)?);
                }
            }
        }
        if route.handler.is_empty() {
            return Err(self.file.unexpected(node, "a case that ends in `return c.bot.` and a handler's call"));
        }
        Ok(route)
    }

    fn handler(&self, statement: Node<'_>) -> Option<String> {
        let call = named(*named(statement).first()?).into_iter().next()?;
        let function = self.file.text(call.child_by_field_name("function")?);
        function.strip_prefix("c.bot.").map(str::to_owned)
    }

    /// Reads `p0 := p.Get("name").Int()`, or a default and `if pt := p.Get("name"); pt.Exists() { p0 = pt.Int() }`.
    fn param(&self, statement: Node<'_>, read: Option<Node<'_>>) -> Result<GoParam, Fault> {
        let expected = "`p… := p.Get(\"…\")`, or a default and `if pt := p.Get(\"…\"); pt.Exists()`";
        let fault = || self.file.unexpected(statement, expected);
        let first = (statement.kind() == "short_var_declaration").then(|| self.assigned(statement)).flatten();
        let (path, ty, default) = match (first.ok_or_else(fault)?, read) {
            (Expression::Read { path, ty }, None) => (path, ty, None),
            (Expression::Literal(default), Some(read)) => {
                let (path, ty) = self.read_where_present(read).ok_or_else(|| self.file.unexpected(read, expected))?;
                (Some(path), ty, Some(default))
            }
            _ => return Err(fault()),
        };
        let names = path.as_deref().and_then(GoParam::names_of);
        let names = names.ok_or_else(|| self.file.unexpected(statement, "a name, or names as in `[a,b].0`"))?;
        Ok(GoParam { names, ty, default, place: self.file.place(statement) })
    }

    /// Reads the name and the type of `if pt := p.Get("name"); pt.Exists() { p0 = pt.Int() }`.
    fn read_where_present(&self, node: Node<'_>) -> Option<(String, GoType)> {
        let exists = self.file.field(node, "condition") == "pt.Exists()";
        let body = statements(node.child_by_field_name("consequence")?);
        let [assignment] = body.as_slice() else { return None };
        let initializer = node.child_by_field_name("initializer").filter(|_| exists)?;
        match (self.assigned(initializer)?, self.assigned(*assignment)?) {
            (Expression::Read { path: Some(path), ty: GoType::Json }, Expression::Read { path: None, ty }) => {
                Some((path, ty))
            }
            _ => None,
        }
    }

    /// Reads the right side of an assignment.
    fn assigned(&self, assignment: Node<'_>) -> Option<Expression> {
        let right = named(assignment.child_by_field_name("right")?);
        let [right] = right.as_slice() else { return None };
        self.expression(*right, DEPTH)
    }

    fn expression(&self, node: Node<'_>, depth: usize) -> Option<Expression> {
        let text = self.file.text(node);
        match node.kind() {
            "true" | "false" => Some(Expression::Literal(GoLiteral::Bool(text == "true"))),
            "int_literal" => Some(Expression::Literal(GoLiteral::Int(text.parse().ok()?))),
            "interpreted_string_literal" => Some(Expression::Literal(GoLiteral::Text(unquote(text)?))),
            "identifier" if text == "pt" => Some(Expression::Read { path: None, ty: GoType::Json }),
            "call_expression" => self.call(node, depth.checked_sub(1)?),
            _ => None,
        }
    }

    /// Reads `int32(…)`, `p.Get("…")` or `….Int()`.
    fn call(&self, node: Node<'_>, depth: usize) -> Option<Expression> {
        let function = node.child_by_field_name("function")?;
        let arguments = named(node.child_by_field_name("arguments")?);
        match (function.kind(), arguments.as_slice()) {
            ("identifier", [argument]) => {
                let name = self.file.text(function);
                let (_, to) = GoType::GO.iter().find(|(known, _)| *known == name)?;
                match (self.expression(*argument, depth)?, to) {
                    (Expression::Read { path, ty: GoType::Int64 }, GoType::Int | GoType::Int32)
                    | (Expression::Read { path, ty: GoType::Uint64 }, GoType::Uint16 | GoType::Uint32) => {
                        Some(Expression::Read { path, ty: *to })
                    }
                    (Expression::Literal(literal), _) => Some(Expression::Literal(literal)),
                    _ => None,
                }
            }
            ("selector_expression", [argument]) if self.file.text(function) == "p.Get" => {
                Some(Expression::Read { path: unquote(self.file.text(*argument)), ty: GoType::Json })
            }
            ("selector_expression", []) => {
                let Expression::Read { path, ty: GoType::Json } =
                    self.expression(function.child_by_field_name("operand")?, depth)?
                else {
                    return None;
                };
                let ty = match self.file.field(function, "field") {
                    "Bool" => GoType::Bool,
                    "Int" => GoType::Int64,
                    "Uint" => GoType::Uint64,
                    "String" => GoType::String,
                    _ => return None,
                };
                Some(Expression::Read { path, ty })
            }
            _ => None,
        }
    }
}
