//! Generates the code that `cqhttp::include_actions!` includes.

fn main() {
    cqhttp_codegen::extend("schema");
}
