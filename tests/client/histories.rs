//! Histories on each kind of server: what a server takes, and how it answers.

use cqhttp::mock::{MockServer, refuse};
use cqhttp::{Client, Error, Event, RefusalCode, ServerKind, action};
use serde_json::{Value, json};
use support::Held;
use tokio::task::JoinHandle;

/// The number of messages in the chat.
const NEWEST: i64 = 45;

/// A small server that answers histories as one of the programs does. It answers nothing else.
#[derive(Clone, Copy)]
struct Program {
    kind: ServerKindOf,
    /// The id of the message with this running number.
    id: fn(i64) -> i64,
    answer: fn(&Program, &Value) -> Result<Vec<Value>, &'static str>,
}

type ServerKindOf = fn() -> ServerKind;

/// A hash, of either sign.
fn hash(seq: i64) -> i64 {
    if seq % 2 == 0 { -seq * 7919 } else { seq * 104_729 }
}

const GO_CQHTTP: Program = Program { kind: || ServerKind::GoCqhttp, id: hash, answer: go_cqhttp };
const LLONEBOT: Program = Program { kind: || ServerKind::LLOneBot, id: hash, answer: llonebot };
const NAPCAT: Program = Program { kind: || ServerKind::NapCat, id: |seq| hash(seq).abs(), answer: napcat };
const SNOWLUMA: Program = Program { kind: || ServerKind::SnowLuma, id: hash, answer: snowluma };
const LAGRANGE: Program = Program { kind: || ServerKind::Lagrange, id: hash, answer: lagrange };

impl Program {
    fn seq_of(&self, id: i64) -> Option<i64> {
        (1..=NEWEST).find(|seq| (self.id)(*seq) == id)
    }

    /// The messages with these numbers, the oldest first.
    fn messages(&self, seqs: std::ops::RangeInclusive<i64>) -> Vec<Value> {
        seqs.filter(|seq| (1..=NEWEST).contains(seq)).map(|seq| self.message(seq)).collect()
    }

    fn message(&self, seq: i64) -> Value {
        json!({
            "post_type": "message", "message_type": "group", "sub_type": "normal", "time": 1_700_000_000 + seq / 3,
            "self_id": 10010, "message_id": (self.id)(seq), "message_seq": seq, "group_id": 10001000, "user_id": 10086,
            "message": [{ "type": "text", "data": { "text": seq.to_string() } }], "sender": { "user_id": 10086 }
        })
    }
}

/// Reads a number, as servers do: from a text too, 0 if it is absent.
fn number(params: &Value, name: &str) -> i64 {
    params[name].as_i64().or_else(|| params[name].as_str()?.parse().ok()).unwrap_or_default()
}

fn latest_or(number: i64) -> i64 {
    if number > 0 { number } else { NEWEST }
}

/// Twenty messages that end with the number `message_seq`.
fn go_cqhttp(program: &Program, params: &Value) -> Result<Vec<Value>, &'static str> {
    let last = latest_or(number(params, "message_seq"));
    if last > NEWEST {
        return Err("MESSAGES_API_ERROR");
    }
    Ok(program.messages(last - 19..=last))
}

/// `count` messages that end with the number `message_seq`; `reverseOrder` turns the list alone.
fn llonebot(program: &Program, params: &Value) -> Result<Vec<Value>, &'static str> {
    let last = latest_or(number(params, "message_seq"));
    let mut messages = program.messages(last - number(params, "count") + 1..=last);
    if params["reverseOrder"] == true {
        messages.reverse();
    }
    Ok(messages)
}

/// `message_seq` is the id of a message. `count` messages begin with it, or end with it if `reverse_order` is `true`. The
/// running number of a message is its id once more.
fn napcat(program: &Program, params: &Value) -> Result<Vec<Value>, &'static str> {
    let (count, given) = (number(params, "count"), number(params, "message_seq"));
    let back = params["reverse_order"] == true || params["reverseOrder"] == true;
    let seqs = match given {
        0 => NEWEST - count + 1..=NEWEST,
        id => {
            let seq = program.seq_of(id).ok_or("消息不存在")?;
            if back { seq - count + 1..=seq } else { seq..=seq + count - 1 }
        }
    };
    let mut messages = program.messages(seqs);
    for message in &mut messages {
        message["real_seq"] = message["message_seq"].to_string().into();
        message["message_seq"] = message["message_id"].clone();
    }
    Ok(messages)
}

/// `count` messages that end with the one with the id `message_id`. Their kind is told by `message_type` alone.
fn snowluma(program: &Program, params: &Value) -> Result<Vec<Value>, &'static str> {
    let last = match number(params, "message_id") {
        0 => NEWEST,
        id => program.seq_of(id).ok_or("message not found")?,
    };
    let mut messages = program.messages(last - number(params, "count") + 1..=last);
    for message in messages.iter_mut().filter_map(Value::as_object_mut) {
        message.retain(|name, _| !["post_type", "self_id", "sub_type", "time"].contains(&name.as_str()));
    }
    Ok(messages)
}

/// The same, without running numbers; the call fails if it would reach beyond the first message.
fn lagrange(program: &Program, params: &Value) -> Result<Vec<Value>, &'static str> {
    let last = match number(params, "message_id") {
        0 => NEWEST,
        id => program.seq_of(id).ok_or("Sequence contains no elements")?,
    };
    let first = last - number(params, "count") + 1;
    if first < 1 {
        return Err("Arithmetic operation resulted in an overflow.");
    }
    let mut messages = program.messages(first..=last);
    for message in messages.iter_mut().filter_map(Value::as_object_mut) {
        message.remove("message_seq");
    }
    Ok(messages)
}

/// Starts a server. The task returns the parameters of all calls once it is told to end.
async fn serve(program: Program) -> (String, JoinHandle<()>, tokio::sync::mpsc::UnboundedReceiver<Value>) {
    let mut server = Held::start().await;
    let url = server.url.clone();
    let (calls, called) = tokio::sync::mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        loop {
            let request = server.next().await;
            let _ = calls.send(request.params.clone());
            let answer = match (program.answer)(&program, &request.params) {
                Ok(messages) => json!({ "status": "ok", "retcode": 0, "data": { "messages": messages } }),
                Err(text) => {
                    json!({ "status": "failed", "retcode": 1200, "message": text, "wording": text, "data": null })
                }
            };
            request.answer("200 OK", &answer.to_string());
        }
    });
    (url, task, called)
}

/// The running numbers of the messages of a page, as their texts say.
fn numbers(messages: &[Event]) -> Vec<i64> {
    let text = |event: &Event| event.as_message().map(|message| message.message().plain_text());
    messages.iter().map(|event| text(event).expect("a message").parse().unwrap()).collect()
}

/// The pages, the refusal at the end, and the number of calls.
async fn read(program: Program, kind: Option<ServerKind>) -> (Vec<Vec<i64>>, Option<Error>, usize) {
    let (url, task, mut called) = serve(program).await;
    let builder = Client::builder(&url);
    let client = match kind {
        Some(kind) => builder.server_kind(kind).build().unwrap(),
        None => builder.build().unwrap(),
    };
    let mut pages = client.get_group_msg_history(10001000).pages();
    let (mut read, mut error) = (Vec::new(), None);
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => read.push(numbers(&page.messages)),
            Err(refused) => error = Some(refused),
        }
    }
    task.abort();
    called.close();
    let mut calls = 0;
    while called.recv().await.is_some() {
        calls += 1;
    }
    (read, error, calls)
}

/// Twenty messages, and then those before them: a page by the id of a message repeats it, and has one new message less.
fn pages(by_ids: bool) -> Vec<Vec<i64>> {
    match by_ids {
        true => vec![(26..=45).collect(), (7..=25).collect(), (1..=6).collect()],
        false => vec![(26..=45).collect(), (6..=25).collect(), (1..=5).collect()],
    }
}

#[tokio::test]
async fn a_history_goes_back_to_its_beginning_on_a_server_whose_kind_is_known() {
    for (program, by_ids, calls) in
        [(GO_CQHTTP, false, 3), (LLONEBOT, false, 3), (NAPCAT, true, 4), (SNOWLUMA, true, 4)]
    {
        let kind = (program.kind)();
        let (read, error, called) = read(program, Some(kind.clone())).await;
        assert_eq!((read, called), (pages(by_ids), calls), "{kind:?}");
        assert!(error.is_none(), "{kind:?}: {error:?}");
    }
}

/// If the kind of server is not given, its first page shows it, or that the second page repeats the first.
#[tokio::test]
async fn it_does_so_where_the_kind_is_not_known() {
    for (program, by_ids, calls) in
        [(GO_CQHTTP, false, 3), (LLONEBOT, false, 3), (NAPCAT, true, 4), (SNOWLUMA, true, 5)]
    {
        let kind = (program.kind)();
        let (read, error, called) = read(program, None).await;
        assert_eq!((read, called), (pages(by_ids), calls), "{kind:?}");
        assert!(error.is_none(), "{kind:?}: {error:?}");
        // The kind of a program that nobody knows says nothing.
        let other = self::read(program, Some(ServerKind::from("another"))).await;
        assert_eq!((other.0, other.2), (pages(by_ids), calls), "{kind:?}");
    }
}

/// Lagrange refuses a page that would reach beyond the first message.
#[tokio::test]
async fn on_lagrange_the_first_messages_are_out_of_reach() {
    for kind in [Some(ServerKind::Lagrange), None] {
        let (read, error, _) = read(LAGRANGE, kind).await;
        assert_eq!(read, pages(true)[..2]);
        assert!(matches!(error, Some(Error::Refused(_))), "{error:?}");
    }
}

/// A chat with a friend has the same history.
#[tokio::test]
async fn a_history_with_a_friend_goes_back_too() {
    for program in [LLONEBOT, NAPCAT, SNOWLUMA] {
        for known in [true, false] {
            let (url, task, _called) = serve(program).await;
            let builder = Client::builder(&url);
            let builder = if known { builder.server_kind((program.kind)()) } else { builder };
            let mut pages = builder.build().unwrap().get_friend_msg_history(10086).count(30).pages();
            let mut read = Vec::new();
            while let Some(page) = pages.next().await {
                read.extend(numbers(&page.unwrap().messages));
            }
            read.sort_unstable();
            assert_eq!(read, Vec::from_iter(1..=45), "{:?}, known: {known}", (program.kind)());
            task.abort();
        }
    }
}

/// The first page of a call with a message goes back from it, on NapCat as well.
#[tokio::test]
async fn the_first_page_goes_back_from_a_message_that_is_given() {
    let (url, task, mut called) = serve(NAPCAT).await;
    let client = Client::builder(&url).build().unwrap();
    let start = (NAPCAT.id)(30);
    let mut pages = client.get_group_msg_history(10001000).message_id(start).pages();
    assert_eq!(numbers(&pages.next().await.unwrap().unwrap().messages), Vec::from_iter(11..=30));
    assert_eq!(numbers(&pages.next().await.unwrap().unwrap().messages), Vec::from_iter(1..=10));
    assert!(pages.next().await.is_none());
    let first = called.recv().await.unwrap();
    assert_eq!(
        (&first["message_id"], &first["message_seq"], &first["reverse_order"], &first["reverseOrder"]),
        (&json!(start), &json!(start), &json!(true), &json!(true))
    );
    // Without pages, the call goes out as it was made.
    client.get_group_msg_history(10001000).message_id(start).await.unwrap();
    let mut last = Value::Null;
    while let Ok(call) = called.try_recv() {
        last = call;
    }
    assert_eq!(last.get("reverse_order"), None);
    task.abort();
}

/// A list that begins with the newest message is turned back by its times.
#[tokio::test]
async fn the_order_of_a_page_does_not_matter() {
    for program in [LLONEBOT, NAPCAT] {
        let turned = Program {
            answer: |program, params| {
                let answer = if (program.kind)() == ServerKind::NapCat { napcat } else { llonebot };
                answer(program, params).map(|messages| messages.into_iter().rev().collect())
            },
            ..program
        };
        let (read, error, _) = read(turned, None).await;
        let mut all: Vec<i64> = read.concat();
        all.sort_unstable();
        assert!(all == Vec::from_iter(1..=45) && error.is_none(), "{read:?}, {error:?}");
    }
}

/// A server that reads neither parameter repeats its page, and a new message does not make it another one.
#[tokio::test]
async fn a_server_that_reads_neither_ends_the_pages() {
    use std::sync::atomic::{AtomicI64, Ordering};

    static CALLS: AtomicI64 = AtomicI64::new(0);
    let deaf = Program {
        answer: |program, _| {
            let last = NEWEST - 10 + CALLS.fetch_add(1, Ordering::Relaxed);
            Ok(program.messages(last - 19..=last))
        },
        ..GO_CQHTTP
    };
    let (read, error, calls) = read(deaf, None).await;
    assert_eq!((read.len(), calls), (1, 3), "{read:?}");
    assert!(error.is_none());
}

/// At most one of the two names a message.
#[tokio::test]
async fn a_number_and_an_id_exclude_each_other() {
    let server = MockServer::start().await.unwrap();
    server.on::<action::GetGroupMsgHistory>(|_| Err(refuse(RefusalCode::GroupNotFound)));
    let client = Client::builder(server.url()).build().unwrap();
    let both = client.get_group_msg_history(1).message_seq(5).message_id(6).await.unwrap_err();
    assert!(matches!(both, Error::NotSent(_)), "{both:?}");
    assert!(server.calls().is_empty());
}

/// A server that begins anew before its first message, as if no message was named, repeats no page and no message.
#[tokio::test]
async fn a_server_that_begins_anew_ends_the_pages() {
    let anew = Program {
        answer: |program, params| match program.seq_of(number(params, "message_id")) {
            Some(1) | None => Ok(program.messages(NEWEST - 19..=NEWEST)),
            Some(seq) => Ok(program.messages(seq - 20..=seq - 1)),
        },
        ..SNOWLUMA
    };
    for kind in [ServerKind::SnowLuma, ServerKind::NapCat] {
        let (read, error, calls) = read(anew, Some(kind)).await;
        let pages: Vec<Vec<i64>> = vec![(26..=45).collect(), (6..=25).collect(), (1..=5).collect()];
        assert_eq!((read, calls), (pages, 4));
        assert!(error.is_none(), "{error:?}");
    }
}
