//! The command `cqhttp-codegen`: its arguments, what it prints, and its exit code.

mod audit;
mod check;
mod diff;
mod docs;
mod emit;
mod folder;
mod import;
mod index;
mod print;
mod revision;

use std::collections::HashMap;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;

use crate::diagnostic::{Diagnostic, Diagnostics, Faults};
use crate::model::Api;
use crate::source::{SourceFile, Sources};
use crate::source_map::SourceMap;
use crate::{extension, resolve, source};

/// Checks a schema, or makes something of it: Rust, Markdown, a list of changes.
///
/// A schema is a folder with YAML files, or one file; its language is described in schema/README.md of the repository
/// of `cqhttp`.
#[derive(Parser)]
#[command(name = "cqhttp-codegen", version, after_help = MORE)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// How to print: for people, or for programs.
    #[arg(long, global = true, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    color: colorchoice_clap::Color,
}

const MORE: &str = "\
Examples:
  cqhttp-codegen check                        # the folder `schema`
  cqhttp-codegen emit --schema my_actions.yaml src/generated
  cqhttp-codegen diff v0.1.0 schema           # for the changelog
  cqhttp-codegen audit --go-cqhttp ../go-cqhttp

Exit codes:
  0  done; nothing was found
  1  something was found: faults of the schema, a change that --deny-breaking forbids, or a difference from go-cqhttp
  2  it could not be done: wrong arguments, or a file that cannot be read or written

Faults and errors go to standard error, everything else to standard output. With --format json
one JSON value goes to standard output whatever happens, unless the arguments are wrong: with exit
code 1 {\"faults\": […]} or the report, with exit code 2 {\"error\", \"hint\", \"faults\": […]}.";

#[derive(Subcommand)]
enum Command {
    Audit(audit::Audit),
    Check(check::Check),
    Diff(diff::Diff),
    Docs(docs::Docs),
    Emit(emit::Emit),
    Import(import::Import),
    Index(index::Index),
}

impl Command {
    fn run(self) -> Result<Report, Failure> {
        match self {
            Self::Audit(command) => command.run(),
            Self::Check(command) => command.run(),
            Self::Diff(command) => command.run(),
            Self::Docs(command) => command.run(),
            Self::Emit(command) => command.run(),
            Self::Import(command) => command.run(),
            Self::Index(command) => command.run(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, in colours where the terminal has them.
    #[default]
    Text,
    /// One JSON value.
    Json,
}

/// What a subcommand did or found, told twice.
#[derive(Debug)]
struct Report {
    /// For people.
    text: String,
    /// For programs.
    json: String,
    /// Whether it found what it was to look for: exit code 1.
    found: bool,
}

impl Report {
    fn new(text: impl Into<String>, json: &impl Serialize) -> Result<Self, Failure> {
        let json = serde_json::to_string_pretty(json)
            .map_err(|error| Failure::trouble(format!("the report is no JSON: {error}"), "use --format text"))?;
        Ok(Self { text: text.into(), json, found: false })
    }
}

/// Why a subcommand did not do what it was told.
#[derive(Debug)]
enum Failure {
    /// The schema has faults: exit code 1.
    Faults(Vec<Fault>),
    /// Something it needs is not there or not as it should be: exit code 2.
    Trouble {
        message: String,
        hint: String,
        /// The faults that it consists in, if any.
        faults: Vec<Fault>,
    },
}

impl Failure {
    fn trouble(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Trouble { message: message.into(), hint: hint.into(), faults: Vec::new() }
    }

    /// What the file system says of a path.
    fn io(path: &Path, what: impl Display, error: &std::io::Error, hint: impl Into<String>) -> Self {
        Self::trouble(format!("{}: {what}: {error}", shown(path)), hint)
    }
}

/// A fault of a schema, with the line that it stands in.
#[derive(Debug)]
struct Fault {
    diagnostic: Diagnostic,
    /// `None` where the fault is a whole file's or folder's.
    line: Option<String>,
}

/// What the command's `main` does.
#[must_use]
pub fn main() -> ExitCode {
    let Arguments { command, format, color } = Arguments::parse();
    color.write_global();
    let result = command.run();
    let code = match &result {
        Ok(Report { found: false, .. }) => 0,
        Ok(_) | Err(Failure::Faults(_)) => 1,
        Err(Failure::Trouble { .. }) => 2,
    };
    let printed = match (result, format) {
        (Ok(report), Format::Text) => print(anstream::stdout(), &report.text),
        (Ok(report), Format::Json) => print(anstream::stdout(), &(report.json + "\n")),
        (Err(failure), Format::Text) => print(anstream::stderr(), &print::text(&failure)),
        (Err(failure), Format::Json) => print(anstream::stdout(), &(print::json(&failure) + "\n")),
    };
    match printed {
        // Nobody is left to tell where a pipe is closed.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            _ = print(anstream::stderr(), &format!("error: the report cannot be printed: {error}\n"));
            ExitCode::from(2)
        }
        _ => ExitCode::from(code),
    }
}

fn print(mut out: impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A path as it is printed: with `/` on any machine.
fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// What a schema adds to.
#[derive(Args)]
struct Base {
    /// The schema of `cqhttp`, where this one is another crate's and adds to it.
    #[arg(long, value_name = "SCHEMA")]
    base: Option<PathBuf>,
}

/// Reads a schema that may add to another.
fn load_onto(base: &Base, schema: &Path) -> Result<Api, Failure> {
    load(base, source::any, schema).map(|(_, api)| api)
}

/// The same with the other as a part of it; files of its own that nothing is in do not count.
fn load_written(base: &Base, schema: &Path) -> Result<Api, Failure> {
    load(base, source::written, schema).map(|(_, api)| api.whole())
}

/// The same with the other as a part of it, and with what the files say: of each, stanza by stanza.
fn load_with_files(base: &Base, schema: &Path) -> Result<(Sources, Api), Failure> {
    load(base, source::any, schema).map(|(sources, api)| (sources, api.whole()))
}

fn load(Base { base }: &Base, wanted: fn(&[u8]) -> bool, schema: &Path) -> Result<(Sources, Api), Failure> {
    match read(base.as_deref(), wanted, schema) {
        Ok(loaded) => Ok(loaded),
        Err((Failure::Faults(mut faults), sources)) if base.is_none() && !is_cqhttp(&sources.files) => {
            to_be_based(&mut faults);
            Err(Failure::Faults(faults))
        }
        Err((failure, _)) => Err(failure),
    }
}

/// Whether this may be the schema of `cqhttp` itself: one that adds to it has no type of this name.
fn is_cqhttp(files: &[SourceFile]) -> bool {
    files.iter().flat_map(|file| &file.types).any(|ty| ty.name.value == resolve::REFUSALS)
}

/// Where a name is missing that the schema of `cqhttp` may have, the hint says how to name that one; and in such a schema
/// an origin may be one that only a schema with a base can have.
fn to_be_based(faults: &mut [Fault]) {
    let begins = |fault: &Fault, known: &[&str]| known.iter().any(|known| fault.diagnostic.message.starts_with(known));
    if !faults.iter().any(|fault| begins(fault, &resolve::UNKNOWN)) {
        return;
    }
    for fault in faults {
        if begins(fault, &resolve::UNKNOWN) {
            fault.diagnostic.hint += "; if `cqhttp` has it, name the schema of `cqhttp` with `--base`";
        } else if fault.diagnostic.message.ends_with(" is not a valid origin")
            || begins(fault, &["`origin` is missing"])
        {
            fault.diagnostic.hint += "; with `--base` it may be any text, or none";
        }
    }
}

/// What the files say and what the API is, every fault with its line; or why not, with the files that could be read.
fn read(base: Option<&Path>, wanted: fn(&[u8]) -> bool, schema: &Path) -> Result<(Sources, Api), (Failure, Sources)> {
    let kind = schema.extension().and_then(|extension| extension.to_str());
    if schema.is_file() && kind != Some("yaml") {
        let message = format!("{}: expected a folder or a `.yaml` file, found another file", shown(schema));
        return Err((Failure::trouble(message, "name the folder that holds the schema"), Sources::default()));
    }
    let mut faults = Faults::default();
    let sources = source::read(schema, base, wanted, &mut faults);
    let sources = sources.map_err(|unreadable| (whole(&unreadable), Sources::default()))?;
    let api = resolve::resolve(&sources.files, &mut faults);
    match (faults.into_result(&sources.map), base) {
        (Ok(()), _) => Ok((sources, api)),
        (Err(all), Some(base)) if extension::is_of_base(&all, base) => {
            Err((whole(&extension::own_or_of_base(all, base)), sources))
        }
        (Err(all), _) => Err((in_lines(&all, &sources.map), sources)),
    }
}

/// Each fault with its line.
fn in_lines(all: &Diagnostics, map: &SourceMap) -> Failure {
    let mut texts: HashMap<&Path, Vec<&str>> = HashMap::new();
    let mut faults = Vec::new();
    for fault in all.iter() {
        let text = map.text_of(&fault.file);
        let lines = texts.entry(&fault.file).or_insert_with(|| text.unwrap_or_default().split('\n').collect());
        let line = text.and(lines.get(fault.line - 1)).map(|line| line.trim_end_matches('\r').to_owned());
        faults.push(Fault { diagnostic: fault.clone(), line });
    }
    Failure::Faults(faults)
}

/// A schema that is not there, or holds nothing.
fn whole(unreadable: &Diagnostics) -> Failure {
    let told: Vec<_> = unreadable.iter().map(|fault| format!("{}: {}", shown(&fault.file), fault.message)).collect();
    let hints: Vec<_> = unreadable.iter().map(|fault| fault.hint.clone()).collect();
    Failure::trouble(told.join("; "), hints.join("; "))
}
