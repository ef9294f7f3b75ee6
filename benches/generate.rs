//! The generator on the real schema, and on schemas of 1,000, 2,000 and 5,000 actions: each of its commands.
//!
//! `CQHTTP_BENCH_SCHEMA` names a folder or file to use in place of the real schema.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;
use std::{env, fs, hint};

use criterion::{BenchmarkId, Criterion, Throughput};

/// The real schema.
const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema");

/// The sizes of the synthetic schemas, and the number of actions in each of their files, about that of a real file.
const ACTIONS: [usize; 3] = [1_000, 2_000, 5_000];
const ACTIONS_OF_A_FILE: usize = 50;

fn main() {
    let mut criterion = Criterion::default().measurement_time(Duration::from_secs(10)).configure_from_args();
    let schema = env::var("CQHTTP_BENCH_SCHEMA").unwrap_or_else(|_| SCHEMA.to_owned());
    measure(&mut criterion, Path::new(&schema));
    for actions in ACTIONS {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        write_schema(folder.path(), actions);
        measure(&mut criterion, folder.path());
    }
    criterion.final_summary();
}

/// Measures each command. `emit` writes its files; `docs` only makes their text.
fn measure(criterion: &mut Criterion, schema: &Path) {
    let generated = cqhttp_codegen::generate(schema).expect("the schema has no faults");
    let actions = generated.api.lines().count();
    let bytes: usize = generated.files.iter().map(|file| file.text.len()).sum();
    println!("{actions} actions, {} files, {} KiB of Rust", generated.files.len(), bytes / 1024);

    let mut group = criterion.benchmark_group("generate");
    group.sample_size(10).throughput(Throughput::Elements(actions as u64));
    group.bench_with_input(BenchmarkId::new("check", actions), schema, |bencher, schema| {
        bencher.iter(|| cqhttp_codegen::check(hint::black_box(schema)));
    });
    group.bench_with_input(BenchmarkId::new("emit", actions), schema, |bencher, schema| {
        // Every round writes every file.
        bencher.iter_batched(
            || tempfile::tempdir().expect("a temporary folder can be made"),
            |out| {
                let generated = cqhttp_codegen::generate(hint::black_box(schema)).expect("it has no faults");
                generated.write_to(out.path()).expect("the files can be written");
                out
            },
            criterion::BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Writes a schema of `actions` actions, each with parameters, an answer of its own, an enum and an object.
fn write_schema(folder: &Path, actions: usize) {
    let types = "- { kind: id, name: UserId, base: i64, doc: A user's number. }\n\
                 - kind: enum\n  name: RefusalCode\n  base: string\n  doc: Why.\n  values:\n    - { value: DENIED, doc: No. }\n";
    fs::write(folder.join("types.yaml"), types).expect("the schema can be written");
    for (file, first) in (0..actions).step_by(ACTIONS_OF_A_FILE).enumerate() {
        let mut text = String::new();
        for number in first..actions.min(first + ACTIONS_OF_A_FILE) {
            write!(
                text,
                "
- kind: object
  name: Thing{number}
  doc: A thing that an action gets.
  fields:
    - {{ name: user_id, type: UserId, doc: Whose it is. }}
    - {{ name: state, type: State{number}?, doc: What it is like. Some servers leave it out. }}
  example: {{ user_id: 10086, state: new }}
- kind: enum
  name: State{number}
  base: string
  doc: What a thing is like.
  values:
    - {{ value: new, doc: It is new & bright. }}
    - {{ value: old, doc: It is old * dim. }}
- name: get_thing_{number}
  title: 获取第 {number} 件物品
  doc: Gets the things of somebody. A list of them! Some of the servers give more than others.
  origin: onebot11
  effect: read
  params:
    - {{ name: user_id, type: UserId, doc: Whose. }}
    - {{ name: limit, type: u32, default: 20, doc: How many at most. }}
    - {{ name: state, type: State{number}?, doc: What they are to be like. }}
  errors: [DENIED]
  returns:
    - {{ name: things, type: \"Thing{number}[]\", doc: The things. }}
    - {{ name: count, type: i32, doc: How many there are. }}
  example:
    params: {{ user_id: 10086, limit: 20, state: old }}
    returns:
      things: [{{ user_id: 10086, state: new }}]
      count: 1
"
            )
            .expect("text can be written to");
        }
        fs::write(folder.join(format!("file_{file}.yaml")), text).expect("the schema can be written");
    }
}
