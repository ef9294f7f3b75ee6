//! Generates the API from `schema/`, and tells dependents' build scripts where that is, of which version, and whether it is complete.

#![allow(clippy::expect_used, reason = "a build script fails by panicking")]

fn main() {
    let vendor = std::env::var_os("CARGO_FEATURE_VENDOR").is_some();
    match vendor {
        true => cqhttp_codegen::build("schema"),
        false => cqhttp_codegen::build_without_vendor("schema"),
    }
    let root = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    println!("cargo::metadata=schema={root}/schema");
    println!("cargo::metadata=version={}", env!("CARGO_PKG_VERSION"));
    println!("cargo::metadata=vendor={}", u8::from(vendor));
}
