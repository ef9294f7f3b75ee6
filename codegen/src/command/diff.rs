//! `diff`: what changed between two schemas, for the changelog.

mod compare;

use clap::Args;
use serde::Serialize;

use super::{Base, Failure, Report, revision};

/// List what changed between two schemas, for a changelog.
///
/// What is new, gone or different in actions, events, quick operations, segments and types is listed in words, as
/// Markdown. A change is marked breaking where code that uses the bindings may no longer compile, or sends something
/// else without being changed; CONTRIBUTING.md of the repository has the rules. Changed docs, titles and examples are
/// only named.
///
/// OLD and NEW name a folder or a file, if there is one; else a git revision. `REV` means the folder `schema` of that
/// revision, from the current folder; `REV:PATH` another folder or file, with the path from the root of the repository,
/// or from the current folder if it begins with `./`. Links within the revision are followed. Nothing is checked out.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cqhttp-codegen diff v0.1.0 schema                 # what this working tree changes
  cqhttp-codegen diff v0.1.0 v0.2.0
  cqhttp-codegen diff HEAD~1:schema/types.yaml schema/types.yaml
  cqhttp-codegen diff --deny-breaking main schema   # for CI
  cqhttp-codegen diff --base cqhttp/schema v1.2.0   # of a crate that adds to `cqhttp`
  cqhttp-codegen diff --format json main schema     # {\"old\", \"new\", \"breaking\", \"changes\": [
                                                    #   {\"part\", \"name\", \"mark\", \"text\"}, …]}

Exit codes:
  0  the schemas were compared, whatever was found
  1  with --deny-breaking: a change is breaking
  2  a schema cannot be read or has faults, or the revision does not exist")]
pub(super) struct Diff {
    /// What it was: a folder, a file, or a git revision.
    old: String,
    /// What it is now, likewise.
    #[arg(default_value = "schema")]
    new: String,
    #[command(flatten)]
    base: Base,
    /// Exit with 1 if a change is breaking.
    #[arg(long)]
    deny_breaking: bool,
}

impl Diff {
    pub(super) fn run(self) -> Result<Report, Failure> {
        #[derive(Serialize)]
        struct Json {
            old: String,
            new: String,
            breaking: bool,
            changes: Vec<Change>,
        }
        let changes =
            compare::compare(&revision::read(&self.base, &self.old)?, &revision::read(&self.base, &self.new)?);
        let breaking = changes.iter().any(|change| change.mark == Mark::Breaking);
        let text = markdown(&changes);
        let mut report = Report::new(text, &Json { old: self.old, new: self.new, breaking, changes })?;
        report.found = self.deny_breaking && breaking;
        Ok(report)
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Change {
    part: Part,
    /// As Rust calls it: `set_group_ban`, `GroupMessage`.
    name: String,
    mark: Mark,
    /// What happened, without the name before it; empty for changed docs.
    text: String,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Part {
    Action,
    Event,
    Operation,
    Segment,
    Type,
}

/// What a change means for those who use the bindings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Mark {
    /// Their code may not compile any more, or does something else.
    Breaking,
    /// Their code goes on as it did.
    Compatible,
    /// Only what they read is different.
    Documentation,
}

impl Part {
    fn text(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Event => "event",
            Self::Operation => "operation",
            Self::Segment => "segment",
            Self::Type => "type",
        }
    }
}

/// A list: breaking changes first, changed docs on one line at the end.
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
