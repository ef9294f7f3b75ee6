//! `index`: the tables of actions, events and segments in Markdown pages.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::{Base, Failure, Fault, Report, load_onto, shown};
use crate::{Diagnostic, Generated, IndexFault};

/// Make the indexes in Markdown pages anew.
///
/// An index is what stands between the lines `<!-- actions -->` (or `<!-- actions zh -->`, in Chinese) and
/// `<!-- end of actions -->`, and likewise for `events` and `segments`. The rest of a page stays as it is, and a page
/// where one of two such lines is missing is refused.
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
        // All are made before one is written.
        let made = self.pages.iter().map(|page| Ok((page, anew(&generated, page)?)));
        let made: Vec<_> = made.collect::<Result<_, Failure>>()?;
        let mut changed = 0;
        for (page, (before, text)) in made {
            if before != text {
                let written = fs::write(page, text);
                written.map_err(|error| Failure::io(page, "cannot be written", &error, "change its rights"))?;
                changed += 1;
            }
        }
        let pages: Vec<_> = self.pages.iter().map(|page| shown(page)).collect();
        let count = if pages.len() == 1 { "1 page".into() } else { format!("{} pages", pages.len()) };
        Report::new(format!("{count}, {changed} of them made anew\n"), &Json { pages, changed })
    }
}

/// A page as it is, and with its indexes made anew.
fn anew(generated: &Generated, page: &Path) -> Result<(String, String), Failure> {
    let read = fs::read_to_string(page);
    let before = read.map_err(|error| Failure::io(page, "cannot be read", &error, "name a page in Markdown"))?;
    match generated.with_index(&before) {
        Ok(text) => Ok((before, text)),
        Err(IndexFault { line, message, hint }) => {
            let text = before.lines().nth(line - 1).map(str::to_owned);
            let diagnostic = Diagnostic { file: page.to_owned(), line, column: 1, message, hint };
            Err(Failure::Trouble {
                message: format!("{}: its indexes cannot be made anew; nothing is written", shown(page)),
                hint: "mend the page".into(),
                faults: vec![Fault { diagnostic, line: text }],
            })
        }
    }
}
