use std::error::Error;
use std::fmt;

use crate::error::chain;

/// Any error, as the error of a program's `main`: its output is one line with the error and its causes.
///
/// A `main` that returns a [`Result`] prints the error with `Debug`, and the `Debug` of most errors lists fields. Both
/// `Debug` and `Display` of a `Report` are the line that [`Error::report`](crate::Error::report) returns: what failed, why,
/// and what to do about it. `?` converts every error and every string into a `Report`.
///
/// ```no_run
/// # #[cfg(feature = "http")]
/// # mod program {
/// use cqhttp::{Client, Report};
///
/// #[tokio::main]
/// async fn main() -> Result<(), Report> {
///     let client = Client::builder("http://127.0.0.1:3000").access_token("…").build()?;
///     println!("{}", client.get_login_info().await?.user_id);
///     Ok(())
/// }
/// # }
/// # fn main() {}
/// ```
///
/// With a wrong token that program prints: ``Error: `get_login_info` was refused: retcode 1403 (the access token is missing
/// or wrong: set it with `access_token`)``.
///
/// # Hints
///
/// | the line contains | remedy |
/// |---|---|
/// | the server cannot be reached | start the server, or correct host and port |
/// | the access token is missing or wrong | pass the token of the server's settings page to `access_token` |
/// | in a container, a loopback address is the container itself | use the name of the server's service, and have the server listen on `0.0.0.0` |
/// | the server's certificate is not trusted | renew it, use the name that it was issued for, or trust its authority with `root_certificate` |
/// | this server does not know the action, which is on … | the server lacks the action or is too old, and the servers behind *on* have it; if it knows none, the address has a path too many |
/// | is this the server's HTTP port, is this a OneBot server's address | use the port of the right entry: the port belongs to a WebSocket, a settings page or another program |
/// | the server redirects | use the address that it redirects to, often `https://` (feature `tls`) |
/// | a path is looked up on the server's disk | send the file itself: [`FileSource::read`](crate::FileSource::read) |
/// | no answer within 30s | check whether the call was carried out, then allow more time: [`Call::within`](crate::Call::within), `timeout` |
/// | cannot be read at `data.…` | the server's answer differs from its documentation: read it with [`Raw`](crate::Raw), and report it |
///
/// The server's answer is in the error's field `text` and is not a part of the line, and neither is the access token.
///
/// A `Report` is not an [`Error`] itself: a function that other code calls returns the error's own type.
pub struct Report(Box<dyn Error + Send + Sync>);

impl Report {
    /// Returns the error that the report is about.
    #[must_use]
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Report {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chain(&*self.0))
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
