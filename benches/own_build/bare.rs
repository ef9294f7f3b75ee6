//! The like of `cqhttp.rs` on bare reqwest and tokio-tungstenite.

use std::error::Error;

use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Deserialize)]
struct Envelope<T> {
    status: String,
    retcode: i64,
    data: Option<T>,
}

#[derive(Deserialize)]
struct LoginInfo {
    user_id: i64,
}

#[derive(Deserialize)]
struct Member {
    nickname: Option<String>,
    role: Option<String>,
}

#[derive(Deserialize)]
struct MessageId {
    #[allow(dead_code, reason = "read, as cqhttp does")]
    message_id: i64,
}

#[derive(Serialize)]
struct Segment<'a> {
    r#type: &'a str,
    data: SegmentData<'a>,
}

#[derive(Default, Serialize)]
struct SegmentData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    qq: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

#[derive(Serialize)]
struct SendGroupMsg<'a> {
    group_id: i64,
    message: Vec<Segment<'a>>,
}

#[derive(Serialize)]
struct SendPrivateMsg<'a> {
    user_id: i64,
    message: &'a serde_json::Value,
}

#[derive(Serialize)]
struct SetGroupBan {
    group_id: i64,
    user_id: i64,
    duration: u32,
}

#[derive(Serialize)]
struct GetGroupMemberInfo {
    group_id: i64,
    user_id: i64,
    no_cache: bool,
}

#[derive(Serialize)]
struct SetFriendAddRequest<'a> {
    flag: &'a str,
    approve: bool,
}

#[derive(Deserialize)]
struct Header<'a> {
    post_type: &'a str,
    message_type: Option<&'a str>,
    notice_type: Option<&'a str>,
    request_type: Option<&'a str>,
}

#[derive(Deserialize)]
struct GroupMessage {
    group_id: i64,
    user_id: i64,
    message_id: i64,
    raw_message: String,
}

#[derive(Deserialize)]
struct PrivateMessage {
    user_id: i64,
    message: serde_json::Value,
}

#[derive(Deserialize)]
struct GroupIncrease {
    self_id: i64,
    group_id: i64,
    user_id: i64,
}

#[derive(Deserialize)]
struct FriendRequest {
    flag: String,
}

struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

impl Client {
    async fn call<P: Serialize, R: DeserializeOwned>(&self, action: &str, params: &P) -> Result<Option<R>, Failure> {
        let request = self.http.post(format!("{}/{action}", self.url)).header("content-type", "application/json");
        let request = match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = request.body(serde_json::to_vec(params)?).send().await?;
        let answer: Envelope<R> = serde_json::from_slice(&answer.bytes().await?)?;
        if answer.status == "ok" { Ok(answer.data) } else { Err(format!("{action}: {}", answer.retcode).into()) }
    }

    async fn send_group(&self, group_id: i64, message: Vec<Segment<'_>>) -> Result<(), Failure> {
        self.call::<_, MessageId>("send_group_msg", &SendGroupMsg { group_id, message }).await?;
        Ok(())
    }
}

fn text(text: &str) -> Segment<'_> {
    Segment { r#type: "text", data: SegmentData { text: Some(text), ..Default::default() } }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let token = std::env::var("CQHTTP_ACCESS_TOKEN").ok();
    let client = Client { http: reqwest::Client::new(), url: std::env::var("CQHTTP_URL")?, token };
    let mut request = std::env::var("CQHTTP_WS_URL")?.into_client_request()?;
    if let Some(token) = &client.token {
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    }
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
    let me: Option<LoginInfo> = client.call("get_login_info", &serde_json::json!({})).await?;
    println!("logged in as {:?}", me.map(|me| me.user_id));
    while let Some(message) = socket.next().await {
        if let Message::Text(text) = message?
            && let Err(error) = handle(&client, &text).await
        {
            eprintln!("{error}");
        }
    }
    Ok(())
}

async fn handle(client: &Client, event: &str) -> Result<(), Failure> {
    let header: Header<'_> = serde_json::from_str(event)?;
    match (header.post_type, header.message_type.or(header.notice_type).or(header.request_type)) {
        ("message", Some("group")) => group_message(client, serde_json::from_str(event)?).await?,
        ("message", Some("private")) => {
            let event: PrivateMessage = serde_json::from_str(event)?;
            let params = SendPrivateMsg { user_id: event.user_id, message: &event.message };
            client.call::<_, MessageId>("send_private_msg", &params).await?;
        }
        ("request", Some("friend")) => {
            let request: FriendRequest = serde_json::from_str(event)?;
            let params = SetFriendAddRequest { flag: &request.flag, approve: true };
            client.call::<_, serde_json::Value>("set_friend_add_request", &params).await?;
        }
        ("notice", Some("group_increase")) => {
            let event: GroupIncrease = serde_json::from_str(event)?;
            if event.user_id != event.self_id {
                let qq = Some(event.user_id.to_string());
                let at = Segment { r#type: "at", data: SegmentData { qq, ..Default::default() } };
                client.send_group(event.group_id, vec![at, text(" welcome")]).await?;
            }
        }
        _ => {}
    }
    Ok(())
}

async fn group_message(client: &Client, event: GroupMessage) -> Result<(), Failure> {
    let GroupMessage { group_id, user_id, .. } = event;
    match event.raw_message.trim() {
        "ping" => {
            let id = Some(event.message_id.to_string());
            let quote = Segment { r#type: "reply", data: SegmentData { id, ..Default::default() } };
            client.send_group(group_id, vec![quote, text("pong")]).await?;
        }
        "mute me" => {
            let params = SetGroupBan { group_id, user_id, duration: 60 };
            client.call::<_, serde_json::Value>("set_group_ban", &params).await?;
        }
        "who am I" => {
            let params = GetGroupMemberInfo { group_id, user_id, no_cache: true };
            if let Some(member) = client.call::<_, Member>("get_group_member_info", &params).await? {
                let answer = format!("{:?}, {:?}", member.nickname, member.role);
                client.send_group(group_id, vec![text(&answer)]).await?;
            }
        }
        _ => {}
    }
    Ok(())
}
