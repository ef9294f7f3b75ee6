//! A bot and its tests, on a simulated go-cqhttp: no account, no network.
//!
//!     cargo test --example testing_a_bot      # its tests
//!     cargo run --example testing_a_bot       # a conversation with the bot

use std::error::Error;

use cqhttp::action::SetGroupBan;
use cqhttp::mock::{Group, Member, World};
use cqhttp::mock::{MockServer, Said};
use cqhttp::{Event, Events, connect};

/// The bot: who swears is muted for a minute. Administrators may swear, and so may those whose role the server does not send.
async fn run(mut events: Events) {
    while let Some(received) = events.next().await {
        let Event::GroupMessage(said) = &received.event else { continue };
        if said.message.plain_text().contains("darn") && said.is_admin() == Some(false) {
            let muted = received.client.set_group_ban(said.group_id, said.user_id).duration(60).await;
            let _ = received.reply(if muted.is_ok() { "mind your language" } else { "I may not mute you" }).await;
        }
    }
}

#[cfg(test)]
#[tokio::test]
async fn who_swears_is_muted() -> Result<(), Box<dyn Error>> {
    let server = MockServer::start().await?; // a go-cqhttp on a free port
    let (_client, events) = connect(server.ws_url()).await?;
    tokio::spawn(run(events)); // your bot

    server.user(10086).named("Ann").says("darn it").in_group(42);
    let ban = server.expect::<SetGroupBan>().await; // waits for it, or fails with what came instead
    assert_eq!(ban, SetGroupBan::new(42, 10086).duration(60));
    assert_eq!(server.expect::<Said>().await.message.plain_text(), "mind your language");

    server.user(10087).as_admin().says("darn it").in_group(42); // nothing comes of that
    server.user(10086).says("darn!").in_group(42);
    assert_eq!(server.expect::<SetGroupBan>().await.user_id, 10086.into());
    Ok(())
}

/// A group where Owen is the owner and Ann an ordinary member.
fn group() -> Group {
    Group::new(42, "Rustaceans").owner(Member::new(1, "Owen")).member(Member::new(10086, "Ann"))
}

#[cfg(test)]
#[tokio::test]
async fn in_a_world_she_cannot_speak_then() -> Result<(), Box<dyn Error>> {
    let server = MockServer::builder().world(World::new().group(group().admin(10010))).start().await?;
    let (_client, events) = connect(server.ws_url()).await?;
    tokio::spawn(run(events));

    server.user(10086).says("darn it").in_group(42);
    server.expect::<SetGroupBan>().await;
    assert!(server.world(|world| world.is_muted(10086, 42)));
    Ok(())
}

#[cfg(test)]
#[tokio::test]
async fn without_the_right_to_it_the_bot_says_so() -> Result<(), Box<dyn Error>> {
    let server = MockServer::builder().world(World::new().group(group().member(10010))).start().await?;
    let (_client, events) = connect(server.ws_url()).await?;
    tokio::spawn(run(events));

    server.user(10086).says("darn it").in_group(42);
    assert_eq!(server.expect::<Said>().await.message.plain_text(), "I may not mute you");
    assert!(!server.world(|world| world.is_muted(10086, 42)));
    Ok(())
}

/// Runs a conversation with the bot.
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = MockServer::builder().world(World::new().group(group().admin(10010))).start().await?;
    let (_client, events) = connect(server.ws_url()).await?;
    tokio::spawn(run(events));

    for (user, name) in [(1, "Owen, the owner"), (10086, "Ann")] {
        println!("{name}: darn it");
        server.user(user).says("darn it").in_group(42);
    }
    let ban = server.expect::<SetGroupBan>().await;
    println!(" bot: {}", server.expect::<Said>().await.message.plain_text());
    println!("\nuser {} is muted: {}", ban.user_id, server.world(|world| world.is_muted(ban.user_id, 42)));
    Ok(())
}
