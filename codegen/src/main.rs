//! The command `cqhttp-codegen`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    },
    /// Writes the generated files.
    Emit {
        /// The folder to write to; it is made if need be.
        out: PathBuf,
        /// The schema: a folder with YAML files, or one file.
        #[arg(long, default_value = "schema")]
        schema: PathBuf,
    },
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
        Command::Check { schema } => {
            let actions = cqhttp_codegen::generate(&schema)?.api.lines().count();
            Ok(format!("{}: {actions} actions, no faults", schema.display()))
        }
        Command::Index { pages, schema } => {
            let generated = cqhttp_codegen::generate(schema)?;
            for page in &pages {
                let shown = page.display();
                let text =
                    std::fs::read_to_string(page).map_err(|error| format!("{shown}: cannot be read: {error}"))?;
                let text = generated.with_index(&text).ok_or_else(|| format!("{shown}: has no place for an index"))?;
                std::fs::write(page, text).map_err(|error| format!("{shown}: cannot be written: {error}"))?;
            }
            Ok(format!("{} pages made anew", pages.len()))
        }
        Command::Emit { out, schema } => {
            let generated = cqhttp_codegen::generate(schema)?;
            generated.write_to(&out).map_err(|error| format!("{}: cannot be written: {error}", out.display()))?;
            Ok(format!("{} files written to {}", generated.files.len(), out.display()))
        }
    }
}
