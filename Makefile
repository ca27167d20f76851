# Two commands on a bare machine with Python 3.11+: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test check bench judge clean

help:
	@echo "make demo    install the core and write demo/hello.mp4"
	@echo "make test    install what the tests need and run them all"
	@echo "make check   linters, types, import layers"
	@echo "make proof   train small translators and check what is claimed of judges and of stitched poses; minutes"
	@echo "make bench   run beside the peers (installed into .venv-peers); figures are in docs/benchmarks.md"
	@echo "make judge   train the built-in judge anew (docs/judge-ase.md); most of an hour"
	@echo "make clean   remove .venv and everything made"

.venv/bin/python:
	$(PYTHON) -m venv .venv

.stamps/core: pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --editable "."
	@mkdir -p .stamps && touch $@

.stamps/dev: pyproject.toml | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@mkdir -p .stamps && touch .stamps/core $@

demo: .stamps/core
	$(BIN)/signgen generate "Hello, my name is Ada." -o demo/hello.mp4 --force

test: .stamps/dev .stamps/mediapipe
	$(BIN)/python -m pytest
	.venv-mediapipe/bin/python -m pytest tests/extract/test_mediapipe.py tests/contracts/test_extractors.py

check: .stamps/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

proof: .stamps/dev
	$(BIN)/python benchmarks/proof.py

# MediaPipe needs numpy 1 and an older OpenCV than the other tests, so it has its own environment.
.stamps/mediapipe: pyproject.toml
	$(PYTHON) -m venv .venv-mediapipe
	.venv-mediapipe/bin/pip install --quiet --disable-pip-version-check --editable ".[mediapipe]" pytest hypothesis
	@mkdir -p .stamps && touch $@

# The peers: controlnet-aux asks for torch and torchvision, which drawing does not need.
.stamps/peers: pyproject.toml
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet --disable-pip-version-check --editable ".[dev]" matplotlib moderngl dtaidistance==2.5.1 fastdtw==0.3.4
	.venv-peers/bin/pip install --quiet --disable-pip-version-check --no-deps controlnet-aux==0.0.10 easy-dwpose==1.0.2
	@mkdir -p .stamps && touch $@

bench: .stamps/peers
	for name in stitching drawing dataset_io pose_files video avatar pose_metrics text_metrics slt_step; do \
		echo "== $$name"; .venv-peers/bin/python benchmarks/$$name.py || exit 1; done

judge: .stamps/dev
	PATH="$(CURDIR)/$(BIN):$$PATH" sh checkpoints/ase/recipe.sh

clean:
	rm -rf .venv .venv-mediapipe .venv-peers .stamps demo dist build
