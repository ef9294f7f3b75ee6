//! `check`: every fault of a schema.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{Base, Failure, Report, load_onto, shown};
use crate::model::Api;

/// Report every fault of a schema.
///
/// All faults of all files are found in one run. Each is shown with the line that it stands in, a caret under the
/// place, and what would be right. A schema without faults is counted: its actions, events, segments and types.
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
pub(super) struct Check {
    /// The schema: a folder with YAML files, or one file.
    #[arg(default_value = "schema")]
    schema: PathBuf,
    #[command(flatten)]
    base: Base,
}

/// How much a schema describes.
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

    /// `93 actions, 44 events, 1 segment`: what there is none of is left out.
    fn text(&self) -> String {
        let Self { actions, events, operations, segments, types } = self;
        let counts =
            [(actions, "action"), (events, "event"), (operations, "operation"), (segments, "segment"), (types, "type")];
        let told = counts.iter().filter(|(count, _)| **count > 0);
        let told: Vec<_> =
            told.map(|(count, what)| format!("{count} {what}{}", if **count == 1 { "" } else { "s" })).collect();
        if told.is_empty() { "nothing".into() } else { told.join(", ") }
    }
}

impl Check {
    pub(super) fn run(self) -> Result<Report, Failure> {
        #[derive(Serialize)]
        struct Json {
            schema: String,
            counts: Counts,
            faults: [(); 0],
        }
        let (schema, counts) = (shown(&self.schema), Counts::of(&load_onto(&self.base, &self.schema)?));
        Report::new(format!("{schema}: {}, no faults\n", counts.text()), &Json { schema, counts, faults: [] })
    }
}
