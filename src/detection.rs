//! Which program the server is.

use crate::action::{GetVersionInfo, KnownAction};
use crate::client::Client;
use crate::error::Error;
use crate::generated::server::ServerKind;

impl Client {
    /// Returns the program that the server is, if it is known: set by hand, as with
    /// [`Connect::server_kind`](crate::Connect::server_kind), or found by [`detect_server`](Self::detect_server). It does not
    /// ask the server.
    ///
    /// A detected kind is forgotten when the connection ends, since the next one may lead to another server. Over HTTP it stays
    /// until it is detected anew.
    #[must_use]
    pub fn server_kind(&self) -> Option<ServerKind> {
        self.kind_cell().get()
    }

    /// Asks the server for its name and version (`get_version_info`), and keeps its kind for
    /// [`server_kind`](Self::server_kind). The clones of the client share it.
    ///
    /// Nothing is asked on connecting. A program with an unknown name is [`ServerKind::Other`], not an error. To use an action that
    /// only some servers have, no detection is needed: try it.
    ///
    /// ```no_run
    /// # async fn run(client: &cqhttp::Client) -> Result<(), cqhttp::Error> {
    /// match client.get_guild_list().await {
    ///     Ok(guilds) => println!("{} guilds", guilds.len()),
    ///     Err(error) if error.is_unsupported() => println!("this server has no guilds"),
    ///     Err(error) => return Err(error),
    /// }
    /// let server = client.detect_server().await?;
    /// println!("{} {}", server.name, server.version.as_deref().unwrap_or("of an unknown version"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The call fails, or the server's answer has no `app_name`. What was known before stays known.
    pub async fn detect_server(&self) -> Result<DetectedServer, Error> {
        let connection = self.kind_cell().connection();
        let answer = self.call(GetVersionInfo::new()).await?;
        let kind = self.kind_cell().detect(ServerKind::from(answer.app_name.as_str()), connection);
        Ok(DetectedServer { kind, name: answer.app_name, version: answer.app_version.or(answer.version) })
    }
}

/// A server as [`Client::detect_server`] found it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DetectedServer {
    /// The program; the one that was set by hand, if one was.
    pub kind: ServerKind,
    /// The `app_name` that the server answers.
    pub name: String,
    /// The version, as the server writes it.
    pub version: Option<String>,
}

impl DetectedServer {
    /// Returns whether the server has an action: see [`ServerKind::supports`].
    #[must_use]
    pub fn supports<A: KnownAction>(&self) -> Option<bool> {
        self.kind.supports::<A>()
    }
}
