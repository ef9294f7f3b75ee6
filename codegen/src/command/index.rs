//! `index`: the tables of actions, events and segments in Markdown pages.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{Failure, Report, load, shown};

/// Make the indexes in Markdown pages anew.
///
/// An index is what stands between the lines `<!-- actions -->` (or `<!-- actions zh -->`, in Chinese) and
/// `<!-- end of actions -->`, and likewise for `events` and `segments`. The rest of a page stays as it is.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cqhttp-codegen index README.md README.zh-CN.md
  cqhttp-codegen index --schema my_schema docs/actions.md

Exit codes:
  0  the pages are as they should be
  1  the schema has faults
  2  a page cannot be read or written, or has no place for an index")]
pub(super) struct Index {
    /// The pages.
    #[arg(required = true)]
    pages: Vec<PathBuf>,
    /// The schema: a folder with YAML files, or one file.
    #[arg(long, default_value = "schema")]
    schema: PathBuf,
}

impl Index {
    pub(super) fn run(self) -> Result<Report, Failure> {
        #[derive(Serialize)]
        struct Json {
            pages: Vec<String>,
        }
        let generated = crate::emit::emit(&load(&self.schema)?);
        for page in &self.pages {
            let read = fs::read_to_string(page);
            let text = read.map_err(|error| Failure::io(page, "cannot be read", &error, "name a Markdown page"))?;
            let text = generated.with_index(&text).ok_or_else(|| {
                let hint = "write `<!-- actions -->` and `<!-- end of actions -->` into it, each on a line";
                Failure::trouble(format!("{}: has no place for an index", shown(page)), hint)
            })?;
            fs::write(page, text)
                .map_err(|error| Failure::io(page, "cannot be written", &error, "check its rights"))?;
        }
        let pages: Vec<_> = self.pages.iter().map(|page| shown(page)).collect();
        Report::new(format!("{} pages made anew\n", pages.len()), &Json { pages })
    }
}
