# Functions of the scripts that build programs of their own; they set `work` to a folder.

# program <name> <dependencies> <profile>, with its main.rs as input
program() {
    mkdir -p "$work/$1/src"
    cat > "$work/$1/src/main.rs"
    cat > "$work/$1/Cargo.toml" <<TOML
[package]
name = "bot"
version = "0.0.0"
edition = "2024"

[dependencies]
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
$2

$3

[workspace]
TOML
}
