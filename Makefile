.DEFAULT_GOAL := help
.PHONY: help target tools build compose examples demo docs test bench bench-short soak soak-short fuzz golden test-hosts test-page picture lint advisories clean

COMPONENTS := process runner wrapper guard
GUEST := $(COMPONENTS:%=--package orchestra-%) --target wasm32-wasip2 --profile component
OUTPUT := $(or $(CARGO_TARGET_DIR),target)
# No package is named here, nor for the tests, so that the features are those of all default members: nothing is built twice.
COMPOSE := cargo run --quiet --bin orchestra-wasm -- compose
DENY := $(OUTPUT)/tools/bin/cargo-deny --locked --workspace check --hide-inclusion-graph

include examples/build.mk

help: ## Say what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

target: ## Install the wasm32-wasip2 target, if it is missing
	@lib=$$(rustc --print target-libdir --target wasm32-wasip2) && test -d "$$lib" && test ! -e "$$lib/../built-by" || \
		scripts/fallback/wasip2-target

build: target ## Build target/components/orchestra-{process,runner,wrapper,guard}.wasm
	cargo run --quiet --bin components -- $(OUTPUT)/components

compose: target ## Compose TASK=task.wasm, a task or a command, into OUT (task.composed.wasm)
	@test -n "$(TASK)" || { echo 'usage: make compose TASK=task.wasm [OUT=composed.wasm]' >&2; exit 2; }
	$(COMPOSE) "$(TASK)" --output "$(or $(OUT),$(basename $(TASK)).composed.wasm)"

tools: ## Install what the examples and other hosts need: wasmtime, componentize-py, jco, wac
	scripts/tools

examples: tools build ## Build the examples in Rust, Python and JavaScript into target/components/examples
	$(MAKE) --no-print-directory $(EXAMPLE_COMPONENTS)

demo: target ## Run a composed task twice, on bad and on good data, and show what arrives at an endpoint on loopback
	cargo run --quiet --example demo

docs: ## Make docs/wit.md from wit/*.wit
	cargo run --quiet --bin wit-check -- reference wit docs/wit.md

test: target ## Run the unit tests and the conformance suite
	cargo test

bench: target ## Measure what reporting costs beside its neighbours, and write docs/performance.md (about six minutes)
	cargo build --release --bin orchestra-wasm
	cargo run --release --bin bench

bench-short: target ## Measure a little of everything, and fail if a report is lost or doubled (under a minute)
	cargo build --quiet --bin orchestra-wasm
	cargo run --quiet --bin bench -- --short

soak: target ## Play a million random runs, then report 10,000 real ones to an endpoint that fails and stands still (some minutes)
	ORCHESTRA_SIMULATION_RUNS=$(or $(RUNS),1000000) ORCHESTRA_SIMULATION_FIRST_SEED=$(or $(FIRST_SEED),0) \
		cargo test --quiet --lib simulation::soak
	cargo run --release --bin chaos --$(if $(SEED), --seed $(SEED))

soak-short: target ## Report 300 real runs so (under a minute)
	cargo run --quiet --bin chaos -- --runs 300$(if $(SEED), --seed $(SEED))

fuzz: target ## Look for inputs that break a property, by coverage: RUNS=100000 of each target, or of TARGET=part-of-a-name
	scripts/fuzz $(or $(RUNS),100000) $(TARGET)

golden: ## Record again what the published orchestra-sdk does (Python 3.10 and PyPI; under a minute)
	scripts/golden

# All is built first, because the foreign hosts run programs of other packages.
test-hosts: examples ## Run the examples under wasmtime's command line, on Node and under orchestra, and compare the reports
	cargo test --quiet --no-run
	cargo test --test hosts

test-page: dev-server ## Run the tests of the page of `orchestra-wasm dev` in headless Chromium
	$(SEEN) node --test dev/page/page.test.mjs

picture: dev-server ## Take docs/dev.png, the picture of that page
	$(SEEN) node dev/page/picture.mjs docs/dev.png

CHROMIUM := chromium
SEEN = SERVE=$(abspath $(OUTPUT))/debug/examples/serve PLAYWRIGHT=$(abspath $(OUTPUT))/tools/playwright \
	CHROMIUM="$$(command -v $(CHROMIUM))"

.PHONY: dev-server
dev-server:
	@command -v $(CHROMIUM) >/dev/null || { echo 'There is no chromium: apt-get install chromium, or say CHROMIUM=...' >&2; exit 1; }
	scripts/tools playwright
	cargo build --example serve

lint: target ## Check formatting, lints, documentation, the contract and the dependencies
	cargo fmt --all --check
	cargo run --quiet --bin wit-check -- lint wit
	scripts/tools cargo-deny
	$(DENY) licenses bans sources --deny unmatched-skip --deny unnecessary-skip
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --workspace --test hosts -- -D warnings
	cargo clippy $(GUEST) -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

advisories: ## Ask RustSec's database, on GitHub, what is known of the dependencies
	scripts/tools cargo-deny
	$(DENY) advisories

clean: ## Remove everything that was built
	cargo clean
