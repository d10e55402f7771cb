# What there is to do here: `make help`. Everything but `make lint` and
# `make docker` works with nothing but Go and the binaries of PostgreSQL.
SHELL := /bin/bash
.DEFAULT_GOAL := help
DATA_DIR ?= .data

# One throw-away PostgreSQL for all packages of a test run.
CLUSTER := go run ./internal/postgres/pgtest/run --
# Says what is left out for want of a program; with CI=true that is an error.
OUTFIT := ./.ci/outfit

SOURCES = $$(find . -name '*.go' -not -path './.*' -not -path './node_modules/*')

.PHONY: help run demo reconcile build test race check lint lint-openapi openapi generate bench bench-pages screenshots crash failover fuzz fuzz-api model mutants db-reset docker

help: ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: ## start the server (it brings its own PostgreSQL unless DATABASE_URL is set)
	@go build -buildvcs=false -o bin/web ./cmd/web && exec bin/web

demo: ## start the server with a company that has worked with it for three months
	@go build -buildvcs=false -o bin/web ./cmd/web && exec bin/web demo

reconcile: ## add everything up again and compare, also beside a running server
	@go build -buildvcs=false -o bin/web ./cmd/web && exec bin/web reconcile

build: ## build bin/web, one file that holds everything it serves
	CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags='-s -w' -o bin/ ./cmd/...

# The two packages that take longest begin, so that none runs alone at the end.
# RAPID_CHECKS is how many histories a property test makes up; `make model` has more.
test: ## run all tests on a throw-away PostgreSQL
	@$(OUTFIT)
	@$(CLUSTER) env RAPID_CHECKS=$${RAPID_CHECKS:-50} go test -p 3 -shuffle=on -count=1 ./cmd/web ./internal/web ./...
	@$(OUTFIT)

race: ## run all tests under the race detector (needs a C compiler)
	@$(OUTFIT)
	@$(CLUSTER) env CGO_ENABLED=1 go test -race -shuffle=on -count=1 ./...

fuzz: ## run every fuzz target in turn, FUZZ_TIME each (10s)
	@$(CLUSTER) ./.ci/fuzz

fuzz-api: ## send FUZZ_REQUESTS (50,000) requests that are made of the OpenAPI document (FUZZ_SEED: other ones)
	@$(CLUSTER) env FUZZ_REQUESTS=$${FUZZ_REQUESTS:-50000} go test -count=1 -timeout 60m -v -run '^TestRequestsOfTheDocument$$' ./internal/api

check: ## vet, format, modules, generated code, floors
	go vet ./...
	@bad=$$(gofmt -l $(SOURCES)); [ -z "$$bad" ] || { echo "not formatted (gofmt -w): $$bad"; exit 1; }
	go mod verify
	go mod tidy -diff
	./.ci/generated
	go test -count=1 ./internal/house

lint: ## golangci-lint, built from tools/lint.mod
	go tool -modfile=tools/lint.mod golangci-lint run

openapi: ## write the OpenAPI documents to .cache/openapi, as 3.1.json and 3.0.json
	@mkdir -p .cache/openapi
	@out=$$(OPENAPI_OUT=$(CURDIR)/.cache/openapi go test -count=1 -run '^TestDocument$$' ./internal/api) || { echo "$$out"; exit 1; }

lint-openapi: openapi ## lint the OpenAPI documents with Redocly's linter (needs Node.js)
	@npm ci --prefix tools/node --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true tools/node/node_modules/.bin/redocly lint --config tools/node/redocly.yaml \
		.cache/openapi/3.1.json .cache/openapi/3.0.json

generate: ## write the code that sqlc, templ and oapi-codegen make, and the style sheet (which needs Node.js)
	go tool sqlc generate
	go tool templ generate
	@$(MAKE) --no-print-directory openapi
	go tool oapi-codegen -config internal/api/apitestclient/config.yaml -o internal/api/apitestclient/client.gen.go .cache/openapi/3.0.json
	@if command -v npm >/dev/null; then ./.ci/styles; else echo 'static/app.css is left as it is: npm is not there'; fi

bench: ## measure the gate beside pgbench (BENCH_SHORT=1: one short round; docs/benchmarks.md)
	@go run ./internal/bench

bench-pages: ## measure every page with the demo company times ten (bench-out/pages.md; docs/benchmarks.md)
	@mkdir -p bench-out
	@$(CLUSTER) env PAGES_OUT=$(CURDIR)/bench-out/pages.md go test -count=1 -timeout 20m -v -run '^TestSpeedOfPages$$' ./internal/web

screenshots: ## take the README's pictures from the demo server (needs Chromium)
	@mkdir -p docs/pictures
	@$(CLUSTER) env PICTURES=$(CURDIR)/docs/pictures go test -count=1 -timeout 10m -run '^TestPictures$$' ./cmd/web
	@ls -l docs/pictures

crash: ## kill the server and PostgreSQL under load (PURSER_CRASH_CYCLES=100: the long form)
	@PURSER_CRASH_CYCLES=$${PURSER_CRASH_CYCLES:-10} go test -count=1 -timeout 2h -v -run '^TestKillsAtAnyMoment$$' ./cmd/web

failover: ## kill the primary under load and promote its standby (PURSER_FAILOVERS=20: the long form)
	@PURSER_FAILOVERS=$${PURSER_FAILOVERS:-5} go test -count=1 -timeout 2h -v -run '^TestFailovers$$' ./cmd/web

model: ## a million random operations and many histories against the models (PURSER_OPERATIONS, _SEEDS, _HISTORIES, _CHECKS)
	@$(CLUSTER) ./internal/spend/model.sh

mutants: ## put faults into the money core and show which tests notice (MUTANT=part of a name, MUTANTS_SAMPLE=n)
	@$(CLUSTER) go run ./internal/mutants $(MUTANT)

db-reset: ## delete the data of `make run` (asks first)
	@read -r -p "Delete $(DATA_DIR) and all data in it? Type yes: " answer && [ "$$answer" = yes ] && rm -rf "$(DATA_DIR)"

docker: ## start web, PostgreSQL, Redis and a mail catcher with Docker
	docker compose up --build
