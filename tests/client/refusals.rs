//! Refusals as servers word them: what each means, and whether the action may have been carried out. `corpus/refusals.json` has
//! them, with the server that sends each and where it was seen.

use std::time::Duration;

use cqhttp::mock::{self, MockServer};
use cqhttp::transport::{BoxError, Request, Response};
use cqhttp::{Client, Effect, Error, Raw, RefusalCode, RefusalKind};
use serde::Deserialize;
use serde_json::{Value, json};
use support::answering;

/// A reported refusal.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reported {
    #[allow(dead_code, reason = "for readers")]
    from: String,
    #[allow(dead_code, reason = "for readers")]
    server: String,
    action: String,
    over: String,
    http_status: Option<u16>,
    /// An envelope; or the body of an answer that has none.
    answer: Value,
    kind: String,
    may_have_happened: bool,
}

impl Reported {
    fn all() -> Vec<Self> {
        serde_json::from_str(include_str!("../corpus/refusals.json")).unwrap()
    }

    fn request(&self) -> Raw {
        let known = mock::actions().find(|action| action.name == self.action);
        // The schema does not have every action of other servers.
        let effect = known
            .map_or(if self.action.starts_with("get_") { Effect::Read } else { Effect::Write }, |known| known.effect);
        Raw::new(self.action.clone(), json!({})).effect(effect)
    }

    fn check(&self, error: &Error) {
        let found = error.refusal().unwrap_or_else(|| panic!("{self:?}: {error:?}"));
        assert_eq!(
            (found.as_str(), error.may_have_happened()),
            (&*self.kind, self.may_have_happened),
            "{self:?}: {error:?}"
        );
        assert_eq!(error.is_timeout(), found == RefusalKind::Timeout, "{self:?}");
        assert_eq!(error.is_unsupported(), found == RefusalKind::Unsupported, "{self:?}");
        if error.is_unsupported() {
            assert_eq!(error.code(), Some(RefusalCode::ApiNotFound), "{self:?}");
            assert!(error.report().contains("(this server does not know the action"), "{}", error.report());
        }
        let Error::Refused(refused) = error else { unreachable!() };
        assert_eq!((refused.kind(), refused.uncertain), (found, self.may_have_happened));
        assert_eq!(error.report().lines().count(), 1, "{}", error.report());
    }
}

#[tokio::test]
async fn every_reported_refusal_over_http_means_what_it_should() {
    let mut count = 0;
    for reported in Reported::all().iter().filter(|reported| reported.over == "http") {
        let body = reported.answer.as_str().map_or_else(|| reported.answer.to_string(), str::to_owned);
        let (url, _) = answering(&format!("{} X", reported.http_status.unwrap_or(200)), body).await;
        let error = Client::builder(url).build().unwrap().call(reported.request()).await.unwrap_err();
        reported.check(&error);
        count += 1;
    }
    assert!(count > 40, "{count}");
}

#[cfg(feature = "ws")]
#[tokio::test]
async fn every_reported_refusal_over_a_websocket_means_what_it_should() {
    use support::peer::{Bare, soon, spawn};

    let bare = Bare::start().await;
    let (client, _events, mut peer) = bare.connected(cqhttp::connect(&bare.url)).await;
    let mut count = 0;
    for reported in Reported::all().iter().filter(|reported| reported.over == "websocket") {
        let call = spawn(client.call(reported.request()));
        let (_, echo) = peer.next().await;
        let mut answer = reported.answer.clone();
        answer["echo"] = echo;
        peer.send(answer.to_string()).await;
        reported.check(&soon(call).await.unwrap().unwrap_err());
        count += 1;
    }
    assert!(count > 60, "{count}");
}

#[test]
fn many_texts_of_many_servers_are_known() {
    let reported = Reported::all();
    let texts: std::collections::BTreeSet<String> = reported.iter().map(|case| case.answer.to_string()).collect();
    assert!(texts.len() > 100, "{}", texts.len());
    assert!(reported.iter().filter(|case| case.kind != "other").count() > 100);
}

/// The same words are uncertain for an action that writes or sends, and certain for one that only reads.
#[tokio::test]
async fn an_action_that_only_reads_has_never_happened() {
    for (effect, happened) in [(Effect::Read, false), (Effect::Write, true), (Effect::Send, true)] {
        for text in ["Timeout: NTEvent x", "words that no rule knows"] {
            let body = json!({ "status": "failed", "retcode": 1200, "wording": text }).to_string();
            let (url, _) = answering("200 OK", body).await;
            let request = Raw::new("x", json!({})).effect(effect);
            let error = Client::builder(url).build().unwrap().call(request).await.unwrap_err();
            assert_eq!(error.may_have_happened(), happened, "{effect:?}: {text}");
        }
    }
}

/// A bare HTTP status that no rule knows proves nothing about an action that writes.
#[tokio::test]
async fn an_unknown_http_status_proves_nothing() {
    let (url, _) = answering("418 I'm a teapot", "").await;
    let error = Client::builder(url).build().unwrap().send_private_msg(10086, "hi").await.unwrap_err();
    assert!(error.is_refused() && error.may_have_happened());
    assert_eq!(error.refusal(), Some(RefusalKind::Other));
}

#[tokio::test]
async fn a_time_limit_is_told_whosever_it_is() {
    let server = MockServer::start().await.unwrap();
    server.faults(|_: &mock::ReceivedCall| mock::Fault::NoAnswer);
    let client = Client::builder(server.url()).build().unwrap();
    let limit = Duration::from_millis(50);
    let ours = client.get_login_info().within(limit).await.unwrap_err();
    assert!(matches!(ours, Error::OutcomeUnknown(_)) && ours.is_timeout(), "{ours:?}");
    assert_eq!((ours.refusal(), ours.is_unsupported()), (None, false));

    let layer = tower::timeout::TimeoutLayer::new(limit);
    let layered = Client::builder(server.url()).layer(layer).build().unwrap();
    let of_a_layer = layered.get_login_info().await.unwrap_err();
    assert!(of_a_layer.is_timeout(), "{of_a_layer:?}");

    let never =
        Client::from_service(tower::service_fn(|_: Request| std::future::pending::<Result<Response, BoxError>>()));
    let unsent = never.get_login_info().within(limit).await.unwrap_err();
    assert!(matches!(unsent, Error::NotSent(_)) && unsent.is_timeout(), "{unsent:?}");

    for (status, timeout) in [("504 Gateway Timeout", true), ("408 Request Timeout", true), ("502 Bad Gateway", false)]
    {
        let (url, _) = answering(status, "").await;
        let error = Client::builder(url).build().unwrap().get_login_info().await.unwrap_err();
        assert_eq!(error.is_timeout(), timeout, "{status}");
    }
}

/// Blanks are no words: a server's words in another field are found behind them, and a report does not end in a comma.
#[tokio::test]
async fn blanks_explain_nothing() {
    for (answer, report) in [
        (
            json!({ "status": "failed", "retcode": 100, "msg": " ", "message": "no", "wording": "\n" }),
            "retcode 100, no",
        ),
        (json!({ "status": " ", "retcode": 100, "message": "\u{b}" }), "retcode 100"),
        (json!({ "status": "no", "retcode": 100, "message": " " }), "retcode 100, no"),
    ] {
        let (url, _) = answering("200 OK", answer.to_string()).await;
        let error = Client::builder(url).build().unwrap().set_group_name(1, "a").await.unwrap_err();
        assert_eq!(error.report(), format!("`set_group_name` was refused: {report}"), "{answer}");
    }
}
