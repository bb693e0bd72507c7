STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
D2 = oss.terrastruct.com/d2@v0.7.2
FUZZTIME ?= 20s
CHROMIUM ?= $(shell command -v chromium || command -v google-chrome)

# Each folder that has a go.mod: this one and the nested ones.
MODULES := $(or $(dir $(shell git ls-files go.mod '*/go.mod' 2>/dev/null)),./)

.PHONY: demo test race lint bench docs fuzz cover bench-growth bench-anchors bench-relay site site-check

demo: ## send FILE (or the demo's own sources) through every transport
	@go run ./docs/examples/tour $(if $(FILE),"$(FILE)")

test: ## all tests
	@set -e; for m in $(MODULES); do (cd $$m && go test -shuffle=on ./...); done

race: ## all tests under the race detector, which needs a C compiler
	@set -e; for m in $(MODULES); do (cd $$m && go test -race -shuffle=on ./...); done

lint: ## gofmt, go vet for each system, staticcheck
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	@set -e; for os in linux darwin windows; do echo "vet for $$os"; GOOS=$$os go vet ./...; done
	@set -e; for m in $(MODULES); do echo "vet and staticcheck in $$m"; (cd $$m && go vet ./... && go run $(STATICCHECK) ./...); done

bench: ## every row of docs/performance.md beside its peers; QUICK=1 for a glance that writes nothing
	@cd docs/bench && go run . $(if $(QUICK),-quick)

docs: ## draw docs/pictures anew, after a change of their texts
	@set -e; cd docs/pictures; for f in *.d2; do \
		go run $(D2) --theme 0 --dark-theme 200 --layout elk --pad 20 $$f $${f%.d2}.svg; done
	@go test ./docs -run TestPictures -update

bench-growth: ## from 1 to 10,000 pairs at once; QUICK=1 to 1,000 and writes nothing
	@cd docs/bench && GODEBUG=adaptivestackstart=0 go run . -growth $(if $(QUICK),-quick)

bench-anchors: ## beside Trio, asyncio, AnyIO and Tokio, where they are installed; QUICK=1 writes nothing
	@cd docs/bench && go run . -anchors $(if $(QUICK),-quick)

bench-relay: ## docs/examples/relay beside socat, stunnel, haproxy, nginx and ghostunnel, where they are installed
	@cd docs/bench && go run ./relay $(if $(QUICK),-quick)

site: docs/site/node_modules/.package-lock.json ## these pages as a site in docs/site/dist; needs Node.js 20 and npm
	@cd docs/site && npm run build

site-check: site ## look at every page of the site in CHROMIUM, at a desk's and a phone's width
	@cd docs/site && CHROMIUM="$(CHROMIUM)" npm run check

docs/site/node_modules/.package-lock.json: docs/site/package-lock.json
	@cd docs/site && npm ci --ignore-scripts

fuzz: ## each fuzz target for FUZZTIME
	@set -e; for p in $$(go list ./...); do \
		for f in $$(go test -list '^Fuzz' $$p | grep ^Fuzz || true); do go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$p; done; done

cover: ## coverage by function, and cover.html
	@go test -coverpkg=./... -coverprofile=cover.out ./... && go tool cover -func=cover.out | tail -n 1 && go tool cover -html=cover.out -o cover.html
