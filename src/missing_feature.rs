//! The compiler's messages about methods that need a feature which is not enabled.
//!
//! Each method is declared without the feature too, with a bound that nothing satisfies.

/// Bound of methods that need the feature `files`.
#[cfg(not(feature = "files"))]
#[diagnostic::on_unimplemented(
    message = "`FileSource::upload` and `Client::save_file` need the feature `files` of `cqhttp`",
    label = "the feature `files` is not enabled",
    note = "enable it in `Cargo.toml`: `cqhttp = {{ …, features = [\"files\"] }}`"
)]
pub trait FeatureFiles {}

/// Bound of methods that need the feature `http`.
#[cfg(not(feature = "http"))]
#[diagnostic::on_unimplemented(
    message = "`Client::builder` and `Client::from_env` need the feature `http` of `cqhttp`",
    label = "the feature `http` is not enabled",
    note = "enable it in `Cargo.toml`: `cqhttp = {{ …, features = [\"http\"] }}`; it is a default feature"
)]
pub trait FeatureHttp {}

/// Bound of methods that need the feature `sse`.
#[cfg(all(feature = "ws", not(feature = "sse")))]
#[diagnostic::on_unimplemented(
    message = "`Connect::calls` needs the feature `sse` of `cqhttp`",
    label = "the feature `sse` is not enabled",
    note = "enable it in `Cargo.toml`: `cqhttp = {{ …, features = [\"sse\"] }}`"
)]
pub trait FeatureSse {}

/// Bound of methods that need the feature `tls`.
#[cfg(all(not(feature = "tls"), any(feature = "http", feature = "ws")))]
#[diagnostic::on_unimplemented(
    message = "`root_certificate` needs the feature `tls` of `cqhttp`",
    label = "the feature `tls` is not enabled",
    note = "enable it in `Cargo.toml`: `cqhttp = {{ …, features = [\"tls\"] }}`"
)]
pub trait FeatureTls {}
