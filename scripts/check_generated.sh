#!/usr/bin/env bash
# Fails when a generated file is not what its generator writes today.
set -euo pipefail
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
cargo run --quiet --locked --package voiceassist -- openapi >"$fresh"
if ! diff -u docs/openapi.json "$fresh" >&2; then
    echo "docs/openapi.json is not what the program says today: run \`make generate\` and commit it" >&2
    exit 1
fi
