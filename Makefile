# The front door. `make help` lists what there is; CI runs the same targets.
#
# One target folder and one feature set serve demo, test and it.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
DATA ?= data
LISTEN ?= 127.0.0.1:8480
CLUSTER ?= target/cluster
TIMED := deploy/timed.sh
MVN := deploy/mvn.sh

.PHONY: help setup web build jvm demo cluster cluster-stop test it lint bench bench-cluster soak fuzz footage quality clean

help: ## What can be made
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## Install what is missing (Debian or Ubuntu), saying what and why
	@deploy/setup.sh build

web: setup
	@$(TIMED) "web pages" deploy/web.sh

build: setup web
	@$(TIMED) "build" cargo build --locked --bin flumen

demo: build ## Four cameras live in the browser, with boxes, events and archive
	@exec target/debug/flumen demo --data "$(DATA)" --listen "$(LISTEN)"

jvm: setup
	@deploy/setup.sh cluster
	@$(TIMED) "bridge" cargo build --locked -p flumen-cli -p flumen-bridge
	@$(TIMED) "Flink and Spark jobs" $(MVN) package -DskipTests

cluster: web jvm ## The same on real engines: Kafka, Flink, Spark, HDFS, Flumen in its roles, four cameras
	@deploy/local/cluster.sh start "$(CLUSTER)"

cluster-stop: ## End what `make cluster` started
	@deploy/local/cluster.sh stop "$(CLUSTER)"

test: setup web ## All tests that need no server
	@deploy/setup.sh cluster
	@$(TIMED) "rust tests" cargo test --locked --workspace --no-fail-fast
	@cargo build --locked --quiet -p flumen-bridge
	@$(TIMED) "JVM tests" $(MVN) verify
	@$(TIMED) "web tests" npm --prefix web run --silent check

it: web ## Tests with real servers: Kafka, Flink, Spark, RTSP, FFmpeg, a browser
	@deploy/setup.sh it
	@$(MAKE) --no-print-directory jvm
	@$(TIMED) "integration tests" cargo test --locked --workspace --test it --test kafka -- --test-threads=1 --include-ignored
	@$(TIMED) "Flink killed" env FLUMEN_KILLS=2 FLUMEN_SEED=1 cargo test --locked --workspace --test soak -- --test-threads=1 --nocapture cluster::kills cluster::crash cluster::moved

lint: setup web ## Formatting, lints, dead links, house plan
	@deploy/setup.sh lint
	@$(TIMED) "format" cargo fmt --all --check
	@$(TIMED) "clippy" cargo clippy --locked --workspace --all-targets --quiet -- -D warnings
	@$(TIMED) "papers" cargo test --locked --quiet -p flumen-cli --test papers --test house

bench: setup web ## Speed and quality against references, side by side
	@deploy/setup.sh it
	@cargo build --release --locked --bin flumen
	@cargo build --release --locked -p flumen-journal --example bench
	@target/release/flumen bench --out target/bench $(if $(FOOTAGE),--footage "$(FOOTAGE)")
	@echo; echo "journal beside plain writes with fdatasync, MB/s of 100 KB records:"
	@target/release/examples/bench target/bench/journal 500 5 | tee target/bench/journal.json

bench-cluster: web ## Cost and latency on Kafka and Flink, beside the usual Python consumer
	@deploy/setup.sh it
	@$(TIMED) "build" cargo build --release --locked -p flumen-cli -p flumen-bridge
	@$(TIMED) "Flink job" $(MVN) package -DskipTests
	@test -x target/bench/venv/bin/python || python3 -m venv target/bench/venv
	@target/bench/venv/bin/python -m pip install --quiet --disable-pip-version-check -r bench/python/requirements.txt
	@FLUMEN_FOOTAGE="$(if $(FOOTAGE),$$(realpath "$(FOOTAGE)"))" cargo test --release --locked -p flumen-cli --test soak bench_cluster -- --ignored --nocapture --test-threads=1

footage: setup web ## Tests and scores on footage with truth: FOOTAGE=DIR
	@test -n "$(FOOTAGE)" || { echo "make footage needs FOOTAGE=DIR, a folder as docs/ref/footage.md describes"; exit 2; }
	@test -d "$(FOOTAGE)" || { echo "FOOTAGE=$(FOOTAGE): there is no such directory"; exit 2; }
	@FLUMEN_FOOTAGE="$$(realpath "$(FOOTAGE)")" cargo test --locked -p flumen-media -p flumen-archive --test footage
	@cargo run --locked --bin flumen -- bench --runs 0 --out target/footage --footage "$(FOOTAGE)"

quality: build ## Scores beside OpenCV's on drawn scenes (SCENES=20 SEED=random) and FOOTAGE=DIR
	@deploy/setup.sh quality
	@test -x target/bench/venv/bin/python || python3 -m venv target/bench/venv
	@target/bench/venv/bin/python -m pip install --quiet --disable-pip-version-check -r bench/python/requirements.txt
	@$(TIMED) "quality" target/debug/flumen bench quality --out target/quality --python target/bench/venv/bin/python --scenes $(or $(SCENES),20) --seed $(or $(SEED),random) $(if $(FOOTAGE),--footage "$(FOOTAGE)")

soak: web ## Long fault campaigns; a dated report goes to docs/reports
	@deploy/setup.sh it
	@$(MAKE) --no-print-directory jvm
	@FLUMEN_SOAK=1 cargo test --locked -p flumen-cli --test soak -- --nocapture --test-threads=1

fuzz: setup ## Each fuzz target for FUZZ_SECONDS (60) seconds
	@deploy/fuzz.sh $${FUZZ_SECONDS:-60}

clean: ## Remove what was built here
	cargo clean
	rm -rf web/dist web/node_modules
