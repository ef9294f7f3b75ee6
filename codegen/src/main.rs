//! The command `cqhttp-codegen`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use cqhttp_codegen::{Diagnostics, Generated};

/// Checks a schema, or generates Rust from it.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Reports every fault of a schema as `file:line:column: message; hint`. Exit code 1 if there is one.
    Check {
        /// The schema: a folder with YAML files, or one file.
        #[arg(default_value = "schema")]
        schema: PathBuf,
        #[command(flatten)]
        base: Base,
    },
    /// Makes the indexes in Markdown pages anew: what stands between the lines `<!-- actions -->` (or
    /// `<!-- actions zh -->`, in Chinese) and `<!-- end of actions -->`, and likewise for `events` and `segments`.
    Index {
        /// The pages.
        #[arg(required = true)]
        pages: Vec<PathBuf>,
        /// The schema: a folder with YAML files, or one file.
        #[arg(long, default_value = "schema")]
        schema: PathBuf,
        #[command(flatten)]
        base: Base,
    },
    /// Writes the generated files.
    Emit {
        /// The folder to write to; it is made if need be.
        out: PathBuf,
        /// The schema: a folder with YAML files, or one file.
        #[arg(long, default_value = "schema")]
        schema: PathBuf,
        #[command(flatten)]
        base: Base,
    },
}

#[derive(Args)]
struct Base {
    /// The schema of `cqhttp`, where this one is another crate's and adds to it.
    #[arg(long)]
    base: Option<PathBuf>,
}

impl Base {
    fn generate(&self, schema: &Path) -> Result<Generated, Diagnostics> {
        match &self.base {
            Some(base) => cqhttp_codegen::generate_extension(schema, base),
            None => cqhttp_codegen::generate(schema),
        }
    }
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(message) => {
            println!("{message}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<String, Box<dyn std::error::Error>> {
    match command {
        Command::Check { schema, base } => {
            let actions = base.generate(&schema)?.api.lines().count();
            Ok(format!("{}: {actions} actions, no faults", schema.display()))
        }
        Command::Index { pages, schema, base } => {
            let generated = base.generate(&schema)?;
            for page in &pages {
                let shown = page.display();
                let text =
                    std::fs::read_to_string(page).map_err(|error| format!("{shown}: cannot be read: {error}"))?;
                let text = generated.with_index(&text).ok_or_else(|| format!("{shown}: has no place for an index"))?;
                std::fs::write(page, text).map_err(|error| format!("{shown}: cannot be written: {error}"))?;
            }
            Ok(format!("{} pages made anew", pages.len()))
        }
        Command::Emit { out, schema, base } => {
            let generated = base.generate(&schema)?;
            generated.write_to(&out).map_err(|error| format!("{}: cannot be written: {error}", out.display()))?;
            Ok(format!("{} files written to {}", generated.files.len(), out.display()))
        }
    }
}
