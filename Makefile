# Lifeboat. `make` says what there is.

GO ?= go
SEED ?= 1
HISTORIES ?= 1000000
PLAN ?=
FUZZTIME ?= 60s

.DEFAULT_GOAL := help
STATICCHECK = $(GO) tool staticcheck

# For the workflow that users copy. Not in go.mod: nothing is built with it.
ACTIONLINT = $(GO) run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
# The race detector needs cgo, and that a C compiler.
RACE = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)

.PHONY: help build run package test compiler skipped bench fuzz torture torture-kills torture-histories torture-part torture-verdict

help: ## Say what there is
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build bin/lifeboat, which is deployed, and bin/lab, which is for development
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o bin/lifeboat ./cmd/lifeboat
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/lab ./cmd/lab

run: build ## Run Lifeboat on a development Azure on this machine, until Ctrl-C
	@bin/lab run

package: ## Write the deployable zips, SBOMs and checksums to dist/ (PLAN=FILE, else lifeboat.yaml)
	@cd packaging && $(GO) run . -plan "$(if $(PLAN),$(abspath $(PLAN)))"

test: compiler ## Run everything that CI runs
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "gofmt: the files above are not formatted: run gofmt -w ."; exit 1; }
	$(GO) vet ./...
	$(STATICCHECK) ./...
	@if test -n "$$CI" || $(ACTIONLINT) -version >/dev/null 2>&1; then $(ACTIONLINT) infra/ci/deploy.yml; fi
	$(GO) test $(RACE) -short -timeout 30m ./...
	$(GO) test -timeout 20m ./internal/recovery
	$(GO) test -timeout 30m -run NoticesSabotage ./cmd/lab
	cd conformance/openmetrics && $(GO) test ./...
	cd packaging && $(GO) vet ./... && $(GO) test ./...
	$(GO) test -count 1 -run TestAFleetInOneNight ./handlers -services 1000
	$(GO) test -count 1 -run 'TestHistories|TestUpgradeInEveryStage' ./handlers -histories 200
	$(GO) test -count 1 -run TestNoRestoreWithoutPassedGates ./internal/recovery -rapid.checks=10000 -rapid.seed=$(SEED)
	$(GO) test -count 1 -run TestCosts ./bench -services 1
	$(BENCH) -bench 'Invocation|PollStep|Ready|Watch|Status' -benchtime 1x ./bench
	$(GO) test -count 1 -timeout 20m -run TestHistories ./internal/recovery/simulation -histories 10000 -seed $(SEED) -complete
	$(GO) test -count 1 -timeout 20m -run TestSeededBugs ./internal/recovery/simulation -seeded one-each
	$(MAKE) build
	bin/lab play nightly
	bin/lab play failover
	bin/lab play changes
	bin/lab play silence
	bin/lab play lost-region
	bin/lab torture --kills 60 --quick --seed $(SEED)
	@$(MAKE) --no-print-directory skipped

# Without it no test runs with the race detector: that is no test run for CI.
compiler:
	@test -n "$(RACE)" || { \
		echo "NO RACE DETECTOR: cgo is off, for want of a C compiler or by CGO_ENABLED=0. Install one, such as Debian's gcc and libc6-dev."; \
		test -z "$$CI"; }

# go test says nothing of the tests that it skipped.
skipped:
	@test -n "$(RACE)" || echo "SKIPPED: the race detector. Install a C compiler, such as Debian's gcc and libc6-dev"
	@command -v node >/dev/null && test -d conformance/node_modules || \
		echo "SKIPPED: second opinions on Table, Blob and Service Bus. Install node 20 or later, and: npm ci --prefix conformance"
	@command -v node >/dev/null && test -d conformance/bicep/node_modules || \
		echo "SKIPPED: the Bicep files. Install node 20 or later, and: npm ci --prefix conformance/bicep"
	@test "$$LIFEBOAT_BROWSER" != none && command -v chromium >/dev/null && test -d conformance/node_modules || \
		echo "SKIPPED: the pages in a browser. Install Debian's chromium, node 20 or later, and: npm ci --prefix conformance"
	@test "$$LIFEBOAT_SHELLCHECK" != none && command -v shellcheck >/dev/null || echo "SKIPPED: the shell scripts. Install Debian's shellcheck"
	@$(ACTIONLINT) -version >/dev/null 2>&1 || echo "SKIPPED: the workflow in infra/ci. Fetch it once, online: $(ACTIONLINT) -version"

torture: torture-kills torture-histories fuzz ## Everything at random, for hours: a million simulated histories, and more

torture-kills: build ## The real binary, killed a thousand times at every kind of request
	bin/lab torture --kills 1000 --seed $(SEED)
	$(GO) test -count 1 -timeout 20m -run TestTortureFindsWhatIsBroken ./cmd/lab

fuzz: ## Every decoder against hostile input, FUZZTIME each
	@grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z]*' handlers internal cmd | while IFS=: read -r file fuzz; do \
		echo "$$(dirname $$file) $${fuzz#func }"; \
		$(GO) test -run '^$$' -fuzz "^$${fuzz#func }$$" -fuzztime $(FUZZTIME) "./$$(dirname $$file)" </dev/null || exit 1; \
	done

torture-histories: ## A million simulated histories (HISTORIES) from SEED on, and the bugs that they must notice
	$(GO) test -count 1 -timeout 20m -run TestSeededBugs ./internal/recovery/simulation
	$(MAKE) torture-part
	$(MAKE) torture-verdict

torture-part: ## Some of the histories: HISTORIES from SEED on, into bin/histories-SEED.json
	@mkdir -p bin
	$(GO) test -count 1 -timeout 24h -v -run TestHistories ./internal/recovery/simulation -histories $(HISTORIES) -seed $(SEED) -figures $(CURDIR)/bin/histories-$(SEED).json

torture-verdict: ## One verdict on all bin/histories-*.json that the code as it is has made
	$(GO) test -count 1 -v -run TestJoin ./internal/recovery/simulation -join '$(CURDIR)/bin/histories-*.json' -complete

BENCH = $(GO) test -run '^$$' -timeout 30m

bench: ## Measure what the README says of speed and size, in about ten minutes; writes bench/RESULTS.md and .json
	{ $(BENCH) -bench 'Invocation|PollStep' -benchtime 5000x ./bench && \
	$(BENCH) -bench Ready -benchtime 100x ./bench && \
	$(BENCH) -bench 'InFlight|Night|Backup|Polling|FleetProcess' -benchtime 1x ./bench && \
	$(BENCH) -bench 'Watch|Status' -benchtime 5x ./bench && \
	$(BENCH) -bench . -benchtime 100000x ./internal/emulator/servicebus; } | \
	$(GO) run ./bench/table -command 'make bench' -md bench/RESULTS.md -json bench/RESULTS.json
