//! Generates the API from `schema/`, and tells dependents' build scripts where that is, and of which version.

#![allow(clippy::expect_used, reason = "a build script fails by panicking")]

fn main() {
    match std::env::var_os("CARGO_FEATURE_VENDOR") {
        Some(_) => cqhttp_codegen::build("schema"),
        None => cqhttp_codegen::build_without_vendor("schema"),
    }
    let root = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    println!("cargo::metadata=schema={root}/schema");
    println!("cargo::metadata=version={}", env!("CARGO_PKG_VERSION"));
}
