#!/usr/bin/env bash
# Installs the Debian packages that the build needs and that are missing; says what it does.
# With everything in place it does nothing, needs no network and prints nothing.
set -euo pipefail

# libsimdjson-dev: the JSON reader. zlib1g-dev: compressed traces. libcurl and OpenSSL: HTTP and signatures.
packages=(libsimdjson-dev zlib1g-dev libcurl4-openssl-dev libssl-dev)

if ! command -v swift >/dev/null; then
    echo "setup: no swift on PATH; Berth needs Swift 6.3 or later, see https://www.swift.org/install/linux/" >&2
    exit 1
fi
# The toolchain brings its own clang; the C++ headers come with g++.
compgen -G '/usr/include/c++/*' >/dev/null || packages+=(g++)

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

if ! command -v dpkg-query >/dev/null; then
    echo "setup: not a Debian system; install the equivalents of ${packages[*]} if the build misses them" >&2
    exit 0
fi
missing=()
for package in "${packages[@]}"; do
    is_installed "$package" || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "setup: missing ${missing[*]}; install them as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}
echo "setup: installing ${missing[*]}" >&2
if ! install; then
    echo "setup: updating the package lists and trying again" >&2
    "${as_root[@]}" apt-get update
    install
fi
