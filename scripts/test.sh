#!/usr/bin/env bash
# Runs every test. cargo-nextest runs them side by side where it is installed; cargo's own runner does the same, slower.
set -euo pipefail
if cargo nextest --version >/dev/null 2>&1; then
    cargo nextest run --workspace --locked
else
    cargo test --workspace --locked
fi
cargo test --workspace --locked --doc --quiet
python3 -m unittest discover --start-directory scripts --pattern 'test_*.py'
