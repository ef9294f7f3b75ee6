//! Seven calls of different kinds, and what comes back.
//!
//! Runs on nothing: it starts a simulated go-cqhttp on 127.0.0.1. With `CQHTTP_URL` (and `CQHTTP_ACCESS_TOKEN`, if the
//! server wants one) it talks to a real server instead, and then only asks: nothing is sent, nothing is changed.
//!
//!     cargo run --example quickstart

use std::error::Error;

use cqhttp::action::SetGroupBan;
use cqhttp::mock::{self, refuse};
use cqhttp::{Client, Effect, GroupId, Raw, RefusalCode, UserId};
use serde_json::json;

const GROUP: GroupId = GroupId::new(10001000);
const MEMBER: UserId = UserId::new(10086);
const OWNER: UserId = UserId::new(10000);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if std::env::var_os("CQHTTP_URL").is_some() {
        let client = Client::from_env()?;
        return ask(&client).await;
    }
    let server = mock::MockServer::start().await?;
    println!("A simulated go-cqhttp listens on {}; set CQHTTP_URL to talk to a real one.\n", server.url());
    // It answers every action with the schema's example; this handler checks the user that is to be muted.
    server.on::<SetGroupBan>(|ban| match ban.user_id {
        OWNER => Err(refuse(RefusalCode::NotManageable).wording("the owner cannot be muted")),
        _ => Ok(()),
    });
    let client = Client::builder(server.url()).build()?;
    ask(&client).await?;
    act(&client).await?;
    println!("\nWhat the server was asked:");
    for call in server.calls() {
        println!("  {} {}", call.action, call.params);
    }
    Ok(())
}

/// Calls that only read.
pub(crate) async fn ask(client: &Client) -> Result<(), Box<dyn Error>> {
    let me = client.get_login_info().await?;
    println!("get_login_info       I am {} ({})", me.nickname.unwrap_or_default(), me.user_id);

    let groups = client.get_group_list().await?;
    println!("get_group_list       {} group(s)", groups.len());
    for group in groups.iter().take(5) {
        let members = group.member_count.map_or_else(|| "?".to_owned(), |count| count.to_string());
        let name = group.group_name.as_deref().unwrap_or("?");
        println!("                     - {name} ({}), {members} members", group.group_id);
    }

    // Any action by its name, untyped. One that only reads may say so.
    let group = groups.first().map_or(GROUP, |group| group.group_id);
    let raw = Raw::new("get_group_info", json!({ "group_id": group })).effect(Effect::Read);
    println!("get_group_info, raw  {}", client.call(raw).await?);

    // One that no server knows.
    let unknown = Raw::new("get_the_weather", json!({ "city": "Shenzhen" })).effect(Effect::Read);
    match client.call(unknown).await {
        Ok(answer) => println!("get_the_weather      {answer}"),
        Err(error) => println!("get_the_weather      {}", error.report()),
    }
    Ok(())
}

/// Calls that send and change: only against the simulated server.
async fn act(client: &Client) -> Result<(), Box<dyn Error>> {
    let sent = client.send_group_msg(GROUP, "hello").await?;
    println!("send_group_msg       sent as message {}", sent.message_id);

    client.set_group_ban(GROUP, MEMBER).await?;
    println!("set_group_ban        muted for the documented 1800 seconds, which are always sent");

    match client.set_group_ban(GROUP, OWNER).duration(60).await {
        Ok(()) => println!("set_group_ban        muted the owner?"),
        Err(error) => println!("set_group_ban        {}", error.report()),
    }
    Ok(())
}
