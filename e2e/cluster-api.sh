#!/usr/bin/env bash
# Drives the Cluster API provider against fake-apiserver over a socket, then the controller, which buys MachineDeployments' nodes, replaces
# one that is taken, gives all of them back, and moves a pod off an under-used one. Ends what it starts.
# Usage: cluster-api.sh PATH/TO/fake-apiserver, beside which the built `berth` is
set -euo pipefail
cd "$(dirname "$0")/.."
server=$1
swift=${SWIFT:-swift}
work=$(mktemp -d)
pid=
finish() {
    [ -z "$pid" ] || { kill "$pid" && wait "$pid" || true; } 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT

"$swift" build --build-tests
"$server" --port 0 --kubeconfig "$work/config" >"$work/log" 2>&1 &
pid=$!
for _ in $(seq 100); do [ -s "$work/config" ] && break; sleep 0.1; done
[ -s "$work/config" ] || { echo "fake-apiserver did not come up"; cat "$work/log"; exit 1; }
address=$(grep -oE 'http://[^" ]+' "$work/config" | head -1)
[ -n "$address" ] || { echo "no server in the kubeconfig"; cat "$work/config"; exit 1; }
BERTH_FAKE_APISERVER="$address" \
    timeout "${TIMEOUT:-300}" "$swift" test --skip-build --filter CloudProvidersTests.ClusterAPIProviderTests
timeout "${TIMEOUT:-300}" python3 Scripts/demo_live.py "$(dirname "$server")" --capacity
