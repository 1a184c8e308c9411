# halua's commands. `make demo` shows the main job, `make test` runs everything that must pass.
# Both install what is missing (they name each package first) and can run on a machine that has only the toolchain.

SWIFT ?= swift
export DEBIAN_FRONTEND = noninteractive
# A seed to replay and a number of runs, for the tests of the simulation.
ifdef SEED
export HALUA_SEED = $(SEED)
endif
ifdef RUNS
export HALUA_RUNS = $(RUNS)
endif
# How programs for others are built: nothing in them says in which folder that was, so that everybody gets the same octets,
# and C and the linker do what Debian's hardening does.
RELEASE_FLAGS = --disable-local-rpath -Xswiftc -file-prefix-map -Xswiftc $(CURDIR)=. \
  -Xcc -ffile-prefix-map=$(CURDIR)=. -Xswiftc -Xfrontend -Xswiftc -no-clang-module-breadcrumbs \
  -Xcc -fstack-protector-strong -Xcc -fstack-clash-protection \
  -Xlinker -z -Xlinker relro -Xlinker -z -Xlinker now -Xlinker --build-id=none
# As root a test with real daemons that cannot run is a failure and not a skip.
IS_ROOT := $(shell test "$$(id -u)" -eq 0 && echo 1)

mycat-failures: packages-test release ## Every way in which Mycat fails: what halua says, what the usual scripts see.
	@.build/release/halua lab failures

.PHONY: help demo test build release lint format bench mycat-failures simulator simulate mutants docs update-golden clean toolchain deb deb-test packages-build packages-demo packages-test packages-deb

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: packages-demo release ## Two nodes, one VIP, Lua in charge: the main job in a minute.
	@.build/release/halua lab demo --timeline .build/demo-timeline.html

test: packages-test build lint ## Everything that must pass.
	@python3 packaging/man/generate.py --check .build/debug
	@.build/debug/halua test --quiet
	@$(SWIFT) test --skip-build --skip NetnsTests --skip Hostile
	@$(MAKE) --no-print-directory simulate
	@python3 Tests/Mutants/run.py
	@# In a process of their own: they count what the whole process holds, and take all of the processor.
	@$(SWIFT) test --skip-build --no-parallel --filter Hostile --skip NetnsTests
	@HALUA_REQUIRE_NETNS=$(IS_ROOT) $(SWIFT) test --skip-build --no-parallel --filter NetnsTests

build: packages-build ## Debug build of programs and tests.
	@$(SWIFT) build --build-tests

release: packages-build ## Optimised build of haluad, halua and halua-exporter, with Swift's runtime inside.
	@$(SWIFT) build -c release --static-swift-stdlib $(RELEASE_FLAGS) --product haluad
	@$(SWIFT) build -c release --static-swift-stdlib $(RELEASE_FLAGS) --product halua
	@$(SWIFT) build -c release --static-swift-stdlib $(RELEASE_FLAGS) --product halua-exporter

deb: packages-deb release ## Debian packages of this tree, in .build/deb.
	@packaging/build-deb .build/release

deb-test: deb ## Install, upgrade and purge the package on two clean machines that are made for it; needs root.
	@python3 packaging/test-deb.py .build/deb .build/deb-test

lint: packages-test ## Style of Swift and Lua.
	@$(SWIFT) format lint --strict --parallel --recursive Sources Tests Package.swift
	@luacheck --quiet plugins Sources/PluginTesting/Library

format: toolchain ## Put the sources into the project's style.
	@$(SWIFT) format --in-place --parallel --recursive Sources Tests Package.swift

bench: packages-test release ## Measure halua beside keepalived (failover, guard, idle, scale, lua, checks, hooks, storm).
	@$(SWIFT) build -c release --static-swift-stdlib --product AllocationCounter
	@.build/release/halua lab bench all

simulator: packages-build
	@$(SWIFT) build -c release --static-swift-stdlib $(RELEASE_FLAGS) --product simulate

simulate: simulator ## Seeded fault simulation: make simulate SEED=7 RUNS=1000
	@.build/release/simulate $(if $(SEED),--seed $(SEED) --runs 1) $(if $(RUNS),--runs $(RUNS))

mutants: packages-test ## Bugs that are put into the core on purpose: each must be caught.
	@python3 Tests/Mutants/run.py

docs: packages-test build ## Make annotations, reference and manual pages from what the API and the programs say.
	@lua5.4 plugins/library/generate/main.lua
	@python3 packaging/man/generate.py .build/debug
	@mandoc -T lint -W style packaging/man/*.[1578]

update-golden: build ## Rewrite the golden files of scenarios and diagnostics; read the diff before you commit it.
	@HALUA_UPDATE=1 $(SWIFT) test --skip-build --filter 'ScenarioTests|ConfTests'

clean: ## Remove everything that was built.
	@rm -rf .build

toolchain:
	@command -v $(SWIFT) >/dev/null 2>&1 || { \
	  echo "halua needs Swift 6.2 or newer and found no '$(SWIFT)': install a toolchain from https://swift.org/install and put its bin directory on PATH." >&2; exit 1; }

packages-build packages-demo packages-test packages-deb: packages-%: toolchain
	@packaging/ensure-packages $*
