#!/usr/bin/env bash
# Plans a checked-in dump of a real cluster and explains one answer; then runs the whole product on a fake cluster.
# usage: demo.sh [DUMP] [--keep]
set -euo pipefail
cd "$(dirname "$0")/.."
dump=${1:-examples/eks-p4d.json}
keep=${2:-}

# A debug build is much quicker to make, and plans this dump in a blink.
echo '$ swift build --product berth; swift build --product fake-apiserver' >&2
swift build --product berth >&2
swift build --product fake-apiserver >&2
binaries=$(swift build --show-bin-path)

# Exit code 3 says that something stays pending, which this dump is meant to show.
run() {
    echo
    echo "\$ berth $*"
    local code=0
    "$binaries/berth" "$@" || code=$?
    [ "$code" -eq 0 ] || [ "$code" -eq 3 ] || exit "$code"
}
run plan -f "$dump"
run plan -f "$dump" --explain eval/eval-too-much-efa

echo
echo '--- live: a fake API server, simulated kubelets and scheduler, and the controller ---'
echo
# shellcheck disable=SC2086
Scripts/demo_live.py "$binaries" $keep
