//! The command `cqhttp-codegen`.

mod arguments;
mod audit;
mod check;
mod diff;
mod docs;
mod emit;
mod facts;
mod failure;
mod folder;
mod go_cqhttp;
mod import;
mod index;
mod print;
mod published;
mod reference;
mod report;
mod revision;
mod schema;
mod update;

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use arguments::{Arguments, Format};
use clap::Parser;
use failure::Failure;
use report::Report;

fn main() -> ExitCode {
    let Arguments { command, format, color } = Arguments::parse();
    color.write_global();
    let result = command.run();
    let code = match &result {
        Ok(Report { found: false, .. }) => 0,
        Ok(_) | Err(Failure::Faults(_)) => 1,
        Err(Failure::Trouble { .. }) => 2,
    };
    let printed = match (result, format) {
        (Ok(report), Format::Text) => write(anstream::stdout(), &report.text),
        (Ok(report), Format::Json) => write(anstream::stdout(), &(report.json + "\n")),
        (Err(failure), Format::Text) => write(anstream::stderr(), &print::text(&failure)),
        (Err(failure), Format::Json) => write(anstream::stdout(), &(print::json(&failure) + "\n")),
    };
    match printed {
        // A closed pipe means that the reader has stopped reading.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            _ = write(anstream::stderr(), &format!("error: the report cannot be printed: {error}\n"));
            ExitCode::from(2)
        }
        _ => ExitCode::from(code),
    }
}

fn write(mut out: impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}
