#!/usr/bin/env bash
# The cost of a bot's first build: user CPU seconds of a clean dev build of a program on cqhttp, with its default features,
# with `ws` alone and with `http` alone, against the same program on bare reqwest, and on reqwest with tokio-tungstenite,
# as a bot that receives events needs it. Prints Markdown. The first argument is the number of rounds, by default three.
set -euo pipefail
export LC_ALL=C

rounds=${1:-3}
ours='cqhttp cqhttp-ws cqhttp-http'
references='reqwest reqwest+tungstenite'
sides="$ours $references"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Nothing of the caller's may speed up or slow down one of the builds.
unset CARGO_BUILD_TARGET CARGO_ENCODED_RUSTFLAGS CARGO_INCREMENTAL CARGO_TARGET_DIR RUSTC_WORKSPACE_WRAPPER RUSTFLAGS
export RUSTC_WRAPPER=

source "$root/benches/program.sh"

# Not incremental, as for crates from a registry: incremental compilation of a local crate costs more.
profile='[profile.dev.package]
cqhttp.incremental = false
cqhttp-codegen.incremental = false'
over_http=$(cat <<'RUST'
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let client = cqhttp::Client::from_env()?;
    println!("{}", client.get_login_info().await?.user_id);
    Ok(())
}
RUST
)
program cqhttp "cqhttp = { path = '$root' }" "$profile" <<< "$over_http"
program cqhttp-http "cqhttp = { path = '$root', default-features = false, features = ['http'] }" "$profile" <<< "$over_http"
program cqhttp-ws "cqhttp = { path = '$root', default-features = false, features = ['ws'] }" "$profile" <<'RUST'
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (client, _events) = cqhttp::Connect::from_env()?.await?;
    println!("{}", client.get_login_info().await?.user_id);
    Ok(())
}
RUST

by_hand=$(cat <<'RUST'
use serde::Deserialize;

#[derive(Deserialize)]
struct Envelope<T> {
    status: String,
    retcode: i64,
    data: Option<T>,
}

#[derive(Deserialize)]
struct LoginInfo {
    user_id: i64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = format!("{}/get_login_info", std::env::var("CQHTTP_URL")?);
    let request = reqwest::Client::new().post(url).header("content-type", "application/json").body("{}");
    let answer: Envelope<LoginInfo> = serde_json::from_slice(&request.send().await?.bytes().await?)?;
    match answer.data {
        Some(me) if answer.status == "ok" => println!("{}", me.user_id),
        _ => return Err(format!("refused: {}", answer.retcode).into()),
    }
    Ok(())
}
RUST
)
http='reqwest = { version = "0.13", default-features = false }
serde = { version = "1", features = ["derive"] }
serde_json = "1"'
program reqwest "$http" '' <<< "$by_hand"
program reqwest+tungstenite "$http
tokio-tungstenite = \"0.30\"" '' <<< "$by_hand"

# build <name>: a clean build
build() {
    rm -rf "$work/$1/target"
    cargo build --quiet --offline --manifest-path "$work/$1/Cargo.toml" --target-dir "$work/$1/target"
}

# user_seconds <command…>: what it and its children take
exec 3>&2
user_seconds() {
    local TIMEFORMAT=%U
    { time "$@" > "$work/output" 2>&1 || { cat "$work/output" >&3; exit 1; }; } 2>&1
}

median() {
    sort -g | awk '{ value[NR] = $1 } END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'
}

for side in $sides; do
    cargo fetch --quiet --manifest-path "$work/$side/Cargo.toml"
done

for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds" >&2
    for side in $sides; do
        user_seconds build "$side" >> "$work/$side.seconds"
    done
done

packages() { grep -c '^name = ' "$work/$1/Cargo.lock"; }
echo "| program on | user CPU, median | rounds | packages in Cargo.lock |"
echo "|---|---:|---|---:|"
for side in $sides; do
    seconds=$work/$side.seconds
    printf '| %s | %.1f s | %s | %s |\n' "$side" "$(median < "$seconds")" "$(paste -sd' ' "$seconds")" "$(packages "$side")"
done
echo
for side in $ours; do
    for reference in $references; do
        ratios=$(paste "$work/$side.seconds" "$work/$reference.seconds" | awk '{ printf "%.2f\n", $1 / $2 }')
        echo "- $side to $reference: **$(printf %.2f "$(median <<< "$ratios")")**, the median of the rounds' $(sort -g <<< "$ratios" | paste -sd' ')."
    done
done

# Once more, each package by itself: a wrapper notes what every run of rustc takes. What is left over is cargo and the
# build scripts as they run, the generator among them.
cat > "$work/rustc" <<'WRAPPER'
#!/usr/bin/env bash
TIMEFORMAT="${CARGO_PKG_NAME:-(probes)} ${CARGO_PKG_VERSION:--} %U"
exec 3>&2
{ time "$@" 2>&3 3>&-; } 2>> "$CQHTTP_BENCH_LOG"
WRAPPER
chmod +x "$work/rustc"
for side in $sides; do
    export RUSTC_WRAPPER="$work/rustc" CQHTTP_BENCH_LOG="$work/$side.log"
    total=$(user_seconds build "$side")
    echo "(all) - $total" > "$work/$side.total"
    awk '{ taken[$1 " " $2] += $3 } END { for (package in taken) print package, taken[package] }' \
        "$work/$side.log" "$work/$side.total" |
        awk '{ print } $1 == "(all)" { rest += $3; next } { rest -= $3 } END { print "(rest)", "-", rest }' \
        > "$work/$side.packages"
done

# table <side>: its packages, and those of bare reqwest
table() {
    echo
    echo "| package | in the build of $1 | share | in reqwest's build |"
    echo "|---|---:|---:|---:|"
    awk '
        FNR == NR { theirs[$1 " " $2] = $3; next }
        { ours[$1 " " $2] = $3 }
        END {
            for (package in ours) {
                both = package in theirs
                # Of what both builds have, the small is summed up.
                if (both && package !~ /^\(/ && ours[package] < 0.1) { small += ours[package]; their_small += theirs[package]; continue }
                print ours[package], both ? theirs[package] : "-", package
            }
            print small, their_small, "(other packages of both) -"
        }
    ' "$work/reqwest.packages" "$work/$1.packages" | sort -rg | awk '
        { line[++count] = $0; if ($3 == "(all)") all = $1 }
        END {
            for (i = 1; i <= count; i++) {
                split(line[i], field, " ")
                name = line[i]
                sub(/^[^ ]+ [^ ]+ /, "", name)
                sub(/ -$/, "", name)
                printf "| %s | %.2f s | %.1f %% | %s |\n", name, field[1], 100 * field[1] / all, field[2] == "-" ? "" : sprintf("%.2f s", field[2])
            }
        }
    '
}
for side in $ours; do table "$side"; done
