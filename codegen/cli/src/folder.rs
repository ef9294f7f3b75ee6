//! A folder of generated files: files are replaced whole, and no other file is overwritten.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::failure::{Failure, shown};
use crate::report::Report;

/// A file to write.
#[derive(Debug)]
pub(crate) struct OutputFile {
    /// The path below the folder, with `/`.
    pub(crate) path: String,
    /// The content.
    pub(crate) text: String,
}

/// The marks by which files of an earlier run are recognized.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    /// Returns `true` for the first line of such a file.
    pub(crate) is_head: fn(&str) -> bool,
    /// A file without such a line, and the marked file that always stands beside it.
    pub(crate) unmarked: Option<(&'static str, &'static str)>,
}

/// The prefix of files and folders that are not complete yet.
pub(crate) const UNFINISHED: &str = ".cqhttp-codegen-";

/// The changes that a run made.
#[derive(Debug)]
pub(crate) struct Written {
    /// The number of files that are new or have another text; the others were not touched.
    changed: usize,
    /// Files of an earlier run that were removed.
    removed: Vec<String>,
}

/// Writes the files into `out`, which is created if necessary.
///
/// All files are written to a folder within it first and then moved, so that none is ever incomplete. A file that is
/// up to date is not touched, so that nothing is compiled again for it.
pub(crate) fn write(out: &Path, files: &[OutputFile], marks: Marks) -> Result<Written, Failure> {
    let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && folder.symlink_metadata().is_err();
    let made: Vec<&Path> = out.ancestors().take_while(is_new).collect();
    let leftovers = if made.is_empty() { former(out, marks)? } else { BTreeSet::new() };
    let result = fs::create_dir_all(out).and_then(|()| replace(out, files, leftovers));
    result.map_err(|error| {
        for folder in made {
            // Only an empty folder is removed.
            _ = fs::remove_dir(folder);
        }
        Failure::io(out, "cannot be written", &error, "name a folder that can be written to")
    })
}

/// Returns the files that an earlier run left in a folder, relative to it, or a failure if it holds anything else.
fn former(out: &Path, marks: Marks) -> Result<BTreeSet<PathBuf>, Failure> {
    const HINT: &str = "name a new folder, an empty one, or one that this command has written before";
    let unreadable = |error: io::Error| Failure::io(out, "cannot be read", &error, HINT);
    let metadata = fs::metadata(out).map_err(unreadable)?;
    if !metadata.is_dir() {
        return Err(Failure::trouble(format!("{}: expected a folder, found a file", shown(out)), HINT));
    }
    if metadata.permissions().readonly() {
        let message = format!("{}: expected a folder that can be written to, found a read-only one", shown(out));
        return Err(Failure::trouble(message, "name another folder, or change its rights"));
    }
    let mut found = BTreeSet::new();
    collect(out, Path::new(""), &mut found).map_err(unreadable)?;
    match found.iter().find(|path| !is_generated(out, path, marks)) {
        None => Ok(found),
        Some(other) => {
            let message = format!(
                "{}: expected a folder with nothing in it but generated files, found `{}`",
                shown(out),
                shown(other)
            );
            Err(Failure::trouble(message, HINT))
        }
    }
}

/// Collects every file below `folder`, and every empty folder: this command leaves none behind.
fn collect(root: &Path, folder: &Path, found: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        let unfinished = folder == Path::new("") && entry.file_name().to_string_lossy().starts_with(UNFINISHED);
        if unfinished && entry.file_type()?.is_dir() {
            // Left by a run that was killed.
            fs::remove_dir_all(entry.path())?;
        } else if entry.file_type()?.is_dir() {
            let before = found.len();
            collect(root, &path, found)?;
            if found.len() == before {
                found.insert(path);
            }
        } else {
            found.insert(path);
        }
    }
    Ok(())
}

fn is_generated(root: &Path, path: &Path, marks: Marks) -> bool {
    let is_marked = |path: &Path| {
        let mut line = String::new();
        let is_file = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
        is_file
            && fs::File::open(path).and_then(|file| BufReader::new(file).read_line(&mut line)).is_ok()
            && (marks.is_head)(line.trim_end())
    };
    match marks.unmarked {
        Some((unmarked, beside)) if path == Path::new(unmarked) => is_marked(&root.join(beside)),
        _ => is_marked(&root.join(path)),
    }
}

fn replace(out: &Path, files: &[OutputFile], mut leftovers: BTreeSet<PathBuf>) -> io::Result<Written> {
    let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(out)?;
    let mut moves = Vec::new();
    for file in files {
        leftovers.remove(Path::new(&file.path));
        let path = out.join(&file.path);
        if fs::read(&path).ok().as_deref() == Some(file.text.as_bytes()) {
            continue;
        }
        let whole = unfinished.path().join(moves.len().to_string());
        fs::write(&whole, &file.text)?;
        moves.push((whole, path));
    }
    for (whole, path) in &moves {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::rename(whole, path)?;
    }
    for path in &leftovers {
        fs::remove_file(out.join(path))?;
        // Folders that are empty now are removed, too; the others stay.
        for folder in path.ancestors().skip(1).take_while(|folder| *folder != Path::new("")) {
            _ = fs::remove_dir(out.join(folder));
        }
    }
    Ok(Written { changed: moves.len(), removed: leftovers.iter().map(|path| shown(path)).collect() })
}

#[derive(Serialize)]
struct FolderJson {
    out: String,
    files: Vec<String>,
    changed: usize,
    removed: Vec<String>,
}

impl Written {
    /// Reports as `64 files in out: 2 written, 1 removed`.
    pub(crate) fn report(self, out: &Path, files: Vec<OutputFile>) -> Result<Report, Failure> {
        let Self { changed, removed } = self;
        let (out, count) = (shown(out), files.len());
        let gone = if removed.is_empty() { String::new() } else { format!(", {} removed", removed.len()) };
        let text = format!("{count} files in {out}: {changed} written{gone}\n");
        let files = files.into_iter().map(|file| file.path).collect();
        Report::new(text, &FolderJson { out, files, changed, removed })
    }
}
