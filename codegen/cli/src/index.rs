//! `index`: tables of actions, events and segments in Markdown pages.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use cqhttp_codegen::{Generated, IndexFault, tooling};
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::failure::{Failure, Fault, shown};
use crate::folder::UNFINISHED;
use crate::report::Report;
use crate::schema::{Base, load};

/// Regenerate the indexes in Markdown pages of yours.
///
/// An index stands between the lines `<!-- actions -->` (or `<!-- actions zh -->`, in Chinese) and
/// `<!-- end of actions -->`; indexes of events and segments use `events` and `segments` instead. The rest of a page
/// stays as it is, and a page with only one of two such lines is refused. All pages are written before one is replaced.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cqhttp-codegen index README.md README.zh-CN.md
  cqhttp-codegen index --schema my_schema docs/actions.md

Exit codes:
  0  the pages are up to date
  1  the schema has faults
  2  a page cannot be read or written, or has no place for an index, or an incomplete one")]
pub(crate) struct Index {
    /// The pages.
    #[arg(required = true)]
    pages: Vec<PathBuf>,
    /// The schema: a folder with YAML files, or one file.
    #[arg(long, default_value = "schema")]
    schema: PathBuf,
    #[command(flatten)]
    base: Base,
}

#[derive(Serialize)]
struct IndexJson {
    pages: Vec<String>,
    changed: usize,
}

impl Index {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let generated = tooling::emit(&load(&self.base, &self.schema)?);
        let pages = self.pages.iter().map(|page| Page::updated(&generated, page));
        let pages: Vec<Page> = pages.collect::<Result<_, Failure>>()?;
        let changed = write(pages.iter().filter(|page| page.before != page.text))?;
        let pages: Vec<_> = self.pages.iter().map(|page| shown(page)).collect();
        let count = if pages.len() == 1 { "1 page".into() } else { format!("{} pages", pages.len()) };
        Report::new(format!("{count}, {changed} of them regenerated\n"), &IndexJson { pages, changed })
    }
}

/// A page before and after its indexes are regenerated.
struct Page<'a> {
    path: &'a Path,
    /// The path of the file itself, with links followed.
    real: PathBuf,
    permissions: Permissions,
    before: String,
    text: String,
}

impl<'a> Page<'a> {
    fn updated(generated: &Generated, path: &'a Path) -> Result<Self, Failure> {
        const HINT: &str = "name a page in Markdown";
        let unreadable = |error| Failure::io(path, "cannot be read", &error, HINT);
        let metadata = fs::metadata(path).map_err(unreadable)?;
        if !metadata.is_file() {
            // A device could be read forever.
            return Err(Failure::trouble(
                format!("{}: expected a page, found something that is not a file", shown(path)),
                HINT,
            ));
        }
        let real = fs::canonicalize(path).map_err(unreadable)?;
        let before = fs::read_to_string(path).map_err(unreadable)?;
        match generated.with_index(&before) {
            Ok(text) => Ok(Self { path, real, permissions: metadata.permissions(), before, text }),
            Err(IndexFault { line, message, hint, .. }) => {
                let text = before.lines().nth(line - 1).map(str::to_owned);
                Err(Failure::Trouble {
                    message: format!("{}: its indexes cannot be regenerated; nothing is written", shown(path)),
                    hint: "correct the page".into(),
                    faults: vec![Fault { file: path.to_owned(), line, column: 1, message, hint, text }],
                })
            }
        }
    }

    /// Writes the new text to a file beside the page, which then replaces it.
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

/// Writes pages, all of them before one is replaced, and returns their number.
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
