//! Faults that both transports report: of a server's address, of the token, and of the certificates.

use std::error::Error as StdError;

/// A reason why the settings of a transport cannot be used. The address is not repeated in it: it may hold the access token.
#[allow(dead_code, reason = "each feature constructs some of the variants")]
pub(crate) enum AddressError {
    /// The address cannot be used, for this reason.
    Url(String),
    /// The address needs TLS, and the feature `tls` is off.
    Tls,
    /// The access token cannot be sent in a header.
    AccessToken,
    /// A root certificate cannot be read.
    Certificate(Box<dyn StdError + Send + Sync>),
    /// The HTTP client, or TLS, cannot be set up.
    Setup(Box<dyn StdError + Send + Sync>),
}

impl From<&str> for AddressError {
    fn from(why: &str) -> Self {
        Self::Url(why.to_owned())
    }
}

/// Message for an access token that no header can carry.
pub(super) const ACCESS_TOKEN: &str =
    "the access token holds a line break, or another character that no HTTP header can carry";

/// Message for a root certificate that cannot be read.
pub(super) const CERTIFICATE: &str =
    "the root certificate cannot be read: it is a text in PEM, which begins with `-----BEGIN CERTIFICATE-----`";

/// Returns the message for an address that cannot be used.
pub(super) fn unusable(why: &str, example: &str) -> String {
    format!("the server address cannot be used: {why}; write it like `{example}`")
}

/// Returns the message for an address that needs TLS.
pub(super) fn needs_tls(scheme: &str) -> String {
    format!("`{scheme}://` needs the feature `tls` of the crate `cqhttp`")
}

/// Returns the message for an environment variable that cannot be read.
pub(super) fn not_in_environment(name: &str) -> String {
    let what = match name {
        "CQHTTP_URL" => "; set it to the server's address, such as `http://127.0.0.1:3000`",
        "CQHTTP_WS_URL" => "; set it to the server's address, such as `ws://127.0.0.1:3001`",
        _ => "",
    };
    format!("the environment variable `{name}` is not set, or is not valid Unicode{what}")
}
