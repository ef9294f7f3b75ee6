//! A bot that says what it hears: `ping` gets `pong`, everything else comes back.
//!
//! Runs on nothing: it starts a simulated go-cqhttp on 127.0.0.1, where three people talk to it, and ends. With
//! `CQHTTP_WS_URL` (and `CQHTTP_ACCESS_TOKEN`, if the server wants one) it answers on a real server until Ctrl-C.
//!
//!     cargo run --example echo_bot

use std::error::Error;

use cqhttp::mock::{MockServer, Said};
use cqhttp::{Connect, Events, Message, connect};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if std::env::var_os("CQHTTP_WS_URL").is_some() {
        println!("Waiting for the server. If it does not come, look at address and port.");
        let (client, mut events) = Connect::from_env()?.wait_for_server().await?;
        println!("I am {}. Ctrl-C ends me.", client.get_login_info().await?.user_id);
        tokio::select! {
            () = answer(&mut events) => {}
            _ = tokio::signal::ctrl_c() => events.close().await,
        }
        println!("{}", events.state());
        return Ok(());
    }
    run_on_stand_in().await
}

/// Answers messages until the connection has ended.
async fn answer(events: &mut Events) {
    while let Some(received) = events.next().await {
        let Some(message) = received.event.as_message() else { continue };
        let text = message.message().plain_text();
        println!("{} says: {text}", message.display_name());
        let reply = match text.trim() {
            "ping" => received.reply("pong").quote(),
            _ => received.reply(message.message().clone()),
        };
        // In a task of its own, so that a slow answer does not hold up the next message.
        tokio::spawn(async move {
            if let Err(error) = reply.await {
                eprintln!("{}", error.report());
            }
        });
    }
}

async fn run_on_stand_in() -> Result<(), Box<dyn Error>> {
    let server = MockServer::start().await?;
    println!("A simulated go-cqhttp listens on {}; set CQHTTP_WS_URL to talk to a real one.\n", server.ws_url());
    let (_client, mut events) = connect(server.ws_url()).await?;
    let connection = events.connection();
    let bot = tokio::spawn(async move { answer(&mut events).await });
    for (user, name, text) in
        [(10086, "Anna", "ping"), (10087, "Boris", "hello"), (10088, "Chen", "see you [CQ:face,id=14]")]
    {
        server.user(user).named(name).says(Message::cq(text)).in_group(10001000);
        server.expect::<Said>().await;
    }
    connection.close().await;
    bot.await?;
    println!("\nWhat the server was asked:");
    for call in server.calls() {
        println!("  {} {}", call.action, call.params);
    }
    Ok(())
}
