//! CQ text → `Message` → text, against a plain reader that splits at `[CQ:` and unescapes with `replace` into owned
//! strings. Both read and write the same texts to the same texts.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::hint::black_box;
use std::time::Instant;

use cqhttp::Message;
use cqhttp_benches::rounds::{Case, measure};

fn main() {
    if let Some(index) = std::env::var(ROW).ok().and_then(|row| row.parse::<usize>().ok()) {
        let (name, text) = ROWS[index];
        return row(name, &text());
    }
    let cases: Vec<Case> = [("1 KB", 1_000), ("100 KB", 100_000)]
        .into_iter()
        .map(|(name, size)| {
            let text = mixed(size);
            assert_eq!(ours(&text), text);
            assert_eq!(plain::write(&plain::read(&text)), text);
            let other = text.clone();
            Case::new(
                name,
                move || drop(black_box(ours(black_box(&text)))),
                move || drop(black_box(plain::write(&plain::read(black_box(&other))))),
            )
        })
        .collect();
    measure("CQ text to a message and back", &cases, false);
    if std::env::args().any(|argument| argument == "--bench") {
        linear();
    }
}

fn ours(text: &str) -> String {
    Message::cq(text).to_cq().expect("it has a form as CQ code")
}

/// Returns a usual mixture of a chat: text, partly escaped, mentions, faces, images and quotations.
fn mixed(size: usize) -> String {
    let pieces = [
        "大家晚上好，今天的会议改到八点。Please bring the notes from last week.",
        "[CQ:at,qq=10086]",
        " 1 &amp; 2 &#91;x&#93;\n",
        "[CQ:face,id=178]",
        "https://example.com/a?b=1&amp;c=2 ",
        "[CQ:image,file=5d41402abc4b2a76b9719d911017c592.image,url=https://example.com/cat.png?x=1&amp;y=2]",
        "好的 ",
        "[CQ:reply,id=-1234500000]",
        "[CQ:share,url=https://example.com/,title=a&#44;b,content=&#91;c&#93;]",
    ];
    let mut text = String::new();
    for piece in pieces.iter().cycle() {
        if text.len() + piece.len() > size {
            return text;
        }
        text.push_str(piece);
    }
    text
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
    ("mixed", || mixed(12_000_000)),
    ("mixed", || mixed(25_000_000)),
    ("mixed", || mixed(50_000_000)),
    ("mixed", || mixed(100_000_000)),
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

/// The plain reader and writer.
mod plain {
    pub(crate) enum Piece {
        Text(String),
        Code(String, Vec<(String, String)>),
    }

    pub(crate) fn read(text: &str) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut parts = text.split("[CQ:");
        if let Some(first) = parts.next().filter(|first| !first.is_empty()) {
            pieces.push(Piece::Text(unescape(first)));
        }
        for part in parts {
            let (code, rest) = part.split_once(']').expect("it is closed");
            let mut fields = code.split(',');
            let kind = fields.next().expect("it has a type").to_owned();
            let data: Vec<(String, String)> = fields
                .map(|field| {
                    let (name, value) = field.split_once('=').expect("it has a value");
                    (name.to_owned(), unescape(&value.replace("&#44;", ",")))
                })
                .collect();
            pieces.push(Piece::Code(kind, data));
            if !rest.is_empty() {
                pieces.push(Piece::Text(unescape(rest)));
            }
        }
        pieces
    }

    pub(crate) fn write(pieces: &[Piece]) -> String {
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(plain) => text += &escape(plain),
                Piece::Code(kind, data) => {
                    text += &format!("[CQ:{kind}");
                    for (name, value) in data {
                        text += &format!(",{name}={}", escape(value).replace(',', "&#44;"));
                    }
                    text += "]";
                }
            }
        }
        text
    }

    fn unescape(text: &str) -> String {
        text.replace("&#91;", "[").replace("&#93;", "]").replace("&amp;", "&")
    }

    fn escape(text: &str) -> String {
        text.replace('&', "&amp;").replace('[', "&#91;").replace(']', "&#93;")
    }
}
