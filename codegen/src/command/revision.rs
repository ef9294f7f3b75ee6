//! A schema as it was in a git revision.

use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::{Base, Failure, load_onto, shown};
use crate::model::Api;

/// Reads what an argument of `diff` names: a file or folder, or else a git revision.
pub(super) fn read(base: &Base, name: &str) -> Result<Api, Failure> {
    let path = Path::new(name);
    if path.exists() {
        return load_onto(base, path).map_err(|failure| faulty(failure, name));
    }
    let (_folder, schema) = extract(name)?;
    load_onto(base, &schema).map_err(|failure| faulty(renamed(failure, &schema, name), name))
}

/// A schema that cannot be compared: its faults are no finding of `diff`.
fn faulty(failure: Failure, name: &str) -> Failure {
    match failure {
        Failure::Faults(faults) => Failure::Trouble {
            message: format!("{name}: expected a schema without faults by the rules of this version"),
            hint: "correct it, compare with another revision, or compare with the cqhttp-codegen of that time".into(),
            faults,
        },
        trouble => trouble,
    }
}

/// A failure with paths as git names them, instead of those in the temporary folder.
fn renamed(failure: Failure, schema: &Path, name: &str) -> Failure {
    let (revision, path) = parts(name);
    let root = format!("{revision}:{path}");
    match failure {
        Failure::Faults(mut faults) => {
            for file in faults.iter_mut().map(|fault| &mut fault.diagnostic.file) {
                let below = file.strip_prefix(schema).map(shown).unwrap_or_default();
                *file = if below.is_empty() { root.clone().into() } else { format!("{root}/{below}").into() };
            }
            Failure::Faults(faults)
        }
        Failure::Trouble { message, hint, faults } => {
            Failure::Trouble { message: message.replace(&shown(schema), &root), hint, faults }
        }
    }
}

/// What a schema is called in the temporary folder, where it is one.
const SCHEMA: &str = "schema";

/// `REV:PATH` taken apart; a revision alone means its folder `schema`.
fn parts(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or((name, "./schema"))
}

/// Writes the schema of a revision into a new temporary folder; the path is that of the schema in it.
fn extract(name: &str) -> Result<(TempDir, PathBuf), Failure> {
    let (revision, path) = parts(name);
    let object = find(name, revision, path)?;
    let folder = tempfile::tempdir().map_err(|error| {
        Failure::trouble(format!("no temporary folder can be made: {error}"), "free some space, or set TMPDIR")
    })?;
    let schema = match text(&git(["cat-file", "-t", &object])?).as_str() {
        "tree" => {
            let schema = folder.path().join(SCHEMA);
            write_tree(&object, &schema)?;
            schema
        }
        // The file keeps its name, which says what it is.
        _ => {
            let schema = folder.path().join(path.rsplit('/').next().unwrap_or(path));
            write(&schema, &git(["cat-file", "blob", &object])?)?;
            schema
        }
    };
    Ok((folder, schema))
}

/// The id of the folder or file.
fn find(name: &str, revision: &str, path: &str) -> Result<String, Failure> {
    let object = git(["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}:{path}")])?;
    if object.status.success() {
        return Ok(text(&object));
    }
    let repository = git(["rev-parse", "--git-dir"])?;
    if !repository.status.success() {
        let said = String::from_utf8_lossy(&repository.stderr);
        let said = said.lines().next().unwrap_or_default();
        let message = format!(
            "{name}: expected a folder, a file or a git revision; found no such file, and the current folder is in no \
             git repository ({said})"
        );
        return Err(Failure::trouble(message, "check the path, or run this in a repository"));
    }
    let known = git(["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{tree}}")])?;
    if revision.is_empty() || !known.status.success() {
        let message = format!(
            "{name}: expected a folder, a file or a git revision; found neither a file nor a revision of that name"
        );
        return Err(Failure::trouble(message, "`git log --oneline` lists revisions; `git fetch --tags` gets more"));
    }
    let message = format!("{name}: expected a schema at `{path}` of the revision `{revision}`, found nothing there");
    Err(Failure::trouble(message, "write `REV:PATH`, with the path from the root of the repository"))
}

/// Writes the YAML files of a tree.
fn write_tree(tree: &str, folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    let listing = git(["ls-tree", "-r", "-z", "--full-tree", tree])?;
    for entry in listing.stdout.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
        // `100644 blob 3b18e5… <tab>actions/account.yaml`
        let entry = String::from_utf8_lossy(entry);
        let Some((about, path)) = entry.split_once('\t') else { continue };
        let [mode, "blob", object] = *about.split(' ').collect::<Vec<_>>() else { continue };
        let path = Path::new(path);
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        let is_yaml = path
            .extension()
            .and_then(OsStr::to_str)
            .is_some_and(|extension| ["yaml", "yml"].iter().any(|known| extension.eq_ignore_ascii_case(known)));
        if plain && is_yaml && mode.starts_with("100") {
            write(&folder.join(path), &git(["cat-file", "blob", object])?)?;
        }
    }
    Ok(())
}

fn write(path: &Path, blob: &Output) -> Result<(), Failure> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).and_then(|()| fs::write(path, &blob.stdout)).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::io(path, "cannot be written", error, "free some space, or set TMPDIR")
}

fn git<const N: usize>(arguments: [&str; N]) -> Result<Output, Failure> {
    Command::new("git").args(arguments).output().map_err(|error| {
        Failure::trouble(format!("git cannot be run: {error}"), "install git, or name two schema folders")
    })
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}
