//! One bot for several accounts: their servers connect to it over reverse WebSocket.
//!
//! Runs on nothing: three simulated go-cqhttp servers connect to it on 127.0.0.1, each gets a message, and it ends. With
//! `CQHTTP_LISTEN=127.0.0.1:8080` (and `CQHTTP_ACCESS_TOKEN`, if the servers shall show one) it serves real ones until
//! Ctrl-C.
//!
//!     cargo run --example reverse_bot --features server

use std::error::Error;

use cqhttp::action::SendMsg;
use cqhttp::mock::{self, Dial};
use cqhttp::server::Server;
use cqhttp::types::SentMessage;
use serde_json::json;
use tokio::sync::mpsc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if let Ok(address) = std::env::var("CQHTTP_LISTEN") {
        let token = std::env::var("CQHTTP_ACCESS_TOKEN").unwrap_or_default();
        let mut server = Server::bind(address).access_token(token).await?;
        println!("Waiting for accounts. Ctrl-C ends me.");
        tokio::select! {
            () = answer(&mut server) => {}
            _ = tokio::signal::ctrl_c() => server.close().await,
        }
        return Ok(());
    }
    run_on_stand_ins().await
}

/// Answers messages, each as the account that it was sent to, until the server is closed.
async fn answer(server: &mut Server) {
    while let Some(received) = server.next().await {
        let Some(message) = received.event.as_message() else { continue };
        let me = message.self_id();
        println!("{me} hears: {}", message.message().plain_text());
        let reply = received.reply(format!("this is {me}"));
        // In a task of its own, so that a slow answer does not hold up the next message.
        tokio::spawn(async move {
            if let Err(error) = reply.await {
                eprintln!("{}", error.report());
            }
        });
    }
}

async fn run_on_stand_ins() -> Result<(), Box<dyn Error>> {
    let mut server = Server::bind("127.0.0.1:0").access_token("sesame").await?;
    let address = server.local_addr().ok_or("it listens")?;
    println!("The bot listens on {address}; set CQHTTP_LISTEN to serve real accounts.\n");
    let bots = server.bots();
    let bot = tokio::spawn(async move { answer(&mut server).await });
    let (answered, mut answers) = mpsc::unbounded_channel();
    let mut accounts = Vec::new();
    for id in [10010, 10011, 10012] {
        let account = mock::MockServer::builder().self_id(id).start().await?;
        let answered = answered.clone();
        account.on::<SendMsg>(move |message| {
            answered.send(message).ok();
            Ok(SentMessage::example())
        });
        account.dial(Dial::to(format!("ws://{address}")).access_token("sesame"));
        account.connected(1).await;
        bots.wait_for(id).await.ok_or("the server is open")?;
        accounts.push((id, account));
    }
    println!("Connected: {:?}", bots.ids());
    for (id, account) in &accounts {
        account.push_text(heard(*id).to_string());
        answers.recv().await;
    }
    bots.close().await;
    bot.await?;
    println!("\nWhat the accounts were asked:");
    for (id, account) in &accounts {
        for call in account.calls() {
            println!("  {id}: {} {}", call.action, call.params);
        }
    }
    Ok(())
}

/// A message in a group, as go-cqhttp reports it to the account.
fn heard(account: i64) -> serde_json::Value {
    json!({
        "post_type": "message", "message_type": "group", "sub_type": "normal", "time": 1700000000, "self_id": account,
        "group_id": 10001000, "user_id": 10086, "message_id": 7, "message": "who is there?",
        "raw_message": "who is there?", "font": 0, "sender": { "user_id": 10086, "nickname": "Anna" },
    })
}
