//! `check`: every fault of a schema.

use std::path::PathBuf;

use clap::Args;
use cqhttp_codegen::tooling::Api;
use serde::Serialize;

use crate::failure::{Failure, shown};
use crate::report::Report;
use crate::schema::{Base, load};

/// Report every fault of a schema.
///
/// One run finds all faults of all files. Each is shown with its line, a caret under the place, and a hint. A schema
/// without faults is counted: its actions, events, segments and types.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cqhttp-codegen check                   # the folder `schema`
  cqhttp-codegen check my_actions.yaml   # one file
  cqhttp-codegen check --base schema examples/custom-actions/schema
  cqhttp-codegen check --format json     # {\"faults\": [{\"file\", \"line\", \"column\",
                                         #   \"message\", \"hint\"}, …]}

Exit codes:
  0  the schema has no faults
  1  it has some
  2  it cannot be read")]
pub(crate) struct Check {
    /// The schema: a folder with YAML files, or one file.
    #[arg(default_value = "schema")]
    schema: PathBuf,
    #[command(flatten)]
    base: Base,
}

/// The sizes of a schema's parts.
#[derive(Serialize)]
struct Counts {
    actions: usize,
    events: usize,
    operations: usize,
    segments: usize,
    types: usize,
}

impl Counts {
    fn of(api: &Api) -> Self {
        Self {
            actions: api.files.iter().map(|file| file.actions.len()).sum(),
            events: api.files.iter().map(|file| file.events.len()).sum(),
            operations: api.files.iter().map(|file| file.operations.len()).sum(),
            segments: api.files.iter().map(|file| file.segments.len()).sum(),
            types: api.files.iter().map(|file| file.types.len()).sum(),
        }
    }

    /// Formats as `93 actions, 44 events, 1 segment`, without the parts that are empty.
    fn text(&self) -> String {
        let Self { actions, events, operations, segments, types } = self;
        let counts =
            [(actions, "action"), (events, "event"), (operations, "operation"), (segments, "segment"), (types, "type")];
        let counted = counts.iter().filter(|(count, _)| **count > 0);
        let counted: Vec<_> =
            counted.map(|(count, part)| format!("{count} {part}{}", if **count == 1 { "" } else { "s" })).collect();
        if counted.is_empty() { "nothing".into() } else { counted.join(", ") }
    }
}

#[derive(Serialize)]
struct CheckJson {
    schema: String,
    counts: Counts,
    faults: [(); 0],
}

impl Check {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let (schema, counts) = (shown(&self.schema), Counts::of(&load(&self.base, &self.schema)?));
        Report::new(format!("{schema}: {}, no faults\n", counts.text()), &CheckJson { schema, counts, faults: [] })
    }
}
