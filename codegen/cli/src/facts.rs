//! `facts`: the files of servers, from what they publish.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args};
use cqhttp_codegen::tooling::{ActionFacts, SERVERS, ServerFacts, Value, known_server, list, yaml_node};
use serde::Serialize;

use crate::failure::{Failure, shown};
use crate::folder::UNFINISHED;
use crate::go_cqhttp::Checkout;
use crate::published::{Catalog, OpenApi, PublishedAction, dialects, digest};
use crate::report::Report;

/// Write the facts about servers: their actions, and how they read parameters.
///
/// Each server becomes a file of the schema, `servers/<name>.yaml`: the names of each action, its parameters with their
/// further names, those that are required, and the server's own defaults. No text of a server is taken. The same input
/// gives the same bytes. All sources are read before a file is written.
#[derive(Args)]
#[command(group = ArgGroup::new("sources").required(true).multiple(true))]
#[command(
    override_usage = "cqhttp-codegen facts [OPTIONS] <SOURCE>...",
    after_help = "\
Examples:
  cqhttp-codegen facts --napcat openapi.json
  cqhttp-codegen facts --go-cqhttp ../go-cqhttp --release go-cqhttp=v1.2.0
  cqhttp-codegen facts --snowluma catalog.json --release snowluma=1.11.1
  cqhttp-codegen facts --dialects dialects.yaml
  cqhttp-codegen diff HEAD:schema/servers schema/servers  # the changes of a release

Exit codes:
  0  the files are written
  2  a source cannot be read, or a file cannot be written; nothing was written"
)]
pub(crate) struct Facts {
    /// NapCat's OpenAPI document.
    #[arg(long, value_name = "FILE.json", group = "sources")]
    napcat: Option<PathBuf>,
    /// A checkout of go-cqhttp, 1.0 or later.
    #[arg(long, value_name = "PATH", group = "sources")]
    go_cqhttp: Option<PathBuf>,
    /// SnowLuma's `catalog.json`, or a digest of it in YAML.
    #[arg(long, value_name = "FILE", group = "sources")]
    snowluma: Option<PathBuf>,
    /// A collection of facts about LLOneBot and Lagrange, in YAML: `dialects`, then the server, then `shared_actions` and
    /// `extensions` with the actions, each with `params` of `name`, `required` and `default`.
    #[arg(long, value_name = "FILE.yaml", group = "sources")]
    dialects: Option<PathBuf>,
    /// The version of a server whose source does not say it, or says it wrongly.
    #[arg(long, value_name = "SERVER=VERSION", value_parser = release)]
    release: Vec<(String, String)>,
    /// The folder to write to.
    #[arg(long, value_name = "FOLDER", default_value = "schema/servers")]
    out: PathBuf,
}

fn release(text: &str) -> Result<(String, String), String> {
    let (server, version) = text.split_once('=').ok_or("expected `SERVER=VERSION`, such as `go-cqhttp=v1.2.0`")?;
    match known_server(server) {
        Some(_) if !version.trim().is_empty() => Ok((server.to_owned(), version.to_owned())),
        Some(_) => Err(format!("the version of `{server}` is empty")),
        None => {
            let known: Vec<&str> = SERVERS.iter().map(|server| server.name).collect();
            Err(format!("`{server}` is not a server; known here: {}", list(&known)))
        }
    }
}

#[derive(Serialize)]
struct FactsJson {
    out: String,
    servers: Vec<ServerJson>,
}

#[derive(Serialize)]
struct ServerJson {
    name: String,
    version: String,
    actions: usize,
    changed: bool,
    /// The version that the file had before, if it differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced: Option<String>,
}

impl Facts {
    pub(crate) fn run(self) -> Result<Report, Failure> {
        let servers = self.servers()?;
        let replaced: Vec<Option<String>> = servers.iter().map(|server| replaced(&self.out, server)).collect();
        let changed = write(&self.out, &servers)?;
        let json = |((server, changed), replaced): ((&ServerFacts, bool), Option<String>)| ServerJson {
            name: server.name.clone(),
            version: server.version.clone(),
            actions: server.actions.len(),
            changed,
            replaced,
        };
        let servers: Vec<ServerJson> = servers.iter().zip(changed).zip(replaced).map(json).collect();
        let line = |server: &ServerJson| {
            let changed = if server.changed { "written" } else { "unchanged" };
            let replaced = match &server.replaced {
                Some(version) if is_newer(version, &server.version) => format!(" over {version}, a newer release"),
                Some(version) => format!(" over {version}"),
                None => String::new(),
            };
            format!("{} {}: {} actions, {changed}{replaced}\n", server.name, server.version, server.actions)
        };
        let text: String = servers.iter().map(line).collect();
        Report::new(text, &FactsJson { out: shown(&self.out), servers })
    }

    /// Reads all sources.
    fn servers(&self) -> Result<Vec<ServerFacts>, Failure> {
        let mut servers = Vec::new();
        if let Some(path) = &self.napcat {
            let api = OpenApi::read_of_napcat(path)?;
            let actions = api.actions.iter().map(PublishedAction::facts).collect();
            servers.push(self.server("napcat", api.version, actions, path)?);
        }
        if let Some(path) = &self.go_cqhttp {
            servers.push(self.server("go-cqhttp", None, Checkout::read(path)?.facts(), path)?);
        }
        if let Some(path) = &self.snowluma {
            let actions = match path.extension().is_some_and(|extension| extension == "json") {
                true => Catalog::read(path)?.actions.iter().map(PublishedAction::facts).collect(),
                false => digest(path)?,
            };
            servers.push(self.server("snowluma", None, actions, path)?);
        }
        if let Some(path) = &self.dialects {
            for dialect in dialects(path)? {
                servers.push(self.server(dialect.name, dialect.version, dialect.actions, path)?);
            }
        }
        Ok(servers)
    }

    fn server(
        &self,
        name: &str,
        version: Option<String>,
        mut actions: Vec<ActionFacts>,
        path: &Path,
    ) -> Result<ServerFacts, Failure> {
        actions.sort_by(|a, b| a.names.cmp(&b.names));
        check(&actions).map_err(|message| Failure::trouble(format!("{}: {message}", shown(path)), CHECK_HINT))?;
        let told = self.release.iter().find(|(server, _)| server == name).map(|(_, version)| version.clone());
        let version = told.or(version).ok_or_else(|| {
            let message = format!("{}: expected the version of {name}, found none", shown(path));
            Failure::trouble(message, format!("add it: `--release {name}=…`"))
        })?;
        let known = known_server(name);
        Ok(ServerFacts {
            name: name.to_owned(),
            title: known.map_or(name, |known| known.title).to_owned(),
            app_name: known.map_or(name, |known| known.app_name).to_owned(),
            version,
            actions,
        })
    }
}

const CHECK_HINT: &str = "the source is broken, or of another kind";

/// Checks that the line of each action is read as the same, and that no name stands for two actions.
fn check(actions: &[ActionFacts]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for action in actions {
        if let Err(fault) = ActionFacts::parse(&action.key(), &action.line()) {
            return Err(format!("`{}`: {}", action.key(), fault.message));
        }
        if let Some(twice) = action.names.iter().find(|name| !seen.insert(name.as_str())) {
            return Err(format!("the action `{twice}` stands there twice"));
        }
    }
    Ok(())
}

/// Returns the version in the file of a server that is there already, if it differs.
fn replaced(out: &Path, server: &ServerFacts) -> Option<String> {
    let path = file_of(out, server);
    let root = yaml_node(&path, &fs::read(&path).ok()?).ok()?;
    let Value::List(stanzas) = &root.value else { return None };
    let version = stanzas.iter().find_map(|stanza| stanza.get("version")?.as_str())?;
    Some(version.to_owned()).filter(|version| *version != server.version)
}

fn file_of(out: &Path, server: &ServerFacts) -> PathBuf {
    out.join(format!("{}.yaml", server.name))
}

/// The time after which a run counts as killed. A run writes its files within a second.
const LONGEST_RUN: Duration = Duration::from_secs(60);

/// Returns `true` if both versions are numbers with dots between them, and the first is the greater one.
fn is_newer(version: &str, other: &str) -> bool {
    let numbers = |version: &str| {
        let parts = version.trim_start_matches('v').split('.').map(|part| part.parse::<u64>().ok());
        parts.collect::<Option<Vec<u64>>>()
    };
    matches!((numbers(version), numbers(other)), (Some(version), Some(other)) if version > other)
}

/// Writes the files, all of them before one is replaced, and tells which of them changed.
fn write(out: &Path, servers: &[ServerFacts]) -> Result<Vec<bool>, Failure> {
    let unwritable = |path: &Path, error: &io::Error| {
        Failure::io(path, "cannot be written", error, "name a folder that can be written to")
    };
    let mut files = Vec::new();
    let mut changed = Vec::new();
    for server in servers {
        let (path, text) = (file_of(out, server), server.yaml());
        if path.is_dir() {
            return Err(unwritable(&path, &io::ErrorKind::IsADirectory.into()));
        }
        let differs = fs::read(&path).ok().as_deref() != Some(text.as_bytes());
        changed.push(differs);
        if differs {
            files.push((path, text));
        }
    }
    replace(out, &files).map_err(|error| unwritable(out, &error))?;
    Ok(changed)
}

fn replace(out: &Path, files: &[(PathBuf, String)]) -> io::Result<()> {
    fs::create_dir_all(out)?;
    remove_unfinished(out)?;
    if files.is_empty() {
        return Ok(());
    }
    // Unlike a temporary file, a file in a temporary folder has the usual rights.
    let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(out)?;
    let whole = |index: usize| unfinished.path().join(index.to_string());
    for (index, (_, text)) in files.iter().enumerate() {
        fs::write(whole(index), text)?;
    }
    files.iter().enumerate().try_for_each(|(index, (path, _))| fs::rename(whole(index), path))
}

/// Removes the folders of runs that were killed. A folder that another run may still write to is left alone.
fn remove_unfinished(out: &Path) -> io::Result<()> {
    for entry in fs::read_dir(out)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) && entry.file_type()?.is_dir() && is_old(&entry)
        {
            // Another run may remove it, too.
            fs::remove_dir_all(entry.path()).or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => Ok(()),
                _ => Err(error),
            })?;
        }
    }
    Ok(())
}

/// Returns `true` for a folder that no run can still write to, by the time of its last change.
fn is_old(folder: &fs::DirEntry) -> bool {
    let written = folder.metadata().and_then(|metadata| metadata.modified());
    written.is_ok_and(|written| written.elapsed().is_ok_and(|age| age > LONGEST_RUN))
}
