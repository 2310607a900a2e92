#!/usr/bin/env bash
# Feeds random bytes to everything that reads what came from outside: Scripts/fuzz.sh [RUNS [TARGET…]], 20,000 runs of each target unless told.
# Targets: manifest (files to the planner's snapshot), watch (the framing of watches), kubeconfig, json (the decoder and its copies).
# Each starts from Fuzz/corpus-TARGET with a fixed seed and ends after its runs, however long the machine takes, so equal code gives an equal run.
# A target that is not through after fifteen minutes fails. What is found goes to .build-fuzz and is printed as a command that replays it.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-20000}
targets=("${@:2}")
[ ${#targets[@]} -gt 0 ] || targets=(json watch kubeconfig manifest)
scratch=.build-fuzz
rm -rf "$scratch/objects" "$scratch"/corpus*
mkdir -p "$scratch/objects"

toolchain=$(dirname "$(readlink -f "$(command -v swiftc)")")
clang=$toolchain/clang
[ -x "$clang" ] || clang=clang

yams=.build/checkouts/Yams
if [ ! -d "$yams" ]; then
    swift package --scratch-path "$scratch" resolve
    yams=$scratch/checkouts/Yams
fi

sanitize=(-fsanitize=address,fuzzer-no-link -g -O1)
for source in "$yams"/Sources/CYaml/src/*.c; do
    "$clang" "${sanitize[@]}" -DYAML_DECLARE_STATIC -I"$yams/Sources/CYaml/include" \
        -c "$source" -o "$scratch/objects/$(basename "$source").o"
done
"$clang" "${sanitize[@]}" -std=c++17 -ISources/CJSONDocument/include \
    -c Sources/CJSONDocument/CJSONDocument.cpp -o "$scratch/objects/CJSONDocument.o"

# The modules that bytes from outside pass through, in the order of their imports. As in Package.swift, but
# instrumented; not optimised, which builds in a fraction of the time and traps on the same things.
swift_flags=(-parse-as-library -swift-version 6 -wmo -Onone -g -enable-testing -sanitize=fuzzer,address -I "$scratch"
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
    -enable-upcoming-feature MemberImportVisibility -Xcc -DYAML_DECLARE_STATIC
    -Xcc -fmodule-map-file=Fuzz/modules/module.modulemap -Xcc -fmodule-map-file=Sources/CCurl/module.modulemap
    -Xcc -fmodule-map-file="$yams/Sources/CYaml/include/module.modulemap")
for module in SchedulingModel KubernetesAPI ClusterImport HTTPTransport KubernetesClient; do
    mapfile -t sources < <(find "Sources/$module" -name '*.swift' | sort)
    swiftc "${swift_flags[@]}" -module-name "$module" -emit-module -emit-module-path "$scratch/$module.swiftmodule" \
        -emit-object -o "$scratch/objects/$module.o" "${sources[@]}"
done

declare -A programs=([manifest]=ManifestFuzz [watch]=WatchFuzz [kubeconfig]=KubeconfigFuzz [json]=JSONFuzz)
# LeakSanitizer would report what the Swift runtime keeps for its own lifetime.
export ASAN_OPTIONS=detect_leaks=0
for target in "${targets[@]}"; do
    source=${programs[$target]:?no such target: $target}
    swiftc "${swift_flags[@]}" -module-name "$source" -emit-object -o "$scratch/$source.o" "Fuzz/$source.swift"
    swiftc -sanitize=fuzzer,address -use-ld=lld "$scratch/$source.o" "$scratch"/objects/*.o -lsimdjson -lcurl -lstdc++ \
        -o "$scratch/$target-fuzz"
    mkdir -p "$scratch/corpus-$target"
    dictionary=()
    [ ! -f "Fuzz/$target.dict" ] || dictionary=("-dict=Fuzz/$target.dict")
    if ! "$scratch/$target-fuzz" -runs="$runs" -max_total_time=900 -timeout=60 -seed=1 -rss_limit_mb=2048 -max_len=8192 \
        "${dictionary[@]}" -artifact_prefix="$scratch/" -print_final_stats=0 \
        "$scratch/corpus-$target" "Fuzz/corpus-$target" >"$scratch/$target.log" 2>&1; then
        tail -n 40 "$scratch/$target.log" >&2
        echo "fuzz: $target failed; replay with: ASAN_OPTIONS=detect_leaks=0 $scratch/$target-fuzz FILE" >&2
        exit 1
    fi
    read -r done_runs seconds < <(sed -nE 's/^Done ([0-9]+) runs in ([0-9]+) second.*/\1 \2/p' "$scratch/$target.log")
    if [ "${done_runs:-0}" -lt "$runs" ]; then
        echo "fuzz: $target came to ${done_runs:-0} of $runs runs in ${seconds:-?} s; give it more time or fewer runs" >&2
        exit 1
    fi
    echo "fuzz: $target: $done_runs runs in $seconds s, nothing found"
done
