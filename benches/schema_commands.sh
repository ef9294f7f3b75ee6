#!/usr/bin/env bash
# The time of the commands on what servers publish, and of the generator with and without the facts about servers. Prints
# Markdown. The first argument is a folder with `napcat/openapi-4.18.13.json`, `snowluma.yaml` and `dialects.yaml`, the second
# the number of rounds, by default eleven.
set -euo pipefail
export LC_ALL=C

reference=$(cd "${1:?name the folder with what servers publish}" && pwd)
rounds=${2:-11}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$root"
cargo build --quiet --release -p cqhttp-codegen-cli
command=${CARGO_TARGET_DIR:-$root/target}/release/cqhttp-codegen
cp -r schema "$work/with"
cp -r schema "$work/without"
rm -r "$work/without/servers"
openapi=$reference/napcat/openapi-4.18.13.json

# elapsed <command…>: the elapsed time, in milliseconds. A failed command's output goes to descriptor 3.
elapsed() {
    local TIMEFORMAT=%R
    { time "$@" > "$work/output" 2>&1 || { cat "$work/output" >&3; exit 1; }; } 3>&2 2>&1 | awk '{ print 1000 * $1 }'
}

facts() { elapsed "$command" facts --napcat "$openapi" --snowluma "$reference/snowluma.yaml" --release snowluma=1.11.1 --dialects "$reference/dialects.yaml" --out "$work/facts"; }
import() { elapsed "$command" import --all --openapi "$openapi" --schema "$work/with"; }
audit() { elapsed "$command" audit --schema "$work/with"; }
with() { elapsed "$command" emit --schema "$work/with" "$work/out"; }
without() { elapsed "$command" emit --schema "$work/without" "$work/out"; }

for ((round = 1; round <= rounds; round++)); do
    for what in facts import audit with without; do
        rm -rf "$work/out" "$work/facts"
        "$what" >> "$work/$what.times"
    done
done

median() { sort -g "$work/$1.times" | awk '{ value[NR] = $1 } END { print (value[int((NR + 1) / 2)] + value[int(NR / 2) + 1]) / 2 }'; }
row() { printf '| %s | %.0f ms | %.0f–%.0f ms |\n' "$1" "$(median "$2")" "$(sort -g "$work/$2.times" | head -n 1)" "$(sort -g "$work/$2.times" | tail -n 1)"; }

echo "| command | elapsed, median | range of $rounds rounds |"
echo "|---|---:|---:|"
row '`facts`, four servers' facts
row '`import --all`, all of NapCat' import
row '`audit`, five facts files' audit
row 'generation, five facts files' with
row 'generation, no facts' without
awk -v with="$(median with)" -v without="$(median without)" \
    'BEGIN { printf "| ratio of the two | %.2f | |\n", with / without }'
