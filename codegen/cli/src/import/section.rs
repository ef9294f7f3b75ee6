//! The actions in a page: titles, names, and tables of parameters and answers.

use std::fmt;

use cqhttp_codegen::tooling::{is_action, is_pascal, list};
use pulldown_cmark::HeadingLevel;
use serde::Serialize;

use super::page::{Block, BlockKind, Page, PageTable, Row, codes};
use super::type_names::{self, TypeName};
use crate::failure::Fault;

/// The description of actions under a heading.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) line: usize,
    pub(super) title: String,
    /// The names on the wire; if they are aliases, the first is the name of the action.
    pub(super) names: Vec<String>,
    /// The names belong to one action.
    pub(super) aliases: bool,
    pub(super) method: Option<Method>,
    pub(super) params: Vec<Entry>,
    /// The page says that there are no parameters.
    pub(super) no_params: bool,
    pub(super) answer: DocumentedReturns,
    pub(super) removed: bool,
    pub(super) unsupported: bool,
    /// Tables of the content of fields, by the field's name; `*` stands for any text.
    pub(super) parts: Vec<(String, Vec<Entry>)>,
    /// The prose, as a source for the docs.
    pub(super) notes: Vec<String>,
    /// Questions for the maintainer.
    pub(super) open: Vec<String>,
}

impl Section {
    /// Returns the name of the list, if the answer has exactly one.
    fn only_list(&self) -> Option<String> {
        let DocumentedReturns::Fields(fields) = &self.answer else { return None };
        let mut lists = fields.iter().filter(|field| field.word == TypeName::Objects);
        lists.next().filter(|_| lists.next().is_none()).map(|list| list.names[0].clone())
    }
}

/// A method of a Go library that makes the call.
#[derive(Debug)]
pub(super) struct Method {
    pub(super) name: String,
    /// The parameters, unless they are a struct.
    pub(super) takes: Vec<String>,
}

/// The answer, as the page describes it.
#[derive(Debug, Default)]
pub(super) enum DocumentedReturns {
    #[default]
    Unsaid,
    Nothing,
    /// An example without a table, in this line.
    Example(usize),
    Fields(Vec<Entry>),
    /// A list whose elements have these fields.
    Items(Vec<Entry>),
    /// A list of a named object.
    ItemsOf(String),
    /// A list of the answers of another action.
    ItemsLike(String),
}

/// A row: a parameter or a field.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) names: Vec<String>,
    pub(super) word: TypeName,
    /// The default, as the page writes it.
    pub(super) default: Option<String>,
    pub(super) says: String,
}

/// An object with a table of its own.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) name: String,
    pub(super) fields: Vec<Entry>,
    /// The index of the section that it stands in.
    pub(super) section: usize,
}

/// The content of a page.
#[derive(Debug)]
pub(super) struct Actions {
    pub(super) sections: Vec<Section>,
    pub(super) objects: Vec<Object>,
    pub(super) passed_over: Vec<PassedOver>,
}

/// A heading without an action, but with a table or the label of one.
#[derive(Debug, Serialize)]
pub(super) struct PassedOver {
    line: usize,
    /// The title; empty for the text above the first heading.
    title: String,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = if self.title.is_empty() { "the text above the first heading" } else { &self.title };
        write!(f, "{title} (line {})", self.line)
    }
}

/// The content that is expected next.
#[derive(Clone, Debug, PartialEq)]
enum Expect {
    Params,
    Method,
    Answer,
    Items,
    Object(String),
    Part(String),
    Nothing,
}

/// Labels of remarks, without a meaning of their own.
const HEADINGS: &[&str] = &["", "提示", "注意", "警告"];

/// Reads the actions of a page.
pub(super) fn read(page: &Page) -> Result<Actions, Vec<Fault>> {
    let actions = Actions { sections: Vec::new(), objects: Vec::new(), passed_over: Vec::new() };
    let mut reader = SectionReader { page, actions, faults: Vec::new(), level: None };
    let is_heading = |block: &Block| matches!(block.kind, BlockKind::Heading { .. });
    let first = page.blocks.iter().position(is_heading).unwrap_or(page.blocks.len());
    let (above, mut rest) = page.blocks.split_at(first);
    reader.pass_over(1, "", above);
    while let Some((block, after)) = rest.split_first() {
        let end = after.iter().position(is_heading).unwrap_or(after.len());
        let (body, after) = after.split_at(end);
        if let BlockKind::Heading { level, text } = &block.kind {
            reader.heading(block.line, *level, text, body);
        }
        rest = after;
    }
    if reader.actions.sections.is_empty() && reader.faults.is_empty() {
        let message = "expected a heading and under it an action's name, as in \"终结点: `/get_status`\", found none";
        reader.faults.push(page.fault(1, message, "name a page that describes actions"));
    }
    if reader.faults.is_empty() { Ok(reader.actions) } else { Err(reader.faults) }
}

struct SectionReader<'a> {
    page: &'a Page,
    actions: Actions,
    faults: Vec<Fault>,
    /// The level of the last heading of an action.
    level: Option<HeadingLevel>,
}

impl SectionReader<'_> {
    fn heading(&mut self, line: usize, level: HeadingLevel, title: &str, body: &[Block]) {
        let describes = |block: &Block| match &block.kind {
            BlockKind::Text(text) => endpoint(text).is_some() || label(text) == Some(Expect::Method),
            _ => false,
        };
        if body.iter().any(describes) {
            self.level = Some(level);
            self.actions.sections.push(Section {
                line,
                title: title.to_owned(),
                names: Vec::new(),
                aliases: false,
                method: None,
                params: Vec::new(),
                no_params: false,
                answer: DocumentedReturns::Unsaid,
                removed: false,
                unsupported: false,
                parts: Vec::new(),
                notes: Vec::new(),
                open: Vec::new(),
            });
            self.body(body, Expect::Params);
        } else if self.level.is_some_and(|above| level > above) {
            // A heading within an action: its tables are not parameters.
            self.body(body, Expect::Nothing);
        } else {
            self.level = None;
            self.pass_over(line, title, body);
        }
    }

    /// Notes a heading without an action that looks like one.
    fn pass_over(&mut self, line: usize, title: &str, body: &[Block]) {
        let seems = |block: &Block| match &block.kind {
            BlockKind::Table(_) => true,
            BlockKind::Text(text) => label(text).is_some(),
            _ => false,
        };
        if body.iter().any(seems) {
            let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
            self.actions.passed_over.push(PassedOver { line, title });
        }
    }

    fn body(&mut self, body: &[Block], mut expect: Expect) {
        let Some(mut section) = self.actions.sections.pop() else { return };
        for block in body {
            let read = match &block.kind {
                BlockKind::Text(text) => self.text(&mut section, block.line, text, &mut expect),
                BlockKind::Table(table) => self.table(&mut section, block.line, table, &mut expect),
                BlockKind::Code(code) => {
                    match expect {
                        Expect::Method => section.method = section.method.or_else(|| method(code)),
                        Expect::Answer if matches!(section.answer, DocumentedReturns::Unsaid) => {
                            section.answer = DocumentedReturns::Example(block.line);
                        }
                        _ => {}
                    }
                    Ok(())
                }
                BlockKind::Heading { .. } => Ok(()),
            };
            self.faults.extend(read.err());
        }
        self.actions.sections.push(section);
    }

    fn text(&self, section: &mut Section, line: usize, text: &str, expect: &mut Expect) -> Result<(), Fault> {
        let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with(":::")).map(str::trim).collect();
        let text = kept.join("\n");
        if let Some(names) = endpoint(&text) {
            *expect = Expect::Params;
            return self.names(section, line, names);
        }
        if let Some(found) = label(&text) {
            *expect = found;
            return Ok(());
        }
        if let Some(row) = kept.iter().position(|line| line.starts_with('|')) {
            let hint =
                "a table begins with a header and a line of dashes in as many cells, and ends with an empty line";
            return Err(self.page.fault(line + row, "expected a table, found lines that are not one", hint));
        }
        let word = bare(&text);
        if is_pascal(word) && text.lines().count() == 1 {
            *expect = Expect::Object(word.to_owned());
        } else if !self.remark(section, &text, expect) && !HEADINGS.contains(&word) {
            let note = text.replace('\n', " ");
            if !section.notes.contains(&note) {
                section.notes.push(note);
            }
        }
        Ok(())
    }

    /// Reads a remark on parameters or the answer, and returns `true` if the text is only that.
    fn remark(&self, section: &mut Section, text: &str, expect: &mut Expect) -> bool {
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        section.unsupported |= text.contains("暂未被") && text.contains("支持");
        section.removed |= says(&["已被移除"]);
        let no_params = says(&["无需参数", "no parameters"]);
        let no_answer = says(&["无响应数据", "没有响应数据", "no response data"]) || text == "无" || text == "None";
        section.no_params |= no_params;
        if no_params && !section.params.is_empty() {
            section.open.push("the page has parameters, and says that there are none".into());
        }
        if no_answer {
            match section.answer {
                DocumentedReturns::Unsaid | DocumentedReturns::Nothing => section.answer = DocumentedReturns::Nothing,
                _ => section.open.push("the page has a table of the answer, and says that there is none".into()),
            }
        }
        if no_params || no_answer {
            return true;
        }
        let codes = codes(text);
        let in_list = says(&["数组", "array"]);
        let named = codes.iter().find(|code| is_pascal(code));
        let action = codes.iter().find(|code| text.contains("接口相同") && !code.contains('*'));
        match (*expect == Expect::Answer, in_list, named, action) {
            (true, true, _, Some(action)) => section.answer = DocumentedReturns::ItemsLike((*action).to_owned()),
            (true, true, Some(named), _) => section.answer = DocumentedReturns::ItemsOf((*named).to_owned()),
            (true, true, None, None) if says(&["元素", "element"]) => *expect = Expect::Items,
            _ if *expect == Expect::Answer && codes.len() == 1 && text == format!("`{}`", codes[0]) => {
                *expect = Expect::Part(codes[0].to_owned());
            }
            _ if !codes.is_empty() && says(&["内容如下", "包含", "内容:", "holds"]) => {
                *expect = Expect::Part(codes[0].to_owned());
            }
            _ => return false,
        }
        true
    }

    fn names(&self, section: &mut Section, line: usize, text: &str) -> Result<(), Fault> {
        let names: Vec<String> = codes(text).into_iter().map(|name| name.trim_start_matches('/').to_owned()).collect();
        if names.is_empty() {
            let message = format!("expected an action's name between backticks, found \"{}\"", text.trim());
            return Err(self.page.fault(line, message, "write it as in `/get_status`"));
        }
        if let Some(name) = names.iter().find(|name| !is_action(name)) {
            let message = format!("expected an action's name, found `{name}`");
            return Err(self.page.fault(line, message, "actions are called like `set_group_ban`"));
        }
        section.aliases = !text.contains([',', '，', '、']);
        section.names = names;
        Ok(())
    }

    fn table(
        &mut self,
        section: &mut Section,
        line: usize,
        table: &PageTable,
        expect: &mut Expect,
    ) -> Result<(), Fault> {
        let unanswered = matches!(section.answer, DocumentedReturns::Unsaid | DocumentedReturns::Nothing);
        let columns = Columns::of(&table.header);
        let wanted = match expect {
            Expect::Params => section.params.is_empty(),
            Expect::Answer => unanswered,
            Expect::Items => unanswered || section.only_list().is_some(),
            Expect::Object(_) | Expect::Part(_) => columns.is_some(),
            Expect::Method | Expect::Nothing => false,
        };
        match columns {
            Some(columns) if wanted => {
                let entries = self.entries(line, table, &columns)?;
                *expect = self.place(section, expect, entries);
                Ok(())
            }
            None if wanted => {
                let found = list(&table.header.iter().map(String::as_str).collect::<Vec<_>>());
                let message =
                    format!("expected columns for the name and the type, such as 字段 and 类型, found {found}");
                Err(self.page.fault(line, message, "name the columns as go-cqhttp's documentation does"))
            }
            _ => {
                section.open.push(format!("the table in line {line} is left out"));
                Ok(())
            }
        }
    }

    /// Stores the rows of a table, and returns the content that is expected next.
    fn place(&mut self, section: &mut Section, expect: &Expect, entries: Vec<Entry>) -> Expect {
        match expect {
            Expect::Params => {
                section.params = entries;
                return Expect::Nothing;
            }
            Expect::Items => match section.only_list() {
                Some(list) => section.parts.push((list, entries)),
                None => section.answer = DocumentedReturns::Items(entries),
            },
            Expect::Object(name) => {
                // The current section is not in the list while it is being read.
                let section = self.actions.sections.len();
                self.actions.objects.push(Object { name: name.clone(), fields: entries, section });
            }
            Expect::Part(name) => section.parts.push((name.clone(), entries)),
            _ => section.answer = DocumentedReturns::Fields(entries),
        }
        Expect::Answer
    }

    fn entries(&mut self, line: usize, table: &PageTable, columns: &Columns) -> Result<Vec<Entry>, Fault> {
        if table.rows.is_empty() {
            let hint = "write the rows, or leave the table out";
            return Err(self.page.fault(line, "expected a table with rows, found the header alone", hint));
        }
        let mut entries = Vec::new();
        for row in &table.rows {
            match self.entry(row, table.header.len(), columns) {
                Ok(entry) => entries.push(entry),
                Err(fault) => self.faults.push(fault),
            }
        }
        Ok(entries)
    }

    fn entry(&self, row: &Row, expected: usize, columns: &Columns) -> Result<Entry, Fault> {
        let fault = |message, hint: &str| Err(self.page.fault(row.line, message, hint));
        let either = columns.either(row, expected);
        if row.written.len() != expected && either.is_none() {
            let message = format!("expected {expected} cells, as the header has, found {}", row.written.len());
            return fault(message, "add what is missing; within a cell, `|` is written `\\|`");
        }
        let cells = either.as_ref().unwrap_or(&row.cells);
        let cell = |column: usize| cells.get(column).map(String::as_str).unwrap_or_default();
        let name = cell(columns.name);
        let names = if name.contains('`') { codes(name) } else { vec![name] };
        let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        if names.is_empty() || names.iter().any(|name| name.is_empty() || name.contains(char::is_whitespace)) {
            return fault(format!("expected a name, found \"{name}\""), "write it between backticks");
        }
        let word = cell(columns.ty);
        let Some(word) = type_names::parse(word) else {
            let message = format!("expected a type, found \"{word}\"");
            return Err(self.page.fault(row.line, message, type_names::hint(word)));
        };
        let default = columns.default.map(|column| cell(column).trim_matches('`').trim().to_owned());
        let default = default.filter(|default| !default.is_empty() && default != "-");
        Ok(Entry { line: row.line, names, word, default, says: columns.says.map(cell).unwrap_or_default().to_owned() })
    }
}

/// The columns of a table, by their meaning.
struct Columns {
    name: usize,
    ty: usize,
    default: Option<usize>,
    says: Option<usize>,
}

impl Columns {
    /// Returns `None` if the table is not one of parameters or fields.
    fn of(header: &[String]) -> Option<Self> {
        let find = |words: &[&str]| header.iter().position(|cell| words.contains(&cell.to_lowercase().as_str()));
        Some(Self {
            name: find(&["字段", "字段名", "参数", "参数名", "field", "name", "parameter"])?,
            ty: find(&["类型", "数据类型", "type"])?,
            default: find(&["默认值", "default"]),
            says: find(&["说明", "描述", "description"]),
        })
    }

    /// Returns the cells of a row that has one too many because a type is written `string|array`.
    fn either(&self, row: &Row, expected: usize) -> Option<Vec<String>> {
        let types = row.written.get(self.ty..=self.ty + 1).filter(|_| row.written.len() == expected + 1)?;
        let known = types.iter().all(|word| type_names::parse(word).is_some());
        let mut cells = row.written.clone();
        cells.splice(self.ty..=self.ty + 1, [types.join(" or ")]);
        known.then_some(cells)
    }
}

/// Returns the names in "终结点: `/get_status`".
fn endpoint(text: &str) -> Option<&str> {
    let rest = ["终结点", "Endpoint"].iter().find_map(|word| text.strip_prefix(word))?;
    rest.trim_start().strip_prefix([':', '：'])
}

/// Returns a text without the colon of a label.
fn bare(text: &str) -> &str {
    text.trim().trim_end_matches([':', '：']).trim()
}

fn label(text: &str) -> Option<Expect> {
    match bare(text) {
        "参数" | "传参" | "Parameters" => Some(Expect::Params),
        "响应数据" | "响应" | "Response" => Some(Expect::Answer),
        "响应数据(数组)" | "响应数据（数组）" | "Response (array)" => Some(Expect::Items),
        "方法" | "Method" => Some(Expect::Method),
        word if word.ends_with("结构体") && !word.contains('\n') => Some(Expect::Params),
        _ => None,
    }
}

/// Returns the method that a piece of Go declares.
fn method(code: &str) -> Option<Method> {
    let (name, rest) = code.split_once(") ")?.1.split_once('(')?;
    let (takes, _) = rest.split_once(')')?;
    let takes = takes.split(',').filter_map(|one| {
        let (name, ty) = one.trim().split_once(' ')?;
        (!is_pascal(ty.trim())).then(|| type_names::snake(name))
    });
    let known = code.trim_start().starts_with("func (") && name.chars().all(|c| c.is_ascii_alphanumeric());
    known.then(|| Method { name: name.to_owned(), takes: takes.collect() })
}
