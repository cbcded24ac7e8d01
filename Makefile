.PHONY: build test full integration lint generate check bench bench-peers bench-packages fuzz mutants race vuln image image-test wheel release module

STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = go run golang.org/x/vuln/cmd/govulncheck@v1.1.4
GORELEASER = go run github.com/goreleaser/goreleaser/v2@v2.15.1
FUZZTIME ?= 50000x
HISTORIES ?= 5000
# The first random history; 0 is a random one.
SEED ?= 1
# The version is in metadata.yaml.
VERSION = $(shell sed -n 's/^  dockerImageTag: //p' metadata.yaml)
# Go settings of the machine that would change the program do not apply.
RELEASE = env GOPROXY="$$(go env GOPROXY)" GOSUMDB="$$(go env GOSUMDB)" GOENV=off GOFLAGS=-modcacherw GOEXPERIMENT= GOWORK=off VERSION=$(VERSION) \
	$(GORELEASER) release --snapshot --clean
# Where the files of a release will be downloaded from. Nothing is published yet.
DOWNLOADS ?= https://example.com/source-gorgias/v$(VERSION)
# The packages of this module, where a file names them.
OWN = '(["= `])source-gorgias/(connector|internal|integration_tests|schemas|packaging)'
ENGINE ?= docker
IMAGE ?= source-gorgias

build: ## one static binary
	CGO_ENABLED=0 go build -trimpath -o bin/source-gorgias .

test: ## every property, in a minute or two
	go test ./...

full: ## the same in full: more histories, larger accounts, every mode of each scenario
	go test -timeout 60m ./integration_tests -full -histories $(HISTORIES) -seed $(SEED)
	go test -timeout 30m ./integration_tests/scenarios -full
	go test -timeout 30m ./integration_tests/evil -full

integration: ## real clients (Airbyte, Singer, Meltano) run the connector; needs Python 3.11, PostgreSQL and a Python package index
	go run -tags clients ./integration_tests/clients

lint: ## format, vet, staticcheck
	@out="$$(gofmt -l $$(git ls-files '*.go'))"; [ -z "$$out" ] || { echo "not formatted:"; echo "$$out"; exit 1; }
	go vet -tags clients ./...
	go vet -C internal/generate/graphviz .
	$(STATICCHECK) -tags clients ./...

generate: ## what follows from the Go types: schemas, specification, catalog, documents and their diagram
	go generate ./...

check: lint test ## before every commit

bench: ## speed, memory and start of the program, as ratios within one run
	go run ./integration_tests/bench

bench-peers: ## the same account, read by models of other readers; needs Python 3.11 and a Python package index
	go run ./integration_tests/bench -peers

bench-packages: ## benchmarks of the packages
	go test -run '^$$' -bench . -benchmem ./...

fuzz: ## every fuzz target for FUZZTIME; counted, since a deadline in time can end as a failure of its own
	@set -e; for pkg in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "$$pkg $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
	  done; done

mutants: ## breaks the rules one by one; the tests must notice
	go run ./integration_tests/mutants

race: ## the tests with the race detector
	go test -race -short -timeout 30m $$(go list ./... | grep -vx source-gorgias/integration_tests)
	go test -race -timeout 30m ./integration_tests -histories 16 -skip '^TestEveryHistory$$'

vuln: ## known vulnerabilities; asks a database on the internet
	$(GOVULNCHECK) ./...

image: ## the image, with bases from a public registry; ENGINE=podman, IMAGE=name
	$(ENGINE) build --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) -t $(IMAGE):$(VERSION) -t $(IMAGE):dev .

image-test: ## the image, with bases made here, called as Airbyte's platform does; skipped without an engine
	packaging/image.sh

wheel: ## the release of this platform, with its Python wheel; in dist
	sed "s/targets: .*/targets: [$$(go env GOOS)_$$(go env GOARCH)]/" .goreleaser.yaml | $(RELEASE) --config -

release: ## the release of all platforms; a second build in another environment must be identical
	$(RELEASE)
	go run ./packaging managers $(VERSION) $(DOWNLOADS) dist
	go test ./integration_tests -run '^TestRelease|^TestReproducible' -count 1 -timeout 30m -v -args -release "$(CURDIR)/dist"

module: ## rename the Go module, to publish it: make module MODULE=github.com/acme/source-gorgias
	go mod edit -module $(MODULE)
	go mod edit -module $(MODULE)/internal/generate/graphviz internal/generate/graphviz/go.mod
	grep -rlE $(OWN) --include='*.go' --include=Dockerfile --include=.goreleaser.yaml . | xargs sed -i -E "s#"$(OWN)"#\\1$(MODULE)/\\2#g"
