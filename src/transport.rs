//! The service under a client: a [`tower::Service`] from [`Request`] to [`Response`].
//!
//! Layers go between the client and the service: [`layer`](crate::layer) lists them. A layer of your own finds what a call does
//! in [`Request::effect`], and the group or user that it concerns in [`Request::target`].
//!
//! A transport of your own is such a service too: [`Client::from_service`](crate::Client::from_service) takes it. It reports
//! failures as [`Failure`].

#[cfg(any(feature = "http", feature = "ws"))]
pub(crate) mod address;
#[cfg(any(feature = "sse", feature = "ws"))]
pub(crate) mod control;
pub(crate) mod failure;
#[cfg(any(feature = "sse", feature = "ws"))]
pub(crate) mod frame;
#[cfg(any(feature = "sse", feature = "ws"))]
pub(crate) mod heartbeat;
#[cfg(feature = "http")]
pub(crate) mod http;
pub(crate) mod part;
#[cfg(any(feature = "sse", feature = "ws"))]
pub(crate) mod reconnect;
pub(crate) mod request;
pub(crate) mod response;
#[cfg(any(feature = "sse", feature = "ws"))]
pub(crate) mod settings;
#[cfg(feature = "sse")]
pub(crate) mod sse;
#[cfg(any(feature = "http", feature = "ws"))]
pub(crate) mod tls;
#[cfg(feature = "ws")]
pub(crate) mod ws;

use tower::util::BoxCloneSyncService;

pub use self::failure::{BoxError, Failure};
pub use self::request::{Request, RequestTarget};
pub use self::response::{Parts, Response};

/// A service in a box: a transport, or a transport with layers around it.
pub(crate) type BoxedService = BoxCloneSyncService<Request, Response, BoxError>;
