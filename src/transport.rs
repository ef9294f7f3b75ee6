//! The service under a client: a [`tower::Service`] from [`Request`] to [`Reply`].
//!
//! Layers go between the client and the service: [`layer`](crate::layer) lists them. A layer of your own finds what a call does
//! in [`Request::effect`], and the group or user that it concerns in [`Request::target`].
//!
//! A transport of your own is such a service too: [`Client::from_service`](crate::Client::from_service) takes it. It reports
//! failures as [`Failure`].

#[cfg(any(feature = "http", feature = "ws"))]
pub(crate) mod address;
pub(crate) mod failure;
#[cfg(feature = "http")]
pub(crate) mod http;
pub(crate) mod reply;
pub(crate) mod request;
#[cfg(any(feature = "http", feature = "ws"))]
pub(crate) mod tls;
#[cfg(feature = "ws")]
pub(crate) mod ws;

use tower::util::BoxCloneSyncService;

pub use self::failure::{BoxError, Failure};
pub use self::reply::{Parts, Reply};
pub use self::request::{Request, RequestTarget};

/// A service in a box: a transport, or a transport with layers around it.
pub(crate) type BoxedService = BoxCloneSyncService<Request, Reply, BoxError>;
