# The examples as components, in target/components/examples: KIND-LANGUAGE.wasm, and with what reports for it
# KIND-LANGUAGE.composed.wasm. `search` is no example, but a task that looks for the API key. Included by the Makefile.

TOOLS := $(OUTPUT)/tools/bin
EXAMPLES := $(OUTPUT)/components/examples
PROCESS := $(OUTPUT)/components/orchestra-process.wasm
CONTRACT := $(wildcard wit/*.wit)

EXAMPLE_COMPONENTS := $(patsubst %,$(EXAMPLES)/%.composed.wasm, \
	manual-rust manual-python manual-javascript \
	first-python task-rust task-python task-javascript \
	command-rust command-python \
	search-rust search-python search-javascript)

$(EXAMPLES)/%.composed.wasm: $(EXAMPLES)/%.wasm $(COMPONENTS:%=$(OUTPUT)/components/orchestra-%.wasm)
	$(COMPOSE) $< --output $@

$(EXAMPLES)/manual-%.composed.wasm: $(EXAMPLES)/manual-%.wasm $(PROCESS)
	$(TOOLS)/wac plug $< --plug $(PROCESS) --output $@

RUST_EXAMPLES := $(patsubst %,$(EXAMPLES)/%-rust.wasm, manual task command search)
RUST_SOURCES := $(wildcard examples/*/rust/src/*.rs examples/*/rust/Cargo.toml host-test/tasks/src/*.rs)

$(RUST_EXAMPLES) &: $(CONTRACT) $(RUST_SOURCES) Cargo.lock
	cargo build --release --target wasm32-wasip2 $(patsubst %,--package %-example,manual task command) --package test-task
	mkdir -p $(EXAMPLES)
	cp $(OUTPUT)/wasm32-wasip2/release/manual-example.wasm $(EXAMPLES)/manual-rust.wasm
	cp $(OUTPUT)/wasm32-wasip2/release/task_example.wasm $(EXAMPLES)/task-rust.wasm
	cp $(OUTPUT)/wasm32-wasip2/release/command-example.wasm $(EXAMPLES)/command-rust.wasm
	cp $(OUTPUT)/wasm32-wasip2/release/test_task.wasm $(EXAMPLES)/search-rust.wasm

$(EXAMPLES)/manual-python.wasm: examples/manual/python/add_numbers.py examples/manual/wit/world.wit $(CONTRACT)
	mkdir -p $(EXAMPLES)
	$(TOOLS)/componentize-py --wit-path wit --wit-path examples/manual/wit --world examples:manual/program \
		componentize --python-path examples/manual/python add_numbers --output $@

$(EXAMPLES)/task-python.wasm: examples/tasks/python/orders.py $(CONTRACT)
	mkdir -p $(EXAMPLES)
	$(TOOLS)/componentize-py --wit-path wit --world orchestra:process/task-component \
		componentize --python-path examples/tasks/python orders --output $@

# The task of the README.
$(EXAMPLES)/first-python.wasm: examples/tasks/python/first_task.py $(CONTRACT)
	mkdir -p $(EXAMPLES)
	$(TOOLS)/componentize-py --wit-path wit --world orchestra:process/task-component \
		componentize --python-path examples/tasks/python first_task --output $@

$(EXAMPLES)/search-python.wasm: host-test/foreign-hosts/tasks/search.py host-test/foreign-hosts/tasks/wit/world.wit $(CONTRACT)
	mkdir -p $(EXAMPLES)
	$(TOOLS)/componentize-py --wit-path wit --wit-path host-test/foreign-hosts/tasks/wit --world tests:tasks/search \
		componentize --python-path host-test/foreign-hosts/tasks search --output $@

$(EXAMPLES)/command-python.wasm: examples/commands/python/orders_summary.py
	mkdir -p $(EXAMPLES)
	$(TOOLS)/componentize-py --wit-path wit --world wasi:cli/command@0.2.12 \
		componentize --python-path examples/commands/python orders_summary --output $@

$(EXAMPLES)/manual-javascript.wasm: examples/manual/javascript/add-numbers.js $(OUTPUT)/examples/wit/manual
	mkdir -p $(EXAMPLES)
	$(TOOLS)/jco componentize $< --wit $(OUTPUT)/examples/wit/manual --world-name program --disable http --out $@

$(EXAMPLES)/task-javascript.wasm: examples/tasks/javascript/orders.js $(OUTPUT)/examples/wit/tasks
	mkdir -p $(EXAMPLES)
	$(TOOLS)/jco componentize $< --wit $(OUTPUT)/examples/wit/tasks --world-name task-with-files --disable http --out $@

$(EXAMPLES)/search-javascript.wasm: host-test/foreign-hosts/tasks/search.js $(OUTPUT)/examples/wit/search
	mkdir -p $(EXAMPLES)
	$(TOOLS)/jco componentize $< --wit $(OUTPUT)/examples/wit/search --world-name search --disable http --out $@

# jco takes one folder, with everything that its package includes under deps.
$(OUTPUT)/examples/wit/manual: examples/manual/wit/world.wit
$(OUTPUT)/examples/wit/tasks: examples/tasks/wit/world.wit
$(OUTPUT)/examples/wit/search: host-test/foreign-hosts/tasks/wit/world.wit

$(patsubst %,$(OUTPUT)/examples/wit/%, manual tasks search): $(CONTRACT)
	rm -rf $@
	mkdir -p $@/deps/orchestra
	cp $(filter %/world.wit,$^) $@/
	cp wit/*.wit $@/deps/orchestra/
	cp -R wit/deps/* $@/deps/
