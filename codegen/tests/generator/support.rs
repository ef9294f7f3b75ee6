//! Helpers of several test files.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use cqhttp_codegen::{Diagnostic, Diagnostics, generate};

/// A path below `codegen/tests`.
pub(crate) fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

/// The YAML files of a folder of `codegen/tests`, in order.
pub(crate) fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(here(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

/// Checks the text of each YAML file of a folder against the snapshot beside it: `bad/circle.yaml`, `bad/circle.snap`.
pub(crate) fn assert_snapshots_beside(folder: &str, shown: impl Fn(&Path) -> String) {
    let mut expected = Vec::new();
    let mut faulty = Vec::new();
    for path in yaml_files(folder) {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let text = shown(&path);
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(here(folder));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let check = || settings.bind(|| insta::assert_snapshot!(stem, text));
        // All of them are compared, so that one run shows every difference.
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).is_err() {
            faulty.push(stem.to_owned());
        }
        expected.push(format!("{stem}.snap"));
    }
    assert!(faulty.is_empty(), "these snapshots of `{folder}` differ: {faulty:?}");
    let entries = fs::read_dir(here(folder)).unwrap();
    let mut found: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".snap"))
        .collect();
    found.sort();
    // insta does not notice a snapshot that tests no longer make.
    assert_eq!(found, expected, "a snapshot for each file of `{folder}`, and no other");
}

/// A file's name as text.
pub(crate) fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// A new folder with these files in it, below cargo's folder for tests.
pub(crate) fn folder(name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    for (path, content) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

/// The faults of a schema, which must have some: with paths below `root`, a line each.
pub(crate) fn faults(schema: &Path, root: &Path) -> String {
    let mut text = String::new();
    for diagnostic in refused(schema).iter() {
        writeln!(text, "{}", below(diagnostic, root)).unwrap();
    }
    text
}

/// The same, and under each the line and the column that it means.
pub(crate) fn marked_faults(schema: &Path, root: &Path) -> String {
    marked(&refused(schema), root)
}

pub(crate) fn marked(diagnostics: &Diagnostics, root: &Path) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics.iter() {
        let line = meant_line(diagnostic);
        let mark = " ".repeat(width(&line, diagnostic.column - 1)) + "^";
        writeln!(text, "{}\n    | {line}\n    | {mark}", below(diagnostic, root)).unwrap();
    }
    text
}

fn refused(schema: &Path) -> Diagnostics {
    let Err(diagnostics) = generate(schema) else { panic!("{} has no fault", schema.display()) };
    diagnostics.iter().for_each(assert_in_file);
    diagnostics
}

fn below(diagnostic: &Diagnostic, root: &Path) -> Diagnostic {
    let mut diagnostic = diagnostic.clone();
    diagnostic.file = diagnostic.file.strip_prefix(root).expect("it lies below the root").to_owned();
    diagnostic
}

/// Fails unless the diagnostic is one line of text, and means a place that its file has.
pub(crate) fn assert_in_file(diagnostic: &Diagnostic) {
    assert!(!diagnostic.message.is_empty() && !diagnostic.hint.is_empty(), "{diagnostic}");
    assert_eq!(diagnostic.to_string().lines().count(), 1, "{diagnostic}");
    assert!(diagnostic.line > 0 && diagnostic.column > 0, "{diagnostic}");
    let columns = meant_line(diagnostic).chars().count();
    // A part that is missing at the end of a line is expected behind it.
    assert!(diagnostic.column <= columns + 1, "the line has {columns} columns: {diagnostic}");
}

fn meant_line(diagnostic: &Diagnostic) -> String {
    // A folder, or a file that is not there, has but one place.
    let bytes = fs::read(&diagnostic.file).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.split('\n').count();
    let line = text.split('\n').nth(diagnostic.line - 1);
    line.unwrap_or_else(|| panic!("the file has {lines} lines: {diagnostic}")).trim_end_matches('\r').to_owned()
}

/// The width of the first `count` characters in columns of a terminal.
fn width(line: &str, count: usize) -> usize {
    line.chars().take(count).map(|c| if u32::from(c) >= 0x1100 { 2 } else { 1 }).sum()
}
