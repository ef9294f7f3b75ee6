//! A folder of generated files: written whole or not at all, and never over what is not generated.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Failure, Report, shown};
use crate::GeneratedFile;

/// What the files are known by when they are written again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    /// Whether this is the first line of such a file.
    pub(super) is_head: fn(&str) -> bool,
    /// A file that has no such line, and the one that has it and always stands beside.
    pub(super) unmarked: Option<(&'static str, &'static str)>,
}

/// How that begins which a file, or the folder of several, is called until all are written.
pub(super) const UNFINISHED: &str = ".cqhttp-codegen-";

/// What writing changed.
#[derive(Debug)]
pub(super) struct Written {
    /// How many files are new or have another text; the others were not touched.
    pub(super) changed: usize,
    /// Files of an earlier run that are no more.
    pub(super) removed: Vec<String>,
}

/// Writes the files into `out`, which is made if need be.
///
/// All are written to a folder within it first and then moved, so that none is ever there by half. A file that is
/// already as it should be is left alone, so that nothing is compiled again for it.
pub(super) fn write(out: &Path, files: &[GeneratedFile], marks: Marks) -> Result<Written, Failure> {
    let is_new = |folder: &&Path| !folder.as_os_str().is_empty() && folder.symlink_metadata().is_err();
    let made: Vec<&Path> = out.ancestors().take_while(is_new).collect();
    let leftovers = if made.is_empty() { former(out, marks)? } else { BTreeSet::new() };
    let result = fs::create_dir_all(out).and_then(|()| replace(out, files, leftovers));
    result.map_err(|error| {
        for folder in made {
            // It goes only if nothing is in it.
            _ = fs::remove_dir(folder);
        }
        Failure::io(out, "cannot be written", &error, "name a folder that can be written to")
    })
}

/// The files that an earlier run left in a folder, relative to it; a failure where it holds anything else.
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

/// Every file below `folder`, an empty folder too: what is not a file is somebody's all the same.
fn collect(root: &Path, folder: &Path, found: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        let unfinished = folder == Path::new("") && entry.file_name().to_string_lossy().starts_with(UNFINISHED);
        if unfinished && entry.file_type()?.is_dir() {
            // A run that was killed left it.
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

fn replace(out: &Path, files: &[GeneratedFile], mut leftovers: BTreeSet<PathBuf>) -> io::Result<Written> {
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
        // Folders in which nothing is left go, too; the others stay.
        for folder in path.ancestors().skip(1).take_while(|folder| *folder != Path::new("")) {
            _ = fs::remove_dir(out.join(folder));
        }
    }
    Ok(Written { changed: moves.len(), removed: leftovers.iter().map(|path| shown(path)).collect() })
}

impl Written {
    /// "64 files in out: 2 written, 1 removed".
    pub(super) fn report(self, out: &Path, files: Vec<GeneratedFile>) -> Result<Report, Failure> {
        #[derive(Serialize)]
        struct Json {
            out: String,
            files: Vec<String>,
            changed: usize,
            removed: Vec<String>,
        }
        let Self { changed, removed } = self;
        let (out, count) = (shown(out), files.len());
        let gone = if removed.is_empty() { String::new() } else { format!(", {} removed", removed.len()) };
        let text = format!("{count} files in {out}: {changed} written{gone}\n");
        let files = files.into_iter().map(|file| file.path).collect();
        Report::new(text, &Json { out, files, changed, removed })
    }
}
