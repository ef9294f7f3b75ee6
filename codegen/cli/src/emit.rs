//! `emit`: the Rust that is generated from a schema.

use std::path::PathBuf;

use clap::Args;
use cqhttp_codegen::tooling;

use crate::failure::Failure;
use crate::folder::{self, Marks, OutputFile};
use crate::report::Report;
use crate::schema::{Base, load};

/// Write the Rust that is generated from a schema.
///
/// Writes the files that a build script writes to OUT_DIR into a folder of yours, to be read or to be put under version
/// control. `generated.rs` joins the other files: `include!` that one. The folder is new, empty, or was written by this
/// command before: files of removed stanzas are removed, and files that are up to date are not touched. If the schema
/// has a fault, nothing is written. Files are replaced whole.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cqhttp-codegen emit out                 # from the folder `schema`
  cqhttp-codegen emit --schema my_actions.yaml src/generated
  cqhttp-codegen emit --format json out   # {\"out\", \"files\": […], \"changed\",
                                          #   \"removed\": […]}

Exit codes:
  0  the files are up to date
  1  the schema has faults; nothing was written
  2  the schema cannot be read; or the folder cannot be written to, or holds other files")]
pub(crate) struct Emit {
    /// The folder to write to; it is created if necessary.
    out: PathBuf,
    /// The schema: a folder with YAML files, or one file.
    #[arg(long, default_value = "schema")]
    schema: PathBuf,
    #[command(flatten)]
    base: Base,
}

/// The marks of the files; the index for rustdoc is included as it is, so it has none.
const MARKS: Marks = Marks { is_head: tooling::is_generated_head, unmarked: Some(("index.md", "generated.rs")) };

impl Emit {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let generated = tooling::emit(&load(&self.base, &self.schema)?);
        let files = generated.files.into_iter().map(|file| OutputFile { path: file.path, text: file.text });
        let files: Vec<_> = files.collect();
        folder::write(&self.out, &files, MARKS)?.report(&self.out, files)
    }
}
