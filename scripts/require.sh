#!/usr/bin/env bash
# Sees that the named tools are there. As root on Debian, what is missing is installed; otherwise it is named in one
# line with the command that installs it.
set -euo pipefail

declare -A package=(
    [c++]=g++ [python3]=python3 [curl]=curl [chromium]=chromium [chromedriver]=chromium-driver
    [postgresql-doc-15]=postgresql-doc-15 [pip]=python3-pip
)

present() {
    case $1 in
        postgresql-doc-15) [ -d /usr/share/doc/postgresql-doc-15/html ] ;;
        pip) python3 -m pip --version >/dev/null 2>&1 ;;
        *) command -v "$1" >/dev/null 2>&1 ;;
    esac
}

missing=()
for tool in "$@"; do
    present "$tool" && continue
    if [ "$tool" = cargo ]; then
        echo "cargo is missing: install Rust 1.94 or later with rustup (https://rustup.rs)" >&2
        exit 1
    fi
    missing+=("${package[$tool]}")
done
[ ${#missing[@]} -eq 0 ] && exit 0

install="apt-get install --yes --no-install-recommends ${missing[*]}"
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "missing: ${missing[*]}; install with: sudo $install" >&2
    exit 1
fi
echo "installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
if ! { apt-get update && DEBIAN_FRONTEND=noninteractive $install; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "could not install ${missing[*]}; see above" >&2
    exit 1
fi
