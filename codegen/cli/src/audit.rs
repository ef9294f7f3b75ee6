//! `audit`: the differences between the schema and go-cqhttp's code.

mod compare;

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::failure::{Failure, shown};
use crate::go_cqhttp::Checkout;
use crate::report::Report;
use crate::schema::{Base, load_with_files};
use compare::{Finding, compare};

/// Compare the schema with go-cqhttp's code.
///
/// Compares the actions and their names, and the names, the type and the default of each parameter. Differences are
/// listed, unless the stanza explains them with `deviates:`; explanations of differences that do not exist are listed,
/// too. Routes for OneBot 12 alone are left out. A schema that adds to another is compared together with that one.
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
pub(crate) struct Audit {
    /// A checkout of go-cqhttp, 1.0 or later: the folder with `modules/api/api.go` and `coolq/api.go`.
    #[arg(long, value_name = "PATH")]
    go_cqhttp: PathBuf,
    /// The schema: a folder with YAML files, or one file.
    #[arg(long, default_value = "schema")]
    schema: PathBuf,
    #[command(flatten)]
    base: Base,
    /// Also list the differences that the schema explains.
    #[arg(long)]
    explained: bool,
}

#[derive(Serialize)]
struct AuditJson {
    go_cqhttp: String,
    schema: String,
    actions: Actions,
    findings: Vec<Finding>,
    explained: Vec<Finding>,
}

/// The numbers of actions that were compared.
#[derive(Serialize)]
struct Actions {
    go_cqhttp: usize,
    schema: usize,
}

impl Audit {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let schema = load_with_files(&self.base, &self.schema).map_err(|failure| match failure {
            Failure::Faults(faults) => Failure::Trouble {
                message: format!("{}: cannot be compared, since it has faults", shown(&self.schema)),
                hint: "correct what `cqhttp-codegen check` reports".into(),
                faults,
            },
            other => other,
        })?;
        let checkout = Checkout::read(&self.go_cqhttp)?;
        let actions = Actions {
            go_cqhttp: checkout.routes().count(),
            schema: schema.api.files.iter().map(|file| file.actions.len()).sum(),
        };
        let (findings, explained) = compare(&schema, &checkout.table, &checkout.handlers);
        let text = text(&findings, if self.explained { &explained } else { &[] }, explained.len(), &actions);
        let found = !findings.is_empty();
        let (go_cqhttp, schema) = (shown(&self.go_cqhttp), shown(&self.schema));
        let report = Report::new(text, &AuditJson { go_cqhttp, schema, actions, findings, explained })?;
        Ok(Report { found, ..report })
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
