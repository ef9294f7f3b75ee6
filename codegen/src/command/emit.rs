//! `emit`: the Rust that a schema becomes.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{Failure, Report, load, shown};

/// Write the Rust that a schema becomes.
#[derive(Args)]
pub(super) struct Emit {
    /// The folder to write to; it is made if need be.
    out: PathBuf,
    /// The schema: a folder with YAML files, or one file.
    #[arg(long, default_value = "schema")]
    schema: PathBuf,
}

impl Emit {
    pub(super) fn run(self) -> Result<Report, Failure> {
        #[derive(Serialize)]
        struct Json {
            out: String,
            files: Vec<String>,
        }
        let generated = crate::emit::emit(&load(&self.schema)?);
        let hint = "name a folder that can be written to";
        generated.write_to(&self.out).map_err(|error| Failure::io(&self.out, "cannot be written", &error, hint))?;
        let (out, files) = (shown(&self.out), generated.files.into_iter().map(|file| file.path).collect::<Vec<_>>());
        Report::new(format!("{} files written to {out}\n", files.len()), &Json { out, files })
    }
}
