//! The files of a schema, found and read.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::file::{SourceFile, read_stanzas};
use crate::diagnostic::{Diagnostic, Diagnostics, Faults};
use crate::doc::is_bidirectional;
use crate::model::ALL;
use crate::source_map::SourceMap;

/// A schema as it was read.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) map: SourceMap,
    /// The files with their stanzas, numbered as in the map.
    pub(crate) files: Vec<SourceFile>,
}

/// Reads `path`, a folder with all its YAML files or one file, after the `base` that it adds to, if any. Files of `path`
/// whose bytes are not `wanted` are skipped.
pub(crate) fn read(
    path: &Path,
    base: Option<&Path>,
    wanted: fn(&[u8]) -> bool,
    faults: &mut Faults,
) -> Result<Sources, Diagnostics> {
    let mut sources = Sources::default();
    if let Some(base) = base {
        append(base, false, any, &mut sources, faults)?;
    }
    append(path, base.is_some(), wanted, &mut sources, faults)?;
    Ok(sources)
}

/// Accepts every file.
pub(crate) fn any(_: &[u8]) -> bool {
    true
}

/// Reads the files below `path` whose bytes are `wanted`.
fn append(
    path: &Path,
    extension: bool,
    wanted: fn(&[u8]) -> bool,
    sources: &mut Sources,
    faults: &mut Faults,
) -> Result<(), Diagnostics> {
    let before = faults.len();
    let mut paths = Vec::new();
    let root = if path.is_dir() {
        find_files(path, &mut HashSet::new(), faults, &mut paths).map_err(|error| unreadable(path, &error))?;
        path.to_owned()
    } else {
        paths.push(path.to_owned());
        path.parent().map(Path::to_owned).unwrap_or_default()
    };
    if paths.is_empty() && faults.len() == before {
        return Err(Diagnostics::whole(
            path,
            "there is no YAML file in this folder",
            "name the folder that holds the schema",
        ));
    }
    paths.sort();
    for path in paths {
        let file = fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
        if !file.is_file() {
            // To read a pipe would wait for its writer, and to read a device might never end.
            add_whole(&path, "this is not a file", "write a file of this name, or remove it", faults);
            continue;
        }
        let bytes = fs::read(&path).map_err(|error| unreadable(&path, &error))?;
        if !wanted(&bytes) {
            continue;
        }
        let stem = path.strip_prefix(&root).unwrap_or(&path).with_extension("");
        check_characters(&path, &stem, faults);
        let stem = stem.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        check_name(&path, &stem, extension, faults);
        let number = sources.map.add(path, &bytes);
        let mut file = SourceFile::new(stem, extension);
        read_stanzas(number, &mut file, &bytes, &sources.map, faults);
        sources.files.push(file);
    }
    Ok(())
}

/// Reports a file named like the generated `all.event.rs`, which stands for all files; an extension has no such file.
fn check_name(path: &Path, stem: &str, extension: bool, faults: &mut Faults) {
    // On a file system that ignores case, `All.yaml` would be written to the same file.
    if !extension && stem.eq_ignore_ascii_case(ALL) {
        let message = format!(
            "a schema file cannot be `{ALL}.yaml`: what all files become together is `{ALL}.event.rs` and the like"
        );
        add_whole(path, &message, "choose another name for the file", faults);
    }
}

/// Reports a file whose name, with the folders below the schema's own, cannot stand in the comments of generated code.
fn check_characters(path: &Path, stem: &Path, faults: &mut Faults) {
    let unfit = |c: char| c.is_control() || is_bidirectional(c) || matches!(c, '`' | '\u{2028}' | '\u{2029}');
    let message = match stem.to_str() {
        None => "the name of this file is not UTF-8".to_owned(),
        Some(name) => match name.chars().find(|c| unfit(*c)) {
            None => return,
            Some('`') => "the name of this file holds a backtick".to_owned(),
            Some(c) => format!("the name of this file holds the invisible character U+{:04X}", u32::from(c)),
        },
    };
    add_whole(path, &message, "rename it", faults);
}

/// Adds a fault that concerns a whole file.
fn add_whole(path: &Path, message: &str, hint: &str, faults: &mut Faults) {
    let (message, hint) = (message.to_owned(), hint.to_owned());
    faults.add_located(Diagnostic { file: path.to_owned(), line: 1, column: 1, message, hint });
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostics {
    Diagnostics::whole(path, format!("cannot be read: {error}"), "name a schema folder or a YAML file")
}

/// Collects every YAML file below a folder. Links are followed; a folder is `read` once, so that links in a circle end.
/// Hidden files are skipped: editors and systems create them beside others.
fn find_files(
    folder: &Path,
    read: &mut HashSet<PathBuf>,
    faults: &mut Faults,
    found: &mut Vec<PathBuf>,
) -> std::io::Result<()> {
    if !read.insert(fs::canonicalize(folder)?) {
        return Ok(());
    }
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.retain(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    // If a folder has two names, the same one counts on any machine.
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            find_files(&path, read, faults, found)?;
        } else if extension == Some("yaml") {
            found.push(path);
        } else if extension.is_some_and(|other| other.eq_ignore_ascii_case("yml") || other.eq_ignore_ascii_case("yaml"))
        {
            add_whole(&path, "this file would not be read", "schema files end in `.yaml`: rename it", faults);
        }
    }
    Ok(())
}
