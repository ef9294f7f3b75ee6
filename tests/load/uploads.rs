//! A large file, uploaded over connections that are cut on the way, by a process whose memory is measured.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cqhttp::mock::{Dial, Fault, MockServer};
use cqhttp::server::Server;
use cqhttp::{Client, FileSource, UploadSource, connect};
use support::peer::soon;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};

/// The variable that tells the second process how it reaches the server.
const WAY: &str = "CQHTTP_TEST_UPLOAD_WAY";
/// The variables of the server's address and the file.
const URL: &str = "CQHTTP_TEST_UPLOAD_URL";
const FILE: &str = "CQHTTP_TEST_UPLOAD_FILE";
const SIZE: usize = 200_000_000;
/// The chunks of the file, by the default size of a chunk.
const CHUNKS: u64 = SIZE.div_ceil(256 << 10) as u64;
const CUTS: u64 = 10;
const MAX_MEMORY_KIB: usize = 16 << 10;
const FIRST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_millis(50);

/// A line of `/proc/self/status` in KiB; 0 where the system does not tell.
fn status(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

/// Writes a file whose chunks differ.
fn write_file(path: &Path) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let mut state = 1_u64;
    for _ in 0..SIZE / 8 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        file.write_all(&state.to_le_bytes()).unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
}

fn assert_same_file(one: &Path, other: &Path) {
    let (mut one, mut other) = (std::fs::File::open(one).unwrap(), std::fs::File::open(other).unwrap());
    let (mut a, mut b) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let read = one.read(&mut a).unwrap();
        other.read_exact(&mut b[..read]).unwrap();
        assert!(a[..read] == b[..read]);
        if read == 0 {
            return assert_eq!(other.read(&mut b).unwrap(), 0);
        }
    }
}

/// The second process: uploads the file.
async fn upload(way: String) {
    let (url, file) = (std::env::var(URL).unwrap(), PathBuf::from(std::env::var(FILE).unwrap()));
    let client = match &*way {
        "http" => Client::builder(url).build().unwrap(),
        "websocket" => connect(url).backoff(FIRST, LONGEST).await.unwrap().0,
        _ => {
            let bot = Box::leak(Box::new(Server::bind("127.0.0.1:0").await.unwrap()));
            println!("port {}", bot.local_addr().unwrap().port());
            soon(bot.bots().wait_for(10010)).await.unwrap()
        }
    };
    // What the process takes once, such as stacks, is there afterwards.
    FileSource::upload(&client, vec![7; 100_000]).await.unwrap();
    let (before, begun) = (status("VmRSS"), Instant::now());
    let interruptions = Arc::new(AtomicUsize::new(0));
    let noted = interruptions.clone();
    let upload = FileSource::upload(&client, &file).progress(move |at| {
        noted.store(at.interruptions as usize, Ordering::Relaxed);
        assert_eq!(at.restarts, 0);
    });
    let source = upload.await.unwrap();
    let (taken, time) = (status("VmHWM").saturating_sub(before), begun.elapsed());
    let interruptions = interruptions.load(Ordering::Relaxed);
    println!("path {}", UploadSource::from(&source).as_str());
    eprintln!("200 MB up over {way}, interrupted {interruptions} times: {taken} KiB more memory at most, {time:.1?}");
    assert!((1..=CUTS as usize).contains(&interruptions), "{interruptions} interruptions");
    assert!(taken <= MAX_MEMORY_KIB, "{taken} KiB");
}

/// Starts the second process, which runs the same test, and checks what it has uploaded.
async fn in_another_process(way: &str, test: &str) {
    if let Ok(way) = std::env::var(WAY) {
        return upload(way).await;
    }
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("film.mp4");
    write_file(&file);
    let server = MockServer::builder().keep_calls(4).start().await.unwrap();
    let (mut cut, cuts) = (BTreeSet::new(), Arc::new(AtomicUsize::new(0)));
    let count = cuts.clone();
    let mut faults = [Fault::DropBefore, Fault::DropAfter, Fault::HalfAnswer].into_iter().cycle();
    server.faults(move |call| match call.params["chunk_index"].as_u64() {
        Some(index) if index > 0 && index % (CHUNKS / CUTS) == 0 && cut.len() < CUTS as usize && cut.insert(index) => {
            count.fetch_add(1, Ordering::Relaxed);
            faults.next().unwrap()
        }
        _ => Fault::None,
    });
    let url = if way == "http" { server.url() } else { server.ws_url() };
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--ignored"])
        .envs([(WAY, way), (URL, &url)])
        .env(FILE, &file)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Some((_, port)) = line.split_once("port ") {
            server.dial(Dial::to(format!("ws://127.0.0.1:{}", port.trim())).retry(LONGEST));
        }
    }
    assert!(child.wait().await.unwrap().success());
    assert_eq!(cuts.load(Ordering::Relaxed), CUTS as usize);
    let uploads = server.uploads();
    assert_eq!(uploads.len(), 2);
    assert_same_file(&file, &uploads[1].path);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "uploads 200 MB and measures the memory of the process: run by .ci/run"]
async fn over_http_a_large_file_takes_little_memory_and_survives_ten_cuts() {
    in_another_process("http", "uploads::over_http_a_large_file_takes_little_memory_and_survives_ten_cuts").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "uploads 200 MB and measures the memory of the process: run by .ci/run"]
async fn over_a_websocket_a_large_file_takes_little_memory_and_survives_ten_cuts() {
    in_another_process("websocket", "uploads::over_a_websocket_a_large_file_takes_little_memory_and_survives_ten_cuts")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "uploads 200 MB and measures the memory of the process: run by .ci/run"]
async fn over_a_reverse_websocket_a_large_file_takes_little_memory_and_survives_ten_cuts() {
    let test = "uploads::over_a_reverse_websocket_a_large_file_takes_little_memory_and_survives_ten_cuts";
    in_another_process("reverse", test).await;
}
