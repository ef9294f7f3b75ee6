//! WebSocket frames and server-sent events, written by hand.

use bytes::Bytes;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};

pub(super) fn text(text: String) -> Bytes {
    data(Data::Text, text)
}

/// Returns a text as the data of a server-sent event: one `data:` line for each line of the text.
pub(super) fn server_sent(text: &str) -> Bytes {
    let lines: String = text.lines().map(|line| format!("data: {line}\n")).collect();
    format!("{lines}\n").into()
}

pub(super) fn data(kind: Data, payload: impl Into<Bytes>) -> Bytes {
    encode(Frame::message(payload, OpCode::Data(kind), true))
}

pub(super) fn close(frame: Option<CloseFrame>) -> Bytes {
    encode(Frame::close(frame))
}

pub(super) fn encode(frame: Frame) -> Bytes {
    let mut bytes = Vec::new();
    // Writing to memory does not fail.
    let _ = frame.format(&mut bytes);
    bytes.into()
}

/// Masks a frame as a client does, with a mask of zeros. Bytes that are not a frame stay unchanged.
pub(super) fn mask(frame: &Bytes) -> Bytes {
    let head = match frame.get(1) {
        Some(126) => 4,
        Some(127) => 10,
        _ => 2,
    };
    if frame.len() < head {
        return frame.clone();
    }
    let mut masked = Vec::with_capacity(frame.len() + 4);
    masked.extend_from_slice(&frame[..head]);
    masked[1] |= 0x80;
    masked.extend_from_slice(&[0; 4]);
    masked.extend_from_slice(&frame[head..]);
    masked.into()
}

/// Returns NapCat's answer to a wrong token.
pub(super) fn token_refused(retcode: i64) -> Bytes {
    text(format!(
        r#"{{"status":"failed","retcode":{retcode},"data":null,"message":"token验证失败","wording":"token验证失败","echo":null,"stream":"normal-action"}}"#
    ))
}
