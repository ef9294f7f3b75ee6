//! `docs`: a reference of a schema in Markdown.

use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::folder;
use crate::reference;
use crate::report::Report;
use crate::schema::{Base, load};

/// Write a reference of a schema in Markdown.
///
/// README.md is the index of four pages: actions.md, events.md, segments.md and types.md. They describe the JSON that
/// goes over the wire, for bots in any language. A schema that adds to that of `cqhttp` has two of these pages,
/// actions.md and types.md. The folder is new, empty, or was written by this command before.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cqhttp-codegen docs docs/reference                   # from the folder `schema`
  cqhttp-codegen docs --base cqhttp/schema --schema my_actions.yaml docs

Exit codes:
  0  the pages are up to date
  1  the schema has faults; nothing was written
  2  the schema cannot be read; or the folder cannot be written to, or holds other files")]
pub(crate) struct Docs {
    /// The folder to write to; it is created if necessary.
    out: PathBuf,
    /// The schema: a folder with YAML files, or one file.
    #[arg(long, default_value = "schema")]
    schema: PathBuf,
    #[command(flatten)]
    base: Base,
}

impl Docs {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let pages = reference::pages(&load(&self.base, &self.schema)?);
        folder::write(&self.out, &pages, reference::MARKS)?.report(&self.out, pages)
    }
}
