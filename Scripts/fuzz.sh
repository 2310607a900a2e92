#!/usr/bin/env bash
# Feeds random bytes to everything between a file and the planner's snapshot: Scripts/fuzz.sh [RUNS], 20,000 unless told, at most a minute.
# Starts from Fuzz/corpus with a fixed seed, so equal code gives an equal run; what it finds goes to .build-fuzz and is printed as a command that replays it.
set -euo pipefail
cd "$(dirname "$0")/.."
runs=${1:-20000}
scratch=.build-fuzz
rm -rf "$scratch/objects" "$scratch/corpus"
mkdir -p "$scratch/objects" "$scratch/corpus"

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
swift_flags=(-parse-as-library -swift-version 6 -wmo -Onone -g -sanitize=fuzzer,address -I "$scratch"
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
    -enable-upcoming-feature MemberImportVisibility -Xcc -DYAML_DECLARE_STATIC
    -Xcc -fmodule-map-file=Fuzz/modules/module.modulemap
    -Xcc -fmodule-map-file="$yams/Sources/CYaml/include/module.modulemap")
for module in SchedulingModel KubernetesAPI ClusterImport; do
    mapfile -t sources < <(find "Sources/$module" -name '*.swift' | sort)
    swiftc "${swift_flags[@]}" -module-name "$module" -emit-module -emit-module-path "$scratch/$module.swiftmodule" \
        -emit-object -o "$scratch/objects/$module.o" "${sources[@]}"
done
swiftc "${swift_flags[@]}" -module-name ManifestFuzz -emit-object -o "$scratch/objects/ManifestFuzz.o" Fuzz/ManifestFuzz.swift
swiftc -sanitize=fuzzer,address -use-ld=lld "$scratch"/objects/*.o -lsimdjson -lstdc++ -o "$scratch/manifest-fuzz"

# LeakSanitizer would report what the Swift runtime keeps for its own lifetime.
export ASAN_OPTIONS=detect_leaks=0
if "$scratch/manifest-fuzz" -runs="$runs" -max_total_time=60 -timeout=10 -seed=1 -rss_limit_mb=2048 -max_len=8192 \
    -dict=Fuzz/manifest.dict -artifact_prefix="$scratch/" -print_final_stats=0 \
    "$scratch/corpus" Fuzz/corpus >"$scratch/log" 2>&1; then
    echo "fuzz: $(grep -oE 'Done [0-9]+ runs in [0-9]+ second' "$scratch/log" || tail -n 1 "$scratch/log")(s), nothing found"
else
    tail -n 40 "$scratch/log" >&2
    echo "fuzz: failed; replay with: ASAN_OPTIONS=detect_leaks=0 $scratch/manifest-fuzz FILE" >&2
    exit 1
fi
