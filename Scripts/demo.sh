#!/usr/bin/env bash
# Plans a checked-in dump of a real cluster and explains one answer.
set -euo pipefail
cd "$(dirname "$0")/.."
dump=${1:-examples/eks-p4d.json}

# A debug build is much quicker to make, and plans this dump in a blink.
echo '$ swift build --product berth' >&2
swift build --product berth >&2
berth=$(swift build --show-bin-path)/berth

# Exit code 3 says that something stays pending, which this dump is meant to show.
run() {
    echo
    echo "\$ berth $*"
    local code=0
    "$berth" "$@" || code=$?
    [ "$code" -eq 0 ] || [ "$code" -eq 3 ] || exit "$code"
}
run plan -f "$dump"
run plan -f "$dump" --explain eval/eval-too-much-efa
