//! The forward WebSocket under load: a hundred thousand calls, fifty lost connections, a consumer that sleeps.

use std::collections::HashMap;
use std::future::IntoFuture;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cqhttp::mock::{Fault, MockServer};
use cqhttp::{Client, ConnectionError, ConnectionState, Error, Overflow, Raw, connect};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use support::peer::{Bare, next_said, said, soon};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message as Frame;

/// The memory of this process, in MiB, where the system tells.
fn memory() -> Option<f64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: f64 = pages.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096.0 / f64::from(1 << 20))
}

/// Returns the memory that has been taken since, in MiB.
fn grown(before: Option<f64>) -> f64 {
    memory().zip(before).map_or(0.0, |(now, before)| now - before)
}

/// Each call says its number and must hear it.
async fn call_many(client: &Client, calls: i64, at_once: usize) {
    let next = Arc::new(AtomicI64::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..at_once {
        let (client, next) = (client.clone(), next.clone());
        workers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= calls {
                    return;
                }
                let answer = client.call(Raw::new("number", json!({ "n": number }))).await.unwrap();
                assert_eq!(answer, json!(number), "it is the call's own answer");
            }
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes about a minute: run by .ci/run"]
async fn a_hundred_thousand_calls_a_thousand_at_once_each_get_their_own_answer() {
    const CALLS: i64 = 100_000;
    const WARM_UP: i64 = 20_000;
    const AT_ONCE: usize = 1000;
    let bare = Bare::start().await;
    let (client, events, mut peer) = bare.connected(connect(&bare.url).no_timeout()).await;
    // Holds nine tenths of what is in flight, and then answers most of it in disorder; the rest waits for a later turn.
    let server = tokio::spawn(async move {
        let (mut held, mut received) = (Vec::new(), 0);
        while let Some(Ok(frame)) = peer.0.next().await {
            let Frame::Text(text) = frame else { continue };
            let call: Value = serde_json::from_str(&text).unwrap();
            let answer = json!({ "data": call["params"]["n"], "echo": call["echo"], "retcode": 0, "status": "ok" });
            held.push(answer.to_string());
            received += 1;
            let is_last = received % WARM_UP == 0;
            if held.len() == AT_ONCE * 9 / 10 || is_last {
                let kept = if is_last { 0 } else { AT_ONCE / 4 };
                for place in 0..held.len() {
                    held.swap(place, (place * 7919 + received as usize) % (place + 1));
                }
                for answer in held.drain(kept..) {
                    peer.0.feed(Frame::text(answer)).await.unwrap();
                }
                peer.0.flush().await.unwrap();
            }
        }
        received
    });
    soon(call_many(&client, WARM_UP, AT_ONCE)).await;
    let before = memory();
    let begun = Instant::now();
    soon(call_many(&client, CALLS, AT_ONCE)).await;
    let (took, more) = (begun.elapsed(), grown(before));
    events.close().await;
    assert_eq!(server.await.unwrap(), CALLS + WARM_UP);
    eprintln!("{CALLS} calls in {took:?}, {more:+.1} MiB");
    assert!(more < 8.0, "{more} MiB more than before");
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum End {
    Done,
    NotSent,
    Unknown,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes about a minute: run by .ci/run"]
async fn fifty_lost_connections_under_load_and_no_call_hangs_or_is_sent_twice() {
    const KILLS: usize = 50;
    const WORKERS: usize = 32;
    let received = Arc::new(Mutex::new(HashMap::<i64, usize>::new()));
    let start = async |port| {
        let server = MockServer::builder().port(port).start().await.unwrap();
        let received = received.clone();
        server.faults(move |call| {
            *received.lock().unwrap().entry(call.params["user_id"].as_i64().unwrap()).or_default() += 1;
            Fault::None
        });
        server
    };
    let mut server = start(0).await;
    let port = server.port();
    let (client, mut events) = connect(server.ws_url())
        .backoff(Duration::from_millis(50), Duration::from_millis(100))
        .keepalive(Duration::from_millis(100), Duration::from_millis(400))
        .no_timeout()
        .await
        .unwrap();

    let whys = Arc::new(Mutex::new(HashMap::<&str, usize>::new()));
    let (mut states, seen) = (events.connection().watch(), whys.clone());
    let watcher = tokio::spawn(async move {
        while states.changed().await.is_ok() {
            let kind = match &*states.borrow_and_update() {
                ConnectionState::Disconnected { why: ConnectionError::Silent(_), .. } => "silent",
                ConnectionState::Disconnected { why: ConnectionError::Unreachable(_), .. } => "unreachable",
                ConnectionState::Disconnected { .. } => "lost",
                ConnectionState::Connected => "connected",
                _ => continue,
            };
            *seen.lock().unwrap().entry(kind).or_default() += 1;
        }
    });

    let (next, stop) = (Arc::new(AtomicI64::new(1)), Arc::new(AtomicBool::new(false)));
    let mut workers = JoinSet::new();
    for _ in 0..WORKERS {
        let (client, next, stop) = (client.clone(), next.clone(), stop.clone());
        workers.spawn(async move {
            let mut ends = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let end = match client.send_like(number).await {
                    Ok(()) => End::Done,
                    Err(Error::NotSent(_)) => End::NotSent,
                    Err(Error::OutcomeUnknown(_)) => End::Unknown,
                    Err(other) => panic!("{other:?}"),
                };
                ends.push((number, end));
                if end != End::Done {
                    // Not to fill the log of a server that is down.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
            ends
        });
    }

    let (mut killed, mut silenced) = (Vec::new(), Vec::new());
    for kill in 0..KILLS {
        // Some calls go through before each.
        let so_far = received.lock().unwrap().len();
        soon(async {
            while received.lock().unwrap().len() < so_far + 100 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
        let begun = Instant::now();
        if kill % 2 == 0 {
            server.stop().await;
            server = start(port).await;
        } else {
            server.silence_connections();
        }
        soon(server.connected(1)).await;
        let text = format!("after {kill}");
        // The connection may be lost once more before the event is through, on a machine that is busy.
        soon(async {
            loop {
                server.push_text(said(&text));
                let arrived = tokio::time::timeout(Duration::from_secs(1), next_said(&mut events)).await;
                if arrived.is_ok_and(|said| said == text) {
                    return;
                }
            }
        })
        .await;
        if kill % 2 == 0 { &mut killed } else { &mut silenced }.push(begun.elapsed());
    }
    stop.store(true, Ordering::Relaxed);
    let mut ends = HashMap::new();
    while let Some(worker) = soon(workers.join_next()).await {
        ends.extend(worker.unwrap());
    }
    events.close().await;
    watcher.abort();

    let received = received.lock().unwrap();
    assert!(received.values().all(|times| *times == 1), "no call is sent twice");
    let mut count = HashMap::<End, usize>::new();
    for (number, end) in &ends {
        *count.entry(*end).or_default() += 1;
        match end {
            End::Done => assert!(received.contains_key(number), "{number} is done"),
            End::NotSent => assert!(!received.contains_key(number), "{number} was not sent"),
            End::Unknown => {}
        }
    }
    assert_eq!(ends.len() as i64, next.load(Ordering::Relaxed) - 1, "every call has ended");
    let whys = whys.lock().unwrap();
    assert!(whys.contains_key("silent") && (whys.contains_key("lost") || whys.contains_key("unreachable")), "{whys:?}");
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        (times[times.len() / 2], times[times.len() - 1])
    };
    eprintln!("{count:?}; states seen: {whys:?}");
    eprintln!(
        "until an event comes again, median and longest: killed {:?}, silent {:?}",
        median(&mut killed),
        median(&mut silenced)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes about a minute: run by .ci/run"]
async fn a_consumer_that_sleeps_through_a_hundred_thousand_events_costs_its_queue_and_no_more() {
    const EVENTS: u64 = 100_000;
    const LIMIT: usize = 16 << 20;
    let server = MockServer::start().await.unwrap();
    let long = said(&"x".repeat(400));
    for (overflow, limit) in [(Overflow::DropOldest, LIMIT), (Overflow::Wait(Duration::from_secs(3600)), 2 * LIMIT)] {
        let (client, mut events) = connect(server.ws_url()).event_queue_limit(LIMIT).overflow(overflow).await.unwrap();
        let mut busy = events.subscribe();
        let before = memory();
        let mut slowest = Duration::ZERO;
        for batch in 0..EVENTS / 1000 {
            for _ in 0..999 {
                server.push_text(&*long);
            }
            server.push_text(said(&format!("the last of {batch}")));
            let begun = Instant::now();
            soon(client.get_status()).await.unwrap();
            slowest = slowest.max(begun.elapsed());
            // The other consumer keeps up.
            let last = format!("the last of {batch}");
            while next_said(&mut busy).await != last {}
        }
        let more = grown(before);
        eprintln!("{overflow:?}: {more:+.1} MiB for {EVENTS} events of {} bytes; slowest call {slowest:?}", long.len());
        let most = limit as f64 * 1.25 / f64::from(1 << 20) + 8.0;
        assert!(more < most, "{more} MiB more than before");
        assert_eq!(busy.missed(), 0);
        let (mut left, mut bytes) = (0, 0);
        events.close().await;
        while let Some(received) = soon(events.next()).await {
            left += 1;
            bytes += received.raw.len() + 256;
        }
        // One more was there at first: the lifecycle event.
        assert_eq!(events.missed(), EVENTS + 1 - left);
        assert!((limit - 2000..=limit).contains(&bytes), "{bytes} of {limit}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_of_64_mib_is_read_and_a_longer_one_is_not() {
    const LIMIT: usize = 64 << 20;
    let bare = Bare::start().await;
    let (client, mut events, mut peer) =
        bare.connected(connect(&bare.url).backoff(Duration::from_millis(20), Duration::from_millis(20))).await;
    let mut states = events.connection().watch();
    let frame = r#"{"post_type":"vendor","text":""#.to_owned();
    let full = frame.clone() + &"x".repeat(LIMIT - frame.len() - 2) + "\"}";
    assert_eq!(full.len(), LIMIT);
    peer.send(full).await;
    assert_eq!(soon(events.next()).await.unwrap().raw.len(), LIMIT);

    let call = tokio::spawn(client.get_login_info().into_future());
    peer.next().await;
    let over = tokio::spawn(async move {
        // The client hangs up while this is on its way.
        let _ = peer.0.send(Frame::text(frame + &"x".repeat(LIMIT) + "\"}")).await;
    });
    let error = soon(call).await.unwrap().unwrap_err();
    assert!(
        error.report().contains("a frame or event of more than 67108864 bytes: see `Connect::frame_limit`"),
        "{}",
        error.report()
    );
    let mut peer = bare.accept().await;
    soon(states.wait_for(ConnectionState::is_connected)).await.unwrap();
    peer.send(said("again")).await;
    assert_eq!(next_said(&mut events).await, "again");
    over.await.unwrap();
}
