# Lifeboat. `make` says what there is.

GO ?= go
SEED ?= 1

.DEFAULT_GOAL := help
STATICCHECK = $(GO) tool staticcheck

.PHONY: help build run test bench

help: ## Say what there is
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build bin/lifeboat, which is deployed, and bin/lab, which is for development
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/lifeboat ./cmd/lifeboat
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/lab ./cmd/lab

run: build ## Run Lifeboat on a development Azure on this machine, until Ctrl-C
	@bin/lab run

test: ## Run everything that CI runs
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "gofmt: the files above are not formatted: run gofmt -w ."; exit 1; }
	$(GO) vet ./...
	$(STATICCHECK) ./...
	$(GO) test -race -short -timeout 30m ./...
	$(GO) test -timeout 20m ./internal/recovery
	cd conformance/openmetrics && $(GO) test ./...
	$(GO) test -count 1 -run TestAFleetInOneNight ./handlers -services 1000
	$(GO) test -count 1 -run TestNoRestoreWithoutPassedGates ./internal/recovery -rapid.checks=10000 -rapid.seed=$(SEED)
	$(MAKE) build
	bin/lab play nightly
	bin/lab play failover
	bin/lab play changes
	bin/lab play silence
	@test -d conformance/node_modules || echo "SKIPPED: second opinions on Table, Blob and Service Bus. Node 20 and: npm ci --prefix conformance"

BENCH = $(GO) test -run '^$$' -timeout 30m

bench: ## Measure what the README says of speed and size, in about ten minutes; writes bench/RESULTS.md and .json
	{ $(BENCH) -bench 'Invocation|PollStep' -benchtime 5000x ./bench && \
	$(BENCH) -bench Ready -benchtime 100x ./bench && \
	$(BENCH) -bench 'InFlight|Night|Backup|Polling|FleetProcess' -benchtime 1x ./bench && \
	$(BENCH) -bench 'Watch|Status' -benchtime 5x ./bench && \
	$(BENCH) -bench . -benchtime 100000x ./internal/emulator/servicebus; } | \
	$(GO) run ./bench/table -command 'make bench' -md bench/RESULTS.md -json bench/RESULTS.json
