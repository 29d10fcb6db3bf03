# Every command anyone runs. `make` lists them.
.DEFAULT_GOAL := help
.PHONY: help ready format lint test docs schema schema-check snapshots requirements bench fuzz

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

ready: format lint test docs ## All that CI asks of a change

format: ## Check the layout of the Rust code
	cargo fmt --check

lint: ## Check the code, with and without the AWS half
	cargo clippy --all-targets -- -D warnings
	cargo clippy --no-default-features --all-targets -- -D warnings

test: ## Run every test
	cargo test

docs: ## Build the API documentation, warnings are errors
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

schema: ## Fetch the pinned packages and pack the AWS resource types anew
	cargo run --release --manifest-path schema/pack/Cargo.toml -- update
	cargo run --release --manifest-path schema/pack/Cargo.toml -- build

schema-check: ## Fetch the pinned packages and compare the packed types byte by byte
	cargo run --release --manifest-path schema/pack/Cargo.toml -- check

snapshots: ## Take over what the cases say now; read the diff before you commit
	UPDATE_SNAPSHOTS=1 cargo test --test cases

requirements: ## Pin the Python tools of the tests anew, with hashes (needs uv)
	uv pip compile --quiet --universal --python-version 3.10 --generate-hashes tests/requirements.in -o tests/requirements.txt

bench: ## Run the workloads of the performance table
	cargo bench

fuzz: ## Fuzz each target for SECONDS (60); TARGETS="parse emit" picks (needs nightly and cargo-fuzz)
	fuzz/run $(or $(SECONDS),60) $(TARGETS)
