#!/usr/bin/env bash
# Runs every test, on private servers where one is needed. cargo-nextest runs them side by side where it is installed;
# cargo's own runner does the same, slower.
set -euo pipefail
runner=(test)
if cargo nextest --version >/dev/null 2>&1; then
    runner=(nextest run)
fi
scripts/with_servers.py bash -euo pipefail -c '
    cargo "$@" --workspace --locked
    # What people see must be the same over PostgreSQL.
    # Chosen by name and not by package: a part of the workspace would be built anew, with fewer features.
    VOICEASSIST_TEST_PROFILE=cluster cargo "$@" --workspace --locked \
        --test http --test answers --test histories --test changes --test documents --test sessions
' -- "${runner[@]}"
cargo test --workspace --locked --doc --quiet
python3 -m unittest discover --start-directory scripts --pattern 'test_*.py'
