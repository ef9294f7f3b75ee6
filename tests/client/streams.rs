//! Answers in parts, over HTTP and over a WebSocket.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use cqhttp::action::{DownloadFileStream, GetLoginInfo, TestDownloadStream, TestDownloadStreamResponse};
use cqhttp::layer::RetryReads;
use cqhttp::mock::{Fault, MockServer, StreamFault, StreamedAnswer, With, World, refuse_as};
use cqhttp::transport::{BoxError, Request, Response};
use cqhttp::types::{FileComplete, FilePart, FilePartKind, TestPart};
use cqhttp::{AnswerStream, Client, Error, KnownAction, Raw, RefusalKind, StreamedAction, connect};
use futures_util::{Stream, StreamExt};
use serde_json::json;
use support::log::Log;
use support::peer::{Bare, said, soon};
use tokio::sync::mpsc;

/// A client over HTTP and one over a WebSocket.
async fn clients(server: &MockServer) -> [Client; 2] {
    let http = Client::builder(server.url()).build().unwrap();
    let (websocket, _events) = connect(server.ws_url()).await.unwrap();
    [http, websocket]
}

fn part(n: usize) -> TestPart {
    TestPart::example().with(|part| part.data = Some(format!("part {n}")))
}

/// A server that answers `test_download_stream` in this many parts.
async fn serving(parts: usize) -> MockServer {
    let server = MockServer::start().await.unwrap();
    server.on_stream::<TestDownloadStream>(move |_| {
        Ok(StreamedAnswer::new((0..parts).map(part), TestDownloadStreamResponse::example()))
    });
    server
}

/// Reads a stream to its end: the parts' texts, and the error.
async fn texts(parts: &mut AnswerStream<TestDownloadStream>) -> (Vec<String>, Option<Error>) {
    let mut texts = Vec::new();
    while let Some(part) = soon(parts.next()).await {
        match part {
            Ok(part) => texts.push(part.data.unwrap()),
            Err(error) => {
                assert!(soon(parts.next()).await.is_none(), "nothing follows an error");
                return (texts, Some(error));
            }
        }
    }
    (texts, None)
}

fn numbered(parts: usize) -> Vec<String> {
    (0..parts).map(|n| format!("part {n}")).collect()
}

#[tokio::test]
async fn the_parts_arrive_in_order_and_then_the_last_answer() {
    let server = serving(1000).await;
    for client in clients(&server).await {
        let mut parts = client.test_download_stream().stream();
        let (found, error) = texts(&mut parts).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(found, numbered(1000));
        assert!(parts.text().contains("Stream transmission complete"), "{}", parts.text());
        assert_eq!(soon(parts.finish()).await.unwrap(), TestDownloadStreamResponse::example());
        // The last answer alone, and by the trait.
        assert_eq!(
            soon(client.test_download_stream().stream().finish()).await.unwrap().data_type.unwrap(),
            "data_complete"
        );
        let parts: Vec<_> = soon(client.call(TestDownloadStream::new()).stream().collect()).await;
        assert_eq!(parts.len(), 1000);
        // An answer without parts.
        server.on_stream::<TestDownloadStream>(|_| Ok(StreamedAnswer::new([], TestDownloadStreamResponse::example())));
        let mut parts = client.test_download_stream().stream();
        assert!(soon(parts.next()).await.is_none());
        soon(parts.finish()).await.unwrap();
        server.on_stream::<TestDownloadStream>(|_| {
            Ok(StreamedAnswer::new((0..1000).map(part), TestDownloadStreamResponse::example()))
        });
    }
}

#[tokio::test]
async fn a_file_tells_how_far_it_is() {
    let world = World::new().content("hello.txt", "Hello World");
    let server = MockServer::builder().world(world).start().await.unwrap();
    for client in clients(&server).await {
        let mut parts = client.download_file_stream().file_id("hello.txt").chunk_size(4).stream();
        assert_eq!((parts.total(), parts.received()), (None, None));
        let first = soon(parts.next()).await.unwrap().unwrap();
        assert_eq!((first.kind, first.file_name.as_deref()), (FilePartKind::FileInfo, Some("hello.txt")));
        assert_eq!((parts.total(), parts.received()), (Some(11), None));
        let mut received = Vec::new();
        while let Some(part) = soon(parts.next()).await {
            assert_eq!(part.unwrap().kind, FilePartKind::FileChunk);
            received.push(parts.received().unwrap());
        }
        assert_eq!(received, [4, 8, 11]);
        let complete = soon(parts.finish()).await.unwrap();
        assert_eq!((complete.total_chunks, complete.total_bytes), (Some(3), Some(11)));
    }
}

#[tokio::test]
async fn a_refusal_ends_the_stream_wherever_it_comes() {
    let server = serving(5).await;
    let refusal = || refuse_as(1200, "Download failed: file not found");
    for client in clients(&server).await {
        for at in [0, 3] {
            server.fault_once::<TestDownloadStream>(Fault::Stream(StreamFault::Refused(at, refusal())));
            let mut parts = client.test_download_stream().stream();
            let (found, error) = texts(&mut parts).await;
            let error = error.expect("it is refused");
            assert_eq!(found, numbered(at));
            assert!(matches!(&error, Error::Refused(_)), "{error:?}");
            assert_eq!((error.retcode(), error.explanation()), (Some(1200), Some("Download failed: file not found")));
            assert!(!error.may_have_happened(), "it only reads");
            let again = soon(parts.finish()).await.unwrap_err();
            assert!(again.report().contains("was returned before"), "{}", again.report());
        }
        // A refusal in one response, as of a server without the action.
        server.fault_once::<TestDownloadStream>(Fault::Refuse(refuse_as(1404, "不支持的Api test_download_stream")));
        let error = soon(client.test_download_stream().stream().finish()).await.unwrap_err();
        assert_eq!(error.refusal(), Some(RefusalKind::Unsupported), "{error:?}");
    }
}

#[tokio::test]
async fn a_lost_connection_leaves_the_outcome_unknown() {
    for way in [0, 1] {
        let server = serving(5).await;
        let client = &clients(&server).await[way];
        for at in [0, 3, 5] {
            server.fault_once::<TestDownloadStream>(Fault::Stream(StreamFault::Cut(at)));
            let (found, error) = loop {
                let (found, error) = texts(&mut client.test_download_stream().stream()).await;
                if !matches!(error, Some(Error::NotSent(_))) {
                    break (found, error);
                }
                // The connection is being made again.
                tokio::task::yield_now().await;
            };
            let error = error.expect("it is cut");
            assert_eq!(found, numbered(at), "{error:?}");
            assert!(matches!(&error, Error::OutcomeUnknown(_)) && !error.is_timeout(), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_part_that_cannot_be_read_ends_the_stream() {
    let server = serving(5).await;
    for client in clients(&server).await {
        server.fault_once::<TestDownloadStream>(Fault::Stream(StreamFault::Garbage(2)));
        let (found, error) = texts(&mut client.test_download_stream().stream()).await;
        assert_eq!(found, numbered(2));
        assert!(matches!(error, Some(Error::Undecodable(_))), "{error:?}");
        soon(client.get_login_info()).await.unwrap();
    }
}

#[tokio::test]
async fn an_answer_without_a_last_part_is_no_success() {
    let server = serving(2).await;
    for (way, client) in clients(&server).await.into_iter().enumerate() {
        server.fault_once::<TestDownloadStream>(Fault::Stream(StreamFault::NoEnd));
        let call = client.test_download_stream().within(Duration::from_millis(100));
        let (found, error) = texts(&mut call.stream()).await;
        let error = error.expect("there is no end");
        assert_eq!(found, numbered(2));
        assert!(matches!(&error, Error::OutcomeUnknown(_)), "{error:?}");
        // Over HTTP the body ends; over a WebSocket nothing more comes.
        let says = ["ended without its last part", "no further part of the answer within 100ms"][way];
        assert!(error.report().contains(says), "{}", error.report());
        assert_eq!(error.is_timeout(), way == 1);
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up() {
    let server = serving(5).await;
    for client in clients(&server).await {
        for at in [0, 3] {
            server.fault_once::<TestDownloadStream>(Fault::Stream(StreamFault::Silent(at)));
            let call = client.test_download_stream().within(Duration::from_millis(100));
            let (found, error) = texts(&mut call.stream()).await;
            let error = error.expect("it is silent");
            assert_eq!(found, numbered(at));
            assert!(matches!(&error, Error::OutcomeUnknown(_)) && error.is_timeout(), "{error:?}");
        }
    }
}

/// A transport whose parts come from a channel.
struct FromChannel(mpsc::Receiver<Result<axum::body::Bytes, BoxError>>);

impl Stream for FromChannel {
    type Item = Result<axum::body::Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx)
    }
}

/// The clock stands still unless nothing else happens: no socket is involved.
#[tokio::test(start_paused = true)]
async fn each_part_begins_the_time_limit_anew() {
    let text = r#"{"status":"ok","retcode":0,"data":{"type":"stream","data":"x"}}"#;
    let client = Client::from_service(tower::service_fn(move |request: Request| async move {
        assert!(request.is_streamed() && request.mark_sent());
        let (sender, parts) = mpsc::channel(1);
        tokio::spawn(async move {
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_secs(2)).await;
                if sender.send(Ok(text.into())).await.is_err() {
                    return;
                }
            }
            sender.closed().await;
        });
        Ok::<_, BoxError>(Response::streamed(text, FromChannel(parts)))
    }));
    let mut parts = client.test_download_stream().within(Duration::from_secs(3)).stream();
    let begun = tokio::time::Instant::now();
    for _ in 0..6 {
        parts.next().await.unwrap().unwrap();
    }
    assert_eq!(begun.elapsed().as_secs(), 10);
    assert!(parts.next().await.unwrap().unwrap_err().is_timeout());
    assert_eq!(begun.elapsed().as_secs(), 13);
}

/// Once a part has arrived, the program has read it.
#[tokio::test]
async fn a_stream_is_repeated_only_before_its_first_part() {
    let server = serving(3).await;
    let client = Client::builder(server.url()).layer(RetryReads::new()).build().unwrap();
    for (at, calls) in [(0, 2), (1, 1)] {
        let before = server.calls().len();
        server.fault_once::<TestDownloadStream>(Fault::Stream(StreamFault::Cut(at)));
        let (found, error) = texts(&mut client.test_download_stream().stream()).await;
        assert_eq!((found.len(), error.is_some()), if at == 0 { (3, false) } else { (1, true) });
        assert_eq!(server.calls().len() - before, calls);
    }
}

#[tokio::test]
async fn a_part_of_any_length_is_bounded_by_the_limit() {
    let server = MockServer::start().await.unwrap();
    server.on_stream::<TestDownloadStream>(move |_| {
        let parts = [part(0), TestPart::example().with(|part| part.data = Some("x".repeat(2 << 20)))];
        Ok(StreamedAnswer::new(parts, TestDownloadStreamResponse::example()))
    });
    let http = Client::builder(server.url()).body_limit(1 << 20).build().unwrap();
    let (websocket, _events) = connect(server.ws_url()).frame_limit(1 << 20).await.unwrap();
    for (client, says) in [(http, "`ClientBuilder::body_limit`"), (websocket, "`Connect::frame_limit`")] {
        let (found, error) = texts(&mut client.test_download_stream().stream()).await;
        let error = error.expect("it is too long");
        assert_eq!(found, numbered(1));
        assert!(matches!(&error, Error::OutcomeUnknown(_)) && error.report().contains(says), "{}", error.report());
    }
    // The sum of all parts has no limit.
    server.on_stream::<TestDownloadStream>(move |_| {
        let long = TestPart::example().with(|part| part.data = Some("x".repeat(500_000)));
        Ok(StreamedAnswer::new(std::iter::repeat_n(long, 10), TestDownloadStreamResponse::example()))
    });
    let http = Client::builder(server.url()).body_limit(1 << 20).build().unwrap();
    soon(http.test_download_stream().stream().finish()).await.unwrap();
}

#[tokio::test]
async fn streams_on_one_connection_do_not_mix() {
    let server = MockServer::start().await.unwrap();
    server.on_stream::<DownloadFileStream>(|request| {
        let file = request.file.unwrap();
        let parts = (0..50).map(move |n| {
            FilePart::example().with(|part| {
                (part.index, part.file_name) = (Some(n), Some(file.clone()));
            })
        });
        Ok(StreamedAnswer::new(parts, FileComplete::example()))
    });
    for client in clients(&server).await {
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..50 {
            let mut parts = client.download_file_stream().file(number.to_string()).stream();
            tasks.spawn(async move {
                for index in 0..50 {
                    let part = parts.next().await.unwrap().unwrap();
                    assert_eq!((part.index, part.file_name), (Some(index), Some(number.to_string())));
                }
                parts.finish().await.unwrap();
            });
        }
        while let Some(done) = soon(tasks.join_next()).await {
            done.unwrap();
        }
    }
}

/// The rest of a stream that nobody reads is logged once.
#[tokio::test]
async fn a_stream_that_nobody_asked_for_is_dropped_and_logged_once() {
    let log = Log::of_this_thread();
    let server = serving(20).await;
    let (client, _events) = connect(server.ws_url()).await.unwrap();
    let first = soon(client.call(Raw::new(TestDownloadStream::NAME, json!({})))).await.unwrap();
    assert_eq!((first["type"].as_str(), first["data"].as_str()), (Some("stream"), Some("part 0")));
    let mut parts = client.test_download_stream().stream();
    soon(parts.next()).await.unwrap().unwrap();
    soon(client.get_login_info()).await.unwrap();
    drop(parts);
    server.on_stream::<TestDownloadStream>(|_| {
        Ok(StreamedAnswer::new((0..2).map(part), TestDownloadStreamResponse::example()))
    });
    soon(client.test_download_stream().stream().finish()).await.unwrap();
    let warnings = Log::with(&log, "dropped a part of an answer");
    assert!((1..=2).contains(&warnings.len()), "{warnings:?}");
}

#[tokio::test]
async fn a_program_that_stops_reading_loses_its_stream_and_nothing_else() {
    let bare = Bare::start().await;
    let (client, mut events, mut peer) = bare.connected(connect(&bare.url).stream_buffer(64 << 10)).await;
    let mut parts = client.test_download_stream().no_limit();
    let (first, echo) = tokio::join!(
        async {
            let first = parts.next().await.unwrap().unwrap();
            (first, parts)
        },
        async {
            let (_, echo) = peer.next().await;
            peer.send(frame(&echo, "stream", 0)).await;
            echo
        }
    );
    let (_, mut parts) = first;
    // Far more than the buffer holds, with an event and an answer behind it.
    let login = tokio::spawn(async move { soon(client.get_login_info()).await });
    let (action, login_echo) = peer.next().await;
    assert_eq!(action, GetLoginInfo::NAME);
    let server = tokio::spawn(async move {
        for n in 1..100 {
            peer.send(frame(&echo, "stream", n)).await;
        }
        peer.send(said("hi")).await;
        peer.answer(&login_echo, json!({ "user_id": 1 })).await;
        peer
    });
    assert_eq!(support::peer::next_said(&mut events).await, "hi");
    assert_eq!(login.await.unwrap().unwrap().user_id.get(), 1);
    let _peer = server.await.unwrap();
    let (found, error) = texts(&mut parts).await;
    let error = error.expect("its buffer was full");
    assert!((4..20).contains(&found.len()), "{}", found.len());
    assert!(matches!(&error, Error::OutcomeUnknown(_)), "{error:?}");
    assert!(
        error.report().contains("read too slowly") && error.report().contains("stream_buffer"),
        "{}",
        error.report()
    );
}

/// A response of 8 KiB.
fn frame(echo: &serde_json::Value, kind: &str, n: usize) -> String {
    let data = json!({ "type": kind, "data_type": "data_chunk", "data": format!("part {n} {}", "x".repeat(8 << 10)) });
    json!({ "status": "ok", "retcode": 0, "data": data, "echo": echo, "stream": "stream-action" }).to_string()
}

/// A call without a time limit, as a stream.
trait NoLimit<A: StreamedAction> {
    fn no_limit(self) -> AnswerStream<A>;
}

impl<A: StreamedAction> NoLimit<A> for cqhttp::Call<A> {
    fn no_limit(self) -> AnswerStream<A> {
        self.within(Duration::from_secs(60)).stream()
    }
}

/// A layer's permit is held until the last part, or until the stream is dropped.
#[tokio::test]
async fn a_layer_counts_a_call_until_its_stream_ends() {
    let permits = Arc::new(tokio::sync::Semaphore::new(1));
    let server = serving(3).await;
    let held = permits.clone();
    let client = Client::builder(server.url())
        .layer(tower::layer::layer_fn(move |inner: tower::util::BoxCloneSyncService<Request, Response, BoxError>| {
            let permits = held.clone();
            tower::service_fn(move |request: Request| {
                let (permits, inner) = (permits.clone(), inner.clone());
                async move {
                    let permit = permits.acquire_owned().await?;
                    let mut response = tower::ServiceExt::oneshot(inner, request).await?;
                    response.hold(permit);
                    Ok::<_, BoxError>(response)
                }
            })
        }))
        .build()
        .unwrap();
    for finish in [true, false] {
        let mut parts = client.test_download_stream().stream();
        soon(parts.next()).await.unwrap().unwrap();
        assert_eq!(permits.available_permits(), 0);
        if finish {
            drop(soon(parts.finish()).await.unwrap())
        } else {
            drop(parts)
        }
        assert_eq!(permits.available_permits(), 1);
    }
}
