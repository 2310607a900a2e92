#!/usr/bin/env bash
# The controller under exactly the service account that manifests/ gives it, against fake-apiserver over a socket.
# Takes kubectl from PATH, or else from the Debian package kubernetes-client; PyYAML comes from PyPI.
# Usage: controller.sh BIN, the folder with the built `berth` and `fake-apiserver`
set -euo pipefail
cd "$(dirname "$0")/.."
. e2e/kubectl.sh
venv=${TMPDIR:-/tmp}/berth-e2e-yaml-venv
[ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import yaml' 2>/dev/null \
    || { python3 -m venv "$venv" && "$venv/bin/pip" -q install pyyaml; }
exec timeout 300 "$venv/bin/python" e2e/controller.py "$1" "$kubectl"
