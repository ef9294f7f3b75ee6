//! A bot that gets its events by HTTP POST, and answers in the response: quick operations.
//!
//! Runs on nothing: it sends itself three events, signed as go-cqhttp signs them, and ends. With
//! `CQHTTP_LISTEN=127.0.0.1:8080` (and `CQHTTP_SECRET`, if the server signs) it serves a real one until Ctrl-C.
//!
//!     cargo run --example webhook_bot --features server

use std::error::Error;

use cqhttp::event::{FriendRequestOperation, GroupMessageOperation};
use cqhttp::mock::Webhook;
use cqhttp::server::Server;
use cqhttp::{Event, Received};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if let Ok(address) = std::env::var("CQHTTP_LISTEN") {
        let secret = std::env::var("CQHTTP_SECRET").unwrap_or_default();
        let mut server = Server::bind(address).webhook_secret(secret).await?;
        println!("Waiting for events. Ctrl-C ends me.");
        tokio::select! {
            () = answer(&mut server) => {}
            _ = tokio::signal::ctrl_c() => server.close().await,
        }
        return Ok(());
    }
    run_by_itself().await
}

/// Answers events until the server is closed. What it does not answer gets an empty response.
async fn answer(server: &mut Server) {
    while let Some(received) = server.next().await {
        if let Err(error) = answer_one(&received).await {
            eprintln!("{}", error.report());
        }
    }
}

async fn answer_one(received: &Received) -> Result<(), cqhttp::Error> {
    match &received.event {
        Event::GroupMessage(message) if message.message.plain_text() == "spam" => {
            received.answer(message, &GroupMessageOperation::new().delete(true).ban(true).ban_duration(60)).await
        }
        Event::GroupMessage(message) => {
            let text = format!("you said: {}", message.message.plain_text());
            received.answer(message, &GroupMessageOperation::new().reply(text)).await
        }
        Event::FriendRequest(request) => {
            received
                .answer(request, &FriendRequestOperation::new().approve(request.comment.as_deref() == Some("please")))
                .await
        }
        _ => Ok(()),
    }
}

async fn run_by_itself() -> Result<(), Box<dyn Error>> {
    let mut server = Server::bind("127.0.0.1:0").webhook_secret("sesame").await?;
    let address = server.local_addr().ok_or("it listens")?;
    println!("The bot listens on {address}; set CQHTTP_LISTEN to serve a real account.\n");
    let bots = server.bots();
    let bot = tokio::spawn(async move { answer(&mut server).await });
    let webhook = Webhook::to(format!("http://{address}")).secret("sesame");
    let friend = json!({
        "post_type": "request", "request_type": "friend", "time": 1700000000, "self_id": 10010, "user_id": 10086,
        "comment": "please", "flag": "1",
    });
    for event in [said(7, "hello"), said(8, "spam"), friend] {
        let posted = webhook.post(&event.to_string()).await?;
        println!("HTTP {} {}", posted.status, posted.operation.unwrap_or_default());
    }
    let posted =
        Webhook::to(format!("http://{address}")).secret("wrong").post(&said(9, "let me in").to_string()).await?;
    println!("HTTP {} for a wrong signature", posted.status);
    bots.close().await;
    bot.await?;
    Ok(())
}

/// A message in a group, as go-cqhttp reports it.
fn said(id: i64, text: &str) -> serde_json::Value {
    json!({
        "post_type": "message", "message_type": "group", "sub_type": "normal", "time": 1700000000, "self_id": 10010,
        "group_id": 10001000, "user_id": 10086, "message_id": id, "message": text, "raw_message": text, "font": 0,
        "sender": { "user_id": 10086, "nickname": "Anna" },
    })
}
