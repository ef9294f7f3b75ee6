//! `import`: first drafts of stanzas, from the Markdown of a server's documentation.

mod described;
mod existing;
mod fit;
mod page;
mod scope;
mod section;
mod shape;
mod stanza;
mod type_names;
mod values;
mod yaml;

use std::fs;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use cqhttp_codegen::tooling::suggest;
use serde::Serialize;

use crate::failure::{Failure, shown};
use crate::published::{Catalog, OpenApi, PublishedAction};
use crate::report::Report;
use crate::schema::{Base, load_written};
use described::{Describer, Typed};
use existing::Existing;
use page::Page;
use scope::Called;
use section::{Actions, PassedOver, Section};
use stanza::Writer;
use yaml::Lines;

/// Write first drafts of stanzas, from a server's documentation.
///
/// NapCat's OpenAPI document and SnowLuma's catalog say the types, the defaults and the answers of actions; a part without
/// a type, and an example that does not fit its own schema, are listed in a comment with the reason.
///
/// A page in Markdown describes actions, each under a heading: its name (`终结点`), a table of its parameters (`参数`) and
/// a table of its answer (`响应数据`). Each action becomes a stanza on standard output. Information that the page lacks,
/// such as docs in English, is marked TODO; most marks are faults that `check` reports. Actions that the schema or its
/// base already has are left out, and so are those of an OpenAPI document or a catalog that it leaves without types, unless
/// `--action` names them. Headings with a table but without an action are listed in a comment.
#[derive(Args)]
#[command(group = ArgGroup::new("source").required(true))]
#[command(
    override_usage = "cqhttp-codegen import [OPTIONS] <SOURCE>",
    after_help = "\
Examples:
  cqhttp-codegen import --docs docs/api.md > schema/actions/new.yaml
  cqhttp-codegen check                        # the work that is left, line by line
  cqhttp-codegen import --openapi openapi.json > schema/actions/new.yaml
  cqhttp-codegen import --openapi openapi.json --action get_rkey
  cqhttp-codegen import --docs docs/api.md --all
  cqhttp-codegen import --docs docs/api.md --base cqhttp/schema --schema my_schema

Exit codes:
  0  the stanzas are written
  1  the schema has faults
  2  the page or the schema cannot be read, and nothing is written"
)]
pub(crate) struct Import {
    /// The page.
    #[arg(long, value_name = "FILE.md", group = "source")]
    docs: Option<PathBuf>,
    /// The OpenAPI document of a server, such as NapCat.
    #[arg(long, value_name = "FILE.json", group = "source")]
    openapi: Option<PathBuf>,
    /// SnowLuma's `catalog.json`.
    #[arg(long, value_name = "FILE.json", group = "source")]
    catalog: Option<PathBuf>,
    /// The schema that the stanzas will join: a folder with YAML files, or one file.
    #[arg(long, default_value = "schema")]
    schema: PathBuf,
    #[command(flatten)]
    base: Base,
    /// Also write the actions that the schema already has, or leaves without types.
    #[arg(long)]
    all: bool,
    /// Write this action alone; may be repeated.
    #[arg(long, value_name = "NAME")]
    action: Vec<String>,
}

#[derive(Serialize)]
struct ImportJson<'a> {
    docs: String,
    actions: Vec<String>,
    left_out: Vec<String>,
    passed_over: &'a [PassedOver],
    /// The number of marked places.
    marks: usize,
    yaml: &'a str,
}

/// The report on actions that a server publishes.
#[derive(Serialize)]
struct PublishedJson<'a> {
    source: String,
    actions: Vec<String>,
    left_out: Vec<String>,
    /// The actions that the schema leaves without types.
    untyped: Vec<String>,
    typed: &'a Typed,
    /// The number of marked places.
    marks: usize,
    yaml: &'a str,
}

impl Import {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        match (&self.docs, &self.openapi, &self.catalog) {
            (_, Some(path), _) => self.published(path, OpenApi::read(path)?.actions),
            (_, _, Some(path)) => self.published(path, Catalog::read(path)?.actions),
            (docs, ..) => self.page(docs.as_deref().unwrap_or(Path::new(""))),
        }
    }

    /// Returns `true` for an action that is asked for: each, unless `--action` names some.
    fn wants(&self, name: &str) -> bool {
        self.action.is_empty() || self.action.iter().any(|wanted| wanted == name)
    }

    /// Checks that the source has each action that `--action` names.
    fn check_wanted(&self, source: &Path, names: &[&String]) -> Result<(), Failure> {
        let Some(lacking) = self.action.iter().find(|wanted| !names.contains(wanted)) else { return Ok(()) };
        let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
        let message = format!("{}: expected the action `{lacking}`, found {} others", shown(source), names.len());
        Err(Failure::trouble(message, suggest(lacking, &names)))
    }

    /// Writes the actions that a server publishes.
    fn published(&self, path: &Path, published: Vec<PublishedAction>) -> Result<Report, Failure> {
        let api = load_written(&self.base, &self.schema)?;
        let existing = Existing::new(&api);
        let there = |action: &PublishedAction| !self.all && action.names.iter().any(|name| existing.has(name));
        let names: Vec<&String> = published.iter().flat_map(|action| &action.names).collect();
        self.check_wanted(path, &names)?;
        let wanted = |action: &PublishedAction| action.names.iter().any(|name| self.wants(name));
        let is_untyped = |name: &String| api.untyped.iter().any(|action| action.name == *name);
        let skipped =
            |action: &PublishedAction| !self.all && self.action.is_empty() && action.names.iter().any(is_untyped);
        let (left_out, new): (Vec<_>, Vec<_>) = published.into_iter().filter(wanted).partition(there);
        let (untyped, new): (Vec<_>, Vec<_>) = new.into_iter().partition(skipped);
        let first = |actions: &[PublishedAction]| actions.iter().map(|action| action.names[0].clone()).collect();
        let (left_out, untyped, actions): (Vec<String>, Vec<String>, Vec<String>) =
            (first(&left_out), first(&untyped), first(&new));
        let mut describer = Describer::new(&existing);
        new.iter().for_each(|action| describer.action(action));
        let Describer { typed, out, .. } = describer;
        let mut head = Lines::default();
        head.comment(0, &format!("Drafts of the actions of {}. Work to do is marked.", shown(path)));
        if !left_out.is_empty() {
            head.comment(0, &format!("The schema has already: {}.", left_out.join(", ")));
        }
        if !untyped.is_empty() {
            head.comment(0, &format!("Left without types, with the reason in the schema: {}.", untyped.join(", ")));
        }
        let (params, answers) = (&typed.params, &typed.answers);
        let share = format!(
            "Typed: {} of {} parameters, {} of {} answers.",
            params.typed, params.of, answers.typed, answers.of
        );
        head.comment(0, &share);
        typed.notes.iter().for_each(|note| head.comment(0, &format!("- {note}")));
        let yaml = format!("{}\n{}\n", head.text, out.text.trim_end());
        let json = PublishedJson {
            source: shown(path),
            actions,
            left_out,
            untyped,
            typed: &typed,
            marks: out.marks,
            yaml: &yaml,
        };
        Report::new(yaml.clone(), &json)
    }

    fn page(&self, docs: &Path) -> Result<Report, Failure> {
        let text = fs::read_to_string(docs);
        let text = text.map_err(|error| Failure::io(docs, "cannot be read", &error, "name a page in Markdown"))?;
        // A byte order mark, which some editors write.
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let page = Page::read(docs, text);
        let Actions { sections, objects, passed_over } = section::read(&page).map_err(|faults| Failure::Trouble {
            message: format!("{}: cannot be read as actions; nothing is written", shown(docs)),
            hint: "correct the page, or write the stanzas by hand".into(),
            faults,
        })?;
        let api = load_written(&self.base, &self.schema)?;
        let existing = Existing::new(&api);
        let mut all: Vec<(&Section, Vec<Called>)> = sections.iter().zip(called(&sections, &existing)).collect();
        let names: Vec<&String> = all.iter().flat_map(|(_, called)| called).map(|called| &called.name).collect();
        self.check_wanted(docs, &names)?;
        all.iter_mut().for_each(|(_, called)| called.retain(|called| self.wants(&called.name)));
        let left_out = if self.all { Vec::new() } else { leave_out(&mut all, &existing) };
        let actions: Vec<String> =
            all.iter().flat_map(|(_, called)| called).map(|called| called.name.clone()).collect();
        let docs = shown(docs);
        let mut writer = Writer::new(&existing, &objects, &all);
        writer.out.comment(0, &format!("Drafts of the actions of {docs}. Work to do is marked."));
        if !left_out.is_empty() {
            writer.out.comment(0, &format!("The schema has already: {}.", left_out.join(", ")));
        }
        if !passed_over.is_empty() {
            let listed: Vec<String> = passed_over.iter().map(PassedOver::to_string).collect();
            writer.out.comment(0, &format!("Passed over, since no action is named there: {}.", listed.join(", ")));
        }
        writer.out.text.push('\n');
        all.iter().for_each(|(section, called)| writer.section(section, called));
        let yaml = writer.out.text.trim_end().to_owned() + "\n";
        let (passed_over, marks) = (&*passed_over, writer.out.marks);
        Report::new(yaml.clone(), &ImportJson { docs, actions, left_out, passed_over, marks, yaml: &yaml })
    }
}

/// Removes the actions that the schema has, and returns their names.
fn leave_out(all: &mut [(&Section, Vec<Called>)], existing: &Existing<'_>) -> Vec<String> {
    let there = |called: &mut Called| called.guess.is_none() && existing.has(&called.name);
    all.iter_mut().flat_map(|(_, called)| called.extract_if(.., there).map(|called| called.name)).collect()
}

/// Returns the names of the actions of each section: those of the page, or else the name of an existing action with this
/// title or with the name of this method.
fn called(sections: &[Section], existing: &Existing<'_>) -> Vec<Vec<Called>> {
    let sure = |section: &Section| -> Vec<String> {
        let method =
            section.method.as_ref().map(|method| type_names::snake(&method.name)).filter(|name| existing.has(name));
        match (section.names.is_empty(), existing.titled(&section.title)) {
            (false, _) => section.names.clone(),
            (true, Some(titled)) => vec![titled.to_owned()],
            (true, None) => method.into_iter().collect(),
        }
    };
    let mut taken: Vec<String> = sections.iter().flat_map(sure).collect();
    let mut unknown = 0;
    let mut called = Vec::new();
    for section in sections {
        let mut names = sure(section);
        let aliases = if section.aliases && !names.is_empty() { names.split_off(1) } else { Vec::new() };
        if names.is_empty() {
            let (name, guess) = guess(section, existing, &taken, &mut unknown);
            taken.push(name.clone());
            called.push(vec![Called { name, aliases, guess: Some(guess) }]);
        } else {
            let called_so = |name| Called { name, aliases: aliases.clone(), guess: None };
            called.push(names.into_iter().map(called_so).collect());
        }
    }
    called
}

/// Returns a name for an action that the page does not name, and the reason for it.
fn guess(section: &Section, existing: &Existing<'_>, taken: &[String], unknown: &mut usize) -> (String, String) {
    if let Some(method) = &section.method {
        return (type_names::snake(&method.name), format!("guessed by the method {}", method.name));
    }
    if let Some((name, title)) = existing.nearly_titled(&section.title, taken) {
        return (name.to_owned(), format!("guessed by the title, which is like `{title}`"));
    }
    *unknown += 1;
    (format!("TODO_{unknown}"), "the page does not name it".into())
}
