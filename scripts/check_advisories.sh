#!/usr/bin/env bash
# Checks the dependencies against the RustSec advisories, where cargo-deny is installed and its database can be reached.
set -euo pipefail
if ! cargo deny --version >/dev/null 2>&1; then
    echo "advisories: not checked, cargo-deny is not installed (cargo install --locked cargo-deny)"
    exit 0
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if cargo deny --locked check advisories >"$log" 2>&1; then
    echo "advisories: none"
elif grep -qiE 'failed to fetch|failed to (clone|open) advisory|could not (connect|resolve)' "$log"; then
    echo "advisories: not checked, their database cannot be reached"
else
    cat "$log" >&2
    exit 1
fi
