//! Generates the API from `schema/`, and tells dependents' build scripts where that is, and of which version.

#![allow(clippy::expect_used, reason = "a build script fails by panicking")]

fn main() {
    cqhttp_codegen::build("schema");
    let root = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    println!("cargo::metadata=schema={root}/schema");
    println!("cargo::metadata=version={}", env!("CARGO_PKG_VERSION"));
}
