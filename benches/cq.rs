//! CQ codes: reading a text into a `Message`, printing it, and walking through the parts of a text, each against a plain
//! reader and printer of owned strings, for texts without codes, with few and with many. Both sides read the texts to
//! the same segments and print the same codes, `Message` with the fields in the order of the schema.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::hint::black_box;
use std::time::Instant;

use cqhttp::{CqPart, Message};
use cqhttp_benches::by_hand::cq;
use cqhttp_benches::rounds::{Case, measure};

fn main() {
    if let Some(index) = std::env::var(ROW).ok().and_then(|row| row.parse::<usize>().ok()) {
        let (name, text) = ROWS[index];
        return row(name, &text());
    }
    let texts = texts();
    for (_, text) in &texts {
        let message = Message::cq(text);
        assert_eq!(Message::cq(write(&message)), message);
        assert_eq!(write(&message).len(), text.len(), "the fields of a code may have another order");
        assert_eq!(&cq::print(&cq::read(text)), text);
        assert_eq!(walk(text), cq::read(text).iter().map(|segment| segment.data.len()).sum::<usize>());
    }
    for (title, case) in [
        ("CQ text to a message", reading as fn(&str, &str) -> Case),
        ("a message to CQ text", printing),
        ("the parts of a CQ text, against reading it by hand", walking),
    ] {
        measure(title, &texts.iter().map(|(name, text)| case(name, text)).collect::<Vec<_>>(), true);
    }
    if std::env::args().any(|argument| argument == "--bench") {
        linear();
    }
}

fn texts() -> Vec<(&'static str, String)> {
    let sentence = "大家晚上好，今天的会议改到八点。Please bring the notes from last week, and a pen. ";
    let few = "[CQ:reply,id=-1234500000][CQ:at,qq=10086] 大家晚上好，今天的会议改到八点。[CQ:face,id=178]";
    vec![
        ("no code, a short text", "大家晚上好，今天的会议改到八点。".into()),
        ("no code, 1 KB", sentence.repeat(10)),
        (
            "no code, 1 KB, 2 in 100 characters escaped",
            "a &amp; b, see &#91;1&#93; and the list below, twelve lines of it. ".repeat(16),
        ),
        ("few codes, a short text", few.into()),
        ("few codes, 1 KB", format!("{few}{}", sentence.repeat(9))),
        ("many codes, a short text", "[CQ:face,id=1]".repeat(5)),
        ("many codes, 1 KB", cq::mixed(1_000)),
        ("many codes, 100 KB", cq::mixed(100_000)),
    ]
}

fn reading(name: &str, text: &str) -> Case {
    let (ours, other) = (text.to_owned(), text.to_owned());
    Case::new(
        name,
        move || drop(black_box(Message::cq(black_box(&ours)))),
        move || drop(black_box(cq::read(black_box(&other)))),
    )
}

fn printing(name: &str, text: &str) -> Case {
    let (ours, other) = (Message::cq(text), cq::read(text));
    Case::new(
        name,
        move || drop(black_box(write(black_box(&ours)))),
        move || drop(black_box(cq::print(black_box(&other)))),
    )
}

fn walking(name: &str, text: &str) -> Case {
    let (ours, other) = (text.to_owned(), text.to_owned());
    Case::new(name, move || _ = black_box(walk(black_box(&ours))), move || drop(black_box(cq::read(black_box(&other)))))
}

fn write(message: &Message) -> String {
    message.to_cq().expect("it has a form as CQ code")
}

/// Reads each part and each value; returns their number.
fn walk(text: &str) -> usize {
    let fields = Message::cq_parts(text).map(|part| match part {
        CqPart::Text(text) => usize::from(!black_box(text).is_empty()),
        CqPart::Code { fields, .. } => fields.map(black_box).count(),
        _ => 0,
    });
    fields.sum()
}

/// The environment variable that makes this program measure one row of the table below.
const ROW: &str = "CQHTTP_BENCH_ROW";

/// Measures texts that double in size, and a million codes: the time per byte should stay constant. The memory is the
/// growth of the process's resident set by the message, relative to the text; only Linux reports it. Each row runs in a
/// separate process, so that no row reuses the memory of another.
fn linear() {
    println!("\nLong texts: reading and writing\n\n| text | size | time | per byte | memory of the message |");
    println!("|---|---:|---:|---:|---:|");
    let program = std::env::current_exe().expect("it has a path");
    for row in 0..ROWS.len() {
        let status = std::process::Command::new(&program).env(ROW, row.to_string()).status().expect("it runs");
        assert!(status.success());
    }
}

type Text = fn() -> String;

const ROWS: [(&str, Text); 7] = [
    ("mixed", || cq::mixed(12_000_000)),
    ("mixed", || cq::mixed(25_000_000)),
    ("mixed", || cq::mixed(50_000_000)),
    ("mixed", || cq::mixed(100_000_000)),
    ("a million codes", || "[CQ:face,id=1]".repeat(1_000_000)),
    ("a million openings that are not CQ codes", || "[CQ:a,b]".repeat(1_000_000)),
    ("a million brackets", || "[".repeat(1_000_000)),
];

fn row(name: &str, text: &str) {
    let before = resident();
    let begun = Instant::now();
    let message = black_box(Message::cq(text));
    let reading = begun.elapsed();
    let memory = resident().zip(before).map(|(after, before)| (after - before) / text.len() as f64);
    let memory = memory.map_or_else(|| "unknown".into(), |times| format!("{times:.1} times the text"));
    let begun = Instant::now();
    drop(black_box(message.to_cq().expect("it has a form as CQ code")));
    let elapsed = reading + begun.elapsed();
    let per_byte = elapsed.as_secs_f64() * 1e9 / text.len() as f64;
    let (size, time) = (text.len() as f64 / 1e6, elapsed.as_secs_f64() * 1e3);
    println!("| {name} | {size:.1} MB | {time:.0} ms | {per_byte:.1} ns | {memory} |");
}

/// Returns the process's resident memory in bytes.
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok().map(|kilobytes: f64| kilobytes * 1024.0)
}
