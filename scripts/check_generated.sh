#!/usr/bin/env bash
# Fails when a generated file is not what its generator writes today.
set -euo pipefail
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

program() { cargo run --quiet --locked --package voiceassist -- "$@"; }

same() {
    if ! diff -ru "$1" "$2" >&2; then
        echo "$1 is not what the program says today: run \`make generate\` and commit it" >&2
        exit 1
    fi
}

program openapi >"$fresh/openapi.json"
same docs/openapi.json "$fresh/openapi.json"
program slo alerts >"$fresh/rules.yml"
same deploy/prometheus/voiceassist-rules.yml "$fresh/rules.yml"
program slo dashboards "$fresh/dashboards" >/dev/null
same dashboards "$fresh/dashboards"
