#!/usr/bin/env bash
# The cost of a bot's own crate, once its dependencies are built: user CPU seconds of rustc and the linker in a dev build, at
# first and after a change, for a bot on cqhttp with the default features, and for the like on bare reqwest and
# tokio-tungstenite. Both take events, answer them and make calls. Prints Markdown. The first argument is the number of
# rounds, by default five.
set -euo pipefail
export LC_ALL=C

rounds=${1:-5}
sides='cqhttp bare'
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Nothing of the caller's may speed up or slow down one of the builds.
unset CARGO_BUILD_TARGET CARGO_ENCODED_RUSTFLAGS CARGO_INCREMENTAL CARGO_TARGET_DIR RUSTC_WORKSPACE_WRAPPER RUSTFLAGS

source "$root/benches/program.sh"

# Not incremental, as for crates from a registry.
program cqhttp "cqhttp = { path = '$root' }" '[profile.dev.package]
cqhttp.incremental = false
cqhttp-codegen.incremental = false' < "$root/benches/own_build/cqhttp.rs"
program bare 'futures-util = { version = "0.3", default-features = false, features = ["sink"] }
reqwest = { version = "0.13", default-features = false }
serde = { version = "1", features = ["derive"] }
serde_json = "1"
tokio-tungstenite = "0.30"' '' < "$root/benches/own_build/bare.rs"

# A wrapper notes what every run of rustc on the bot takes.
cat > "$work/rustc" <<'WRAPPER'
#!/usr/bin/env bash
[ "${CARGO_CRATE_NAME:-}" = bot ] || exec "$@"
TIMEFORMAT=%U
exec 3>&2
{ time "$@" 2>&3 3>&-; } 2>> "$CQHTTP_BENCH_LOG"
WRAPPER
chmod +x "$work/rustc"
export RUSTC_WRAPPER="$work/rustc"

# build <side> <log>
build() {
    CQHTTP_BENCH_LOG="$work/$1.$2" cargo build --quiet --manifest-path "$work/$1/Cargo.toml" --target-dir "$work/$1/target"
}

median() {
    sort -g | awk '{ value[NR] = $1 } END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'
}

for side in $sides; do
    build "$side" warm-up
done
for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds" >&2
    for side in $sides; do
        cargo clean --quiet --package bot --manifest-path "$work/$side/Cargo.toml" --target-dir "$work/$side/target"
        build "$side" first
        # The text of an answer, in the midst of a handler.
        sed -i "s/\"pong[0-9]*\"/\"pong$round\"/" "$work/$side/src/main.rs"
        build "$side" change
    done
done

# All rounds must have built all of it.
for log in cqhttp.first cqhttp.change bare.first bare.change; do
    [ "$(wc -l < "$work/$log")" -eq "$rounds" ] || { echo "not every round has built: $log" >&2; exit 1; }
done

echo "| a bot's own crate | cqhttp, median | rounds | bare, median | rounds | ratio of the medians |"
echo "|---|---:|---|---:|---|---:|"
for part in first change; do
    ours=$(median < "$work/cqhttp.$part")
    theirs=$(median < "$work/bare.$part")
    printf '| %s | %.2f s | %s | %.2f s | %s | **%.2f** |\n' "$part" "$ours" "$(paste -sd' ' "$work/cqhttp.$part")" \
        "$theirs" "$(paste -sd' ' "$work/bare.$part")" "$(awk "BEGIN { print $ours / $theirs }")"
done
