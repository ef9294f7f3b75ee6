//! `import`: stanzas to begin with, from the Markdown of a server's documentation.

mod known;
mod page;
mod section;
mod stanza;
mod words;
mod yaml;

use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{Base, Failure, Report, load_written, shown};
use known::Known;
use page::Page;
use section::{Actions, PassedOver, Section};
use stanza::{Called, Writer};

/// Write stanzas to begin with, from a server's documentation.
///
/// A page in Markdown describes actions, each under a heading: its name (`终结点`), a table of its parameters (`参数`) and
/// one of its answer (`响应数据`). Each action becomes a stanza on standard output. What a page does not say, such as docs
/// in English, is marked TODO, and most marks are faults that `check` reports, so that none is forgotten. Actions that
/// the schema has already, or the one that it adds to, are left out. Headings with a table and no action are listed in a
/// comment.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cqhttp-codegen import --docs docs/api.md > schema/actions/new.yaml
  cqhttp-codegen check                        # what is to be done, line by line
  cqhttp-codegen import --docs docs/api.md --all
  cqhttp-codegen import --docs docs/api.md --base cqhttp/schema --schema my_schema

Exit codes:
  0  the stanzas are written
  1  the schema has faults
  2  the page or the schema cannot be read, and nothing is written")]
pub(super) struct Import {
    /// The page.
    #[arg(long, value_name = "FILE.md")]
    docs: PathBuf,
    /// The schema that the stanzas are for: a folder with YAML files, or one file.
    #[arg(long, default_value = "schema")]
    schema: PathBuf,
    #[command(flatten)]
    base: Base,
    /// Write the actions that the schema has already, too.
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct Json<'a> {
    docs: String,
    actions: Vec<String>,
    left_out: Vec<String>,
    passed_over: &'a [PassedOver],
    /// How many places are marked.
    marks: usize,
    yaml: &'a str,
}

impl Import {
    pub(super) fn run(self) -> Result<Report, Failure> {
        let text = fs::read_to_string(&self.docs);
        let text =
            text.map_err(|error| Failure::io(&self.docs, "cannot be read", &error, "name a page in Markdown"))?;
        // Editors of some machines mark a text so.
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let page = Page::read(&self.docs, text);
        let Actions { sections, objects, passed_over } = section::read(&page).map_err(|faults| Failure::Trouble {
            message: format!("{}: cannot be read as actions; nothing is written", shown(&self.docs)),
            hint: "mend the page, or write the stanzas by hand".into(),
            faults,
        })?;
        let api = load_written(&self.base, &self.schema)?;
        let known = Known::new(&api);
        let mut all: Vec<(&Section, Vec<Called>)> = sections.iter().zip(called(&sections, &known)).collect();
        let left_out = if self.all { Vec::new() } else { leave_out(&mut all, &known) };
        let actions: Vec<String> =
            all.iter().flat_map(|(_, called)| called).map(|called| called.name.clone()).collect();
        let docs = shown(&self.docs);
        let mut writer = Writer::new(&known, &objects, &all);
        writer.out.comment(0, &format!("Actions of {docs}, to begin with. What is to be done is marked."));
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
        Report::new(yaml.clone(), &Json { docs, actions, left_out, passed_over, marks, yaml: &yaml })
    }
}

/// Takes out the actions that the schema has; their names.
fn leave_out(all: &mut [(&Section, Vec<Called>)], known: &Known<'_>) -> Vec<String> {
    let there = |called: &mut Called| called.guess.is_none() && known.has(&called.name);
    all.iter_mut().flat_map(|(_, called)| called.extract_if(.., there).map(|called| called.name)).collect()
}

/// What the actions of each section are called: as the page says, or else as an action with this title or with the name
/// of this method is.
fn called(sections: &[Section], known: &Known<'_>) -> Vec<Vec<Called>> {
    let sure = |section: &Section| -> Vec<String> {
        let method = section.method.as_ref().map(|method| words::snake(&method.name)).filter(|name| known.has(name));
        match (section.names.is_empty(), known.titled(&section.title)) {
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
            let (name, guess) = guess(section, known, &taken, &mut unknown);
            taken.push(name.clone());
            called.push(vec![Called { name, aliases, guess: Some(guess) }]);
        } else {
            let called_so = |name| Called { name, aliases: aliases.clone(), guess: None };
            called.push(names.into_iter().map(called_so).collect());
        }
    }
    called
}

/// A name where the page has none, and why it is that.
fn guess(section: &Section, known: &Known<'_>, taken: &[String], unknown: &mut usize) -> (String, String) {
    if let Some(method) = &section.method {
        return (words::snake(&method.name), format!("guessed by the method {}", method.name));
    }
    if let Some((name, title)) = known.nearly_titled(&section.title, taken) {
        return (name.to_owned(), format!("guessed by the title, which is like `{title}`"));
    }
    *unknown += 1;
    (format!("TODO_{unknown}"), "the page does not name it".into())
}
