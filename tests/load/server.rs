//! A server under those who only hold connections open.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use cqhttp::Client;
use cqhttp::mock::{self, Dial};
use cqhttp::server::Server;
use support::peer::soon;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Longer than any of these tests takes: nothing here ends by a timeout.
const AN_HOUR: Duration = Duration::from_secs(3600);

/// The bytes that a connection sends before it sends nothing more.
const BEGINNINGS: [&str; 4] = [
    "",
    "GET / HTTP/1.1\r\nHost: b",
    "GET / HTTP/1.1\r\nHost: bot\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nX-Self-ID: 1\r\n",
    "POST / HTTP/1.1\r\nHost: bot\r\nX-Self-ID: 1\r\nX-Signature: sha1=00\r\nContent-Length: 1000\r\n\r\n{\"post_type\":",
];

async fn hold_open(address: SocketAddr, number: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(BEGINNINGS[number % BEGINNINGS.len()].as_bytes()).await.unwrap();
    stream
}

/// Whether the server has ended it.
fn is_over(stream: &TcpStream) -> bool {
    !matches!(stream.try_read(&mut [0; 1]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

async fn until_over(stream: &TcpStream) {
    while !is_over(stream) {
        stream.readable().await.unwrap();
    }
}

async fn account(server: &Server, id: i64) -> (mock::MockServer, Client) {
    let account = mock::MockServer::builder().self_id(id).start().await.unwrap();
    let url = format!("ws://{}", server.local_addr().unwrap());
    soon(account.dial_once(Dial::to(url).access_token("sesame"))).await.unwrap();
    let client = soon(server.bots().wait_for(id)).await.unwrap();
    (account, client)
}

/// The memory of this process in KiB; 0 where the system does not tell.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}

fn server() -> cqhttp::server::ServerBuilder<String> {
    Server::bind("127.0.0.1:0").access_token("sesame").webhook_secret("a secret").handshake_timeout(AN_HOUR)
}

/// One after the other: memory is measured before others have used it.
#[tokio::test]
#[ignore = "measures the memory of the process: run by .ci/run"]
async fn a_crowd_keeps_nobody_out_and_costs_little() {
    five_thousand_that_say_nothing_keep_nobody_out().await;
    bodies_on_their_way_are_bounded_together().await;
    bodies_that_are_refused_count_no_more().await;
}

async fn five_thousand_that_say_nothing_keep_nobody_out() {
    const HELD: usize = 5000;
    const ROOM: usize = 4096;
    // Both ends of each are here.
    let files = rlimit::increase_nofile_limit(16_384).unwrap();
    if files < 2 * HELD as u64 + 500 {
        eprintln!("SKIPPED: no more than {files} files may be open here");
        return;
    }
    let server = server().max_connections(ROOM).await.unwrap();
    let address = server.local_addr().unwrap();
    let (_anna, anna) = account(&server, 10086).await;
    let before = memory();
    let mut held = Vec::new();
    for number in 0..HELD {
        held.push(hold_open(address, number).await);
    }
    // The oldest have made room, and they alone.
    for stream in &held[..HELD - ROOM] {
        soon(until_over(stream)).await;
    }
    let more = memory().saturating_sub(before);
    eprintln!("{HELD} connections that say nothing: {more} KiB, both ends of each");
    assert!(more < HELD * 32, "{more} KiB");
    assert!(held[HELD - ROOM..].iter().all(|stream| !is_over(stream)));

    // Who was there does not notice, and who is new gets in at once. Its handshake cost one of the others its place.
    soon(anna.get_login_info()).await.unwrap();
    let (_boris, boris) = account(&server, 10087).await;
    soon(boris.get_login_info()).await.unwrap();
    let rest = &held[HELD - ROOM..];
    soon(until_over(&rest[0])).await;
    assert!(rest[1..].iter().all(|stream| !is_over(stream)));

    // The place is free again, since the account's connection is complete now.
    let late = hold_open(address, 0).await;
    let posted = mock::Webhook::to(format!("http://{address}")).secret("a secret").retries(0);
    soon(posted.post(r#"{"post_type":"meta_event","self_id":10086}"#)).await.unwrap();
    assert!(!is_over(&late) && is_over(&rest[1]) && !is_over(&rest[2]));
    soon(server.close()).await;
    soon(until_over(&late)).await;
}

async fn bodies_on_their_way_are_bounded_together() {
    const MIB: usize = 1 << 20;
    let server = server().body_limit(40 * MIB).await.unwrap();
    let address = server.local_addr().unwrap();
    let (_anna, anna) = account(&server, 10086).await;
    let mut held = Vec::new();
    // Each has almost all of its body there: of what two may bring, the third brings too much.
    for _ in 0..4 {
        let mut stream = hold_open(address, 0).await;
        let head = format!(
            "POST / HTTP/1.1\r\nHost: bot\r\nX-Self-ID: 1\r\nX-Signature: sha1=00\r\nContent-Length: {}\r\n\r\n",
            40 * MIB
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; 39 * MIB]).await.unwrap();
        held.push(stream);
    }
    for stream in &held[..2] {
        soon(until_over(stream)).await;
    }
    soon(anna.get_login_info()).await.unwrap();
    assert!(held[2..].iter().all(|stream| !is_over(stream)));
}

/// One connection sends more than all together may bring, and yet never much at once.
async fn bodies_that_are_refused_count_no_more() {
    const BODY: usize = 24 << 20;
    let server = Server::bind("127.0.0.1:0").body_limit(BODY).handshake_timeout(AN_HOUR).await.unwrap();
    let address = server.local_addr().unwrap();
    let mut innocent = hold_open(address, 1).await;
    let mut keen = TcpStream::connect(address).await.unwrap();
    let body = vec![b'x'; BODY];
    for _ in 0..4 {
        let head = format!("POST / HTTP/1.1\r\nHost: bot\r\nX-Self-ID: 1\r\nContent-Length: {BODY}\r\n\r\n");
        keen.write_all(head.as_bytes()).await.unwrap();
        keen.write_all(&body).await.unwrap();
        assert_eq!(status(&mut keen).await, "400");
    }
    // It goes on where it has stopped.
    innocent.write_all(b"ot\r\n\r\n").await.unwrap();
    assert_eq!(status(&mut innocent).await, "405");
}

/// The status of the next response, which is read whole.
async fn status(stream: &mut TcpStream) -> String {
    let mut response = String::new();
    let mut lines = BufReader::new(stream);
    let mut length = 0;
    while !response.ends_with("\r\n\r\n") {
        let begin = response.len();
        assert_ne!(soon(lines.read_line(&mut response)).await.unwrap(), 0, "it is answered");
        if let Some(value) = response[begin..].to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    soon(lines.read_exact(&mut vec![0; length])).await.unwrap();
    response[9..12].to_owned()
}

/// In a process of its own, since the limit is the process's.
#[tokio::test]
async fn where_files_run_out_those_that_say_nothing_give_theirs() {
    const CHILD: &str = "CQHTTP_TEST_FEW_FILES";
    const FILES: u64 = 256;
    if std::env::var_os(CHILD).is_some() {
        let (_, hard) = rlimit::Resource::NOFILE.get().unwrap();
        rlimit::Resource::NOFILE.set(FILES, hard).unwrap();
        let server = server().await.unwrap();
        println!("port {}", server.local_addr().unwrap().port());
        // Until the other process has seen enough.
        soon(server.bots().wait_for(1)).await.unwrap();
        return;
    }
    let this = "server::where_files_run_out_those_that_say_nothing_give_theirs";
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", this, "--nocapture"])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = loop {
        let line = soon(lines.next_line()).await.unwrap().expect("it says its port");
        if let Some((_, port)) = line.split_once("port ") {
            break port.trim().to_owned();
        }
    };
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    let mut held = Vec::new();
    for number in 0..2 * FILES as usize {
        held.push(hold_open(address, number).await);
    }
    soon(until_over(&held[0])).await;
    // With so few files an account may have to knock twice.
    let anna = mock::MockServer::builder().self_id(1).start().await.unwrap();
    anna.dial(Dial::to(format!("ws://{address}")).access_token("sesame"));
    assert!(soon(child.wait()).await.unwrap().success());
}

/// In a process of its own, whose memory is measured.
#[tokio::test]
async fn a_body_in_parts_of_one_byte_takes_the_memory_of_its_bytes() {
    const CHILD: &str = "CQHTTP_TEST_SMALL_PARTS";
    if std::env::var_os(CHILD).is_none() {
        let this = "server::a_body_in_parts_of_one_byte_takes_the_memory_of_its_bytes";
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
        assert!(child.args(["--exact", this, "--nocapture"]).env(CHILD, "1").status().await.unwrap().success());
        return;
    }
    const BYTES: usize = 2 << 20;
    let server = server().await.unwrap();
    let mut stream = TcpStream::connect(server.local_addr().unwrap()).await.unwrap();
    let head =
        "POST / HTTP/1.1\r\nHost: bot\r\nX-Self-ID: 1\r\nX-Signature: sha1=00\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let parts = "1\r\nx\r\n".repeat(4096);
    let before = memory();
    for _ in 0..BYTES / 4096 {
        stream.write_all(parts.as_bytes()).await.unwrap();
    }
    let taken = memory().saturating_sub(before);
    assert!(taken < 20 << 10, "{taken} KiB for {} KiB", BYTES >> 10);
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(status(&mut stream).await, "403");
}

#[tokio::test]
async fn a_body_may_have_any_length() {
    let server = Server::bind("127.0.0.1:0").body_limit(usize::MAX).await.unwrap();
    let posted = mock::Webhook::to(format!("http://{}", server.local_addr().unwrap())).retries(0);
    assert_eq!(soon(posted.post(r#"{"post_type":"notice","self_id":10086}"#)).await.unwrap().status, 204);
}

/// In a process of its own, whose memory is measured.
#[tokio::test]
#[ignore = "measures the memory and the time of the process: run by .ci/run"]
async fn accounts_that_only_post_take_the_memory_that_is_counted_and_no_time() {
    const CHILD: &str = "CQHTTP_TEST_POSTING_ACCOUNTS";
    if std::env::var_os(CHILD).is_none() {
        let this = "server::accounts_that_only_post_take_the_memory_that_is_counted_and_no_time";
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
        assert!(
            child.args(["--exact", this, "--nocapture", "--ignored"]).env(CHILD, "1").status().await.unwrap().success()
        );
        return;
    }
    const LIMIT: usize = 16 << 20;
    const KNOWN: i64 = 12_000;
    const BATCH: i64 = 1000;
    let any = || Server::bind("127.0.0.1:0").answer_within(Duration::ZERO).max_connections(64);
    let posting = async |server: &Server, first: i64, events: i64| {
        let mut stream = TcpStream::connect(server.local_addr().unwrap()).await.unwrap();
        let begun = Instant::now();
        post_of_each(&mut stream, first..first + events).await;
        begun.elapsed()
    };
    // A server that keeps hardly any events, and hence knows few accounts.
    let small = any().total_event_queue_limit(64 << 10).await.unwrap();
    posting(&small, 1_000_000, 1000).await;
    let before = memory();
    let large = any().total_event_queue_limit(LIMIT).await.unwrap();
    posting(&large, 2_000_000, KNOWN).await;
    let (held, kept) = (memory().saturating_sub(before), KNOWN as u64 - large.missed());
    eprintln!("{kept} events of as many accounts: {held} KiB, {} bytes each", held as u64 * 1024 / kept);
    assert!(large.missed() > 0 && held << 10 < LIMIT + LIMIT / 4, "{held} KiB");
    // The best of several: others use the machine as well.
    let (mut of_few, mut of_many) = (Duration::MAX, Duration::MAX);
    for batch in 0..5 {
        of_few = of_few.min(posting(&small, 3_000_000 + batch * BATCH, BATCH).await);
        of_many = of_many.min(posting(&large, 3_000_000 + batch * BATCH, BATCH).await);
    }
    eprintln!("{BATCH} posts: {of_few:?} with few accounts, {of_many:?} with many");
    assert!(of_many < of_few * 3, "{of_few:?}, {of_many:?}");
}

/// Posts an event of each account over the connection.
async fn post_of_each(stream: &mut TcpStream, accounts: std::ops::Range<i64>) {
    for account in accounts {
        let body = format!(
            r#"{{"post_type":"message","message_type":"group","time":1700000000,"self_id":{account},"user_id":1,"group_id":2,"message_id":3,"message":"hello"}}"#
        );
        let head = format!(
            "POST / HTTP/1.1\r\nHost: bot\r\nX-Self-ID: {account}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        assert_eq!(status(stream).await, "204");
    }
}
