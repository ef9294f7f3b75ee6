//! A Markdown page as a list of blocks, each with its line.

use std::ops::Range;
use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::failure::Fault;

/// A page, with its text for faults.
pub(super) struct Page {
    path: PathBuf,
    text: String,
    /// The offsets at which its lines begin.
    starts: Vec<usize>,
    pub(super) blocks: Vec<Block>,
}

/// A part of a page. Texts are plain; code in them stands between backticks.
#[derive(Debug)]
pub(super) struct Block {
    /// The line, from 1.
    pub(super) line: usize,
    pub(super) kind: BlockKind,
}

/// The kind of a block, with its content.
#[derive(Debug)]
pub(super) enum BlockKind {
    Heading {
        level: HeadingLevel,
        text: String,
    },
    /// A paragraph, in a quotation or a list or not.
    Text(String),
    Code(String),
    Table(PageTable),
}

/// A table.
#[derive(Debug)]
pub(super) struct PageTable {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// A row of a table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: usize,
    pub(super) cells: Vec<String>,
    /// The cells as they are written: Markdown adds missing cells and drops surplus ones.
    pub(super) written: Vec<String>,
}

impl Page {
    /// Reads a page.
    pub(super) fn read(path: &Path, text: String) -> Self {
        let starts: Vec<usize> = [0].into_iter().chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let mut reader = BlockReader {
            text: &text,
            starts: &starts,
            blocks: Vec::new(),
            open: String::new(),
            table: None,
            cells: Vec::new(),
            after_table: Vec::new(),
        };
        for (event, range) in Parser::new_ext(&text, Options::ENABLE_TABLES).into_offset_iter() {
            reader.event(event, range);
        }
        let blocks = reader.blocks;
        Self { path: path.to_owned(), text, starts, blocks }
    }

    /// Creates a fault in a line.
    pub(super) fn fault(&self, line: usize, message: impl Into<String>, hint: impl Into<String>) -> Fault {
        let start = self.starts.get(line - 1).copied().unwrap_or(self.text.len());
        let text = self.text[start..].lines().next().unwrap_or_default().to_owned();
        let column = text.chars().take_while(|c| c.is_whitespace()).count() + 1;
        let (file, message, hint) = (self.path.clone(), message.into(), hint.into());
        Fault { file, line, column, message, hint, text: Some(text) }
    }
}

struct BlockReader<'a> {
    text: &'a str,
    /// The offsets at which its lines begin.
    starts: &'a [usize],
    blocks: Vec<Block>,
    /// The text of the block or cell that is being read.
    open: String,
    table: Option<PageTable>,
    cells: Vec<String>,
    /// Lines after a table that Markdown takes for its rows, since no empty line separates them.
    after_table: Vec<String>,
}

impl BlockReader<'_> {
    fn line(&self, range: &Range<usize>) -> usize {
        self.starts.partition_point(|start| *start <= range.start)
    }

    fn push(&mut self, range: &Range<usize>, kind: BlockKind) {
        let line = self.line(range);
        self.blocks.push(Block { line, kind });
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Text(text) | Event::InlineHtml(text) | Event::Html(text) => self.open.push_str(&text),
            Event::Code(code) => self.open.extend(["`", &code, "`"]),
            Event::SoftBreak | Event::HardBreak => self.open.push('\n'),
            Event::Start(tag) => self.start(&tag, &range),
            Event::End(tag) => self.end(tag, &range),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>, range: &Range<usize>) {
        match tag {
            // An item of a list may hold its text without a paragraph.
            Tag::List(_) | Tag::BlockQuote(_) => self.text(range),
            Tag::Heading { .. } | Tag::Paragraph | Tag::TableCell | Tag::Item => self.open.clear(),
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) | Tag::HtmlBlock => self.open.clear(),
            Tag::Table(_) => self.table = Some(PageTable { header: Vec::new(), rows: Vec::new() }),
            Tag::TableHead | Tag::TableRow => self.cells.clear(),
            _ => {}
        }
    }

    fn text(&mut self, range: &Range<usize>) {
        let text = std::mem::take(&mut self.open);
        if !text.trim().is_empty() {
            self.push(range, BlockKind::Text(text.trim().to_owned()));
        }
    }

    fn end(&mut self, tag: TagEnd, range: &Range<usize>) {
        match tag {
            TagEnd::Paragraph | TagEnd::Item => self.text(range),
            TagEnd::HtmlBlock => self.open.clear(),
            TagEnd::Heading(level) => {
                let text = std::mem::take(&mut self.open).trim().to_owned();
                self.push(range, BlockKind::Heading { level, text });
            }
            TagEnd::CodeBlock => {
                let code = std::mem::take(&mut self.open);
                self.push(range, BlockKind::Code(code));
            }
            TagEnd::TableCell => self.cells.push(std::mem::take(&mut self.open).trim().to_owned()),
            TagEnd::TableHead => {
                if let Some(table) = &mut self.table {
                    table.header = std::mem::take(&mut self.cells);
                }
            }
            TagEnd::TableRow => self.row(range),
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.push(range, BlockKind::Table(table));
                }
                self.open = std::mem::take(&mut self.after_table).join("\n");
                self.text(range);
            }
            _ => {}
        }
    }

    fn row(&mut self, range: &Range<usize>) {
        let line = self.line(range);
        let written = self.text[range.start..].lines().next().unwrap_or_default().trim();
        if written.starts_with(":::") || !self.after_table.is_empty() {
            self.after_table.push(written.to_owned());
            return;
        }
        let (cells, written) = (std::mem::take(&mut self.cells), cells_of(written));
        if let Some(table) = &mut self.table {
            table.rows.push(Row { line, cells, written });
        }
    }
}

/// Splits a line of a table into its cells.
fn cells_of(line: &str) -> Vec<String> {
    let line = line.replace("\\|", "\0");
    let line = line.strip_prefix('|').unwrap_or(&line);
    let line = line.strip_suffix('|').unwrap_or(line);
    line.split('|').map(|cell| cell.trim().replace('\0', "|")).collect()
}

/// Returns the code spans of a text.
pub(super) fn codes(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).map(str::trim).filter(|code| !code.is_empty()).collect()
}
