//! The arguments of the command, and the choice of the subcommand.

use clap::{Parser, Subcommand, ValueEnum};

use crate::audit::Audit;
use crate::check::Check;
use crate::diff::Diff;
use crate::docs::Docs;
use crate::emit::Emit;
use crate::facts::Facts;
use crate::failure::Failure;
use crate::import::Import;
use crate::index::Index;
use crate::report::Report;
use crate::update::Update;

/// Checks a schema, turns it into Rust or Markdown, or compares it.
///
/// A schema is a folder with YAML files, or one file; its language is described in schema/README.md of the repository
/// of `cqhttp`. There, `cargo schema` runs this command: `cargo schema check`.
#[derive(Parser)]
#[command(name = "cqhttp-codegen", version, after_help = MORE)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// The format of the output.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) color: colorchoice_clap::Color,
}

const MORE: &str = "\
Examples:
  cqhttp-codegen check                        # the folder `schema`
  cqhttp-codegen emit --schema my_actions.yaml src/generated
  cqhttp-codegen diff v0.1.0 schema           # for the changelog
  cqhttp-codegen audit                        # differences from the servers

Exit codes:
  0  done; nothing was found
  1  something was found: faults of the schema, a change that --deny-breaking forbids, or a
     difference from the servers
  2  it could not be done: wrong arguments, or a file that cannot be read or written

Faults and errors go to standard error, everything else to standard output. With --format json
one JSON value goes to standard output in every case, unless the arguments are wrong: with exit
code 1 {\"faults\": […]} or the report, with exit code 2 {\"error\", \"hint\", \"faults\": […]}.";

/// The subcommands.
#[derive(Subcommand)]
pub(crate) enum Command {
    Audit(Audit),
    Check(Check),
    Diff(Diff),
    Docs(Docs),
    Emit(Emit),
    Facts(Facts),
    Import(Import),
    Index(Index),
    Update(Update),
}

impl Command {
    /// Runs the subcommand.
    pub(crate) fn run(self) -> Result<Report, Failure> {
        match self {
            Self::Audit(command) => command.run(),
            Self::Check(command) => command.run(),
            Self::Diff(command) => command.run(),
            Self::Docs(command) => command.run(),
            Self::Emit(command) => command.run(),
            Self::Facts(command) => command.run(),
            Self::Import(command) => command.run(),
            Self::Index(command) => command.run(),
            Self::Update(command) => command.run(),
        }
    }
}

/// The formats of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, in colours if the terminal has them.
    #[default]
    Text,
    /// One JSON value.
    Json,
}
