#!/usr/bin/env bash
# The rules a change must keep: formatting, what each pure module may import, and what product code may not contain.
# Prints every breach and exits 1 if there is one.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0

fail() {
    echo "lint: $*" >&2
    failed=1
}

swift_paths=(Sources Tests Package.swift)
for further in Benchmarks Fuzz; do
    if [ -d "$further" ]; then swift_paths+=("$further"); fi
done
swift_files() {
    find "$@" -name .build -prune -o -name '*.swift' -print
}
mapfile -t all_swift < <(swift_files "${swift_paths[@]}")
swift format lint --strict "${all_swift[@]}" || fail "formatting; 'make format' repairs most of it"

# The pure column knows no network, file, clock or wire type: each module lists all it may import.
check_imports() {
    local module=$1 allowed=$2 line
    while IFS= read -r line; do
        fail "$module may import only: ${allowed:-nothing}; found $line"
    done < <(
        grep -rnE '^[[:space:]]*(@[A-Za-z]+(\([^)]*\))?[[:space:]]+)*((public|package|internal|private|fileprivate)[[:space:]]+)?import[[:space:]]' \
            "Sources/$module" --include='*.swift' |
            grep -vE "import[[:space:]]+(struct |enum |class |func |protocol )?(${allowed:-NOTHING})([.[:space:]]|\$)"
    )
}
check_imports SchedulingModel ''
check_imports PlacementSolver 'SchedulingModel'
check_imports PlacementVerifier 'SchedulingModel'
check_imports SchedulingCycle 'SchedulingModel|PlacementSolver|PlacementVerifier'
check_imports CapacityPlanner 'SchedulingModel|SchedulingCycle|PlacementVerifier'
check_imports ControlLoop 'SchedulingModel|PlacementSolver|PlacementVerifier|SchedulingCycle|CapacityPlanner'
check_imports ExtenderDecisions 'SchedulingModel|PlacementSolver|ControlLoop'
check_imports Simulation 'SchedulingModel|SchedulingCycle|CapacityPlanner|ControlLoop|ExtenderDecisions'
check_imports PlanReport 'SchedulingModel'
check_imports CloudProviders 'SchedulingModel|HTTPTransport|COpenSSL|KubernetesAPI|KubernetesClient|ClusterImport|FoundationEssentials'

# Nothing from the outside reaches a trap, and no half-done work is delivered.
forbid() {
    local what=$1 pattern=$2
    shift 2
    if grep -rnE "$pattern" --include='*.swift' "$@"; then fail "$what"; fi
}
forbid 'try! in product code' '\btry!' Sources
forbid 'as! in product code' '\bas!' Sources
forbid 'fatalError in product code' '\bfatalError\(' Sources
forbid 'FoundationNetworking pulls in a second HTTP client' 'import FoundationNetworking' Sources Tests
forbid 'a note of unfinished work' '\b(TODO|FIXME|XXX)\b' Sources Tests

# The executable's product modules never import the test support.
forbid 'TestSupport in product code' 'import TestSupport' \
    Sources/Berth Sources/ClusterImport Sources/KubernetesAPI Sources/PlanReport Sources/SchedulingCycle

for script in Scripts/*.sh e2e/*.sh .ci/run; do
    bash -n "$script" || fail "$script does not parse"
    [ -x "$script" ] || fail "$script is not executable"
done
if git rev-parse --git-dir >/dev/null 2>&1; then
    if git grep -nIE '^(<<<<<<<|>>>>>>>)( |$)' -- .; then fail 'conflict markers'; fi
fi
[ "$failed" -eq 0 ] && echo 'lint: clean'
exit "$failed"
