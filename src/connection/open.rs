//! Making a connection: over a WebSocket, or to events by HTTP.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::client::Client;
use crate::client::options::ClientOptions;
use crate::error::connection::ConnectionError;
use crate::transport::control::{Control, Stop};
use crate::transport::settings::Settings;

/// A server to connect to, and the settings of the connection.
pub(super) struct Opening {
    pub(super) url: String,
    pub(super) options: ClientOptions,
    pub(super) token_in_query: bool,
    pub(super) wait_for_server: bool,
    pub(super) settings: Settings,
    /// The client that makes the calls beside events by HTTP.
    #[cfg(feature = "sse")]
    pub(super) calls: Option<Client>,
}

impl Opening {
    /// Connects, and starts the task of the connection. Returns its client.
    pub(super) async fn connect(
        self,
        control: Arc<Control>,
        stops: mpsc::UnboundedReceiver<Stop>,
    ) -> Result<Client, ConnectionError> {
        let scheme = self.url.trim_start().split("://").next().unwrap_or_default();
        match scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
            true => self.events_by_http(control, stops).await,
            false => self.websocket(control, stops).await,
        }
    }

    #[cfg(feature = "ws")]
    async fn websocket(
        mut self,
        control: Arc<Control>,
        stops: mpsc::UnboundedReceiver<Stop>,
    ) -> Result<Client, ConnectionError> {
        use crate::server_kind::KindCell;
        use crate::transport::reconnect;
        use crate::transport::ws;
        use crate::transport::ws::connect::SocketEndpoint;

        #[cfg(feature = "sse")]
        if self.calls.is_some() {
            let why = "it leads to a WebSocket, which takes calls itself, and `Connect::calls` is for events by HTTP";
            return Err(ConnectionError::Address(why.to_owned()));
        }
        let (token, roots) = (self.options.token.take(), &self.options.roots);
        let endpoint = SocketEndpoint::new(&self.url, token, self.token_in_query, &self.settings, roots)?;
        let token = endpoint.token().map(str::to_owned);
        let kind = Arc::new(KindCell::new(self.options.kind.take()));
        let socket = reconnect::first(&endpoint, self.wait_for_server).await?;
        let transport = ws::start(endpoint, socket, control, stops, kind.clone());
        Ok(self.options.client(transport, token, kind))
    }

    #[cfg(not(feature = "ws"))]
    async fn websocket(self, _: Arc<Control>, _: mpsc::UnboundedReceiver<Stop>) -> Result<Client, ConnectionError> {
        let why = "a WebSocket needs the feature `ws` of the crate `cqhttp`";
        Err(ConnectionError::Address(why.to_owned()))
    }

    #[cfg(feature = "sse")]
    async fn events_by_http(
        mut self,
        control: Arc<Control>,
        stops: mpsc::UnboundedReceiver<Stop>,
    ) -> Result<Client, ConnectionError> {
        use crate::transport::reconnect;
        use crate::transport::sse;
        use crate::transport::sse::calls::{Calls, InFlight};
        use crate::transport::sse::connect::{HttpServer, StreamEndpoint};

        let server = HttpServer::parse(&self.url, self.options.token.take())?;
        let roots = &self.options.roots;
        let endpoint = StreamEndpoint::new(&server, self.token_in_query, &self.settings, roots)?;
        let wait_for_server = self.wait_for_server;
        let over_http = match self.calls.take() {
            Some(client) => client,
            None => self.over_http(server)?,
        };
        let stream = reconnect::first(&endpoint, wait_for_server).await?;
        let in_flight = InFlight::default();
        let kind = over_http.shared_kind();
        sse::start(endpoint, stream, control.clone(), stops, in_flight.clone(), kind);
        let calls = Calls::new(over_http.service(), control, in_flight);
        Ok(over_http.with_service(tower::util::BoxCloneSyncService::new(calls)))
    }

    /// Returns the client for the server of the events.
    #[cfg(feature = "sse")]
    fn over_http(mut self, server: crate::transport::sse::connect::HttpServer) -> Result<Client, ConnectionError> {
        use crate::client::builder::DEFAULT_BODY_LIMIT;
        use crate::server_kind::KindCell;
        use crate::transport::http::Http;

        let http = Http::new(server.calls, server.token.as_deref(), DEFAULT_BODY_LIMIT, &self.options.roots)?;
        let kind = Arc::new(KindCell::new(self.options.kind.take()));
        Ok(self.options.client(http, server.token, kind))
    }

    #[cfg(not(feature = "sse"))]
    async fn events_by_http(
        self,
        _: Arc<Control>,
        _: mpsc::UnboundedReceiver<Stop>,
    ) -> Result<Client, ConnectionError> {
        let why =
            "events by HTTP need the feature `sse` of the crate `cqhttp`; a WebSocket has the server's WebSocket port";
        Err(ConnectionError::Address(why.to_owned()))
    }
}
