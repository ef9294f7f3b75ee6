//! The memory that an account costs `cqhttp::server`: a thousand of them, idle, then after an event and a call of each.
//!
//! The server is this program, started a second time, so that nothing else is counted. The figure is the growth of that
//! process's resident set.

#![allow(clippy::expect_used, clippy::panic, reason = "a bench fails by panicking")]

use std::io::stdin;
use std::sync::Arc;

use cqhttp::server::Server;
use cqhttp_benches::process::{self, Other};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::{ClientRequestBuilder, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

const FIRST: i64 = 10_000;

fn main() {
    if process::is_other() {
        return server();
    }
    let measuring = std::env::args().any(|argument| argument == "--bench");
    let accounts = if measuring { 1000 } else { 10 };
    rlimit::increase_nofile_limit(8192).expect("as many files may be open");
    let mut server = Other::start();
    let url = format!("ws://{}", server.line());
    Runtime::new().expect("a runtime starts").block_on(async {
        println!("| {accounts} accounts | server, KiB | an account, KiB |\n|---|---:|---:|");
        let before = memory(&mut server);
        println!("| none yet | {before} | |");
        let report = |what: &str, server: &mut Other| {
            let now = memory(server);
            println!("| {what} | {now} | {:.1} |", (now as f64 - before as f64) / f64::from(accounts));
        };

        let mut sockets = Vec::new();
        for id in 0..i64::from(accounts) {
            sockets.push(connect(&url, FIRST + id).await);
        }
        ask(&mut server, &format!("connected {accounts}"));
        report("connected", &mut server);

        for (socket, id) in sockets.iter_mut().zip(FIRST..) {
            socket.send(Message::text(event(id))).await.expect("the connection stands");
        }
        ask(&mut server, &format!("heard {accounts}"));
        report("after an event of each", &mut server);

        server.tell(&format!("call {accounts}"));
        for socket in &mut sockets {
            answer(socket).await;
        }
        assert_eq!(server.line(), "done");
        report("after a call of each", &mut server);

        drop(sockets);
        ask(&mut server, "alone 0");
        report("when all have gone", &mut server);
    });
}

/// Makes the server wait for something.
fn ask(server: &mut Other, what: &str) {
    server.tell(what);
    assert_eq!(server.line(), "done");
}

fn memory(server: &mut Other) -> u64 {
    server.tell("memory 0");
    server.line().parse().expect("it is a number")
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(url: &str, id: i64) -> Socket {
    let request = ClientRequestBuilder::new(url.parse().expect("it is an address"));
    let request = request.with_header("X-Self-ID", id.to_string());
    tokio_tungstenite::connect_async(request).await.expect("the server listens").0
}

/// Returns a message of the usual length.
fn event(id: i64) -> String {
    let text = "the quick brown fox jumps over the lazy dog";
    json!({
        "post_type": "message", "message_type": "group", "time": 1700000000, "self_id": id, "sub_type": "normal",
        "sender": { "nickname": "somebody", "user_id": 10086 }, "message_id": 1, "user_id": 10086, "font": 0,
        "group_id": 10001000, "raw_message": text, "message": text,
    })
    .to_string()
}

/// Answers the next call.
async fn answer(socket: &mut Socket) {
    loop {
        let frame = socket.next().await.expect("the connection stands").expect("it is a frame");
        let Message::Text(call) = frame else { continue };
        let call: Value = serde_json::from_str(&call).expect("it is a call");
        let answer =
            json!({ "data": { "user_id": 1, "nickname": "" }, "echo": call["echo"], "retcode": 0, "status": "ok" });
        return socket.send(Message::text(answer.to_string())).await.expect("the connection stands");
    }
}

/// Serves, and follows the commands on standard input until it ends.
fn server() {
    rlimit::increase_nofile_limit(8192).expect("as many files may be open");
    let runtime = Runtime::new().expect("a runtime starts");
    let mut server = runtime.block_on(async { Server::bind("127.0.0.1:0").await }).expect("there is a free port");
    println!("{}", server.local_addr().expect("it has an address"));
    let bots = server.bots();
    let heard = Arc::new(Semaphore::new(0));
    let listener = heard.clone();
    runtime.spawn(async move {
        while server.next().await.is_some() {
            listener.add_permits(1);
        }
    });
    for line in stdin().lines() {
        let line = line.expect("it is text");
        let (what, number) = line.split_once(' ').expect("it is a word and a number");
        let number: u32 = number.parse().expect("it is a number");
        runtime.block_on(async {
            match what {
                "memory" => return println!("{}", resident()),
                "connected" => _ = bots.wait_for(FIRST + i64::from(number) - 1).await,
                "heard" => heard.acquire_many(number).await.expect("it is open").forget(),
                "call" => {
                    for id in bots.ids() {
                        let client = bots.get(id).expect("it is connected");
                        client.get_login_info().await.expect("it answers");
                    }
                }
                "alone" => {
                    while !bots.ids().is_empty() {
                        tokio::task::yield_now().await;
                    }
                }
                other => panic!("what is {other:?}?"),
            }
            println!("done");
        });
    }
}

/// Returns the resident set of this process in KiB, or 0 if the system does not report it.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}
