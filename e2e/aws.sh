#!/usr/bin/env bash
# Drives the AWS provider against moto on loopback, which checks signatures and rights, through a proxy that makes the faults.
# Installs moto from PyPI into a folder of its own. Ends what it starts, and itself after TIMEOUT seconds.
set -euo pipefail
cd "$(dirname "$0")/.."
swift=${SWIFT:-swift}
venv=${TMPDIR:-/tmp}/berth-e2e-moto-venv
work=$(mktemp -d)
pids=()
end() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap end EXIT

[ -x "$venv/bin/moto_server" ] || { python3 -m venv "$venv" && "$venv/bin/pip" -q install 'moto[server]==5.2.*'; }
"$swift" build --build-tests

# Port 0 would be answered in a log line only; a free one is taken and may in theory be lost again.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$venv/bin/moto_server" -H 127.0.0.1 -p "$port" >"$work/moto.log" 2>&1 &
pids+=($!)
for _ in $(seq 300); do
    curl -sf "http://127.0.0.1:$port/moto-api/data.json" >/dev/null && break
    kill -0 "${pids[0]}" 2>/dev/null || { cat "$work/moto.log" >&2; exit 1; }
    sleep 0.2
done
"$venv/bin/python" e2e/aws_fixture.py "http://127.0.0.1:$port" >"$work/fixture.json"
"$venv/bin/python" e2e/aws_proxy.py --moto "http://127.0.0.1:$port" --fixture "$work/fixture.json" >"$work/port" &
pids+=($!)
for _ in $(seq 100); do [ -s "$work/port" ] && break; sleep 0.1; done

BERTH_MOTO_ENDPOINT="http://127.0.0.1:$(cat "$work/port")" BERTH_MOTO_FIXTURE="$work/fixture.json" \
    timeout "${TIMEOUT:-300}" "$swift" test --skip-build --filter CloudProvidersTests.Moto
if [ "${SHOW_LOG:-}" ]; then cat "$work/moto.log"; fi
