//! The generator on the real schema: read, resolve and emit.
//!
//! `CQHTTP_BENCH_SCHEMA` names another schema, a folder or a file.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::time::Duration;
use std::{env, hint};

use criterion::Criterion;

/// What to generate from unless the environment names something else; cargo runs benches in the package's folder.
const SCHEMA: &str = "schema";

fn main() {
    let schema = env::var("CQHTTP_BENCH_SCHEMA").unwrap_or_else(|_| SCHEMA.to_owned());
    let generated = cqhttp_codegen::generate(&schema).expect("the schema has no faults");
    let actions = generated.api.lines().count();
    let bytes: usize = generated.files.iter().map(|file| file.text.len()).sum();
    println!("{actions} actions, {} files, {} KiB of Rust", generated.files.len(), bytes / 1024);

    let mut criterion = Criterion::default().measurement_time(Duration::from_secs(10)).configure_from_args();
    criterion.bench_function(&format!("generate/{actions} actions"), |bencher| {
        bencher.iter(|| cqhttp_codegen::generate(hint::black_box(&schema)));
    });
    criterion.final_summary();
}
