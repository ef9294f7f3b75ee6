#!/usr/bin/env bash
# The size of a small WebSocket bot, as a stripped release binary: on cqhttp with the feature `ws` alone, against the same
# bot on bare tokio-tungstenite. Both answer "ping" in groups and print what failed. Prints Markdown.
set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset CARGO_BUILD_TARGET CARGO_ENCODED_RUSTFLAGS CARGO_TARGET_DIR RUSTC_WORKSPACE_WRAPPER RUSTFLAGS
export RUSTC_WRAPPER=

source "$root/benches/program.sh"

profile='[profile.release]
strip = true'

program cqhttp "cqhttp = { path = '$root', default-features = false, features = ['ws'] }" "$profile" <<'RUST'
use cqhttp::{Connect, Event, Report};

#[tokio::main]
async fn main() -> Result<(), Report> {
    let (_, mut events) = Connect::from_env()?.await?;
    while let Some(received) = events.next().await {
        let Event::GroupMessage(message) = &received.event else { continue };
        if message.message.plain_text() == "ping"
            && let Err(error) = received.reply("pong").await
        {
            eprintln!("{}", error.report());
        }
    }
    Ok(())
}
RUST

program tokio-tungstenite 'futures-util = { version = "0.3", default-features = false, features = ["sink"] }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
tokio-tungstenite = "0.30"' "$profile" <<'RUST'
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

#[derive(Deserialize)]
#[serde(untagged)]
enum Frame {
    Message { message_type: String, group_id: i64, message: Vec<Segment> },
    Answer { echo: String, status: String, retcode: i64 },
    Other {},
}

#[derive(Deserialize)]
struct Segment {
    r#type: String,
    data: Text,
}

#[derive(Deserialize)]
struct Text {
    text: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut request = std::env::var("CQHTTP_WS_URL")?.into_client_request()?;
    if let Ok(token) = std::env::var("CQHTTP_ACCESS_TOKEN") {
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    }
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
    while let Some(frame) = socket.next().await {
        let Message::Text(text) = frame? else { continue };
        match serde_json::from_str(&text) {
            Ok(Frame::Message { message_type, group_id, message }) if message_type == "group" => {
                let texts = message.iter().filter(|segment| segment.r#type == "text");
                if texts.filter_map(|segment| segment.data.text.as_deref()).collect::<String>() == "ping" {
                    let params = serde_json::json!({ "group_id": group_id, "message": "pong" });
                    let call = serde_json::json!({ "action": "send_group_msg", "params": params, "echo": "1" });
                    socket.send(Message::text(call.to_string())).await?;
                }
            }
            Ok(Frame::Answer { echo, status, retcode }) if status == "failed" => {
                eprintln!("the call {echo} was refused: retcode {retcode}");
            }
            Ok(_) => {}
            Err(error) => eprintln!("{error}"),
        }
    }
    Ok(())
}
RUST

sides='cqhttp tokio-tungstenite'
for side in $sides; do
    cargo build --quiet --release --manifest-path "$work/$side/Cargo.toml" --target-dir "$work/$side/target"
done

size() { wc -c < "$work/$1/target/release/bot"; }
echo "| a small bot on | stripped release binary |"
echo "|---|---:|"
for side in $sides; do
    awk -v name="$side" -v size="$(size "$side")" 'BEGIN { printf "| %s | %.0f KiB |\n", name, size / 1024 }'
done
echo
awk -v ours="$(size cqhttp)" -v theirs="$(size tokio-tungstenite)" 'BEGIN { printf "Ratio: **%.2f**\n", ours / theirs }'
