//! Macros for crates that add actions of their own.

/// Includes the actions of a crate's own schema, which its build script has generated.
///
/// Invoke it once in the crate, in `lib.rs`, `main.rs` or a module. It adds these modules:
///
/// | module | contents |
/// |---|---|
/// | `prelude` | the traits that make the actions methods of [`Client`](crate::Client): import all of it |
/// | `action` | the requests, with the answers that only one action has |
/// | `types` | ids, enums and objects |
/// | `mock` | the table for `cqhttp::mock::MockServerBuilder::actions`, if `cqhttp` has the feature `mock` |
///
/// ```toml
/// [dependencies]
/// cqhttp = "0.1"
///
/// [build-dependencies]
/// cqhttp-codegen = "0.1"
/// ```
///
/// ```ignore
/// // build.rs: a folder with YAML files, beside Cargo.toml
/// fn main() {
///     cqhttp_codegen::extend("schema");
/// }
/// ```
///
/// ```ignore
/// // src/lib.rs
/// cqhttp::include_actions!();
/// ```
///
/// ```ignore
/// use my_bot::prelude::*;
///
/// client.announce(10001000, "hello").loud(true).await?;
/// ```
///
/// If the compiler says that `OUT_DIR` is not defined, the crate has no build script; if it cannot read `generated.rs`, the
/// build script does not call `extend`.
///
/// The crate needs these two dependencies, both of the same minor version, and no feature. Generated code names this crate
/// `::cqhttp`, so it must not be renamed in `Cargo.toml`. `examples/custom-actions` in the repository is such a crate, with
/// tests.
#[macro_export]
macro_rules! include_actions {
    () => {
        include!(concat!(env!("OUT_DIR"), "/generated.rs"));
    };
}

/// Keeps items only if `cqhttp` has the feature `mock`, whatever features the crate that invokes the macro has.
#[cfg(feature = "mock")]
#[doc(hidden)]
#[macro_export]
macro_rules! if_mock {
    ($($item:item)*) => { $($item)* };
}

#[cfg(not(feature = "mock"))]
#[doc(hidden)]
#[macro_export]
macro_rules! if_mock {
    ($($item:item)*) => {};
}
