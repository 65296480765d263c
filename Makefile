# The two commands of the README, and what CI and long runs add.
SHELL = /bin/bash

.PHONY: check test lapack lint kernels emulated gates patches mutants mpmath bench bench-cuda bench-build bench-judge peers model sweep silence fuzz driver producers matrix planted docs long clean

# OpenBLAS makes no threads of its own: worlds run in parallel, and bits do not depend on how many there are.
export OPENBLAS_NUM_THREADS = 1

# The main job: every line of the note, judged, on continuous worlds too. What it does not ask (the judge, the walk, the candle twin) is not compiled.
# Without OpenBLAS: `cargo run --release --no-default-features -p elbo -- check`.
check: lapack
	cargo run --profile first --no-default-features --features lapack -p elbo -- check

# Every test, in release: the sources that check itself runs are optimised too.
test: lapack
	cargo test --release --features lapack

# OpenBLAS, for continuous worlds: installed on Debian and Ubuntu where it is missing, elsewhere one sentence.
lapack:
	.ci/openblas.sh

lint: lapack
	cargo fmt --check
	cargo clippy --release --workspace --all-targets --features elbo/lapack -- -D warnings
	cargo clippy --release -p elbo --no-default-features -- -D warnings
	cargo clippy --release -p elbo --no-default-features --features judge,walkthrough --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps --quiet --features elbo/lapack

# The CUDA kernels' source without a GPU: agreement, planted faults, the shim's own. Needs a C++ compiler. KERNELS="--test NAME ..." for some of it.
# The program is named beside it so that both are compiled with the same features, once.
kernels: lapack
	cargo test --release --package elbo-simt --package elbo --features elbo/lapack $(or $(KERNELS),--test emulated --test exact --test kernels --test mutations --test shim)

# The program's whole CUDA path on an emulated device, and with faults in its launch code: no GPU, no toolkit, no root.
emulated: lapack
	gpu/simt/driver/build.sh target/emulated gpu/kernels/*.cu
	. .ci/cuda-stand-in.sh && export ELBO_NVCC="$$NVCC" CARGO_TARGET_DIR=target/with-cuda && cargo build --release --package elbo --features cuda,lapack && \
		gpu/emulated.sh target/with-cuda/release/elbo target/emulated && gpu/simt/planted.py target/emulated

# The CUDA kernels by the real nvcc (from PyPI, below target/): spills, local memory, wide loads. Needs no GPU.
gates:
	python3 gpu/kernels/gates.py

# One-line faults that the tests must notice; PATCHES=name,name for some of them.
patches: lapack
	python3 tests/patches/run.py $(PATCHES)

# Continuous worlds against a script in 60 digits that shares no code; downloads mpmath into an environment below target/.
mpmath: lapack
	test -d target/mpmath || { python3 -m venv target/mpmath && target/mpmath/bin/pip install -q mpmath; }
	cargo build --release --features lapack
	target/mpmath/bin/python tests/check/continuous_cases/golden.py target/release/elbo

# Mutation of the reference and the checker; takes hours on two cores, resumes where it stopped.
mutants:
	tests/patches/mutants.sh

# Timings, each after agreement; writes benches/RESULTS.md and benches/NETWORKS.md.
bench:
	rm -rf target/criterion
	cargo bench --package elbo-benches --bench worlds --bench terms --bench networks
	python3 benches/results.py
	python3 benches/networks.py

# How long a clean clone takes to its first answer, beside another commit: BASELINE=commit. Writes benches/BUILD.md.
bench-build:
	benches/build.py $(BASELINE)

# PyTorch, JAX and NumPy in an environment below target/: 3 GB.
target/frameworks:
	python3 -m venv $@.partial && $@.partial/bin/pip install -q numpy ml_dtypes torch jax safetensors && mv $@.partial $@

# How long a verdict takes on dumps of the note's own size, beside PyTorch in f64 with `assert_close`. Writes benches/JUDGE.md; downloads 3 GB.
bench-judge: target/frameworks
	cargo build --release
	target/frameworks/bin/python benches/judge.py target/release/elbo

# The same data through PyTorch, JAX and NumPyro, and hard inputs; downloads 3 GB into an environment below target/. Writes benches/peers/*.md.
peers:
	test -d target/peers || { python3 -m venv target/peers && target/peers/bin/pip install -q numpy scipy torch jax numpyro; }
	cargo build --release --package elbo-benches
	target/peers/bin/python benches/peers/peers.py bench
	target/peers/bin/python benches/peers/peers.py accuracy

# The CUDA kernels on a device, each after agreement there; writes benches/CUDA.md. Needs nvcc, a device, and, for the peers' columns, torch and jax.
bench-cuda:
	rm -rf target/criterion/cuda-* target/criterion/peers-cuda.json
	cargo bench --package elbo-benches --features cuda --bench cuda
	python3 benches/peers/device.py jax,torch,torch.compile target/criterion/peers-cuda.json || true
	python3 benches/cuda.py

# The two shipped models, trained anew (25 minutes on two cores; goes on where it was), and their pictures.
model:
	cargo build --release
	target/release/elbo train all --config tiny --out target/model/tiny --resume
	target/release/elbo train all --config emoji --out target/model/emoji --resume
	cp target/model/tiny/model.safetensors derivations/data/tiny.safetensors
	cp target/model/emoji/model.safetensors derivations/data/model.safetensors
	derivations/dalle/pictures.sh

# The experiment behind the note's 6.6: seven weights, three seeds each (35 minutes; goes on where it was). `make docs` puts it into the README.
sweep:
	mkdir -p target/sweep
	cargo run --release --quiet -- sweep-beta --out target/sweep --format json > target/sweep/sweep.json
	cp target/sweep/sweep.json derivations/data/sweep.json
	cp target/sweep/sweep.svg derivations/data/pictures/sweep.svg

# A million dumps of correct implementations, ten thousand of them at K = 8192: none may be out of bound (20 minutes). Prints how much of their bounds they use.
silence:
	ELBO_SILENCE=$(or $(DUMPS),1000000) cargo test --release --package elbo-judge --test judge silence -- --nocapture

# The reader of dumps and case files, fuzzed with coverage for ten minutes of a core; new inputs go below target/.
fuzz:
	test -x target/tools/bin/cargo-fuzz || cargo install cargo-fuzz --root target/tools
	mkdir -p target/fuzz/corpus target/fuzz/artifacts
	PATH="$(CURDIR)/target/tools/bin:$$PATH" CARGO_TARGET_DIR=target/fuzz cargo fuzz run --fuzz-dir tests/fuzz --sanitizer none --release reader \
		target/fuzz/corpus tests/fuzz/corpus/reader -- -max_total_time=$(or $(SECONDS_OF_FUZZ),600) -max_len=65536 -timeout=60 -artifact_prefix=target/fuzz/artifacts/

# The program on broken files, configurations, children and command lines: RUNS of them, each within its limits, nothing left behind. Goes on where it stopped.
driver: lapack
	tests/driver/driver.py --self-test
	cargo build --release --features lapack
	tests/driver/driver.py target/release/elbo --runs $(or $(RUNS),200000) --seed $(or $(SEED),1) --state target/driver/$(or $(RUNS),200000).json

# What the Python module writes, judged; with JAX in an environment below target/, and PyTorch where that is installed in it.
producers:
	test -d target/producers || { python3 -m venv target/producers && target/producers/bin/pip install -q numpy safetensors jax; }
	cargo build --release --features lapack
	ELBO=target/release/elbo target/producers/bin/python -m unittest discover derivations/producers

# Correct programs of PyTorch, JAX, NumPy and candle, judged at all sizes and types (20 minutes); downloads 3 GB. Writes derivations/matrix.md.
matrix: target/frameworks
	cargo build --release && cargo build --release -p elbo --example candle
	target/frameworks/bin/python derivations/producers/matrix.py target/release/elbo target/release/examples/candle

# 300 mistakes in PyTorch, JAX and NumPy, in five types: none may pass as ok.
planted: target/frameworks
	cargo build --release
	target/frameworks/bin/python derivations/producers/planted.py target/release/elbo

# Writes the outputs in README.md and derivations/faults.md anew.
docs:
	UPDATE_DOCS=1 cargo test --release --test elbo --test judge -- docs faults

long: patches kernels emulated mpmath mutants silence producers planted matrix driver fuzz

clean:
	cargo clean
