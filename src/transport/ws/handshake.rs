//! The upgrade of a connection to a WebSocket (RFC 6455, 4).
//!
//! tungstenite has a handshake as well, which logs the request with the access token.

use std::io;
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha1_smol::Sha1;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::error::connection::ConnectionError;

/// Limit of a response's head, in bytes.
const HEAD_LIMIT: usize = 64 * 1024;

/// Limit of the headers in a response.
const MAX_HEADERS: usize = 100;

/// The head of a response.
struct Head {
    /// Its length in bytes.
    length: usize,
    status: u16,
    /// Set if it holds the answer to the key.
    accepts: bool,
}

/// Returns the head of an upgrade request, without the key and the end.
pub(super) fn request_head(target: &str, host: &str, authorization: Option<&str>) -> String {
    let mut head = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\n"
    );
    if let Some(value) = authorization {
        head += &format!("Authorization: {value}\r\n");
    }
    head
}

/// Sends the request with a new key, and reads the response. Returns the bytes that arrived after its head.
pub(super) async fn upgrade<S>(stream: &mut S, request_head: &str) -> Result<Vec<u8>, ConnectionError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let key = BASE64_STANDARD.encode(rand::random::<[u8; 16]>());
    let request = format!("{request_head}Sec-WebSocket-Key: {key}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    let accept = accept_key(key.as_bytes());
    let mut received = Vec::with_capacity(1024);
    loop {
        while let Some(head) = read_head(&received, &accept)? {
            match head.status {
                101 if head.accepts => return Ok(received.split_off(head.length)),
                // A response that announces the response.
                100 | 102..=199 => drop(received.drain(..head.length)),
                code @ (401 | 403) => {
                    return Err(ConnectionError::TokenRefused { code: code.into(), reason: String::new() });
                }
                status => return Err(ConnectionError::NotUpgraded { status: Some(status) }),
            }
        }
        if stream.read_buf(&mut received).await.map_err(lost)? == 0 {
            return Err(lost(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the server closed it before it had answered",
            )));
        }
    }
}

/// Reads the head of a response; `None` if it is not complete yet.
fn read_head(bytes: &[u8], accept: &str) -> Result<Option<Head>, ConnectionError> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() <= HEAD_LIMIT => return Ok(None),
        _ => return Err(ConnectionError::NotUpgraded { status: None }),
    };
    let Some(status) = response.code else { return Err(ConnectionError::NotUpgraded { status: None }) };
    let answer = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("sec-websocket-accept"));
    let accepts = answer.is_some_and(|header| header.value == accept.as_bytes());
    Ok(Some(Head { length, status, accepts }))
}

fn lost(error: io::Error) -> ConnectionError {
    ConnectionError::Lost(Arc::new(error))
}

/// Returns the server's answer to the key of a handshake (RFC 6455, 4.2.2). tungstenite's own function would add a family of
/// hashes to the first build of every bot.
pub(crate) fn accept_key(key: &[u8]) -> String {
    let mut hash = Sha1::from(key);
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    BASE64_STANDARD.encode(hash.digest().bytes())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_key_of_the_standard_is_answered_as_there() {
        assert_eq!(super::accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
