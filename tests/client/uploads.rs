//! Uploads in chunks: over HTTP, and over WebSockets of both directions.

use std::error::Error as _;
use std::future::{Future, IntoFuture};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cqhttp::action::UploadFileStream;
use cqhttp::mock::{Fault, MockServer, ReceivedCall, refuse_as};
use cqhttp::transport::{BoxError, Request, Response};
use cqhttp::{Client, Error, FileSource, RefusalKind, UploadError, UploadInput, UploadSource};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

const GROUP: i64 = 10001000;
/// The retcode of NapCat's refusals over a WebSocket.
const REFUSED: i64 = 1200;

async fn connected() -> (Arc<MockServer>, Client) {
    let server = MockServer::start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    (Arc::new(server), client)
}

/// Bytes that differ from chunk to chunk.
fn bytes(length: u64) -> Vec<u8> {
    (0..length).map(|place| (place.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect()
}

fn is_chunk(call: &ReceivedCall, index: u64) -> bool {
    call.params["chunk_index"] == index
}

fn is_last(call: &ReceivedCall) -> bool {
    call.params["is_complete"] == true
}

/// Injects these faults, one after the other, into the calls for which `is_wanted` returns `true`.
fn fault_each(
    server: &MockServer,
    is_wanted: impl Fn(&ReceivedCall) -> bool + Send + 'static,
    faults: impl IntoIterator<Item = Fault, IntoIter: Send + 'static>,
) {
    let mut faults = faults.into_iter();
    server.faults(move |call| match is_wanted(call) {
        true => faults.next().unwrap_or_default(),
        false => Fault::None,
    });
}

fn path(source: &FileSource) -> String {
    UploadSource::from(source).as_str().to_owned()
}

/// The bytes that the server has at the end of an upload.
fn arrived(source: &FileSource) -> Vec<u8> {
    std::fs::read(path(source)).unwrap()
}

/// The parameters of the calls of uploads.
fn sent(server: &MockServer) -> Vec<Value> {
    server.calls().into_iter().filter(|call| call.action == "upload_file_stream").map(|call| call.params).collect()
}

fn ids(server: &MockServer) -> Vec<String> {
    let mut ids: Vec<_> = sent(server).iter().map(|params| params["stream_id"].as_str().unwrap().to_owned()).collect();
    ids.dedup();
    ids
}

#[tokio::test]
async fn a_file_and_bytes_and_a_reader_arrive_byte_for_byte_and_can_be_sent() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("群 文件 100%.bin");
    let content = bytes(700_001);
    std::fs::write(&file, &content).unwrap();
    let (server, client) = connected().await;
    let (mut writer, reader) = tokio::io::duplex(10_000);
    let written = content.clone();
    tokio::spawn(async move {
        for part in written.chunks(777) {
            writer.write_all(part).await.unwrap();
        }
    });
    let inputs: [UploadInput; 3] = [(&file).into(), content.clone().into(), UploadInput::reader(reader)];
    for (input, ending) in inputs.into_iter().zip(["-群 文件 100_.bin", "", ""]) {
        let source = FileSource::upload(&client, input).chunk_size(70_000).await.unwrap();
        assert!(arrived(&source) == content);
        assert!(path(&source).ends_with(ending), "{source:?}");
        client.upload_group_file(GROUP, &source, "a.bin").await.unwrap();
        client.set_group_portrait(GROUP, &source).await.unwrap();
        let calls = server.calls();
        let [.., upload, portrait] = &calls[..] else { panic!("{calls:?}") };
        assert_eq!(upload.params["file"], path(&source));
        assert_eq!(portrait.params["file"], source.as_str());
    }
    let uploads = server.uploads();
    assert_eq!(uploads.len(), 3);
    assert!(uploads.iter().all(|upload| (upload.chunks, upload.size, upload.retention) == (11, 700_001, 300_000)));
    assert_eq!(server.forget_uploads(), 0, "none is left in the middle");
}

/// A server that has forgotten an upload must refuse the chunks in its middle: so the first chunk alone says how many there are.
#[tokio::test]
async fn the_first_chunk_describes_the_file_and_the_others_do_not() {
    let (server, client) = connected().await;
    let upload = FileSource::upload(&client, bytes(25)).chunk_size(10).in_flight(1);
    let source = upload.name("../my:film.mp4").retention(Duration::from_secs(60)).await.unwrap();
    assert!(path(&source).ends_with("/_my_film.mp4"), "{source:?}");
    let mut sent = sent(&server);
    let sha256 = server.uploads()[0].sha256.clone();
    let id = sent[0]["stream_id"].take();
    assert!(id.as_str().unwrap().len() == 32);
    for params in &mut sent {
        let params = params.as_object_mut().unwrap();
        params.remove("stream_id");
        params.remove("chunk_data");
    }
    let of_server = 300_000;
    assert_eq!(
        sent,
        [
            json!({
                "chunk_index": 0, "total_chunks": 3, "expected_sha256": sha256, "filename": "_my_film.mp4", "file_retention": 60_000,
            }),
            json!({ "chunk_index": 1, "file_retention": of_server }),
            json!({ "chunk_index": 2, "file_retention": of_server }),
            json!({ "is_complete": true, "file_retention": of_server }),
        ]
    );
}

/// NapCat keeps a file of up to 10 MiB in its memory, if it knows the size, and refuses the 11th of them.
#[tokio::test]
async fn the_size_of_a_file_that_would_be_kept_in_memory_is_not_sent() {
    let (server, client) = connected().await;
    for size in [10 << 20, (10 << 20) + 1] {
        FileSource::upload(&client, vec![7; size]).chunk_size(32 << 20).await.unwrap();
    }
    let sent = sent(&server);
    assert_eq!(sent.iter().filter(|params| params.get("chunk_index").is_some()).count(), 2, "a chunk holds all of it");
    assert_eq!(sent[0].get("file_size"), None);
    assert_eq!(sent[2]["file_size"], (10 << 20) + 1);
}

/// Servers on Node take a longer wait for one of 1 ms, and would delete the file at once.
#[tokio::test]
async fn a_very_long_retention_is_cut() {
    let (server, client) = connected().await;
    FileSource::upload(&client, vec![7; 10]).retention(Duration::MAX).await.unwrap();
    assert_eq!(sent(&server)[0]["file_retention"], 24_u64 * 24 * 60 * 60 * 1000);
}

#[tokio::test]
async fn progress_grows_chunk_by_chunk() {
    let (_server, client) = connected().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    let upload = FileSource::upload(&client, bytes(25)).chunk_size(10).in_flight(1);
    upload.progress(move |at| noted.lock().unwrap().push((at.stored, at.size, at.interruptions))).await.unwrap();
    assert_eq!(*seen.lock().unwrap(), [(0, 25, 0), (10, 25, 0), (20, 25, 0), (25, 25, 0)]);
}

/// Several chunks are on their way at once, and never more than allowed.
#[tokio::test]
async fn a_few_chunks_are_in_flight_at_once() {
    let (server, client) = connected().await;
    let arrived = Arc::new(AtomicU32::new(0));
    let count = arrived.clone();
    server.faults(move |call| match call.params["chunk_index"].as_u64() {
        Some(1..=4) => {
            count.fetch_add(1, Ordering::SeqCst);
            Fault::NoAnswer
        }
        Some(5..) => panic!("no fifth chunk comes while four are in flight"),
        _ => Fault::None,
    });
    let upload = FileSource::upload(&client, bytes(100)).chunk_size(10).in_flight(4).attempts(1);
    let error = upload.within(Duration::from_millis(300)).await.unwrap_err();
    assert!(matches!(error, UploadError::Interrupted { stored: 10, attempts: 1, .. }), "{error:?}");
    assert_eq!(arrived.load(Ordering::SeqCst), 4);
}

/// Uploads while connections end before a chunk is stored, after that, and in the middle of the answer, also for the first chunk.
async fn cut_ten_times(server: &MockServer, client: &Client) {
    let content = bytes(30_000);
    let faults = [Fault::DropBefore, Fault::DropAfter, Fault::HalfAnswer];
    let mut faults = faults.into_iter().cycle();
    let mut cut = std::collections::BTreeSet::new();
    server.faults(move |call| match call.params["chunk_index"].as_u64() {
        Some(index) if index.is_multiple_of(3) && cut.insert(index) => faults.next().unwrap(),
        _ => Fault::None,
    });
    let last = Arc::new(Mutex::new(None));
    let noted = last.clone();
    let upload = FileSource::upload(client, content.clone()).chunk_size(1000);
    let source = upload.progress(move |at| *noted.lock().unwrap() = Some(at)).await.unwrap();
    assert!(arrived(&source) == content);
    let last = last.lock().unwrap().unwrap();
    assert_eq!((last.stored, last.size, last.restarts), (30_000, 30_000, 0));
    assert_eq!(server.uploads().len(), 1);
    assert_eq!(ids(server).len(), 1, "it goes on, and does not start again");
    assert!(sent(server).iter().any(|params| params["verify_only"] == true), "it asks before it goes on");
    let chunks = sent(server).iter().filter(|params| params.get("chunk_index").is_some()).count();
    assert!((40..70).contains(&chunks), "{chunks} chunks were sent for 30");
}

#[tokio::test]
async fn an_upload_over_http_goes_on_after_each_lost_connection() {
    let (server, client) = connected().await;
    cut_ten_times(&server, &client).await;
}

#[cfg(feature = "ws")]
#[tokio::test]
async fn an_upload_over_a_websocket_goes_on_when_it_is_connected_again() {
    let server = MockServer::start().await.unwrap();
    let (first, longest) = (Duration::from_millis(1), Duration::from_millis(20));
    let (client, _events) = cqhttp::connect(server.ws_url()).backoff(first, longest).await.unwrap();
    cut_ten_times(&server, &client).await;
}

#[cfg(feature = "server")]
#[tokio::test]
async fn an_upload_over_a_reverse_websocket_goes_on_when_the_server_connects_again() {
    let bot = cqhttp::server::Server::bind("127.0.0.1:0").await.unwrap();
    let server = MockServer::start().await.unwrap();
    let url = format!("ws://{}", bot.local_addr().unwrap());
    server.dial(cqhttp::mock::Dial::to(url).retry(Duration::from_millis(20)));
    let client = bot.bots().wait_for(server.self_id()).await.unwrap();
    cut_ten_times(&server, &client).await;
}

/// The account's new connection is there before the old one has ended, whose calls then fail.
#[cfg(feature = "server")]
#[tokio::test]
async fn an_upload_goes_on_over_the_connection_that_replaces_its_own() {
    let bot = cqhttp::server::Server::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", bot.local_addr().unwrap());
    let server = Arc::new(MockServer::start().await.unwrap());
    server.dial(cqhttp::mock::Dial::to(&url));
    let client = bot.bots().wait_for(server.self_id()).await.unwrap();
    fault_each(&server, |call| is_chunk(call, 2), [Fault::NoAnswer]);
    let (stored, at) = tokio::sync::oneshot::channel();
    let mut stored = Some(stored);
    let content = bytes(50);
    let upload = FileSource::upload(&client, content.clone()).chunk_size(10).in_flight(1).progress(move |at| {
        if at.stored == 20 {
            let _ = stored.take().map(|stored| stored.send(()));
        }
    });
    let upload = tokio::spawn(upload.into_future());
    at.await.unwrap();
    server.expect::<UploadFileStream>().await;
    server.expect::<UploadFileStream>().await;
    server.expect::<UploadFileStream>().await;
    server.dial(cqhttp::mock::Dial::to(&url));
    let source = upload.await.unwrap().unwrap();
    assert!(arrived(&source) == content);
    assert_eq!(ids(&server).len(), 1);
}

/// A client that this program has closed is not waited for.
#[cfg(feature = "ws")]
#[tokio::test]
async fn a_client_that_was_closed_ends_the_upload_at_once() {
    let server = MockServer::start().await.unwrap();
    let (client, events) = cqhttp::connect(server.ws_url()).await.unwrap();
    events.close().await;
    let error = FileSource::upload(&client, bytes(30)).await.unwrap_err();
    assert!(matches!(error, UploadError::Refused(Error::NotSent(_))), "{error:?}");
    assert_eq!(error.to_string(), "the upload cannot be sent");
}

#[tokio::test]
async fn a_call_without_an_answer_is_repeated() {
    let (server, client) = connected().await;
    server.fault_once::<UploadFileStream>(Fault::NoAnswer);
    fault_each(&server, |call| is_chunk(call, 1) || is_last(call), [Fault::NoAnswer, Fault::Garbage]);
    let content = bytes(30);
    let upload = FileSource::upload(&client, content.clone()).chunk_size(10);
    let source = upload.within(Duration::from_millis(200)).await.unwrap();
    assert!(arrived(&source) == content);
}

/// A completing call that did not arrive is repeated for the same upload.
#[tokio::test]
async fn a_last_call_that_was_not_carried_out_is_repeated() {
    let (server, client) = connected().await;
    fault_each(&server, is_last, [Fault::DropBefore]);
    FileSource::upload(&client, bytes(30)).chunk_size(10).await.unwrap();
    assert_eq!((ids(&server).len(), server.uploads().len()), (1, 1));
}

/// The file is there, and only the lost answer knew where.
#[tokio::test]
async fn a_lost_last_answer_starts_the_upload_again_as_another_file() {
    let (server, client) = connected().await;
    fault_each(&server, is_last, [Fault::DropAfter]);
    let content = bytes(30);
    let source = FileSource::upload(&client, content.clone()).chunk_size(10).await.unwrap();
    assert!(arrived(&source) == content);
    let uploads = server.uploads();
    assert_eq!((ids(&server).len(), uploads.len()), (2, 2));
    assert_eq!(uploads[1].path, Path::new(&path(&source)));
    assert_ne!(uploads[0].path, uploads[1].path);
}

#[tokio::test]
async fn an_upload_that_the_server_has_forgotten_starts_again() {
    let (server, client) = connected().await;
    let content = bytes(50);
    let (forgetful, once) = (server.clone(), std::sync::Once::new());
    let restarts = Arc::new(AtomicU32::new(0));
    let noted = restarts.clone();
    let upload = FileSource::upload(&client, content.clone()).chunk_size(10).in_flight(1).progress(move |at| {
        noted.store(at.restarts, Ordering::SeqCst);
        if at.stored == 20 {
            once.call_once(|| assert_eq!(forgetful.forget_uploads(), 1));
        }
    });
    let source = upload.await.unwrap();
    assert!(arrived(&source) == content);
    assert_eq!((restarts.load(Ordering::SeqCst), ids(&server).len()), (1, 2));
}

/// The count of the server says that chunks are missing, which it had.
#[tokio::test]
async fn a_server_that_has_lost_chunks_gets_all_of_them_again() {
    let (server, client) = connected().await;
    let fewer = json!({
        "status": "ok", "retcode": 0, "data": { "type": "stream", "status": "file_created", "received_chunks": 1, "total_chunks": 5 },
    });
    let is_asked = |call: &ReceivedCall| call.params["verify_only"] == true;
    let faults = [Fault::DropBefore, Fault::Text(fewer.to_string())];
    fault_each(&server, move |call| is_asked(call) || is_chunk(call, 2), faults);
    let content = bytes(50);
    let source = FileSource::upload(&client, content.clone()).chunk_size(10).in_flight(1).await.unwrap();
    assert!(arrived(&source) == content);
    assert_eq!(ids(&server).len(), 2);
}

#[tokio::test]
async fn an_upload_that_is_forgotten_each_time_is_an_error() {
    let (server, client) = connected().await;
    let forgetful = server.clone();
    let upload = FileSource::upload(&client, bytes(50)).chunk_size(10).progress(move |at| {
        if at.stored > 0 {
            forgetful.forget_uploads();
        }
    });
    let error = upload.await.unwrap_err();
    assert!(matches!(error, UploadError::Forgotten { error: Some(_), .. }), "{error:?}");
    assert_eq!(ids(&server).len(), 4);
}

/// SnowLuma writes chunks while it answers for them.
#[tokio::test]
async fn a_server_that_still_writes_a_chunk_is_asked_again() {
    let (server, client) = connected().await;
    let still = || Fault::Refuse(refuse_as(REFUSED, "incomplete stream: missing 1 chunk(s) [2]"));
    fault_each(&server, is_last, [still(), still()]);
    FileSource::upload(&client, bytes(30)).chunk_size(10).await.unwrap();
    assert_eq!(ids(&server).len(), 1);
}

#[tokio::test]
async fn what_cannot_be_uploaded_is_said_before_anything_is_sent() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("empty.png"), "").unwrap();
    let (server, client) = connected().await;
    for (name, says) in [("empty.png", "is empty"), ("missing.png", "cannot be read"), (".", "is a folder")] {
        let error = FileSource::upload(&client, &*folder.path().join(name)).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(error.source().is_some(), name == "missing.png", "{error:?}");
        assert!(error.call().is_none());
    }
    let error = FileSource::upload(&client, Vec::new()).await.unwrap_err();
    assert!(matches!(error, UploadError::Empty { .. }), "{error:?}");
    let error = FileSource::upload(&client, UploadInput::reader(tokio::io::empty())).await.unwrap_err();
    assert!(error.to_string().starts_with("the reader is empty"), "{error}");
    let broken = broken_reader();
    let error = FileSource::upload(&client, UploadInput::reader(broken)).await.unwrap_err();
    assert!(matches!(&error, UploadError::Unreadable { .. }), "{error:?}");
    assert!(server.calls().is_empty());
}

/// A reader that fails.
fn broken_reader() -> impl tokio::io::AsyncRead + Send + 'static {
    struct Broken;

    impl tokio::io::AsyncRead for Broken {
        fn poll_read(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            _: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            std::task::Poll::Ready(Err(std::io::Error::other("the source is gone")))
        }
    }

    Broken
}

/// A file that is cut off, and one whose bytes change: the server must not keep a mixture of both.
#[tokio::test]
async fn a_file_that_changes_meanwhile_is_an_error() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("log.txt");
    let (server, client) = connected().await;
    for (new, says) in [(&b"short"[..], "changed while"), (&[b'x'; 50], "changed while")] {
        std::fs::write(&file, bytes(50)).unwrap();
        let changed = file.clone();
        let upload = FileSource::upload(&client, &file).chunk_size(10).in_flight(1).progress(move |at| {
            if at.stored == 20 {
                std::fs::write(&changed, new).unwrap();
            }
        });
        let error = upload.await.unwrap_err();
        assert!(matches!(error, UploadError::Changed { .. }), "{error:?}");
        assert!(error.to_string().contains(says) && error.to_string().contains("log.txt"), "{error}");
        assert_eq!(server.forget_uploads(), 0, "it is cleaned up");
    }
    assert!(server.uploads().is_empty());
}

#[tokio::test]
async fn another_hash_on_the_server_is_an_error() {
    let (server, client) = connected().await;
    let refused = Fault::Refuse(refuse_as(REFUSED, "SHA256 mismatch. Expected: 00, Got: 11"));
    let other = |key: &str, value: Value| {
        let mut answer = json!({
            "status": "ok", "retcode": 0, "data": { "type": "response", "status": "file_complete", "file_path": "/tmp/x" },
        });
        answer["data"][key] = value;
        Fault::Text(answer.to_string())
    };
    fault_each(&server, is_last, [refused, other("sha256", "11".into()), other("file_size", 29.into())]);
    for is_told in [true, false, false] {
        let error = FileSource::upload(&client, bytes(30)).chunk_size(10).await.unwrap_err();
        assert!(matches!(error, UploadError::HashMismatch { .. }), "{error:?}");
        assert_eq!(error.call().is_some(), is_told);
        assert_eq!(server.forget_uploads(), 0, "it is cleaned up");
    }
    // A success has a path.
    let nowhere = Fault::Text(json!({ "status": "ok", "retcode": 0, "data": { "type": "response" } }).to_string());
    fault_each(&server, is_last, [nowhere]);
    let error = FileSource::upload(&client, bytes(30)).await.unwrap_err();
    assert!(matches!(error, UploadError::NoPath), "{error:?}");
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let (server, client) = connected().await;
    for (words, remedy) in [
        ("Memory limit exceeded", "try again later"),
        ("too many concurrent upload streams (64)", "try again later"),
        ("ENOSPC: no space left on device, write", "its disk is full"),
        ("file_size exceeds limit (4294967296 bytes)", "too large for it"),
        ("something else", "refuses the upload"),
    ] {
        server.fault_once::<UploadFileStream>(Fault::Refuse(refuse_as(REFUSED, words)));
        let error = FileSource::upload(&client, bytes(30)).await.unwrap_err();
        assert!(matches!(error, UploadError::Refused(_)) && error.to_string().contains(remedy), "{error}");
        assert_eq!(error.call().unwrap().explanation(), Some(words));
    }
    assert_eq!(server.calls().len(), 5, "none is repeated");

    let proxy = tower::service_fn(|_: Request| async { Ok::<_, BoxError>(answer_of_a_proxy(413)) });
    let error = FileSource::upload(&Client::from_service(proxy), bytes(30)).await.unwrap_err();
    assert!(error.to_string().contains("`Upload::chunk_size` makes them smaller"), "{error}");
}

/// Returns an HTTP status without an envelope.
fn answer_of_a_proxy(status: u16) -> Response {
    let mut response = Response::new("");
    response.http_status = Some(status);
    response
}

/// A proxy whose server is away for a moment.
#[tokio::test]
async fn a_gateway_that_has_no_server_is_tried_again() {
    let calls = Arc::new(AtomicU32::new(0));
    let count = calls.clone();
    let proxy = tower::service_fn(move |_: Request| {
        count.fetch_add(1, Ordering::SeqCst);
        async { Ok::<_, BoxError>(answer_of_a_proxy(502)) }
    });
    let error = FileSource::upload(&Client::from_service(proxy), bytes(30)).attempts(2).await.unwrap_err();
    assert!(matches!(error, UploadError::Interrupted { attempts: 2, .. }), "{error:?}");
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

/// As for a call, an upload outside a runtime is an error.
#[test]
fn an_upload_is_awaited_inside_a_runtime() {
    let unused = tower::service_fn(|_: Request| std::future::pending::<Result<Response, BoxError>>());
    let upload = FileSource::upload(&Client::from_service(unused), bytes(30)).into_future();
    let polled = std::pin::pin!(upload).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(error)) = polled else { panic!("{polled:?}") };
    assert!(error.source().unwrap().to_string().contains("inside a tokio runtime"), "{error:?}");
}

#[tokio::test]
async fn a_refused_token_is_not_tried_again() {
    let server = MockServer::start_with_token("sesame").await.unwrap();
    let client = Client::builder(server.url()).access_token("wrong").build().unwrap();
    let error = FileSource::upload(&client, bytes(30)).await.unwrap_err();
    let UploadError::Refused(error) = error else { panic!("{error:?}") };
    assert_eq!(error.refusal(), Some(RefusalKind::AccessDenied));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_after_the_attempts() {
    let (server, client) = connected().await;
    server.faults(|_| Fault::DropBefore);
    let error = FileSource::upload(&client, bytes(30)).attempts(3).await.unwrap_err();
    assert!(matches!(error, UploadError::Interrupted { attempts: 3, stored: 0, size: 30, .. }), "{error:?}");
    assert!(error.to_string().contains("could not begin: 3 calls failed"), "{error}");
    assert!(matches!(error.call(), Some(Error::OutcomeUnknown(_))), "{error:?}");
    assert_eq!(server.calls().len(), 3);
    fault_each(&server, |call| !is_chunk(call, 0), std::iter::repeat(Fault::DropBefore));
    let error = FileSource::upload(&client, bytes(30)).chunk_size(10).attempts(2).await.unwrap_err();
    assert!(error.to_string().contains("interrupted after 10 of 30 bytes"), "{error}");
}

/// go-cqhttp, Lagrange and LLOneBot.
#[tokio::test]
async fn a_server_without_the_action_gets_the_bytes_in_the_call() {
    let server = MockServer::builder().strict().start().await.unwrap();
    let client = Client::builder(server.url()).build().unwrap();
    let source = FileSource::upload(&client, b"GIF89a".to_vec()).await.unwrap();
    assert_eq!(source, FileSource::bytes("GIF89a"));

    let folder = TempDir::new().unwrap();
    let large = std::fs::File::create(folder.path().join("large")).unwrap();
    large.set_len(FileSource::LIMIT).unwrap();
    let source = FileSource::upload(&client, &*folder.path().join("large")).await.unwrap();
    assert_eq!(source.as_str().len(), "base64://".len() + (FileSource::LIMIT as usize).div_ceil(3) * 4);
    large.set_len(FileSource::LIMIT + 1).unwrap();
    let error = FileSource::upload(&client, &*folder.path().join("large")).await.unwrap_err();
    assert!(matches!(error, UploadError::TooLarge { .. }) && error.call().unwrap().is_unsupported(), "{error:?}");
    assert!(error.to_string().contains("31457280 bytes are more than the 31457279"), "{error}");
    assert_eq!(server.calls().len(), 3, "each asks once");
}

/// Over HTTP, NapCat ends the answers of this action with two line ends.
#[tokio::test]
async fn an_answer_may_be_followed_by_empty_lines() {
    let (server, client) = connected().await;
    let data = json!({ "type": "stream", "status": "chunk_received", "received_chunks": 1, "total_chunks": 2 });
    let answer = json!({ "status": "ok", "retcode": 0, "data": data, "message": "", "wording": "", "echo": "x", "stream": "stream-action" });
    server.fault_once::<UploadFileStream>(Fault::Text(format!("{answer}\r\n\r\n")));
    let answer = client.upload_file_stream("a").chunk_index(0).chunk_data("AAAA").total_chunks(2).await.unwrap();
    assert_eq!(answer.received_chunks, Some(1));
    let failed = json!({
        "status": "failed", "retcode": 200, "data": { "type": "error", "data_type": "error" }, "message": "Stream not found",
        "wording": "Stream not found", "echo": "x", "stream": "stream-action",
    });
    server.fault_once::<UploadFileStream>(Fault::Text(format!("{failed}\r\n\r\n")));
    let error = client.upload_file_stream("a").verify_only(true).await.unwrap_err();
    assert_eq!(error.explanation(), Some("Stream not found"));
}

/// The simulated server keeps to NapCat's rules.
#[tokio::test]
async fn the_simulated_server_checks_uploads() {
    let (server, client) = connected().await;
    let refusal =
        async |call: cqhttp::Call<UploadFileStream>| call.await.unwrap_err().explanation().unwrap().to_owned();
    let call = |id: &str| client.upload_file_stream(id);
    let chunk = |index: u32, data: &str| call("a").chunk_index(index).chunk_data(data);
    assert_eq!(refusal(call("a").verify_only(true)).await, "Stream not found");
    assert_eq!(refusal(chunk(0, "AAAA")).await, "total_chunks required for new stream");
    assert!(refusal(call("../a").total_chunks(1)).await.starts_with("invalid stream_id"));
    let first = chunk(1, "BBBB").total_chunks(2).expected_sha256("00").filename("../../x").await.unwrap();
    assert_eq!((first.received_chunks, first.total_chunks), (Some(1), Some(2)));
    assert_eq!(refusal(chunk(2, "AAAA")).await, "Invalid chunk index: 2");
    assert_eq!(refusal(call("a").is_complete(true)).await, "Missing chunk file 0");
    assert_eq!(chunk(1, "CCCC").await.unwrap().received_chunks, Some(1), "a second chunk of a number is passed over");
    assert_eq!(chunk(0, "AAAA").await.unwrap().received_chunks, Some(2));
    assert_eq!(call("a").verify_only(true).await.unwrap().received_chunks, Some(2));
    assert!(refusal(call("a").is_complete(true)).await.starts_with("SHA256 mismatch. Expected: 00, Got: "));
    assert_eq!(refusal(call("a").reset(true)).await, "Stream reset completed");
    assert_eq!(refusal(call("a").verify_only(true)).await, "Stream not found");

    let done = async |id: &str, size: u64| call(id).total_chunks(1).file_size(size).await;
    for number in 0..10 {
        done(&format!("m{number}"), 10 << 20).await.unwrap();
    }
    assert_eq!(done("m10", 1).await.unwrap_err().explanation(), Some("Memory limit exceeded"));
    assert_eq!(server.forget_uploads(), 10);
    done("m10", 1).await.unwrap();
    assert!(server.uploads().is_empty());
}
