//! `index`: the tables of actions, events and segments in Markdown pages.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use tempfile::NamedTempFile;

use super::folder::UNFINISHED;
use super::{Base, Failure, Fault, Report, load_onto, shown};
use crate::{Diagnostic, Generated, IndexFault};

/// Make the indexes in Markdown pages anew.
///
/// An index is what stands between the lines `<!-- actions -->` (or `<!-- actions zh -->`, in Chinese) and
/// `<!-- end of actions -->`, and likewise for `events` and `segments`. The rest of a page stays as it is, and a page
/// where one of two such lines is missing is refused. All pages are written whole before one is replaced.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cqhttp-codegen index README.md README.zh-CN.md
  cqhttp-codegen index --schema my_schema docs/actions.md

Exit codes:
  0  the pages are as they should be
  1  the schema has faults
  2  a page cannot be read or written, or has no place for an index, or one by half")]
pub(super) struct Index {
    /// The pages.
    #[arg(required = true)]
    pages: Vec<PathBuf>,
    /// The schema: a folder with YAML files, or one file.
    #[arg(long, default_value = "schema")]
    schema: PathBuf,
    #[command(flatten)]
    base: Base,
}

impl Index {
    pub(super) fn run(self) -> Result<Report, Failure> {
        #[derive(Serialize)]
        struct Json {
            pages: Vec<String>,
            changed: usize,
        }
        let generated = crate::emit::emit(&load_onto(&self.base, &self.schema)?);
        let pages = self.pages.iter().map(|page| Page::anew(&generated, page));
        let pages: Vec<Page> = pages.collect::<Result<_, Failure>>()?;
        let changed = write(pages.iter().filter(|page| page.before != page.text))?;
        let pages: Vec<_> = self.pages.iter().map(|page| shown(page)).collect();
        let count = if pages.len() == 1 { "1 page".into() } else { format!("{} pages", pages.len()) };
        Report::new(format!("{count}, {changed} of them made anew\n"), &Json { pages, changed })
    }
}

/// A page as it is, and with its indexes made anew.
struct Page<'a> {
    path: &'a Path,
    /// Where it is, links followed.
    real: PathBuf,
    permissions: Permissions,
    before: String,
    text: String,
}

impl<'a> Page<'a> {
    fn anew(generated: &Generated, path: &'a Path) -> Result<Self, Failure> {
        const HINT: &str = "name a page in Markdown";
        let unreadable = |error| Failure::io(path, "cannot be read", &error, HINT);
        let metadata = fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            // A device could be read without end.
            return Err(Failure::trouble(format!("{}: expected a page, found what is no file", shown(path)), HINT));
        }
        let real = fs::canonicalize(path).map_err(unreadable)?;
        let before = fs::read_to_string(path).map_err(unreadable)?;
        match generated.with_index(&before) {
            Ok(text) => Ok(Self { path, real, permissions: metadata.permissions(), before, text }),
            Err(IndexFault { line, message, hint }) => {
                let text = before.lines().nth(line - 1).map(str::to_owned);
                let diagnostic = Diagnostic { file: path.to_owned(), line, column: 1, message, hint };
                Err(Failure::Trouble {
                    message: format!("{}: its indexes cannot be made anew; nothing is written", shown(path)),
                    hint: "mend the page".into(),
                    faults: vec![Fault { diagnostic, line: text }],
                })
            }
        }
    }

    /// A file beside it with the new text, to be put in its place.
    fn beside(&self) -> io::Result<NamedTempFile> {
        let parent = self.real.parent().unwrap_or(&self.real);
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(parent)?;
        file.write_all(self.text.as_bytes())?;
        file.as_file().set_permissions(self.permissions.clone())?;
        Ok(file)
    }

    fn unwritable(&self, error: &io::Error) -> Failure {
        Failure::io(self.path, "cannot be written", error, "change its rights or its folder's, or free some space")
    }
}

/// Writes pages, all of them before one is replaced; how many.
fn write<'a>(pages: impl Iterator<Item = &'a Page<'a>>) -> Result<usize, Failure> {
    let mut written = Vec::new();
    for page in pages {
        if page.permissions.readonly() {
            let message =
                format!("{}: expected a page that can be written to, found a read-only one", shown(page.path));
            return Err(Failure::trouble(message, "change its rights"));
        }
        written.push((page, page.beside().map_err(|error| page.unwritable(&error))?));
    }
    let count = written.len();
    for (page, file) in written {
        file.persist(&page.real).map_err(|error| page.unwritable(&error.error))?;
    }
    Ok(count)
}
