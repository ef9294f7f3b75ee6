//! Generates what `cqhttp::include_actions!` takes in.

fn main() {
    cqhttp_codegen::extend("schema");
}
