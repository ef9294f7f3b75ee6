//! `docs`: a reference of a schema in Markdown.

use std::path::PathBuf;

use clap::Args;

use super::folder::{self, Marks};
use super::{Base, Failure, Report, load_onto};
use crate::reference;

/// Write a reference of a schema in Markdown.
///
/// Four pages that link to each other: actions.md, events.md, segments.md and types.md. They say what goes over the
/// wire, for bots in any language. Of a schema that adds to that of `cqhttp` there are two, actions.md and types.md. The
/// folder is new, empty, or written by this command before.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cqhttp-codegen docs schema/reference                 # from the folder `schema`
  cqhttp-codegen docs --base cqhttp/schema --schema my_actions.yaml docs

Exit codes:
  0  the pages are as they should be
  1  the schema has faults; nothing was written
  2  the schema cannot be read; or the folder cannot be written to, or holds other files")]
pub(super) struct Docs {
    /// The folder to write to; it is made if need be.
    out: PathBuf,
    /// The schema: a folder with YAML files, or one file.
    #[arg(long, default_value = "schema")]
    schema: PathBuf,
    #[command(flatten)]
    base: Base,
}

impl Docs {
    pub(super) fn run(self) -> Result<Report, Failure> {
        let pages = reference::pages(&load_onto(&self.base, &self.schema)?);
        let marks = Marks { is_head: |line| line.starts_with(reference::FIRST_LINE), unmarked: None };
        folder::write(&self.out, &pages, marks)?.report(&self.out, pages)
    }
}
