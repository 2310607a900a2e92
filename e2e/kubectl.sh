#!/usr/bin/env bash
# To be sourced: sets `kubectl` to the one of PATH, or else to that of the Debian package kubernetes-client, which it fetches.
kubectl=$(command -v kubectl || true)
if [ -z "$kubectl" ]; then
    tools=${TMPDIR:-/tmp}/berth-e2e-kubectl
    [ -x "$tools/usr/bin/kubectl" ] || {
        mkdir -p "$tools"
        (cd "$tools" && apt-get -q download kubernetes-client && dpkg -x kubernetes-client_*.deb .)
    }
    kubectl=$tools/usr/bin/kubectl
fi
