//! The time that a test waits for its mock server: from the start to the first answer, and to the stop.
//!
//! The client's part is bare: a socket, one request, the whole answer.

#![allow(clippy::expect_used, reason = "a bench fails by panicking")]

use std::time::{Duration, Instant};

use cqhttp::action::SendGroupMsg;
use cqhttp::mock::MockServer;
use criterion::{Criterion, criterion_group, criterion_main};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Builder;

async fn ask(server: &MockServer) {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).await.expect("it listens");
    stream.write_all(b"GET /get_status HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("it answers");
    assert!(answer.contains("\"ok\""), "{answer}");
}

async fn timed<F: Future<Output = ()>>(rounds: u64, mut round: impl FnMut() -> F) -> Duration {
    let begun = Instant::now();
    for _ in 0..rounds {
        round().await;
    }
    begun.elapsed()
}

fn benches(criterion: &mut Criterion) {
    // As `#[tokio::test]` has it.
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    criterion.bench_function("start to first answer", |bench| {
        bench.iter_custom(|rounds| {
            runtime.block_on(timed(rounds, async || {
                let server = MockServer::start().await.expect("a port is free");
                ask(&server).await;
            }))
        });
    });
    criterion.bench_function("start, first answer, stop", |bench| {
        bench.iter_custom(|rounds| {
            runtime.block_on(timed(rounds, async || {
                let server = MockServer::start().await.expect("a port is free");
                ask(&server).await;
                server.stop().await;
            }))
        });
    });
    criterion.bench_function("a handler, one call, expected", |bench| {
        let server = runtime.block_on(MockServer::start()).expect("a port is free");
        let _inside = runtime.enter();
        let client = cqhttp::Client::builder(server.url()).build().expect("the address is right");
        bench.iter_custom(|rounds| {
            runtime.block_on(timed(rounds, async || {
                client.send_group_msg(42, "hello").await.expect("it answers");
                server.expect::<SendGroupMsg>().await;
            }))
        });
    });
}

criterion_group!(all, benches);
criterion_main!(all);
