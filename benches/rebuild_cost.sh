#!/usr/bin/env bash
# The cost of a change of the schema: a program on cqhttp is built, a doc in one YAML file is changed, and it is built
# again. Prints Markdown: the whole, the build script's run (the generator), and the compilers' runs, in user CPU
# seconds. The first argument is the number of rounds, by default five. As in any dev build, the generator is not
# optimised.
set -euo pipefail
export LC_ALL=C

rounds=${1:-5}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Nothing of the caller's may speed up or slow down the builds.
unset CARGO_BUILD_TARGET CARGO_ENCODED_RUSTFLAGS CARGO_INCREMENTAL CARGO_TARGET_DIR RUSTC_WORKSPACE_WRAPPER RUSTFLAGS
export RUSTC_WRAPPER=

# The crate is copied: its schema is changed.
mkdir -p "$work/cqhttp" "$work/bot/src"
cp -r "$root"/{Cargo.toml,README.md,build.rs,schema,src,codegen,examples} "$work/cqhttp"
cat > "$work/bot/src/main.rs" <<'RUST'
fn main() {
    println!("{:?}", cqhttp::Client::from_env().map(drop));
}
RUST
cat > "$work/bot/Cargo.toml" <<TOML
[package]
name = "bot"
version = "0.0.0"
edition = "2024"

[dependencies]
cqhttp = { path = "../cqhttp" }

[workspace]
TOML

# Notes the time of each run of rustc: seconds and the crate.
cat > "$work/rustc" <<'WRAPPER'
#!/usr/bin/env bash
TIMEFORMAT="%U ${CARGO_CRATE_NAME:-(probes)}"
exec 3>&2
{ time "$@" 2>&3 3>&-; } 2>> "$CQHTTP_BENCH_LOG"
WRAPPER
chmod +x "$work/rustc"
export RUSTC_WRAPPER="$work/rustc" CQHTTP_BENCH_LOG="$work/log"

build() { cargo build --quiet --manifest-path "$work/bot/Cargo.toml" --target-dir "$work/target"; }

# user_seconds <command…>
user_seconds() {
    local TIMEFORMAT=%U
    # A failed command's output goes to descriptor 3, so that it is not taken for a time.
    { time "$@" > "$work/output" 2>&1 || { cat "$work/output" >&3; exit 1; }; } 3>&2 2>&1
}

# The build script as cargo runs it, once more by itself.
generate() {
    local script
    script=$(ls -t "$work"/target/debug/build/cqhttp-*/build-script-build | head -n 1)
    mkdir -p "$work/out"
    (cd "$work/cqhttp" && OUT_DIR="$work/out" CARGO_MANIFEST_DIR="$work/cqhttp" "$script")
}

median() {
    sort -g | awk '{ value[NR] = $1 } END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'
}

build
touched=$work/cqhttp/schema/actions/friend.yaml
for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds" >&2
    # The chapter's doc, which stands first.
    sed -i "0,/^  doc: /s/^  doc: .*/  doc: Friends, as of round $round./" "$touched"
    : > "$CQHTTP_BENCH_LOG"
    user_seconds build >> "$work/all"
    awk '$2 == "cqhttp" { print $1 }' "$CQHTTP_BENCH_LOG" >> "$work/library"
    awk '$2 == "bot" { print $1 }' "$CQHTTP_BENCH_LOG" >> "$work/program"
    rm -rf "$work/out"
    user_seconds generate >> "$work/generator"
done

# All rounds must have built all of it.
for part in all library program generator; do
    [ "$(wc -l < "$work/$part")" -eq "$rounds" ] || { echo "not every round has built: $part" >&2; exit 1; }
done

echo "| part of a rebuild | user CPU, median | rounds | share |"
echo "|---|---:|---|---:|"
whole=$(median < "$work/all")
row() {
    awk -v name="$1" -v median="$(median < "$work/$2")" -v whole="$whole" -v rounds="$(paste -sd' ' "$work/$2")" \
        'BEGIN { printf "| %s | %.2f s | %s | %.0f %% |\n", name, median, rounds, 100 * median / whole }'
}
row "all of it" all
row "the build script: the generator" generator
row "rustc on cqhttp" library
row "rustc and the linker on the program" program
