# The front door. `make` lists what there is; every target works from a clean clone, without a cluster.
.DEFAULT_GOAL := help
.PHONY: help setup build test lint format bench bench-openb bench-openb-batch bench-extender bench-instructions demo e2e check clean

SWIFT ?= swift
# The first of the simulation seeds that `make check` runs: others every time, and printed.
SEED  ?= $(shell date +%s)000
DUMP  := examples/eks-p4d.json

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-18s %s\n", $$1, $$2 }'

setup: ## install the Debian packages that are missing (libsimdjson-dev, ...)
	@Scripts/setup.sh

build: setup ## build the berth executable, optimised: .build/release/berth
	$(SWIFT) build -c release --product berth

test: setup ## build and pass every test
	$(SWIFT) test

lint: ## formatting, module borders and forbidden constructs
	@Scripts/lint.sh

format: ## format all Swift files in place
	$(SWIFT) format --in-place --recursive Sources Tests Package.swift $(wildcard Benchmarks/*.swift Benchmarks/Sources Fuzz)

bench: setup ## run the benchmarks (an own package), one JSON line each
	cd Benchmarks && $(SWIFT) run -c release BerthBenchmarks

bench-openb: build ## replay the openb traces in TRACES=folder and print the quality table (several minutes)
	@Scripts/bench_openb.py .build/release/berth $(TRACES)

bench-openb-batch: build ## plan openb traces in TRACES=folder as one batch and print how far that is from its bound
	@Scripts/bench_openb_batch.py .build/release/berth $(TRACES)

bench-extender: build ## ask the extender over HTTP 500 times a second with 5,000 nodes, and print the times
	$(SWIFT) build -c release --product fake-apiserver
	@Scripts/bench_extender.py .build/release

bench-instructions: setup ## count the hot paths' instructions with callgrind and hold them against Benchmarks/instructions.json
	cd Benchmarks && $(SWIFT) build -c release --product BerthBenchmarks
	@Scripts/bench_instructions.py Benchmarks/.build/release/BerthBenchmarks

demo: setup ## plan a real cluster's dump, then run the controller on a fake cluster (KEEP=1 leaves it up)
	@Scripts/demo.sh $(DUMP) $(if $(KEEP),--keep)

e2e: setup ## manifests against schemas; the controller under their account; the fake server with clients; Cluster API on it; AWS against moto
	@e2e/manifests.sh
	$(SWIFT) build --product fake-apiserver
	$(SWIFT) build --product berth
	@e2e/controller.sh .build/debug
	@e2e/clients.sh .build/debug/fake-apiserver
	SWIFT=$(SWIFT) e2e/cluster-api.sh .build/debug/fake-apiserver
	SWIFT=$(SWIFT) e2e/aws.sh

check: ## all that a change must pass: build, lint, tests, fresh simulation seeds, a short fuzz run
	$(MAKE) --no-print-directory build
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory test
	.build/release/berth simulate chaos --seeds 200 --from $(SEED)
	Scripts/fuzz.sh

clean: ## remove what the build made
	$(SWIFT) package clean
