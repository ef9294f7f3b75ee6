//! A bot and its tests, on a stand-in for go-cqhttp: no account, no network.
//!
//!     cargo test --example testing_a_bot      # its tests
//!     cargo run --example testing_a_bot       # a talk with it, printed

use std::error::Error;

use cqhttp::event::GroupMessage;
use cqhttp::mock::{Said, Server};
use cqhttp::{Client, Event, Events, Message, RefusalCode, connect};

/// The bot: `/mute @somebody` from an administrator mutes somebody for a minute.
async fn run(mut events: Events) {
    while let Some(received) = events.next().await {
        let Event::GroupMessage(said) = &received.event else { continue };
        let Some(rest) = said.message.strip_prefix("/mute") else { continue };
        if let Err(error) = mute(&received.client, said, &rest).await {
            eprintln!("{}", error.report());
        }
    }
}

async fn mute(client: &Client, said: &GroupMessage, rest: &Message) -> Result<(), cqhttp::Error> {
    let answer = match rest.mentioned().next() {
        _ if !said.is_admin() => "only administrators may do that",
        None => "whom? mention them",
        Some(user) => match client.set_group_ban(said.group_id, user).duration(60).await {
            Ok(()) => "done, for a minute",
            Err(error) if error.code() == Some(RefusalCode::NotManageable) => "I am no administrator here",
            Err(error) => return Err(error),
        },
    };
    client.reply(said, answer).await?;
    Ok(())
}

/// A server with the bot on it.
async fn bot() -> Result<Server, Box<dyn Error>> {
    let server = Server::start().await?;
    let (_client, events) = connect(server.ws_url()).await?;
    tokio::spawn(run(events));
    Ok(server)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = bot().await?;
    let boris = || Message::text("/mute ").at(10087);
    for anna in [server.user(10086).named("Anna"), server.user(10086).named("Anna").as_admin()] {
        anna.says(boris()).in_group(10001000);
        println!("Anna: /mute @Boris\n bot: {}", server.expect::<Said>().await.message.plain_text());
    }
    println!("\nWhat the server was asked:");
    for call in server.calls() {
        println!("  {} {}", call.action, call.params);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use cqhttp::action::SetGroupBan;
    use cqhttp::mock::refuse;

    use super::*;

    type Tested = Result<(), Box<dyn Error>>;

    #[tokio::test]
    async fn an_administrator_mutes_somebody() -> Tested {
        let server = bot().await?;
        server.user(10086).as_admin().says(Message::text("/mute ").at(10087)).in_group(42);
        assert_eq!(server.expect::<SetGroupBan>().await, SetGroupBan::new(42, 10087).duration(60));
        assert_eq!(server.expect::<Said>().await.message.plain_text(), "done, for a minute");
        Ok(())
    }

    #[tokio::test]
    async fn others_do_not() -> Tested {
        let server = bot().await?;
        server.user(10086).says(Message::text("/mute ").at(10087)).in_group(42);
        assert_eq!(server.expect::<Said>().await.message.plain_text(), "only administrators may do that");
        server.expect_none::<SetGroupBan>(Duration::ZERO).await;
        Ok(())
    }

    #[tokio::test]
    async fn a_bot_without_rights_says_so() -> Tested {
        let server = bot().await?;
        server.on::<SetGroupBan>(|_| Err(refuse(RefusalCode::NotManageable)));
        server.user(10086).as_owner().says(Message::text("/mute ").at(10087)).in_group(42);
        assert_eq!(server.expect::<Said>().await.message.plain_text(), "I am no administrator here");
        Ok(())
    }
}
