#!/usr/bin/env bash
# Checks every manifest against Kubernetes' own schemas, and that the controller's role names each right once.
# Installs kubernetes-validate and PyYAML from PyPI into a folder of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${TMPDIR:-/tmp}/berth-e2e-venv
[ -x "$venv/bin/kubernetes-validate" ] || { python3 -m venv "$venv" && "$venv/bin/pip" -q install kubernetes-validate pyyaml; }
"$venv/bin/python" - manifests <<'PYTHON'
import pathlib
import sys

import kubernetes_validate
import yaml

NOT_KUBERNETES = {"Kustomization", "Component", "ServiceMonitor"}
failed = checked = 0
versions = kubernetes_validate.latest_version()
granted = {}
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.yaml")):
    for document in yaml.safe_load_all(path.read_text()):
        kind = document["kind"]
        if kind in NOT_KUBERNETES:
            continue
        try:
            kubernetes_validate.validate(document, versions, strict=True)
            checked += 1
        except kubernetes_validate.SchemaNotFoundError:
            print(f"{path}: {kind} {document['apiVersion']}: no schema in version {versions}, not checked")
        except kubernetes_validate.ValidationError as error:
            failed += 1
            print(f"{path}: {kind}: {'.'.join(map(str, error.path))}: {error.message}")
        for rule in document.get("rules") or [] if kind in ("Role", "ClusterRole") else []:
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    for verb in rule["verbs"]:
                        right = (document["metadata"]["name"], group, resource, verb)
                        if right in granted:
                            failed += 1
                            print(f"{path}: {right} is granted twice")
                        granted[right] = True
print(f"{checked} objects checked against Kubernetes {versions}, {failed} wrong")
sys.exit(1 if failed else 0)
PYTHON
