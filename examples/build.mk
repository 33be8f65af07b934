# The examples as components, in target/components/examples: KIND-LANGUAGE.wasm, and with the process component plugged in
# KIND-LANGUAGE.composed.wasm. Included by the Makefile.

TOOLS := $(OUTPUT)/tools/bin
EXAMPLES := $(OUTPUT)/components/examples
PROCESS := $(OUTPUT)/components/orchestra-process.wasm
CONTRACT := $(wildcard wit/*.wit)

EXAMPLE_COMPONENTS := $(addprefix $(EXAMPLES)/, \
	manual-rust.composed.wasm manual-python.composed.wasm manual-javascript.composed.wasm \
	task-rust.wasm task-python.wasm task-javascript.wasm \
	command-rust.wasm command-python.wasm)

$(EXAMPLES)/%.composed.wasm: $(EXAMPLES)/%.wasm $(PROCESS)
	$(TOOLS)/wac plug $< --plug $(PROCESS) --output $@

RUST_EXAMPLES := $(addprefix $(EXAMPLES)/, manual-rust.wasm task-rust.wasm command-rust.wasm)

$(RUST_EXAMPLES) &: $(CONTRACT) $(wildcard examples/*/rust/src/*.rs examples/*/rust/Cargo.toml) Cargo.lock
	cargo build --release --target wasm32-wasip2 $(patsubst %,--package %-example,manual task command)
	mkdir -p $(EXAMPLES)
	cp $(OUTPUT)/wasm32-wasip2/release/manual-example.wasm $(EXAMPLES)/manual-rust.wasm
	cp $(OUTPUT)/wasm32-wasip2/release/task_example.wasm $(EXAMPLES)/task-rust.wasm
	cp $(OUTPUT)/wasm32-wasip2/release/command-example.wasm $(EXAMPLES)/command-rust.wasm

$(EXAMPLES)/manual-python.wasm: examples/manual/python/add_numbers.py examples/manual/wit/world.wit $(CONTRACT)
	mkdir -p $(EXAMPLES)
	$(TOOLS)/componentize-py --wit-path wit --wit-path examples/manual/wit --world examples:manual/program \
		componentize --python-path examples/manual/python add_numbers --output $@

$(EXAMPLES)/task-python.wasm: examples/tasks/python/orders.py $(CONTRACT)
	mkdir -p $(EXAMPLES)
	$(TOOLS)/componentize-py --wit-path wit --world orchestra:process/task-component \
		componentize --python-path examples/tasks/python orders --output $@

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

# jco takes one folder, with everything that its package includes under deps.
$(OUTPUT)/examples/wit/%: examples/%/wit/world.wit $(CONTRACT)
	rm -rf $@
	mkdir -p $@/deps/orchestra
	cp $< $@/
	cp wit/*.wit $@/deps/orchestra/
	cp -R wit/deps/* $@/deps/
