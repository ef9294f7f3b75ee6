//! The schema that a subcommand reads.

use std::path::{Path, PathBuf};

use clap::Args;
use cqhttp_codegen::Diagnostics;
use cqhttp_codegen::tooling::{self, Api, ReadError, Schema, UNKNOWN};

use crate::failure::{Failure, Fault, shown, with_lines};

/// The schema that another one adds to.
#[derive(Args)]
pub(crate) struct Base {
    /// The schema of `cqhttp`, if this one belongs to another crate and adds to it.
    #[arg(long, value_name = "SCHEMA")]
    base: Option<PathBuf>,
}

/// Reads a schema that may add to another.
pub(crate) fn load(base: &Base, schema: &Path) -> Result<Api, Failure> {
    read(base, schema, |_| true).map(|schema| schema.api)
}

/// Reads a schema with its base as a part of it, and without its own empty files: a shell creates one before the
/// command runs that writes to it.
pub(crate) fn load_written(base: &Base, schema: &Path) -> Result<Api, Failure> {
    read(base, schema, |bytes| !bytes.is_empty()).map(|schema| schema.whole().api)
}

/// Reads a schema with its base as a part of it, and keeps the files for the places in them.
pub(crate) fn load_with_files(base: &Base, schema: &Path) -> Result<Schema, Failure> {
    read(base, schema, |_| true).map(Schema::whole)
}

fn read(Base { base }: &Base, schema: &Path, wanted: fn(&[u8]) -> bool) -> Result<Schema, Failure> {
    let kind = schema.extension().and_then(|extension| extension.to_str());
    if schema.is_file() && kind != Some("yaml") {
        let message = format!("{}: expected a folder or a `.yaml` file, found another file", shown(schema));
        return Err(Failure::trouble(message, "name the folder that holds the schema"));
    }
    tooling::read(schema, base.as_deref(), wanted).map_err(|error| match error {
        ReadError::Unreadable(diagnostics) => unreadable(&diagnostics),
        ReadError::Faulty { diagnostics, is_cqhttp } => {
            let mut faults = with_lines(&diagnostics);
            if base.is_none() && !is_cqhttp {
                suggest_base(&mut faults);
            }
            Failure::Faults(faults)
        }
    })
}

/// Adds `--base` to the hints of faults that a base may cure: of names that only `cqhttp` has, and of origins that only
/// a schema with a base may have.
fn suggest_base(faults: &mut [Fault]) {
    let begins = |fault: &Fault, known: &[&str]| known.iter().any(|known| fault.message.starts_with(known));
    if !faults.iter().any(|fault| begins(fault, &UNKNOWN)) {
        return;
    }
    for fault in faults {
        if begins(fault, &UNKNOWN) {
            fault.hint += "; if `cqhttp` has it, name the schema of `cqhttp` with `--base`";
        } else if fault.message.ends_with(" origin") || begins(fault, &["`origin` is missing"]) {
            fault.hint += "; with `--base` it may be any text, or none";
        }
    }
}

/// Creates the failure for a schema that cannot be read or holds nothing.
fn unreadable(diagnostics: &Diagnostics) -> Failure {
    let messages: Vec<_> =
        diagnostics.iter().map(|fault| format!("{}: {}", shown(&fault.file), fault.message)).collect();
    let hints: Vec<_> = diagnostics.iter().map(|fault| fault.hint.clone()).collect();
    Failure::trouble(messages.join("; "), hints.join("; "))
}
