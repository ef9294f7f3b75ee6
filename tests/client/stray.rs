//! Responses that nobody asked for, on connections that are kept alive.

use std::io::{Read, Write};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use cqhttp::{Client, Error, Raw};
use serde_json::json;
use support::{is_complete, read_request};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

fn answer(group: i64) -> String {
    let body = format!(r#"{{"data":{{"group_id":{group},"group_name":"g"}},"retcode":0,"status":"ok"}}"#);
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn group(request: &str) -> i64 {
    let (_, params) = request.split_once("\r\n\r\n").unwrap();
    serde_json::from_str::<serde_json::Value>(params).unwrap()["group_id"].as_i64().unwrap()
}

/// A connection of a server in a thread of its own, which the client's runtime does not drive.
struct Peer {
    listener: std::net::TcpListener,
}

impl Peer {
    fn new() -> (String, Self) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        (format!("http://{}", listener.local_addr().unwrap()), Self { listener })
    }

    /// Accepts a connection and reads its first request.
    fn accept(&self) -> (std::net::TcpStream, String) {
        let (mut stream, _) = self.listener.accept().unwrap();
        let request = read_whole(&mut stream);
        (stream, request)
    }

    /// Accepts a connection and reads the head of its first request, and not all of the rest.
    fn accept_head(&self) -> std::net::TcpStream {
        let (mut stream, _) = self.listener.accept().unwrap();
        stream.read_exact(&mut [0; 1000]).unwrap();
        stream
    }
}

/// Waits for the end of a server while the client's connections go on.
async fn joined(server: std::thread::JoinHandle<()>) {
    tokio::task::spawn_blocking(|| server.join().unwrap()).await.unwrap();
}

fn read_whole(stream: &mut std::net::TcpStream) -> String {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !is_complete(&request) {
        let read = stream.read(&mut piece).unwrap();
        assert_ne!(read, 0, "the request is whole");
        request.extend_from_slice(&piece[..read]);
    }
    String::from_utf8(request).unwrap()
}

/// A response that lies on an idle connection is not the answer to the next call, which takes a new connection. The client's
/// runtime has no chance to see it before: its thread waits until it is there.
#[tokio::test]
async fn a_response_that_lies_on_an_idle_connection_answers_no_call() {
    let (url, peer) = Peer::new();
    let (ask, asked) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    let server = std::thread::spawn(move || {
        let (mut stream, request) = peer.accept();
        assert_eq!(group(&request), 1);
        stream.write_all(answer(1).as_bytes()).unwrap();
        asked.recv().unwrap();
        stream.write_all(answer(1).as_bytes()).unwrap();
        tell.send(()).unwrap();
        let (mut second, request) = peer.accept();
        assert_eq!(group(&request), 2);
        second.write_all(answer(2).as_bytes()).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0, "the connection is given up, and nothing was sent on it");
    });
    let client = Client::builder(url).build().unwrap();
    assert_eq!(client.get_group_info(1).await.unwrap().group_id, 1.into());
    ask.send(()).unwrap();
    told.recv().unwrap();
    assert_eq!(client.get_group_info(2).await.unwrap().group_id, 2.into());
    joined(server).await;
}

/// An upload that no buffer of the system holds.
fn upload() -> Raw {
    Raw::new("upload", json!({ "file": "x".repeat(16 << 20) }))
}

/// A call is never answered by a response that arrives before its request has gone out.
#[tokio::test]
async fn a_call_that_has_not_left_is_never_ok() {
    for head in ["200 OK", "500 Internal Server Error", "403 Forbidden"] {
        let (url, peer) = Peer::new();
        let (end, ended) = mpsc::channel::<()>();
        let server = std::thread::spawn(move || {
            let mut stream = peer.accept_head();
            stream.write_all(answer(1).replace("200 OK", head).as_bytes()).unwrap();
            // What is on its way comes, and then no more of the request.
            ended.recv().unwrap_err();
            let read = std::io::copy(&mut stream, &mut std::io::sink()).unwrap_or(0);
            assert!(read < 15 << 20, "{read} bytes have come");
        });
        let client = Client::builder(url).build().unwrap();
        let error = client.call(upload()).await.unwrap_err();
        assert!(matches!(error, Error::NotSent(_)), "{error:?}");
        assert!(!error.may_have_happened());
        assert!(error.report().contains("a response arrived before the request had been sent"), "{}", error.report());
        drop(end);
        joined(server).await;
    }
}

#[tokio::test]
async fn an_early_refusal_of_an_upload_is_a_refusal() {
    for (head, retcode) in [("413 Content Too Large", 1413), ("401 Unauthorized", 1401)] {
        let (url, peer) = Peer::new();
        let (end, ended) = mpsc::channel::<()>();
        let server = std::thread::spawn(move || {
            let mut stream = peer.accept_head();
            let refusal = format!("HTTP/1.1 {head}\r\ncontent-length: 2\r\n\r\nno");
            stream.write_all(refusal.as_bytes()).unwrap();
            ended.recv().unwrap_err();
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        });
        let error = Client::builder(url).build().unwrap().call(upload()).await.unwrap_err();
        assert_eq!(error.retcode(), Some(retcode), "{error:?}");
        drop(end);
        joined(server).await;
    }
}

/// The server cannot have read a request whose end was never sent.
#[tokio::test]
async fn an_upload_that_breaks_off_was_not_sent() {
    let (url, peer) = Peer::new();
    let server = std::thread::spawn(move || drop(peer.accept_head()));
    let error = Client::builder(url).build().unwrap().call(upload()).await.unwrap_err();
    assert!(matches!(error, Error::NotSent(_)), "{error:?}");
    joined(server).await;

    // Nor one that a time limit has stopped.
    let (url, peer) = Peer::new();
    let (end, ended) = mpsc::channel::<()>();
    let server = std::thread::spawn(move || {
        let stream = peer.accept_head();
        ended.recv().unwrap_err();
        let mut rest = Vec::new();
        let _ = (&stream).take(20 << 20).read_to_end(&mut rest);
        assert!(rest.len() < 15 << 20, "{} bytes have come", rest.len());
    });
    let client = Client::builder(url).build().unwrap();
    let error = client.call(upload()).within(Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(error, Error::NotSent(_)), "{error:?}");
    drop(end);
    joined(server).await;
}

/// An upload in parts arrives as it is.
#[tokio::test]
async fn a_long_request_arrives_whole() {
    let server = cqhttp::mock::MockServer::start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    for length in [1, 256 * 1024 - 11, 256 * 1024 - 10, 256 * 1024, 3 << 20] {
        let text: String = (0..length).map(|n| char::from(b'a' + (n % 26) as u8)).collect();
        let _ = client.call(Raw::new("send_private_msg", json!({ "user_id": 1, "message": text }))).await;
        let calls = server.calls();
        assert_eq!(calls.last().unwrap().params["message"], text, "{length} bytes");
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The connection that a runtime has opened stands still while that runtime is idle: others open their own.
#[test]
fn a_client_is_used_from_several_runtimes() {
    let serving = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = serving.block_on(cqhttp::mock::MockServer::start()).unwrap();
    let first = runtime();
    let client = first.block_on(async { Client::builder(server.url()).no_timeout().build().unwrap() });
    let ask = |runtime: &tokio::runtime::Runtime| {
        let call = client.get_login_info();
        runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), call).await }).unwrap().unwrap();
    };
    ask(&first);
    let further: Vec<_> = (0..10).map(|_| runtime()).collect();
    for _ in 0..2 {
        further.iter().for_each(ask);
        ask(&first);
    }
    // A runtime that is gone takes its connections along.
    drop(further);
    ask(&runtime());
    ask(&first);
}

/// A server that answers each request twice, the second time after `delay`.
async fn one_too_many(delay: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let (mut read, write) = stream.into_split();
                let write = Arc::new(tokio::sync::Mutex::new(write));
                while let Some(request) = read_request(&mut read).await {
                    let answer = answer(group(&request));
                    if write.lock().await.write_all(answer.as_bytes()).await.is_err() {
                        break;
                    }
                    let write = write.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(delay).await;
                        let _ = write.lock().await.write_all(answer.as_bytes()).await;
                    });
                }
            });
        }
    });
    url
}

/// Prints how many of 400 calls get the answer of another call if each response comes once more after 1 ms.
async fn count() {
    for pause in [0, 1, 2, 5] {
        let client = Client::builder(one_too_many(Duration::from_millis(1)).await).build().unwrap();
        let mut others = 0;
        for id in 10_000..10_400 {
            others += usize::from(client.get_group_info(id).await.is_ok_and(|info| info.group_id.get() != id));
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        println!("with {pause} ms between the calls, {others} of 400 get another's answer");
    }
}

#[tokio::test]
#[ignore = "it measures: run it with `--nocapture`"]
async fn answers_of_others_on_one_thread() {
    count().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it measures: run it with `--nocapture`"]
async fn answers_of_others_on_two_threads() {
    count().await;
}
