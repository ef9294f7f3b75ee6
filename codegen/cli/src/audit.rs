//! `audit`: the differences between the schema and the servers.

mod compare;
mod default;
mod finding;
mod missing;
mod servers;
mod types;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::failure::{Failure, shown};
use crate::report::Report;
use crate::schema::{Base, load_with_files};
use compare::Comparison;
use finding::Finding;
use servers::Audited;

/// Compare the schema with the servers.
///
/// Compares the actions and their names, and the names, presence and defaults of each parameter, with the facts about all
/// servers in the schema. A newer release of a server can take the place of its facts; with a checkout of go-cqhttp, the
/// types of parameters are compared too. Differences are listed, unless the stanza explains them with `deviates:`;
/// explanations of differences that do not exist are listed, too. Routes for OneBot 12 alone are left out. A schema that
/// adds to another is compared together with that one.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cqhttp-codegen audit                        # with the facts in the schema
  cqhttp-codegen audit --openapi openapi.json # with a newer release of NapCat
  cqhttp-codegen audit --missing              # also the actions that no stanza describes
  cqhttp-codegen audit --go-cqhttp ../go-cqhttp --explained
  cqhttp-codegen audit --go-cqhttp ../my-fork --base cqhttp/schema --schema my_schema

Exit codes:
  0  no difference, or each explained
  1  some differences
  2  a file, the tree or the schema cannot be read")]
pub(crate) struct Audit {
    /// A checkout of go-cqhttp, 1.0 or later: the folder with `modules/api/api.go` and `coolq/api.go`.
    #[arg(long, value_name = "PATH")]
    go_cqhttp: Option<PathBuf>,
    /// The OpenAPI document of a release of NapCat.
    #[arg(long, value_name = "FILE.json")]
    openapi: Option<PathBuf>,
    /// The `catalog.json` of a release of SnowLuma.
    #[arg(long, value_name = "FILE.json")]
    catalog: Option<PathBuf>,
    /// The schema: a folder with YAML files, or one file.
    #[arg(long, default_value = "schema")]
    schema: PathBuf,
    #[command(flatten)]
    base: Base,
    /// Also list the actions that no stanza describes; those of go-cqhttp are listed in any case.
    #[arg(long)]
    missing: bool,
    /// Also list the differences that the schema explains.
    #[arg(long)]
    explained: bool,
}

#[derive(Serialize)]
struct AuditJson {
    schema: String,
    actions: Actions,
    /// The number of actions that no stanza describes and that are not among the findings.
    missing: usize,
    findings: Vec<Finding>,
    explained: Vec<Finding>,
}

/// The numbers of actions that were compared.
#[derive(Serialize)]
struct Actions {
    schema: usize,
    servers: BTreeMap<String, usize>,
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
        let mut audited = Audited::of(&schema.api.servers);
        self.go_cqhttp.as_ref().map_or(Ok(()), |path| audited.go_cqhttp(path))?;
        self.openapi.as_ref().map_or(Ok(()), |path| audited.openapi(path))?;
        self.catalog.as_ref().map_or(Ok(()), |path| audited.catalog(path))?;
        if audited.servers.is_empty() {
            let message = format!("{}: expected facts about servers, found none", shown(&self.schema));
            return Err(Failure::trouble(message, "write some with `facts`, or name a release with `--openapi`"));
        }
        let mut findings = Comparison::run(&audited, &schema);
        let missing = missing::missing(&mut findings, &audited, &schema, self.missing);
        let count = |file: &cqhttp_codegen::tooling::File| file.actions.len();
        let actions = schema.api.files.iter().map(count).sum();
        let (findings, explained) = findings.sorted();
        let listed = findings.iter().chain(if self.explained { &explained[..] } else { &[] });
        let text = listed.map(|finding| format!("{finding}\n")).collect::<String>();
        let text = text + &summary(&audited, actions, missing, findings.len(), explained.len());
        let found = !findings.is_empty();
        let servers = audited.servers.iter().map(|server| (server.facts.name.clone(), server.facts.actions.len()));
        let actions = Actions { schema: actions, servers: servers.collect() };
        let json = AuditJson { schema: shown(&self.schema), actions, missing, findings, explained };
        Ok(Report { found, ..Report::new(text, &json)? })
    }
}

/// Formats as "84 actions of go-cqhttp, 93 in the schema: 1 finding, 12 explained".
fn summary(audited: &Audited, schema: usize, missing: usize, findings: usize, explained: usize) -> String {
    let count = |count, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let mut sizes: Vec<String> = Vec::new();
    for server in &audited.servers {
        let number = server.facts.actions.len();
        let number = if sizes.is_empty() { count(number, "action") } else { number.to_string() };
        sizes.push(format!("{number} of {}", server.facts.title));
    }
    let passed_over = match missing {
        0 => String::new(),
        _ => format!(", {} without a stanza (listed with --missing)", count(missing, "action")),
    };
    format!(
        "{}, {schema} in the schema: {}, {explained} explained{passed_over}\n",
        sizes.join(", "),
        count(findings, "finding")
    )
}
