//! `emit`: the Rust that a schema becomes.

use std::path::PathBuf;

use clap::Args;

use super::folder::{self, Marks};
use super::{Base, Failure, Report, load_onto};

/// Write the Rust that a schema becomes.
///
/// What a build script writes to OUT_DIR is written to a folder of yours, to be read or to be put under version control.
/// `generated.rs` joins the other files: `include!` that one. The folder is new, empty, or written by this command
/// before: files of a stanza that is no more are removed, and those that are as they should be are left alone. Nothing
/// is written where the schema has a fault, and no file is ever there by half.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cqhttp-codegen emit out                 # from the folder `schema`
  cqhttp-codegen emit --schema my_actions.yaml src/generated
  cqhttp-codegen emit --format json out   # {\"out\", \"files\": […], \"changed\",
                                          #   \"removed\": […]}

Exit codes:
  0  the files are as they should be
  1  the schema has faults; nothing was written
  2  the schema cannot be read; or the folder cannot be written to, or holds other files")]
pub(super) struct Emit {
    /// The folder to write to; it is made if need be.
    out: PathBuf,
    /// The schema: a folder with YAML files, or one file.
    #[arg(long, default_value = "schema")]
    schema: PathBuf,
    #[command(flatten)]
    base: Base,
}

/// How the files are known again; the index for rustdoc is included as it is, so nothing stands above it.
const MARKS: Marks = Marks { is_head: crate::emit::is_head, unmarked: Some(("index.md", "generated.rs")) };

impl Emit {
    pub(super) fn run(self) -> Result<Report, Failure> {
        let files = crate::emit::emit(&load_onto(&self.base, &self.schema)?).files;
        folder::write(&self.out, &files, MARKS)?.report(&self.out, files)
    }
}
