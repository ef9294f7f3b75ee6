//! `audit`: in what the schema differs from go-cqhttp's code.

mod compare;
mod go;
mod handlers;
mod table;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{Base, Failure, Report, load_with_files, shown};
use compare::{Finding, compare};
use go::{GoFile, Version};

/// Compare the schema with go-cqhttp's code.
///
/// The code says which actions there are, under which names, and how each parameter is read: under which names, as
/// which type, and what its absence means. What the schema says otherwise is listed, unless the stanza explains it with
/// `deviates:`; what is explained and not so is listed too. Routes for OneBot 12 alone are left out. A schema that adds to
/// another is compared with that one as a whole.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cqhttp-codegen audit --go-cqhttp ../go-cqhttp
  cqhttp-codegen audit --go-cqhttp ../go-cqhttp --explained
  cqhttp-codegen audit --go-cqhttp ../go-cqhttp --format json
  cqhttp-codegen audit --go-cqhttp ../my-fork --base cqhttp/schema --schema my_schema

Exit codes:
  0  no difference, or each explained
  1  some differences
  2  the tree or the schema cannot be read")]
pub(super) struct Audit {
    /// A checkout of go-cqhttp, 1.0 or later: the folder with `modules/api/api.go` and `coolq/api.go`.
    #[arg(long, value_name = "PATH")]
    go_cqhttp: PathBuf,
    /// The schema: a folder with YAML files, or one file.
    #[arg(long, default_value = "schema")]
    schema: PathBuf,
    #[command(flatten)]
    base: Base,
    /// List the differences that the schema explains, too.
    #[arg(long)]
    explained: bool,
}

#[derive(Serialize)]
struct Json {
    go_cqhttp: String,
    schema: String,
    actions: Actions,
    findings: Vec<Finding>,
    explained: Vec<Finding>,
}

/// How many actions were compared.
#[derive(Serialize)]
struct Actions {
    go_cqhttp: usize,
    schema: usize,
}

impl Audit {
    pub(super) fn run(self) -> Result<Report, Failure> {
        let (sources, api) = load_with_files(&self.base, &self.schema).map_err(|failure| match failure {
            Failure::Faults(faults) => Failure::Trouble {
                message: format!("{}: cannot be compared, for it has faults", shown(&self.schema)),
                hint: "mend what `cqhttp-codegen check` reports".into(),
                faults,
            },
            other => other,
        })?;
        let table = table::read(&GoFile::read(&self.go_cqhttp, table::TABLE)?)?;
        let handlers = self.handlers()?;
        let actions = Actions {
            go_cqhttp: table.iter().filter(|route| route.version != Version::V12).count(),
            schema: api.files.iter().map(|file| file.actions.len()).sum(),
        };
        let (findings, explained) = compare(&sources, &api, &table, &handlers);
        let text = text(&findings, if self.explained { &explained } else { &[] }, explained.len(), &actions);
        let found = !findings.is_empty();
        let (go_cqhttp, schema) = (shown(&self.go_cqhttp), shown(&self.schema));
        let report = Report::new(text, &Json { go_cqhttp, schema, actions, findings, explained })?;
        Ok(Report { found, ..report })
    }

    fn handlers(&self) -> Result<Vec<go::Route>, Failure> {
        let [first, second] = handlers::HANDLERS;
        let mut files = vec![GoFile::read(&self.go_cqhttp, first)?];
        if self.go_cqhttp.join(second).exists() {
            files.push(GoFile::read(&self.go_cqhttp, second)?);
        }
        handlers::read(&files)
    }
}

fn text(findings: &[Finding], explained: &[Finding], explanations: usize, actions: &Actions) -> String {
    let lines = findings.iter().chain(explained).map(|finding| format!("{finding}\n")).collect::<String>();
    let count = |count, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    lines
        + &format!(
            "{} of go-cqhttp, {} in the schema: {}, {} explained\n",
            count(actions.go_cqhttp, "action"),
            actions.schema,
            count(findings.len(), "finding"),
            explanations
        )
}
