//! `update`: the committed files of the repository that are generated from the schema.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::failure::Failure;
use crate::folder;
use crate::reference;
use crate::report::Report;
use crate::schema::{Base, load};

/// Regenerate the committed files that come from the schema.
///
/// In the repository of `cqhttp` that is the reference, `docs/reference`. Run it from the root of the repository after
/// every change of the schema; a test compares the files with the schema.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cqhttp-codegen update
  cqhttp-codegen update --base cqhttp/schema    # of a crate that adds to `cqhttp`

Exit codes:
  0  the files are up to date
  1  the schema has faults; nothing was written
  2  the schema cannot be read; or a folder cannot be written to, or holds other files")]
pub(crate) struct Update {
    /// The schema: a folder with YAML files, or one file.
    #[arg(long, default_value = "schema")]
    schema: PathBuf,
    #[command(flatten)]
    base: Base,
}

/// The folder of the reference.
const REFERENCE: &str = "docs/reference";

impl Update {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let (out, pages) = (Path::new(REFERENCE), reference::pages(&load(&self.base, &self.schema)?));
        folder::write(out, &pages, reference::MARKS)?.report(out, pages)
    }
}
