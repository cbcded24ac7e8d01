.PHONY: build test integration lint generate check bench fuzz mutants race vuln

STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = go run golang.org/x/vuln/cmd/govulncheck@v1.1.4
FUZZTIME ?= 100000x

build: ## one static binary
	CGO_ENABLED=0 go build -trimpath -o bin/source-gorgias .

test: ## what the README promises
	go test ./...

integration: ## other people's programs use ours; needs Python 3.11, a PostgreSQL server and a Python package index
	go run -tags clients ./integration_tests/clients

lint: ## format, vet, staticcheck
	@out="$$(gofmt -l $$(git ls-files '*.go'))"; [ -z "$$out" ] || { echo "not formatted:"; echo "$$out"; exit 1; }
	go vet -tags clients ./...
	$(STATICCHECK) -tags clients ./...

generate: ## schemas, specification and catalog from the Go types
	go generate ./...

check: lint test ## before every commit

bench: ## figures, as ratios within one run
	go test -run '^$$' -bench . -benchmem ./...

fuzz: ## every fuzz target for FUZZTIME; counted, since a deadline in time can end as a failure of its own
	@set -e; for pkg in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; done

mutants: ## breaks the rules of progress one by one; the tests must notice
	integration_tests/mutants.sh 4000

race: ## the tests with the race detector
	go test -race -short ./...

vuln: ## known vulnerabilities; asks a database on the internet
	$(GOVULNCHECK) ./...
