//! The fragments of `README.zh-CN.md` that are not those of `README.md`, held by `tests/readme.rs`.

#![allow(dead_code, unused_variables, reason = "most are there to be compiled")]

use std::error::Error;

use cqhttp::{Client, GroupId, UserId};

pub(crate) async fn calls(client: Client, group: GroupId, user: UserId) -> Result<(), Box<dyn Error>> {
    use cqhttp::action::SetGroupBan;
    use cqhttp::{Message, Raw};
    use serde_json::json;
    use std::time::Duration;

    client.send_group_msg(group, "你好").await?;
    client.send_group_msg(group, Message::at(user).text(" 你好")).await?;
    client.send_group_msg(group, Message::cq("[CQ:at,qq=10086] 你好")).await?;
    client.set_group_ban(group, user).duration(600).await?;
    client.get_group_member_info(group, user).no_cache(true).within(Duration::from_secs(2)).await?;
    client.call(SetGroupBan::new(group, user).duration(0)).await?;
    let raw = client.call(Raw::new("vendor_action", json!({ "x": 1 }))).await?;
    let _ = raw;
    Ok(())
}

pub(crate) async fn history(client: Client) -> Result<(), cqhttp::Error> {
    let mut pages = client.get_group_msg_history(10001000).pages();
    while let Some(page) = pages.next().await {
        println!("{} 条消息", page?.messages.len());
    }
    Ok(())
}

pub(crate) async fn messages(client: Client) -> Result<(), Box<dyn Error>> {
    use cqhttp::types::ImageKind;
    use cqhttp::{FileSource, GroupId, Message, Segment, UserId};

    let cat = FileSource::url("https://example.com/cat.png");
    let message = Message::at(10086).text(" 看：").image(&cat).build();
    let flash = Segment::image(cat).kind(ImageKind::Flash);
    let sent = client.send(GroupId::new(10001000), &message).await?;

    for segment in &message {
        match segment {
            Segment::Text(text) => println!("{}", text.text),
            Segment::Image(image) => println!("{:?}", image.url),
            other => println!("{} 消息段", other.kind()),
        }
    }
    assert!(message.mentions(UserId::new(10086)));
    if let Some(rest) = Message::from("禁言 60").strip_prefix("禁言") {
        let seconds = rest.args().find_map(|arg| arg.word()?.parse::<u32>().ok());
        assert_eq!(seconds, Some(60));
    }
    assert_eq!(message.to_cq()?, "[CQ:at,qq=10086] 看：[CQ:image,file=https://example.com/cat.png]");
    let _ = (flash, sent);
    Ok(())
}

pub(crate) async fn events(client: Client, json: &[u8]) -> Result<(), Box<dyn Error>> {
    use cqhttp::{Event, Message};

    match Event::from_slice(json)? {
        Event::GroupMessage(event) if event.mentions_me() => {
            let answer = format!("{}，我在", event.display_name());
            client.reply(&event, answer).quote().await?;
        }
        Event::FriendRequest(request) => client.approve(&request).await?,
        Event::GroupRequest(request) => client.reject(&request).reason("仅限成员邀请").await?,
        Event::GroupIncrease(event) if event.user_id != event.self_id => {
            client.send(event.group_id, Message::at(event.user_id).text(" 欢迎")).await?;
        }
        Event::GroupBan(event) if event.is_everyone() => println!("群 {} 全员禁言：{}", event.group_id, event.sub_type),
        Event::Unknown(event) => println!("未知事件：{}", event.text),
        _ => {}
    }
    Ok(())
}

pub(crate) async fn websocket() -> Result<(), Box<dyn Error>> {
    let (client, mut events) = cqhttp::connect("ws://127.0.0.1:6700").access_token("…").await?;
    println!("我是 {}", client.get_login_info().await?.nickname);
    while let Some(received) = events.next().await {
        let Some(message) = received.event.as_message() else { continue };
        if message.message().plain_text() == "ping"
            && let Err(error) = received.reply("pong").await
        {
            eprintln!("{}", error.report());
        }
    }
    println!("连接已结束：{}", events.state());
    Ok(())
}

#[cfg(feature = "server")]
pub(crate) async fn reverse_websocket() -> Result<(), Box<dyn Error>> {
    let mut server = cqhttp::server::Server::bind("127.0.0.1:8080").access_token("…").await?;
    while let Some(received) = server.next().await {
        let Some(message) = received.event.as_message() else { continue };
        println!("{} 收到 {}", message.self_id(), message.message().plain_text());
        if let Err(error) = received.reply("pong").await {
            eprintln!("{}", error.report());
        }
    }
    Ok(())
}

pub(crate) async fn errors(client: Client, group: GroupId, user: UserId) {
    use cqhttp::RefusalCode;

    match client.set_group_ban(group, user).await {
        Ok(()) => println!("已禁言"),
        Err(error) if error.code() == Some(RefusalCode::NotManageable) => println!("我不是这个群的管理员"),
        Err(error) if error.may_have_happened() => println!("先看看结果再重试：{}", error.report()),
        Err(error) => println!("什么都没有发生：{}", error.report()),
    }
}
