//! Many calls at once on one client, and calls whose future has been dropped, over real sockets.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use cqhttp::transport::{BoxError, Request, Response};
use cqhttp::{Client, Error, GroupId, Pages, RawCall};
use support::{is_complete, read_request};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;

fn client(url: &str) -> Client {
    Client::builder(url).build().unwrap()
}

fn answer(data: &str) -> String {
    let body = format!(r#"{{"data":{data},"retcode":0,"status":"ok"}}"#);
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// The group that a request is about.
fn group(request: &str) -> i64 {
    let (_, params) = request.split_once("\r\n\r\n").unwrap();
    serde_json::from_str::<serde_json::Value>(params).unwrap()["group_id"].as_i64().unwrap()
}

/// A request that has come, and the way to answer it.
type Asked = (i64, oneshot::Sender<()>);

/// A server that tells of each request, and answers it when it is told to. It counts its connections.
async fn asked_server() -> (String, mpsc::UnboundedReceiver<Asked>, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, asked) = mpsc::unbounded_channel();
    let connections = Arc::new(Mutex::new(0));
    let count = connections.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            *count.lock().unwrap() += 1;
            let tell = tell.clone();
            tokio::spawn(async move {
                while let Some(request) = read_request(&mut stream).await {
                    let group = group(&request);
                    let (go, gone) = oneshot::channel();
                    tell.send((group, go)).unwrap();
                    gone.await.unwrap();
                    let data = format!(r#"{{"group_id":{group},"group_name":"group {group}"}}"#);
                    if stream.write_all(answer(&data).as_bytes()).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (url, asked, connections)
}

/// Sends `count` calls, which are all answered once the last has come: the last first, and every other one in between.
async fn at_once(client: &Client, asked: &mut mpsc::UnboundedReceiver<Asked>, count: i64) {
    let mut calls = JoinSet::new();
    for group in 0..count {
        let call = client.get_group_info(10_000 + group).within(Duration::from_secs(300));
        calls.spawn(async move { (10_000 + group, call.await) });
    }
    let mut waiting = Vec::new();
    for _ in 0..count {
        waiting.push(asked.recv().await.unwrap());
    }
    let (even, odd): (Vec<_>, Vec<_>) = waiting.into_iter().rev().partition(|(group, _)| group % 2 == 0);
    for (_, go) in even.into_iter().chain(odd) {
        go.send(()).unwrap();
    }
    let mut answered = 0;
    while let Some(outcome) = calls.join_next().await {
        let (group, info) = outcome.unwrap();
        let info = info.unwrap();
        assert_eq!((info.group_id, info.group_name), (GroupId::new(group), Some(format!("group {group}"))));
        answered += 1;
    }
    assert_eq!(answered, count);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_64_calls_at_once_has_its_own_answer() {
    let (url, mut asked, connections) = asked_server().await;
    let client = client(&url);
    at_once(&client, &mut asked, 64).await;
    assert_eq!(*connections.lock().unwrap(), 64, "one for each call that is on its way");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_1000_calls_at_once_has_its_own_answer() {
    // Two sockets for each call, since the server is in this process too.
    let files = rlimit::increase_nofile_limit(4096).unwrap();
    assert!(files >= 2200, "this machine allows {files} open files; raise `ulimit -n`");
    let (url, mut asked, _) = asked_server().await;
    at_once(&client(&url), &mut asked, 1000).await;
}

#[tokio::test]
async fn one_call_after_the_other_shares_a_connection() {
    let (url, mut asked, connections) = asked_server().await;
    let client = client(&url);
    for _ in 0..20 {
        at_once(&client.clone(), &mut asked, 1).await;
    }
    assert_eq!(*connections.lock().unwrap(), 1);
}

/// Holds at compile time: what a bot shares and spawns can be shared and spawned.
#[tokio::test]
async fn clients_and_calls_go_from_thread_to_thread() {
    fn shared<T: Send + Sync + 'static>() {}
    fn spawnable<T: Send + 'static>(_: &T) {}
    fn sent<T: Send>(_: &T) {}
    shared::<Client>();
    shared::<Error>();
    shared::<Request>();
    shared::<Response>();
    let client = client("http://127.0.0.1:1");
    let call = client.get_group_msg_history(10001000);
    spawnable(&call);
    spawnable(&call.clone().into_future());
    let raw: RawCall<_> = call.clone().with_raw();
    spawnable(&raw);
    spawnable(&raw.into_future());
    let mut pages: Pages<_> = call.pages();
    spawnable(&pages);
    sent(&pages.next());
    spawnable(&async move { pages.next().await.is_some() });
}

/// An observation of a server on a thread of its own: the requests, and the ends of their connections.
#[derive(Debug, PartialEq)]
enum Seen {
    Request,
    End,
}

/// A server that answers nothing but `begin`, on threads and not on the client's runtime, so that all tasks there are the
/// client's.
fn silent_server(begin: &'static str) -> (String, mpsc::UnboundedReceiver<Seen>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, seen) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let tell = tell.clone();
            std::thread::spawn(move || {
                let (mut request, mut piece) = (Vec::new(), [0; 4096]);
                while !is_complete(&request) {
                    match stream.read(&mut piece) {
                        Ok(read @ 1..) => request.extend_from_slice(&piece[..read]),
                        // A connection that was made for a call that was dropped before it left.
                        _ => return,
                    }
                }
                let _ = tell.send(Seen::Request);
                let _ = stream.write_all(begin.as_bytes());
                while matches!(stream.read(&mut piece), Ok(1..)) {}
                let _ = tell.send(Seen::End);
            });
        }
    });
    (url, seen)
}

/// Lets the client's tasks run until none is left.
async fn all_tasks_end() {
    let metrics = Handle::current().metrics();
    let ended = async {
        while metrics.num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    };
    in_time(ended).await;
}

/// Fails the test if the future does not complete in time.
async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("something is left behind")
}

/// Keeps the names of the actions that pass, of which every request has a share.
fn watched(url: &str) -> (Client, Arc<Mutex<Vec<Arc<str>>>>) {
    let names = Arc::new(Mutex::new(Vec::new()));
    let keep = names.clone();
    let watch = tower::layer::layer_fn(move |service: BoxCloneSyncService<Request, Response, BoxError>| {
        let keep = keep.clone();
        tower::service_fn(move |request: Request| {
            keep.lock().unwrap().push(request.action.clone());
            service.clone().oneshot(request)
        })
    });
    (Client::builder(url).layer(watch).build().unwrap(), names)
}

#[tokio::test]
async fn a_call_that_is_never_awaited_does_nothing() {
    let (url, mut asked, connections) = asked_server().await;
    let (client, names) = watched(&url);
    drop(client.get_group_info(1));
    drop(client.get_group_info(2).into_future());
    at_once(&client, &mut asked, 1).await;
    assert_eq!((*connections.lock().unwrap(), names.lock().unwrap().len()), (1, 1));
}

#[tokio::test]
async fn a_call_that_is_dropped_before_it_leaves_leaves_nothing_behind() {
    let (url, mut seen) = silent_server("");
    let (client, names) = watched(&url);
    for group in 0..100 {
        let mut call = client.get_group_info(group).into_future();
        // Once: it has passed the layers, and its connection has not been made.
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert!(seen.try_recv().is_err(), "nothing was sent");
    drop(client);
    all_tasks_end().await;
    let names = names.lock().unwrap();
    assert_eq!(names.len(), 100);
    assert!(names.iter().all(|name| Arc::strong_count(name) == 1), "no request is kept");
    assert!(seen.try_recv().is_err(), "nothing was sent afterwards");
}

#[tokio::test]
async fn a_call_that_is_dropped_on_its_way_leaves_nothing_behind() {
    // Before the answer, in its head, and in its body.
    for begin in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"] {
        let (url, mut seen) = silent_server(begin);
        let (client, names) = watched(&url);
        let mut calls = Vec::new();
        for group in 0..50 {
            let mut call = client.get_group_info(group).into_future();
            tokio::select! {
                biased;
                answer = &mut call => panic!("{answer:?}"),
                seen = seen.recv() => assert_eq!(seen, Some(Seen::Request)),
            }
            calls.push(call);
        }
        drop(calls);
        for _ in 0..50 {
            assert_eq!(in_time(seen.recv()).await, Some(Seen::End), "its connection is closed");
        }
        drop(client);
        all_tasks_end().await;
        assert!(names.lock().unwrap().iter().all(|name| Arc::strong_count(name) == 1), "no request is kept");
    }
}

/// A call that is given up does not harm the next one.
#[tokio::test]
async fn a_client_goes_on_after_dropped_calls() {
    let (url, mut asked, connections) = asked_server().await;
    let client = client(&url);
    for group in 0..10 {
        let mut call = client.get_group_info(group).into_future();
        let go = tokio::select! {
            biased;
            answer = &mut call => panic!("{answer:?}"),
            request = asked.recv() => request.unwrap().1,
        };
        drop(call);
        // The answer that nobody waits for is never taken for the next call's.
        go.send(()).unwrap();
        at_once(&client, &mut asked, 1).await;
    }
    assert!(*connections.lock().unwrap() <= 11);
}

#[tokio::test]
async fn a_client_that_is_dropped_closes_its_connections() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(&format!("http://{}", listener.local_addr().unwrap()));
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_request(&mut stream).await.unwrap();
        stream.write_all(answer(r#"{"group_id":1,"group_name":""}"#).as_bytes()).await.unwrap();
        read_request(&mut stream).await
    });
    client.get_group_info(1).await.unwrap();
    drop(client);
    assert_eq!(in_time(server).await.unwrap(), None, "the kept connection ends with the client");
    all_tasks_end().await;
}
