//! `diff`: the changes between two schemas, for the changelog.

mod change;
mod compare;
mod members;
mod notes;
mod servers;

use clap::Args;
use serde::Serialize;

use crate::failure::Failure;
use crate::report::Report;
use crate::revision;
use crate::schema::Base;
use change::{Change, Mark};

/// List what changed between two schemas, for a changelog.
///
/// The list is Markdown: additions, removals and changes of actions, events, quick operations, segments, types and servers. A
/// change is marked breaking if code that uses the bindings may no longer compile, or may send something else without a
/// change of its own; CONTRIBUTING.md of the repository has the rules. Changed docs, titles and examples are only named.
///
/// OLD and NEW name a folder or a file; if there is no such file, a git revision. `REV` means the folder `schema` of that
/// revision, from the current folder; `REV:PATH` another folder or file, with the path from the root of the repository,
/// or from the current folder if it begins with `./`. Links within the revision are followed. Nothing is checked out.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cqhttp-codegen diff v0.1.0 schema                 # the changes of this working tree
  cqhttp-codegen diff v0.1.0 v0.2.0
  cqhttp-codegen diff HEAD~1:schema/types.yaml schema/types.yaml
  cqhttp-codegen diff --deny-breaking main schema   # for CI
  cqhttp-codegen diff HEAD:schema/servers/napcat.yaml schema/servers/napcat.yaml
  cqhttp-codegen diff --base cqhttp/schema v1.2.0   # of a crate that adds to `cqhttp`
  cqhttp-codegen diff --format json main schema     # {\"old\", \"new\", \"breaking\", \"changes\": [
                                                    #   {\"part\", \"name\", \"mark\", \"text\"}, …]}

Exit codes:
  0  the schemas were compared
  1  with --deny-breaking: a change is breaking
  2  a schema cannot be read or has faults, or the revision does not exist")]
pub(crate) struct Diff {
    /// The older schema: a folder, a file, or a git revision.
    old: String,
    /// The newer schema, likewise.
    #[arg(default_value = "schema")]
    new: String,
    #[command(flatten)]
    base: Base,
    /// Exit with 1 if a change is breaking.
    #[arg(long)]
    deny_breaking: bool,
}

#[derive(Serialize)]
struct DiffJson {
    old: String,
    new: String,
    breaking: bool,
    changes: Vec<Change>,
}

impl Diff {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let changes =
            compare::compare(&revision::read(&self.base, &self.old)?, &revision::read(&self.base, &self.new)?);
        let breaking = changes.iter().any(|change| change.mark == Mark::Breaking);
        let text = markdown(&changes);
        let mut report = Report::new(text, &DiffJson { old: self.old, new: self.new, breaking, changes })?;
        report.found = self.deny_breaking && breaking;
        Ok(report)
    }
}

/// Formats a list: breaking changes first, changed docs on one line at the end.
fn markdown(changes: &[Change]) -> String {
    let of = |mark: Mark| changes.iter().filter(move |change| change.mark == mark);
    let line = |change: &Change, before: &str| {
        format!("- {before}{} `{}`: {}.\n", change.part.text(), change.name, change.text)
    };
    let mut text: String = of(Mark::Breaking).map(|change| line(change, "**Breaking:** ")).collect();
    text.extend(of(Mark::Compatible).map(|change| line(change, "")));
    let docs: Vec<_> =
        of(Mark::Documentation).map(|change| format!("{} `{}`", change.part.text(), change.name)).collect();
    if !docs.is_empty() {
        text += &format!("- Documentation: {}.\n", docs.join(", "));
    }
    if text.is_empty() { "Nothing changed.\n".into() } else { text }
}
