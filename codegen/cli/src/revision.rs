//! A schema from a git revision.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Output, Stdio};

use cqhttp_codegen::tooling::Api;
use tempfile::TempDir;

use crate::failure::{Failure, shown};
use crate::schema::{Base, load};

/// Reads the schema that an argument of `diff` names: a file or folder, or else a git revision.
pub(crate) fn read(base: &Base, name: &str) -> Result<Api, Failure> {
    let path = Path::new(name);
    if path.exists() {
        return load(base, path).map_err(|failure| faulty(failure, name));
    }
    let (_folder, schema) = extract(name)?;
    load(base, &schema).map_err(|failure| faulty(renamed(failure, &schema, name), name))
}

/// Turns the faults of a schema into trouble, since `diff` cannot compare it.
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

/// Replaces the paths in the temporary folder by those of git.
fn renamed(failure: Failure, schema: &Path, name: &str) -> Failure {
    let (revision, path) = parts(name);
    let root = format!("{revision}:{path}");
    match failure {
        Failure::Faults(mut faults) => {
            for file in faults.iter_mut().map(|fault| &mut fault.file) {
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

/// The name of a schema folder in the temporary folder.
const SCHEMA: &str = "schema";

/// Splits `REV:PATH`; a revision alone means its folder `schema`.
fn parts(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or((name, "./schema"))
}

/// Writes the schema of a revision into a new temporary folder; the path is that of the schema in it.
fn extract(name: &str) -> Result<(TempDir, PathBuf), Failure> {
    let (revision, path) = parts(name);
    let at = from_root(path)?;
    let object = find(name, revision, path, &at)?;
    let folder = tempfile::tempdir().map_err(|error| {
        Failure::trouble(format!("no temporary folder can be made: {error}"), "free some space, or set TMPDIR")
    })?;
    let schema = if object.is_tree {
        let schema = folder.path().join(SCHEMA);
        Tree { name, revision }.write(&object.id, &at, &schema, &mut Vec::new())?;
        schema
    } else {
        // The file keeps its name, which says what it is.
        let schema = folder.path().join(path.rsplit('/').next().unwrap_or(path));
        write(&schema, &git(["cat-file", "blob", &object.id])?)?;
        schema
    };
    Ok((folder, schema))
}

/// Returns a path from the root of the repository; a path that begins with a dot is one from the current folder.
fn from_root(path: &str) -> Result<String, Failure> {
    if !path.starts_with("./") && !path.starts_with("../") {
        return Ok(path.to_owned());
    }
    let prefix = text(&git(["rev-parse", "--show-prefix"])?);
    let mut parts: Vec<&str> = Vec::new();
    for part in prefix.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// A folder or a file of a revision.
struct Object {
    id: String,
    is_tree: bool,
}

/// The object at a path of a revision, with links followed.
enum Found {
    Object(Object),
    /// A link that leads to no object, with a description.
    Lost(&'static str),
    Nothing,
}

const NOWHERE: &str = "leads nowhere";

fn follow(revision: &str, path: &str) -> Result<Found, Failure> {
    let mut command = Command::new("git");
    command.args(["cat-file", "--batch-check", "--follow-symlinks"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| no_git(&error))?;
    if let Some(mut stdin) = child.stdin.take() {
        // Outside of a repository git does not read it.
        _ = writeln!(stdin, "{revision}:{path}");
    }
    let said = text(&child.wait_with_output().map_err(|error| no_git(&error))?);
    let words: Vec<&str> = said.lines().next().unwrap_or_default().split(' ').collect();
    Ok(match *words {
        [id, kind @ ("blob" | "tree"), _] => Found::Object(Object { id: id.to_owned(), is_tree: kind == "tree" }),
        ["symlink", _] => Found::Lost("leads out of the revision"),
        ["dangling" | "loop", _] => Found::Lost(NOWHERE),
        _ => Found::Nothing,
    })
}

fn lost(name: &str, path: &str, why: &str) -> Failure {
    let hint = "put the file itself there, or compare with a checkout: `git worktree add FOLDER REV`";
    Failure::trouble(format!("{name}: `{path}` is a link that {why}"), hint)
}

/// Finds the folder or file; `at` is its path from the root.
fn find(name: &str, revision: &str, path: &str, at: &str) -> Result<Object, Failure> {
    match follow(revision, at)? {
        Found::Object(object) => return Ok(object),
        Found::Lost(why) => return Err(lost(name, at, why)),
        Found::Nothing => {}
    }
    // Git knows more ways to name a file, such as `:PATH` of what is staged.
    let object = git(["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}:{path}")])?;
    if object.status.success() {
        let id = text(&object);
        let is_tree = text(&git(["cat-file", "-t", &id])?) == "tree";
        return Ok(Object { id, is_tree });
    }
    let repository = git(["rev-parse", "--git-dir"])?;
    if !repository.status.success() {
        let said = String::from_utf8_lossy(&repository.stderr);
        let said = said.lines().next().unwrap_or_default();
        let message = format!(
            "{name}: expected a folder, a file or a git revision; found no such file, and the current folder is not \
             in a git repository ({said})"
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

/// A revision whose folders are written to the temporary folder.
struct Tree<'a> {
    /// The argument of `diff`.
    name: &'a str,
    revision: &'a str,
}

impl Tree<'_> {
    /// Writes the YAML files of the tree at this path. `above` are the trees that contain it, by way of links.
    fn write(&self, tree: &str, at: &str, folder: &Path, above: &mut Vec<String>) -> Result<(), Failure> {
        fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
        above.push(tree.to_owned());
        let listing = git(["ls-tree", "-r", "-z", "--full-tree", tree])?;
        for entry in listing.stdout.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
            // `100644 blob 3b18e5… <tab>actions/account.yaml`
            let entry = String::from_utf8_lossy(entry);
            let Some((about, path)) = entry.split_once('\t') else { continue };
            let [mode, "blob", object] = *about.split(' ').collect::<Vec<_>>() else { continue };
            let plain = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
            match mode {
                _ if !plain => {}
                "120000" => self.link(path, at, folder, above)?,
                _ if is_yaml(path) => write(&folder.join(path), &git(["cat-file", "blob", object])?)?,
                _ => {}
            }
        }
        above.pop();
        Ok(())
    }

    /// Writes the target of a link, as a checkout would show it.
    fn link(&self, path: &str, at: &str, folder: &Path, above: &mut Vec<String>) -> Result<(), Failure> {
        let full = if at.is_empty() { path.to_owned() } else { format!("{at}/{path}") };
        let to = folder.join(path);
        // Any other file does not belong to a schema.
        let matters = is_yaml(path) || Path::new(path).extension().is_none();
        match follow(self.revision, &full)? {
            Found::Object(Object { id, is_tree: true }) if above.contains(&id) => {
                Err(lost(self.name, &full, "leads back to a folder that it stands in"))
            }
            Found::Object(Object { id, is_tree: true }) => self.write(&id, &full, &to, above),
            Found::Object(Object { id, .. }) if is_yaml(path) => write(&to, &git(["cat-file", "blob", &id])?),
            Found::Lost(why) if matters => Err(lost(self.name, &full, why)),
            Found::Nothing if matters => Err(lost(self.name, &full, NOWHERE)),
            _ => Ok(()),
        }
    }
}

fn is_yaml(path: &str) -> bool {
    let extension = Path::new(path).extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| ["yaml", "yml"].iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

fn write(path: &Path, blob: &Output) -> Result<(), Failure> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).and_then(|()| fs::write(path, &blob.stdout)).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::io(path, "cannot be written", error, "free some space, or set TMPDIR")
}

fn git<const N: usize>(arguments: [&str; N]) -> Result<Output, Failure> {
    Command::new("git").args(arguments).output().map_err(|error| no_git(&error))
}

fn no_git(error: &std::io::Error) -> Failure {
    Failure::trouble(format!("git cannot be run: {error}"), "install git, or name two schema folders")
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}
