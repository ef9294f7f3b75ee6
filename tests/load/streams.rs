//! Answers in parts under load: 200 MB that are cut ten times, a thousand streams at once, a frame of 64 MB.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cqhttp::action::{DownloadFileStream, TestDownloadStream, TestDownloadStreamResponse};
use cqhttp::mock::{Fault, MockServer, StreamFault, StreamedAnswer, With};
use cqhttp::types::{FileComplete, FilePart, TestPart};
use cqhttp::{Client, Error, connect};
use tokio::task::JoinSet;

const MIB: u64 = 1 << 20;

/// The memory of this process in bytes, where the system tells.
fn memory() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(pages.split(' ').nth(1)?.parse::<u64>().ok()? * 4096)
}

/// Writes a file of this size, no block of which is like another.
fn write_file(file: &mut File, mib: u64) {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for _ in 0..mib {
        let block: Vec<u8> = (0..MIB / 8)
            .flat_map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()
            })
            .collect();
        file.write_all(&block).unwrap();
    }
}

fn assert_same(one: &std::path::Path, other: &std::path::Path) {
    let (mut one, mut other) = (File::open(one).unwrap(), File::open(other).unwrap());
    assert_eq!(one.metadata().unwrap().len(), other.metadata().unwrap().len());
    let (mut a, mut b) = (vec![0; MIB as usize], vec![0; MIB as usize]);
    for _ in 0..one.metadata().unwrap().len() / MIB {
        one.read_exact(&mut a).unwrap();
        other.read_exact(&mut b).unwrap();
        assert!(a == b, "the content differs");
    }
}

/// Saves a file, and returns by how much the memory grew at most, in bytes.
async fn save(client: &Client, from: &std::path::Path, to: &std::path::Path) -> u64 {
    let before = memory().unwrap_or_default();
    let most = Arc::new(AtomicU64::new(before));
    let (noted, mut pieces) = (most.clone(), 0_u64);
    let begun = Instant::now();
    let save = client.save_file(from.to_str().unwrap()).on_progress(move |_| {
        pieces += 1;
        if pieces.is_multiple_of(16) {
            noted.fetch_max(memory().unwrap_or_default(), Ordering::Relaxed);
        }
    });
    let saved = save.to(to).await.unwrap();
    let grown = most.load(Ordering::Relaxed) - before;
    println!("{} MiB in {:?}, {} KiB of memory", saved.size / MIB, begun.elapsed(), grown >> 10);
    grown
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes about a minute: run by .ci/run"]
async fn a_file_of_200_mb_that_is_cut_ten_times_is_saved_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    write_file(&mut File::create(&from).unwrap(), 200);
    let small = folder.path().join("small");
    write_file(&mut File::create(&small).unwrap(), 20);
    for over_http in [false, true] {
        let server = MockServer::start().await.unwrap();
        server.world(|_| ());
        let (client, _events) = if over_http {
            (Client::builder(server.url()).build().unwrap(), None)
        } else {
            let backoff = Duration::from_millis(20);
            let (client, events) = connect(server.ws_url()).backoff(backoff, backoff).await.unwrap();
            (client, Some(events))
        };
        save(&client, &small, &to).await;
        let cuts = (1..=10).map(|n| Fault::Stream(StreamFault::Cut(n * 40)));
        server.faults(Fault::script(cuts));
        let grown = save(&client, &from, &to).await;
        assert!(server.calls().len() >= 12, "{}", server.calls().len());
        assert_same(&from, &to);
        assert!(grown <= 16 * MIB, "{grown}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "no temporary file is left");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a few seconds: run by .ci/run"]
async fn a_thousand_streams_on_one_connection_each_get_their_own_parts() {
    let server = MockServer::start().await.unwrap();
    server.on_stream::<DownloadFileStream>(|request| {
        let file = request.file.unwrap();
        let parts = (0..20).map(move |n| {
            FilePart::example().with(|part| (part.index, part.file_name) = (Some(n), Some(file.clone())))
        });
        Ok(StreamedAnswer::new(parts, FileComplete::example()))
    });
    let (client, _events) = connect(server.ws_url()).no_timeout().await.unwrap();
    let begun = Instant::now();
    let mut streams = JoinSet::new();
    for number in 0..1000 {
        let mut parts = client.download_file_stream().file(number.to_string()).stream();
        streams.spawn(async move {
            for index in 0..20 {
                let part = parts.next().await.unwrap().unwrap();
                assert_eq!((part.index, part.file_name), (Some(index), Some(number.to_string())));
            }
            parts.finish().await.unwrap();
        });
    }
    while let Some(stream) = streams.join_next().await {
        stream.unwrap();
    }
    println!("1000 streams of 20 parts in {:?}", begun.elapsed());
}

/// Streams that are dropped after their first part leave nothing behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a few seconds: run by .ci/run"]
async fn ten_thousand_streams_that_are_dropped_take_no_memory() {
    let server = MockServer::start().await.unwrap();
    server.faults(|_| Fault::Stream(StreamFault::Silent(2)));
    server.on_stream::<TestDownloadStream>(|_| {
        let part = TestPart::example().with(|part| part.data = Some("x".repeat(2000)));
        Ok(StreamedAnswer::new(std::iter::repeat_n(part, 3), TestDownloadStreamResponse::example()))
    });
    let (client, _events) = connect(server.ws_url()).await.unwrap();
    let drop_some = async |count| {
        for _ in 0..count {
            client.test_download_stream().stream().next().await.unwrap().unwrap();
        }
    };
    drop_some(2000).await;
    let before = memory().unwrap_or_default();
    drop_some(10_000).await;
    let grown = memory().unwrap_or_default().saturating_sub(before);
    println!("10,000 dropped streams: {} KiB of memory", grown >> 10);
    assert!(grown < 8 * MIB, "{grown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a few seconds: run by .ci/run"]
async fn a_part_of_64_mb_is_too_long() {
    let server = MockServer::start().await.unwrap();
    server.on_stream::<TestDownloadStream>(|_| {
        let part = TestPart::example();
        let long = part.clone().with(|part| part.data = Some("x".repeat(64 << 20)));
        Ok(StreamedAnswer::new([part, long], TestDownloadStreamResponse::example()))
    });
    let http = Client::builder(server.url()).build().unwrap();
    let (websocket, _events) = connect(server.ws_url()).await.unwrap();
    for client in [http, websocket] {
        let mut parts = client.test_download_stream().stream();
        parts.next().await.unwrap().unwrap();
        let error = parts.next().await.unwrap().unwrap_err();
        assert!(matches!(&error, Error::OutcomeUnknown(_)), "{error:?}");
        println!("{}", error.report());
    }
}
