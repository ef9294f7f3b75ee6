//! The effects of layers on calls, seen from the server's side of a real socket, and by the errors that callers get.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cqhttp::layer::{RateLimit, RetryReads};
use cqhttp::mock::{self, MockServer};
use cqhttp::transport::{BoxError, Request, RequestTarget, Response};
use cqhttp::{AnswersOnce, Call, ChannelId, Client, Effect, Error, GroupId, GuildId, Raw, Target, UserId};
use serde_json::{Value, json};
use support::Held;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::load_shed::error::Overloaded;
use tower::timeout::TimeoutLayer;
use tower::timeout::error::Elapsed;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};

const LOGIN: &str = r#"{"status":"ok","retcode":0,"data":{"user_id":10010,"nickname":"bot"}}"#;
const SENT: &str = r#"{"status":"ok","retcode":0,"data":{"message_id":1}}"#;
const DONE: &str = r#"{"status":"ok","retcode":0,"data":null}"#;
const REFUSED: &str = r#"{"status":"failed","retcode":100,"msg":"GROUP_NOT_FOUND","data":null}"#;

const HOUR: Duration = Duration::from_secs(3600);
/// The time limit of calls that are to run into it.
const SHORT: Duration = Duration::from_millis(100);
/// The same for calls that are to leave before.
const LONGER: Duration = Duration::from_millis(500);
/// Waits of retries that the tests sit out.
const MOMENT: Duration = Duration::from_millis(1);

type Bottom = BoxCloneSyncService<Request, Response, BoxError>;

fn spawn<A: AnswersOnce>(call: Call<A>) -> JoinHandle<Result<A::Response, Error>> {
    tokio::spawn(call.into_future())
}

/// The call reaches its time limit before it is sent.
async fn assert_waits<A: AnswersOnce<Response: std::fmt::Debug>>(call: Call<A>) {
    let error = call.within(SHORT).await.unwrap_err();
    assert!(matches!(error, Error::NotSent(_)) && !error.may_have_happened(), "{error:?}");
    assert!(error.report().ends_with("was not sent: it did not get its turn within 100ms"), "{}", error.report());
}

fn has_source<E: StdError + 'static>(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.is::<E>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A client over a service that answers everything, and the requests that reached it.
fn recorded(limit: RateLimit) -> (Client, Arc<Mutex<Vec<Request>>>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = requests.clone();
    let service = tower::service_fn(move |request: Request| {
        seen.lock().unwrap().push(request);
        async { Ok::<_, Infallible>(Response::new(DONE)) }
    });
    (Client::from_service(ServiceBuilder::new().layer(limit).service(service)), requests)
}

mod rate_limit {
    use super::*;

    fn client(server: &MockServer, limit: RateLimit) -> Client {
        Client::builder(server.url()).layer(limit).build().unwrap()
    }

    #[tokio::test]
    async fn what_is_too_much_waits_and_is_not_sent_when_its_time_is_over() {
        let server = MockServer::start().await.unwrap();
        let client = client(&server, RateLimit::every(HOUR));
        client.get_login_info().await.unwrap();
        assert_waits(client.get_login_info()).await;
        assert_waits(client.send_group_msg(10001000, "hi")).await;
        assert_eq!(server.calls().len(), 1);
    }

    #[tokio::test]
    async fn a_burst_leaves_at_once() {
        let server = MockServer::start().await.unwrap();
        let client = client(&server, RateLimit::every(HOUR).burst(3));
        for _ in 0..3 {
            client.get_login_info().await.unwrap();
        }
        assert_waits(client.get_login_info()).await;
        assert_eq!(server.calls().len(), 3);
    }

    #[tokio::test]
    async fn one_effect_is_held_back_and_the_others_pass() {
        let server = MockServer::start().await.unwrap();
        let client = client(&server, RateLimit::every(HOUR).only(Effect::Send));
        client.send_group_msg(10001000, "first").await.unwrap();
        let waiting = spawn(client.send_group_msg(10001000, "second"));
        assert_waits(client.send_private_msg(10086, "third")).await;
        for _ in 0..5 {
            client.get_login_info().await.unwrap();
            client.set_group_ban(10001000, 10086).await.unwrap();
        }
        assert!(!waiting.is_finished());
        waiting.abort();
        let sent = server.calls().iter().filter(|call| call.action.starts_with("send")).count();
        assert_eq!((sent, server.calls().len()), (1, 11));
    }

    #[tokio::test]
    async fn each_target_is_counted_by_itself() {
        let server = MockServer::start().await.unwrap();
        let client = client(&server, RateLimit::every(HOUR).per_target());
        client.send_group_msg(10001000, "hi").await.unwrap();
        client.send_group_msg(10001001, "hi").await.unwrap();
        client.send_private_msg(10001000, "a user whose number is a group's").await.unwrap();
        client.send_guild_channel_msg(10001000, 1, "hi").await.unwrap();
        client.send_guild_channel_msg(10001000, 2, "hi").await.unwrap();
        client.get_login_info().await.unwrap();
        assert_eq!(server.calls().len(), 6);

        assert_waits(client.set_group_ban(10001000, 10086)).await;
        assert_waits(client.call(Raw::new("vendor_action", json!({ "group_id": "10001001" })))).await;
        assert_waits(client.send_msg(Target::temp(10001000, 10001002), "hi")).await;
        assert_waits(client.send_guild_channel_msg(10001000, 2, "hi")).await;
        assert_waits(client.get_friend_list()).await;
        assert_eq!(server.calls().len(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn each_client_has_a_count_of_its_own_and_its_clones_share_it() {
        let limit = RateLimit::every(HOUR);
        let ((one, _), (other, _)) = (recorded(limit.clone()), recorded(limit));
        for client in [&one, &other] {
            client.set_group_ban(10001000, 10086).await.unwrap();
            assert_waits(client.clone().set_group_ban(10001000, 10086)).await;
        }
        tokio::time::advance(HOUR).await;
        one.clone().set_group_ban(10001000, 10086).await.unwrap();
        assert_waits(one.set_group_ban(10001000, 10086)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn clients_share_one_count_where_they_are_to() {
        let limit = RateLimit::every(HOUR).shared();
        let ((one, _), (other, _)) = (recorded(limit.clone()), recorded(limit.clone()));
        one.set_friend_add_request("flag").await.unwrap();
        assert_waits(other.set_friend_add_request("flag")).await;
        // Another burst is another limit.
        let limit = limit.burst(2);
        let ((one, _), (other, _)) = (recorded(limit.clone()), recorded(limit));
        one.set_friend_add_request("flag").await.unwrap();
        other.set_friend_add_request("flag").await.unwrap();
        assert_waits(one.set_friend_add_request("flag")).await;
    }

    /// Two accounts on one listener.
    #[cfg(feature = "server")]
    #[tokio::test]
    async fn each_account_of_a_server_has_a_count_of_its_own() {
        use cqhttp::server;

        for (limit, share) in [(RateLimit::every(HOUR), false), (RateLimit::every(HOUR).shared(), true)] {
            let bot = server::Server::bind("127.0.0.1:0").layer(limit).await.unwrap();
            let dial = mock::Dial::to(format!("ws://{}", bot.local_addr().unwrap()));
            let mut accounts = Vec::new();
            for id in [10086, 10087] {
                let account = MockServer::builder().self_id(id).start().await.unwrap();
                account.dial_once(dial.clone()).await.unwrap();
                accounts.push((bot.bots().wait_for(id).await.unwrap(), account));
            }
            let [(anna, _), (boris, _)] = &accounts[..] else { unreachable!() };
            anna.get_login_info().await.unwrap();
            match share {
                false => _ = boris.get_login_info().await.unwrap(),
                true => assert_waits(boris.get_login_info()).await,
            }
            assert_waits(anna.get_login_info()).await;
        }
    }

    /// A call that waits for its turn must not hold a place that another could use.
    #[tokio::test]
    async fn who_waits_takes_no_place_of_a_concurrency_limit() {
        let server = MockServer::start().await.unwrap();
        let client = Client::builder(server.url())
            .layer(ConcurrencyLimitLayer::new(1))
            .layer(RateLimit::every(HOUR).only(Effect::Send))
            .build()
            .unwrap();
        client.send_group_msg(10001000, "hi").await.unwrap();
        let waiting = spawn(client.send_group_msg(10001000, "hi"));
        assert_waits(client.send_group_msg(10001000, "hi")).await;
        client.get_login_info().await.unwrap();
        assert!(!waiting.is_finished());
        waiting.abort();
    }

    /// Nobody overtakes, nobody leaves too early, and who gives up makes room.
    #[tokio::test(start_paused = true)]
    async fn turns_come_in_order_and_on_time() {
        let (client, requests) = recorded(RateLimit::every(Duration::from_secs(1)));
        let begun = tokio::time::Instant::now();
        let mut calls = Vec::new();
        for n in 0..6 {
            let call = client.call(Raw::new(format!("call_{n}"), json!({})));
            // The second, which is the first to wait, gives up after half a second.
            let call = if n == 1 { call.within(Duration::from_millis(500)) } else { call };
            calls.push(tokio::spawn(async move {
                let outcome = call.await;
                (outcome.is_ok(), begun.elapsed().as_secs_f64().round())
            }));
            tokio::task::yield_now().await;
        }
        let mut outcomes = Vec::new();
        for call in calls {
            outcomes.push(call.await.unwrap());
        }
        let expected = [(true, 0.0), (false, 1.0), (true, 1.0), (true, 2.0), (true, 3.0), (true, 4.0)];
        assert_eq!(outcomes, expected);
        let order: Vec<_> = requests.lock().unwrap().iter().map(|request| request.action.to_string()).collect();
        assert_eq!(order, ["call_0", "call_2", "call_3", "call_4", "call_5"]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_constructors_mean_what_they_say() {
        for (limit, burst, period) in [
            (RateLimit::per_second(5), 5, 200),
            (RateLimit::per_minute(20), 20, 3000),
            (RateLimit::per_minute(20).burst(1), 1, 3000),
            (RateLimit::every(Duration::from_secs(2)), 1, 2000),
        ] {
            let (client, _) = recorded(limit.clone());
            let begun = tokio::time::Instant::now();
            for n in 0..burst + 10 {
                client.get_status().with_raw().await.unwrap_err();
                let expected = u128::try_from(period * (n + 1 - burst).max(0)).unwrap();
                // Timers last whole milliseconds, and may begin in the middle of one.
                let late = begun.elapsed().as_millis() - expected;
                assert!(late <= 1 + u128::try_from(n).unwrap(), "{limit:?}: call {n} is {late} ms late");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn numbers_without_sense_do_no_harm() {
        for (limit, another) in [
            (RateLimit::per_second(0), true), // one a second
            (RateLimit::per_second(u32::MAX), true),
            (RateLimit::per_minute(0).burst(0), false), // one a minute
            (RateLimit::per_minute(u32::MAX).per_target(), true),
            (RateLimit::every(Duration::ZERO), true),
            (RateLimit::every(Duration::ZERO).burst(u32::MAX), true),
            (RateLimit::every(Duration::MAX), false),
            (RateLimit::every(Duration::MAX).burst(2), true),
            (RateLimit::every(Duration::MAX).burst(u32::MAX), true),
        ] {
            let (client, requests) = recorded(limit.clone());
            client.set_group_ban(10001000, 10086).await.unwrap();
            match another {
                true => client.set_group_ban(10001000, 10086).await.unwrap(),
                false => assert_waits(client.set_group_ban(10001000, 10086)).await,
            }
            assert_eq!(requests.lock().unwrap().len(), 1 + usize::from(another), "{limit:?}");
        }
    }
}

mod target {
    use super::*;

    async fn target_of<A: AnswersOnce>(request: A) -> Option<RequestTarget> {
        let (client, requests) = recorded(RateLimit::per_second(1000));
        // Whether the answer suits the action is not the question here.
        let _ = client.call(request).await;
        let requests = requests.lock().unwrap();
        requests[0].target()
    }

    #[tokio::test]
    async fn it_is_read_leniently() {
        let group = Some(RequestTarget::Group(GroupId::new(10001000)));
        let user = Some(RequestTarget::User(UserId::new(10086)));
        let channel = Some(RequestTarget::Channel(GuildId::new(7), ChannelId::new(8)));
        for (params, target) in [
            (json!({ "group_id": 10001000 }), group),
            (json!({ "group_id": "10001000", "user_id": 10086 }), group),
            (json!({ "group_id": 10001000.0 }), group),
            (json!({ "user_id": "10086", "message": "x".repeat(100_000) }), user),
            (json!({ "user_id": 10086, "group_id": 0 }), user),
            (json!({ "user_id": 10086, "group_id": null }), user),
            (json!({ "user_id": 10086, "group_id": { "odd": [] } }), user),
            (json!({ "message_type": "private", "user_id": 10086, "group_id": 10001000 }), user),
            (json!({ "message_type": "group", "user_id": 10086, "group_id": 10001000 }), group),
            (json!({ "message_type": 3, "user_id": 10086, "group_id": 10001000 }), group),
            (json!({ "guild_id": "7", "channel_id": 8 }), channel),
            (json!({ "guild_id": "7", "user_id": 9 }), Some(RequestTarget::Guild(GuildId::new(7)))),
            (json!({ "channel_id": 8 }), None),
            (json!({ "context": { "group_id": 10001000, "user_id": 10086 }, "operation": {} }), group),
            (json!({ "context": "odd" }), None),
            (json!({ "group_id": "", "user_id": "me" }), None),
            (json!({}), None),
        ] {
            assert_eq!(target_of(Raw::new("vendor_action", params.clone())).await, target, "{params}");
        }
        // Of a message's two ids, the user's says where it goes.
        let both = json!({ "user_id": 10086, "group_id": 10001000 });
        assert_eq!(target_of(Raw::new("send_private_msg", both).effect(Effect::Send)).await, user);
    }

    /// Every action of the schema that names a target has one.
    #[tokio::test]
    async fn every_action_is_understood() {
        let mut found = 0;
        for action in mock::actions() {
            let params: Value = serde_json::from_str(action.example_params).unwrap();
            let names_one = ["group_id", "user_id", "guild_id", "context"].iter().any(|key| params.get(key).is_some());
            let target = target_of(Raw::new(action.name, params).effect(action.effect)).await;
            assert_eq!(target.is_some(), names_one, "{}: {target:?}", action.name);
            found += usize::from(names_one);
        }
        assert!(found > 50, "{found} actions");
    }
}

mod retry {
    use super::*;

    fn client(server: &Held, policy: RetryReads) -> Client {
        Client::builder(&server.url).layer(policy.backoff(MOMENT, MOMENT)).build().unwrap()
    }

    #[tokio::test]
    async fn a_read_is_repeated_when_its_connection_is_lost() {
        let mut server = Held::start().await;
        let call = spawn(client(&server, RetryReads::new()).get_login_info());
        drop(server.next().await);
        drop(server.next().await);
        let third = server.next().await;
        assert_eq!(third.action, "get_login_info");
        third.answer("200 OK", LOGIN);
        assert_eq!(call.await.unwrap().unwrap().nickname.as_deref(), Some("bot"));
    }

    #[tokio::test]
    async fn waits_without_end_do_no_harm() {
        let mut server = Held::start().await;
        let most = Duration::MAX;
        let client = Client::builder(&server.url)
            .timeout(most)
            .layer(TimeoutLayer::new(most))
            .layer(RetryReads::new().backoff(most, most))
            .build()
            .unwrap();
        let call = spawn(client.get_login_info());
        server.next().await.answer("200 OK", LOGIN);
        call.await.unwrap().unwrap();
        let call = spawn(client.get_login_info().within(SHORT));
        drop(server.next().await);
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown(_)), "{error:?}");
    }

    #[tokio::test]
    async fn attempts_come_to_an_end() {
        for (policy, attempts) in [(RetryReads::default(), 3), (RetryReads::new().attempts(5), 5)] {
            let mut server = Held::start().await;
            let call = spawn(client(&server, policy).get_login_info());
            for _ in 0..attempts {
                drop(server.next().await);
            }
            let error = call.await.unwrap().unwrap_err();
            assert!(matches!(error, Error::OutcomeUnknown(_)), "{error:?}");
            assert!(server.is_quiet());
        }
        for attempts in [0, 1] {
            let mut server = Held::start().await;
            let call = spawn(client(&server, RetryReads::new().attempts(attempts)).get_login_info());
            drop(server.next().await);
            call.await.unwrap().unwrap_err();
            assert!(server.is_quiet());
        }
    }

    /// Nothing is sent twice, whatever becomes of it.
    #[tokio::test]
    async fn what_writes_or_sends_is_never_repeated() {
        let mut server = Held::start().await;
        let client = client(&server, RetryReads::new().attempts(9));

        let call = spawn(client.send_group_msg(10001000, "hi"));
        drop(server.next().await);
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown(_)) && server.is_quiet(), "{error:?}");

        let call = spawn(client.set_group_ban(10001000, 10086));
        server.next().await.answer("502 Bad Gateway", "");
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown(_)) && server.is_quiet(), "{error:?}");

        // What a raw call does is unknown, unless it says so.
        let call = spawn(client.call(Raw::new("vendor_action", json!({}))));
        drop(server.next().await);
        assert!(call.await.unwrap().is_err() && server.is_quiet());
        let call = spawn(client.call(Raw::new("vendor_action", json!({})).effect(Effect::Read)));
        drop(server.next().await);
        server.next().await.answer("200 OK", DONE);
        call.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_refusal_stands_and_a_busy_server_is_asked_again() {
        let mut server = Held::start().await;
        let client = client(&server, RetryReads::new());
        for status in ["200 OK", "429 Too Many Requests", "503 Service Unavailable"] {
            let call = spawn(client.get_group_info(10001000));
            server.next().await.answer(status, REFUSED);
            let error = call.await.unwrap().unwrap_err();
            assert!(error.is_refused() && server.is_quiet(), "{status}: {error:?}");
        }
        for status in ["404 Not Found", "401 Unauthorized", "500 Internal MockServer Error", "200 OK"] {
            let call = spawn(client.get_login_info());
            server.next().await.answer(status, "not an envelope");
            let error = call.await.unwrap().unwrap_err();
            assert!(server.is_quiet(), "{status}: {error:?}");
        }
        for status in ["429 Too Many Requests", "502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"] {
            let call = spawn(client.get_login_info());
            server.next().await.answer(status, r#"{"title":"a proxy's page","status":503}"#);
            server.next().await.answer("200 OK", LOGIN);
            call.await.unwrap().unwrap();
        }
        // What the last attempt says is what the caller hears.
        let call = spawn(client.get_login_info());
        for _ in 0..3 {
            server.next().await.answer("429 Too Many Requests", "");
        }
        assert_eq!(call.await.unwrap().unwrap_err().retcode(), Some(1429));
    }

    /// A layer that counts attempts, and the count.
    fn counting() -> (impl tower::Layer<Bottom, Service = Bottom> + Send + 'static, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let layer = tower::layer::layer_fn(move |service: Bottom| {
            let count = counted.clone();
            BoxCloneSyncService::new(service.map_request(move |request| {
                count.fetch_add(1, Ordering::Relaxed);
                request
            }))
        });
        (layer, count)
    }

    async fn nowhere() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_looked_for_again() {
        let (layer, attempts) = counting();
        let retry = RetryReads::new().backoff(MOMENT, MOMENT);
        let client = Client::builder(nowhere().await).layer(layer).layer(retry).build().unwrap();
        let error = client.get_login_info().await.unwrap_err();
        assert!(matches!(error, Error::NotSent(_)), "{error:?}");
        assert_eq!(attempts.load(Ordering::Relaxed), 3);
        // What is wrong with the request itself stays wrong.
        client.call(Raw::new("..", json!({})).effect(Effect::Read)).await.unwrap_err();
        assert_eq!(attempts.load(Ordering::Relaxed), 4);
    }

    #[tokio::test]
    async fn an_attempt_that_takes_too_long_is_followed_by_another() {
        let mut server = Held::start().await;
        let client = Client::builder(&server.url)
            .layer(TimeoutLayer::new(SHORT))
            .layer(RetryReads::new().attempts(100).backoff(MOMENT, MOMENT))
            .build()
            .unwrap();
        let mut call = spawn(client.get_login_info());
        let _held = server.next().await;
        // On a busy machine more than one of them may come too late.
        loop {
            tokio::select! {
                another = server.next() => another.answer("200 OK", LOGIN),
                outcome = &mut call => {
                    outcome.unwrap().unwrap();
                    break;
                }
            }
        }
    }

    /// The call's own limit counts over all attempts, and nothing leaves after it.
    #[tokio::test]
    async fn the_time_limit_of_a_call_ends_its_attempts_too() {
        let (layer, attempts) = counting();
        let retry = RetryReads::new().backoff(HOUR, HOUR);
        let client = Client::builder(nowhere().await).layer(layer).layer(retry.clone()).build().unwrap();
        assert_waits(client.get_login_info()).await;
        assert_eq!(attempts.load(Ordering::Relaxed), 1);

        let mut server = Held::start().await;
        let client = Client::builder(&server.url).layer(retry).build().unwrap();
        let call = spawn(client.get_login_info().within(LONGER));
        drop(server.next().await);
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown(_)), "it had left once: {error:?}");
        assert!(server.is_quiet());
    }

    /// A worker that goes on when its caller has gone does not repeat what was reported as not sent.
    #[tokio::test]
    async fn a_call_that_was_given_up_is_not_repeated() {
        let (counted, attempts) = counting();
        let (release, held) = tokio::sync::watch::channel(false);
        let (ended, mut outcome) = tokio::sync::mpsc::channel(1);
        let failing = tower::layer::layer_fn(move |_: Bottom| {
            let held = held.clone();
            tower::service_fn(move |_: Request| {
                let mut held = held.clone();
                async move {
                    held.wait_for(|released| *released).await?;
                    Err::<Response, _>(BoxError::from("the connection is lost"))
                }
            })
        });
        let worker = tower::layer::layer_fn(move |service: Bottom| {
            let ended = ended.clone();
            tower::service_fn(move |request: Request| {
                let (service, ended) = (service.clone(), ended.clone());
                let worker = tokio::spawn(async move {
                    let answer = service.oneshot(request).await;
                    ended.send(()).await.unwrap();
                    answer
                });
                async move { worker.await? }
            })
        });
        let client = Client::builder("http://127.0.0.1:9")
            .layer(failing)
            .layer(counted)
            .layer(RetryReads::new().backoff(MOMENT, MOMENT))
            .layer(worker)
            .build()
            .unwrap();
        assert_waits(client.get_login_info()).await;
        release.send(true).unwrap();
        outcome.recv().await.unwrap();
        assert_eq!(attempts.load(Ordering::Relaxed), 1);
    }

    /// Calls that failed together do not come back together.
    #[tokio::test(start_paused = true)]
    async fn waits_grow_and_differ() {
        let times = Arc::new(Mutex::new(Vec::new()));
        let begun = tokio::time::Instant::now();
        let seen = times.clone();
        let service = tower::service_fn(move |_: Request| {
            seen.lock().unwrap().push(begun.elapsed());
            async { Err::<Response, _>(BoxError::from("the connection is lost")) }
        });
        let retry = RetryReads::new().attempts(2).backoff(Duration::from_secs(1), HOUR);
        let client = Client::from_service(ServiceBuilder::new().layer(retry).service(service.clone()));
        let calls: Vec<_> = (0..8).map(|_| spawn(client.get_login_info())).collect();
        for call in calls {
            call.await.unwrap().unwrap_err();
        }
        let mut second = times.lock().unwrap().split_off(8);
        let second_at = |time: &Duration| (Duration::from_secs(1)..Duration::from_millis(2002)).contains(time);
        assert!(second.iter().all(second_at), "{second:?}");
        second.dedup();
        assert!(second.len() > 1, "all eight waited {second:?}");

        times.lock().unwrap().clear();
        let retry = RetryReads::new().attempts(4).backoff(Duration::from_millis(100), HOUR);
        let client = Client::from_service(ServiceBuilder::new().layer(retry).service(service));
        client.get_login_info().await.unwrap_err();
        let times = times.lock().unwrap();
        for (n, least) in [100, 200, 400].into_iter().enumerate() {
            let wait = (times[n + 1] - times[n]).as_millis();
            assert!((least..=2 * least + 2).contains(&wait), "wait {n} lasts {wait} ms");
        }
    }
}

mod from_tower {
    use super::*;

    #[tokio::test]
    async fn an_attempt_that_had_left_when_it_was_ended_has_an_unknown_outcome() {
        let mut server = Held::start().await;
        let client = Client::builder(&server.url).layer(TimeoutLayer::new(LONGER)).build().unwrap();
        let call = spawn(client.send_group_msg(10001000, "hi"));
        let _held = server.next().await;
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, Error::OutcomeUnknown(_)) && has_source::<Elapsed>(&error), "{error:?}");
    }

    #[tokio::test]
    async fn an_attempt_that_had_not_left_when_it_was_ended_is_not_sent() {
        let server = MockServer::start().await.unwrap();
        let limit = RateLimit::every(HOUR).shared();
        // The one turn is taken without a hurry.
        let other = Client::builder(server.url()).layer(limit.clone()).build().unwrap();
        other.get_login_info().await.unwrap();
        let client = Client::builder(server.url()).layer(limit).layer(TimeoutLayer::new(SHORT)).build().unwrap();
        let error = client.get_login_info().await.unwrap_err();
        assert!(matches!(error, Error::NotSent(_)) && has_source::<Elapsed>(&error), "{error:?}");
        assert_eq!(server.calls().len(), 1);
    }

    #[tokio::test]
    async fn no_more_calls_are_open_at_the_server_than_the_limit_says() {
        let mut server = Held::start().await;
        let client = Client::builder(&server.url).layer(ConcurrencyLimitLayer::new(2)).build().unwrap();
        let calls: Vec<_> = (0..2).map(|_| spawn(client.get_login_info())).collect();
        let (first, second) = (server.next().await, server.next().await);
        assert_waits(client.get_login_info()).await;
        assert!(server.is_quiet());

        let third = spawn(client.get_login_info());
        first.answer("200 OK", LOGIN);
        server.next().await.answer("200 OK", LOGIN);
        second.answer("200 OK", LOGIN);
        for call in calls.into_iter().chain([third]) {
            call.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn a_call_that_is_turned_away_is_not_sent() {
        let mut server = Held::start().await;
        let shed = ServiceBuilder::new().load_shed().concurrency_limit(1).into_inner();
        let client =
            Client::builder(&server.url).layer(shed).layer(RetryReads::new().backoff(HOUR, HOUR)).build().unwrap();
        let open = spawn(client.get_login_info());
        let first = server.next().await;
        // At once: an hour later it would have another reason.
        let error = client.send_group_msg(10001000, "hi").await.unwrap_err();
        assert!(matches!(error, Error::NotSent(_)) && has_source::<Overloaded>(&error), "{error:?}");
        let error = client.get_login_info().await.unwrap_err();
        assert!(matches!(error, Error::NotSent(_)) && has_source::<Overloaded>(&error), "{error:?}");
        first.answer("200 OK", LOGIN);
        open.await.unwrap().unwrap();
        assert!(server.is_quiet());
    }

    /// The number of calls that may wait for their turn is limited around the rate limit.
    #[tokio::test]
    async fn who_finds_too_many_waiting_is_turned_away() {
        let server = MockServer::start().await.unwrap();
        let client = Client::builder(server.url())
            .layer(RateLimit::every(HOUR))
            .layer(ConcurrencyLimitLayer::new(1))
            .layer(LoadShedLayer::new())
            .build()
            .unwrap();
        client.get_login_info().await.unwrap();
        let waiting = spawn(client.get_login_info());
        // On this runtime of one thread it comes as far as it can, and stands in line.
        tokio::task::yield_now().await;
        let error = client.get_login_info().await.unwrap_err();
        assert!(matches!(error, Error::NotSent(_)) && has_source::<Overloaded>(&error), "{error:?}");
        assert!(!waiting.is_finished());
        waiting.abort();
        assert_eq!(server.calls().len(), 1);
    }

    #[tokio::test]
    async fn a_buffer_whose_worker_has_ended_is_not_sent() {
        let broken = tower::layer::layer_fn(|_: Bottom| {
            let service = tower::service_fn(|_: Request| async { Ok::<_, BoxError>(Response::new(LOGIN)) });
            Unready(Bottom::new(service))
        });
        let client = Client::builder("http://127.0.0.1:9")
            .layer(broken)
            .layer(ServiceBuilder::new().buffer(4).into_inner())
            .build()
            .unwrap();
        for _ in 0..2 {
            let error = client.send_group_msg(10001000, "hi").await.unwrap_err();
            assert!(matches!(error, Error::NotSent(_)) && error.report().contains("out of order"), "{error:?}");
        }
    }

    /// A service that is never ready, and says so by an error.
    #[derive(Clone)]
    struct Unready(Bottom);

    impl tower::Service<Request> for Unready {
        type Response = Response;
        type Error = BoxError;
        type Future = <Bottom as tower::Service<Request>>::Future;

        fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), BoxError>> {
            std::task::Poll::Ready(Err("out of order".into()))
        }

        fn call(&mut self, request: Request) -> Self::Future {
            self.0.call(request)
        }
    }

    /// The order that the module's page recommends.
    #[tokio::test]
    async fn all_of_them_together() {
        let mut server = Held::start().await;
        let client = Client::builder(&server.url)
            .layer(TimeoutLayer::new(Duration::from_secs(20)))
            .layer(ConcurrencyLimitLayer::new(2))
            .layer(RateLimit::per_second(1000))
            .layer(RateLimit::every(HOUR).only(Effect::Send).per_target())
            .layer(RetryReads::new().backoff(MOMENT, MOMENT))
            .build()
            .unwrap();
        let (read, sent) = (spawn(client.get_login_info()), spawn(client.send_group_msg(10001000, "hi")));
        let mut dropped = false;
        for _ in 0..3 {
            let arrived = server.next().await;
            match arrived.action.as_str() {
                "get_login_info" if !dropped => dropped = true,
                "get_login_info" => arrived.answer("200 OK", LOGIN),
                _ => arrived.answer("200 OK", SENT),
            }
        }
        assert_eq!(read.await.unwrap().unwrap().nickname.as_deref(), Some("bot"));
        sent.await.unwrap().unwrap();
        assert_waits(client.send_group_msg(10001000, "again")).await;

        let calls = (spawn(client.get_login_info()), spawn(client.send_group_msg(10001001, "hi")));
        let (one, other) = (server.next().await, server.next().await);
        assert_waits(client.get_login_info()).await;
        drop((one, other));
        drop(calls);
    }
}

mod streamed {
    use cqhttp::transport::Parts;
    use futures_util::stream;
    use tokio::sync::{Semaphore, mpsc};
    use tower::layer::layer_fn;

    use super::*;

    /// A layer as the module's page shows one: one call in flight, until the last part of its answer.
    fn one_in_flight(inner: Bottom) -> Bottom {
        let permits = Arc::new(Semaphore::new(1));
        BoxCloneSyncService::new(tower::service_fn(move |request: Request| {
            let (permits, inner) = (permits.clone(), inner.clone());
            async move {
                let permit = permits.acquire_owned().await?;
                let mut reply = inner.oneshot(request).await?;
                reply.hold(permit);
                Ok::<_, BoxError>(reply)
            }
        }))
    }

    /// A client whose answers have two more parts, and those parts, as a caller of streamed answers would get them.
    fn client() -> (Client, mpsc::UnboundedReceiver<Parts>) {
        let transport = tower::service_fn(|request: Request| async move {
            assert!(request.mark_sent());
            let parts = ["one", "two"].map(|part| Ok::<_, BoxError>(part.into()));
            Ok::<_, BoxError>(Response::streamed(LOGIN, stream::iter(parts)))
        });
        let (sender, taken) = mpsc::unbounded_channel();
        let take_parts = layer_fn(move |inner: Bottom| {
            let sender = sender.clone();
            tower::service_fn(move |request: Request| {
                let (sender, inner) = (sender.clone(), inner.clone());
                async move {
                    let mut reply = inner.oneshot(request).await?;
                    let _ = sender.send(reply.take_parts().expect("it has parts"));
                    assert!(reply.take_parts().is_none());
                    Ok::<_, BoxError>(reply)
                }
            })
        });
        let service = ServiceBuilder::new()
            .layer(layer_fn(BoxCloneSyncService::<Request, Response, BoxError>::new))
            .layer(take_parts)
            .layer(layer_fn(BoxCloneSyncService::<Request, Response, BoxError>::new))
            .layer(layer_fn(one_in_flight))
            .layer(layer_fn(BoxCloneSyncService::<Request, Response, BoxError>::new))
            .service(transport);
        (Client::from_service(service), taken)
    }

    #[tokio::test]
    async fn a_limit_lasts_to_the_last_part() {
        let (client, mut taken) = client();
        assert_eq!(client.get_login_info().await.unwrap().nickname.as_deref(), Some("bot"));
        let mut parts = taken.recv().await.unwrap();
        for expected in ["one", "two"] {
            assert_waits(client.get_login_info()).await;
            assert_eq!(parts.next().await.unwrap().unwrap(), expected);
        }
        assert_waits(client.get_login_info()).await;
        assert!(parts.next().await.is_none() && parts.next().await.is_none());
        assert_eq!(client.get_login_info().await.unwrap().nickname.as_deref(), Some("bot"));
        // Parts that nobody wants any longer free the place too.
        assert_waits(client.get_login_info()).await;
        drop(taken.recv().await.unwrap());
        assert_eq!(client.get_login_info().await.unwrap().nickname.as_deref(), Some("bot"));
    }

    #[tokio::test]
    async fn a_call_that_expects_one_answer_takes_the_first() {
        let transport = tower::service_fn(|_: Request| async {
            Ok::<_, BoxError>(Response::streamed(LOGIN, stream::iter([Err("it breaks off".into())])))
        });
        let limited = ServiceBuilder::new()
            .layer(layer_fn(one_in_flight))
            .layer(layer_fn(BoxCloneSyncService::<Request, Response, BoxError>::new))
            .service(transport);
        let client = Client::from_service(limited);
        for _ in 0..2 {
            assert_eq!(client.get_login_info().await.unwrap().nickname.as_deref(), Some("bot"));
        }
        // An answer in one piece holds nothing.
        let (mut reply, guard) = (Response::new(LOGIN), Arc::new(()));
        reply.hold(guard.clone());
        assert_eq!(Arc::strong_count(&guard), 1);
    }
}
