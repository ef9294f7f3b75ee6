//! Macros for crates that add actions of their own.

/// Includes the actions of a crate's own schema, which its build script has generated.
///
/// Call it once in the crate, in `lib.rs`, `main.rs` or a module. It defines these modules:
///
/// | module | content |
/// |---|---|
/// | `prelude` | the traits that make the actions methods of [`Client`](crate::Client); to be imported as a whole |
/// | `action` | the requests, and the answers that belong to one action |
/// | `types` | ids, enums and objects |
/// | `mock` | the table for `cqhttp::mock::MockServerBuilder::actions`; there if `cqhttp` has the feature `mock` |
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
/// If the compiler says that `OUT_DIR` is not defined, the build script is missing; if it cannot read `generated.rs`, the
/// build script does not call `extend`.
///
/// The crate needs no feature and no further dependency, and both must have the same minor version. Generated code names
/// this crate `::cqhttp`, so it must not be renamed in `Cargo.toml`. `examples/custom-actions` in the repository is such a
/// crate, with tests.
#[macro_export]
macro_rules! include_actions {
    () => {
        include!(concat!(env!("OUT_DIR"), "/generated.rs"));
    };
}

/// Defines items if this crate has the feature `mock`, whether or not the calling crate has such a feature.
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
