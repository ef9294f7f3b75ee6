//! A thousand simulated servers, one after the other, leave nothing behind. The test has a binary of its own, since it counts
//! the resources of the process.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::time::Duration;

use cqhttp::action::{GetLoginInfo, GetLoginInfoResponse, SendGroupMsg};
use cqhttp::mock::{Dial, Fault, MockServer, Webhook};
use futures_util::SinkExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Returns the memory of the process in KiB.
fn memory() -> i64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<i64>().unwrap() * 4
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Waits until a condition holds: aborted tasks end a little later.
async fn until(what: &str, so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}: {} tasks, {} files", tasks(), open_files());
        tokio::task::yield_now().await;
    }
}

/// Starts a simulated server with everything that holds resources, and stops or drops it in the middle of its work. The bot
/// uses bare sockets: clients of this crate take longer to build than servers.
async fn one(number: usize) {
    let server = MockServer::builder().heartbeat(Duration::from_secs(60)).long_polling(10).start().await.unwrap();
    server.on::<GetLoginInfo>(|_| Ok(GetLoginInfoResponse::example()));
    server.dial(Dial::to("ws://127.0.0.1:1"));
    server.webhook(Webhook::to("http://127.0.0.1:1"));
    let (mut socket, _) = connect_async(server.ws_url()).await.unwrap();
    server.user(10086).says("hello").in_group(42);
    let said = r#"{"action":"send_group_msg","params":{"group_id":42,"message":"hello"}}"#;
    socket.send(Message::text(said)).await.unwrap();
    server.expect::<SendGroupMsg>().await;
    // Some calls wait for an answer that does not come, and one for events.
    server.faults(|_| Fault::Delay(Duration::from_secs(600)));
    socket.send(Message::text(said)).await.unwrap();
    server.expect::<SendGroupMsg>().await;
    let mut waiting = Vec::new();
    for path in ["get_login_info", "get_updates?limit=1", "get_updates"] {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
        stream.write_all(format!("GET /{path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    server.expect::<GetLoginInfo>().await;
    if number.is_multiple_of(2) {
        server.stop().await;
    } else {
        drop(server);
    }
    for mut stream in waiting {
        assert_eq!(stream.read(&mut [0; 100]).await.unwrap_or(0), 0, "the connection ends without an answer");
    }
}

#[tokio::test]
async fn a_thousand_servers_leave_no_file_no_task_and_no_memory_behind() {
    for number in 0..50 {
        one(number).await;
    }
    until("the first ones", || tasks() == 0).await;
    let (files, before) = (open_files(), memory());
    for number in 0..1000 {
        one(number).await;
    }
    until("a thousand", || tasks() == 0 && open_files() <= files).await;
    let more = memory() - before;
    eprintln!("{more} KiB more after a thousand servers");
    assert!(more < 2000, "{more} KiB more, which is {} bytes for each server", more * 1024 / 1000);
}
