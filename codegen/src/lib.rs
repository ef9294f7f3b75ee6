#![doc = include_str!("../README.md")]

mod diagnostic;
mod doc;
mod emit;
mod extension;
#[doc(hidden)]
mod facts;
#[doc(hidden)]
mod model;
#[doc(hidden)]
mod name;
mod resolve;
mod source;
mod source_map;
#[doc(hidden)]
pub mod tooling;
#[doc(hidden)]
mod ty;
mod vendor;
#[doc(hidden)]
mod yaml;

use std::path::{Path, PathBuf};
use std::{env, fmt, fs, io, process};

pub use diagnostic::{Diagnostic, Diagnostics};
pub use emit::{Generated, GeneratedFile, IndexFault};

use diagnostic::Faults;

/// Generates the Rust of a schema: a folder with YAML files, or one file.
///
/// # Errors
///
/// Every fault of the schema, each with file, line and column.
pub fn generate(schema: impl AsRef<Path>) -> Result<Generated, Diagnostics> {
    read(schema.as_ref()).map(|api| emit::emit(&api))
}

/// Generates the Rust of a schema without the actions that neither OneBot v11 nor go-cqhttp has, and without the types that only
/// these actions use: for the crate `cqhttp` without its feature `vendor`. The index of actions lists all of them.
///
/// # Errors
///
/// The errors of [`generate`].
pub fn generate_without_vendor(schema: impl AsRef<Path>) -> Result<Generated, Diagnostics> {
    read(schema.as_ref()).map(emit::emit_without_vendor)
}

/// Applies every rule to a schema, and generates nothing.
///
/// # Errors
///
/// The errors of [`generate`].
pub fn check(schema: impl AsRef<Path>) -> Result<(), Diagnostics> {
    read(schema.as_ref()).map(drop)
}

fn read(schema: &Path) -> Result<model::Api, Diagnostics> {
    let mut faults = Faults::default();
    let sources = source::read(schema, None, source::any, &mut faults)?;
    let api = resolve::resolve(&sources.files, &mut faults);
    faults.into_result(&sources.map)?;
    Ok(api)
}

/// Generates the Rust of a schema that adds actions and types to those of `cqhttp`, for another crate. `base` is the
/// schema of `cqhttp`: its types are known by name, and its names are taken.
///
/// # Errors
///
/// Every fault of the schema, each with file, line and column; or that `base` is not a schema of the `cqhttp` of this
/// version.
pub fn generate_extension(schema: impl AsRef<Path>, base: impl AsRef<Path>) -> Result<Generated, Diagnostics> {
    extension_of(schema.as_ref(), base.as_ref(), true)
}

/// Generates an extension; `vendor` tells whether `cqhttp` has its feature of that name.
fn extension_of(schema: &Path, base: &Path, vendor: bool) -> Result<Generated, Diagnostics> {
    let mut faults = Faults::default();
    let sources = source::read(schema, Some(base), source::any, &mut faults)?;
    let api = resolve::resolve(&sources.files, &mut faults);
    if !vendor {
        resolve::check_uses(&sources.files, &api, &mut faults);
    }
    faults.into_result(&sources.map).map_err(|diagnostics| extension::own_or_of_base(diagnostics, base))?;
    Ok(emit::emit(&api))
}

/// Generates `schema` into `OUT_DIR`, and fails the build with its faults: the whole build script of `cqhttp`.
///
/// The generated `generated.rs` joins the other files: `include!(concat!(env!("OUT_DIR"), "/generated.rs"));`.
pub fn build(schema: impl AsRef<Path>) {
    if extension::depends_on_cqhttp() {
        fail(["this crate depends on `cqhttp`: its build script calls `cqhttp_codegen::extend`"]);
    }
    write_or_fail(schema.as_ref(), |schema| generate(schema));
}

/// Does the same as [`build`] for the crate `cqhttp` without its feature `vendor`: see [`generate_without_vendor`].
pub fn build_without_vendor(schema: impl AsRef<Path>) {
    write_or_fail(schema.as_ref(), |schema| generate_without_vendor(schema));
}

/// Generates `schema`, which adds actions and types to those of
/// `cqhttp`, and fails the build with its faults: the whole build script of another crate. In the crate,
/// `cqhttp::include_actions!();` includes the generated code.
///
/// The crate must have `cqhttp` among its `[dependencies]`, of the same minor version as this crate: its build script hands on the
/// types of the base come from.
pub fn extend(schema: impl AsRef<Path>) {
    let base = extension::base().unwrap_or_else(|fault| fail([fault]));
    // Cargo runs the script again when another `cqhttp` is built, but not when a file of a `cqhttp` on this disk changes.
    println!("cargo::rerun-if-changed={}", base.display());
    let vendor = extension::has_vendor();
    write_or_fail(schema.as_ref(), |schema| extension_of(schema, &base, vendor));
}

fn write_or_fail(schema: &Path, generate: impl FnOnce(&Path) -> Result<Generated, Diagnostics>) {
    println!("cargo::rerun-if-changed={}", schema.display());
    let Some(out) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        fail(["OUT_DIR is not set; call this from a build script"]);
    };
    let generated = generate(schema).unwrap_or_else(|diagnostics| fail(diagnostics.iter()));
    if let Err(error) = generated.write_to(&out) {
        fail([format!("the generated files cannot be written to {}: {error}", out.display())]);
    }
}

/// Ends the build with these errors.
fn fail<E: fmt::Display>(errors: impl IntoIterator<Item = E>) -> ! {
    errors.into_iter().for_each(|error| println!("cargo::error={error}"));
    process::exit(1);
}

impl Generated {
    /// Writes the files below `folder`, which is made if need be. A file that is already as it should be is left alone,
    /// so that nothing is compiled again for it.
    ///
    /// # Errors
    ///
    /// The error of the file system.
    pub fn write_to(&self, folder: &Path) -> io::Result<()> {
        for file in &self.files {
            let path = folder.join(&file.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            if fs::read(&path).ok().as_deref() != Some(file.text.as_bytes()) {
                fs::write(&path, &file.text)?;
            }
        }
        Ok(())
    }
}
