#!/usr/bin/env bash
# kubectl and the Python client drive fake-apiserver: what they print and return is checked, step by step.
# Takes kubectl from PATH, or else from the Debian package kubernetes-client; the Python client comes from PyPI.
# Usage: clients.sh PATH/TO/fake-apiserver
set -euo pipefail
cd "$(dirname "$0")/.."
server=$1
work=$(mktemp -d)
pid=
finish() {
    [ -z "$pid" ] || { kill "$pid" && wait "$pid" || true; } 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT

. e2e/kubectl.sh
venv=${TMPDIR:-/tmp}/berth-e2e-client-venv
[ -x "$venv/bin/python" ] && "$venv/bin/python" -c 'import kubernetes' 2>/dev/null \
    || { python3 -m venv "$venv" && "$venv/bin/pip" -q install kubernetes; }

# Starts the server with these arguments and waits until its kubeconfig is there.
serve() {
    rm -f "$work/config"
    "$server" --port 0 --kubeconfig "$work/config" "$@" >"$work/log" 2>&1 &
    pid=$!
    for _ in $(seq 600); do [ -s "$work/config" ] && break; sleep 0.1; done
    [ -s "$work/config" ] || { echo "fake-apiserver did not come up"; cat "$work/log"; exit 1; }
}
serve --nodes 3xgpu:8 --kubelets --garbage-collector
export KUBECONFIG=$work/config HOME=$work

step() { echo "e2e: $*"; }
k() { timeout 60 "$kubectl" "$@"; }
# What a command prints must hold a word.
shows() {
    local word=$1
    shift
    local text
    text=$("$@" 2>&1) || { echo "failed: $*"; echo "$text"; exit 1; }
    grep -qF -- "$word" <<<"$text" || { echo "no \"$word\" in: $*"; echo "$text"; exit 1; }
}

step "kubectl $(k version --client -o json | python3 -c 'import json,sys; print(json.load(sys.stdin)["clientVersion"]["gitVersion"])')"
shows gpu-2 k get nodes
shows deployments.apps k api-resources -o name

step apply, get and describe
cat >"$work/objects.yaml" <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: trainer, namespace: default, labels: {app: trainer}}
spec:
  nodeName: gpu-0
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: train:1
    resources: {limits: {nvidia.com/gpu: "2"}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: "web:1"}]}
YAML
shows "pod/trainer created" k apply --validate=false -f "$work/objects.yaml"
shows "deployment.apps/web unchanged" k apply --validate=false -f "$work/objects.yaml"
shows "serverside-applied" k apply --validate=false --server-side --force-conflicts -f "$work/objects.yaml"
shows "condition met" k wait --for=condition=Ready pod/trainer --timeout=30s
shows Running k get pod trainer
shows "nvidia.com/gpu" k describe pod trainer
shows "Allocatable" k describe node gpu-0

shows deployment.apps/web k get all
shows "No resource quota" k describe namespace default

step kinds that tools apply
cat >"$work/kinds.yaml" <<'YAML'
apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Secret
metadata: {name: keys, namespace: default}
stringData: {a: hi}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly, namespace: default}
spec:
  schedule: "0 3 * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "i:1"}]}}}}
---
apiVersion: resource.k8s.io/v1
kind: ResourceClaim
metadata: {name: gpu, namespace: default}
spec: {devices: {requests: [{name: gpu, exactly: {deviceClassName: gpu.example.com}}]}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: default}
spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}
YAML
shows "cronjob.batch/nightly created" k apply --validate=false -f "$work/kinds.yaml"
shows "service/web unchanged" k apply --validate=false -f "$work/kinds.yaml"
shows "aGk=" k get secret keys -o "jsonpath={.data.a}"
shows "10." k get service web -o "jsonpath={.spec.clusterIP}"
shows "NodePort" k describe service web
shows "0 3 * * *" k describe cronjob nightly
shows "kubectl-client-side-apply" k get secret keys -o yaml --show-managed-fields
shows "error on the server" bash -c "timeout 20 '$kubectl' explain pods 2>&1 || true"

step scale, label, taint, cordon
shows scaled k scale deployment web --replicas=5
shows 5 k get deployment web -o "jsonpath={.spec.replicas}"
shows labeled k label node gpu-1 team=ml
shows tainted k taint node gpu-1 team=ml:NoSchedule
shows NoSchedule k get node gpu-1 -o "jsonpath={.spec.taints[0].effect}"
shows untainted k taint node gpu-1 team-
shows cordoned k cordon gpu-1
shows SchedulingDisabled k get node gpu-1
shows uncordoned k uncordon gpu-1

step drain and delete
shows "drained" k drain gpu-0 --force --timeout=40s
shows NotFound bash -c "timeout 20 '$kubectl' get pod trainer || true"
uid=$(k get deployment web -o "jsonpath={.metadata.uid}")
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: owned}\n' | k apply --validate=false -f - >"$work/out"
k patch configmap owned --type merge -p \
    "{\"metadata\":{\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"web\",\"uid\":\"$uid\"}]}}" >"$work/out"
shows deleted k delete deployment web
k wait --for=delete configmap/owned --timeout=20s >"$work/out"
shows NotFound bash -c "timeout 20 '$kubectl' get configmap owned || true"

step the Python client
timeout 120 "$venv/bin/python" e2e/clients.py

kill -0 "$pid" || { echo "the server died"; cat "$work/log"; exit 1; }

step over TLS with client certificates
kill "$pid" && wait "$pid" || true
serve --nodes 3xgpu:8 --kubelets --tls
shows https:// k config view
shows gpu-2 k get nodes
shows kubernetes-admin k auth whoami
shows "system:masters" k auth whoami
shows yes k auth can-i delete nodes
shows "configmap/made created" k create configmap made --from-literal=a=1
shows made k get configmaps
port=$(sed -n 's/.*127.0.0.1:\([0-9]*\).*/\1/p' "$work/log" | head -1)
shows Unauthorized curl -sk --noproxy '*' "https://127.0.0.1:$port/api/v1/nodes"
shows Forbidden bash -c "timeout 20 '$kubectl' get nodes --as jane 2>&1 || true"
timeout 120 "$venv/bin/python" e2e/clients.py

kill -0 "$pid" || { echo "the server died"; cat "$work/log"; exit 1; }
step passed
