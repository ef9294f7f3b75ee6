//! A bot on `cqhttp`, as `benches/own_build.sh` compiles it.

use cqhttp::{Connect, Error, Event, Message, Received, Report};

#[tokio::main]
async fn main() -> Result<(), Report> {
    let (client, mut events) = Connect::from_env()?.await?;
    println!("logged in as {}", client.get_login_info().await?.user_id);
    while let Some(received) = events.next().await {
        if let Err(error) = handle(&received).await {
            eprintln!("{}", error.report());
        }
    }
    println!("{}", events.state());
    Ok(())
}

async fn handle(received: &Received) -> Result<(), Error> {
    let client = &received.client;
    match &received.event {
        Event::GroupMessage(event) => match event.message.plain_text().trim() {
            "ping" => {
                received.reply("pong").quote().await?;
            }
            "mute me" => client.set_group_ban(event.group_id, event.user_id).duration(60).await?,
            "who am I" => {
                let member = client.get_group_member_info(event.group_id, event.user_id).no_cache(true).await?;
                received.reply(format!("{:?}, {:?}", member.nickname, member.role)).await?;
            }
            _ => {}
        },
        Event::PrivateMessage(event) => {
            received.reply(event.message.clone()).await?;
        }
        Event::FriendRequest(request) => client.approve(request).await?,
        Event::GroupIncrease(event) if event.user_id != event.self_id => {
            client.send_group_msg(event.group_id, Message::at(event.user_id).text(" welcome")).await?;
        }
        _ => {}
    }
    Ok(())
}
