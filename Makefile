# make run | test | check | docs | bench | prove | clean
PYTHON ?= python3
VENV := .venv
SPREAD := -n $(shell nproc 2>/dev/null || echo 2) --dist loadfile
PY := $(VENV)/bin/python
DATED := prove/$(shell git rev-parse --short HEAD 2>/dev/null || echo tree)

.PHONY: run test check docs bench prove clean

run: $(VENV)/run.stamp
	$(PY) -m smartpdu.app run $(ARGS)

test: check
	$(PY) -m pytest -q $(SPREAD)

check: $(VENV)/test.stamp
	$(PY) -m ruff format --check src tests bench
	$(PY) -m ruff check src tests bench
	$(PY) -m mypy src
	$(VENV)/bin/lint-imports

docs: $(VENV)/test.stamp
	$(PY) tests/tracing.py
	$(PY) tests/products.py
	$(PY) tests/reference.py

bench: $(VENV)/bench.stamp
	$(PY) bench/step.py
	$(PY) bench/twin.py
	$(PY) bench/history.py --folder .
	$(PY) bench/run.py
	$(PY) bench/measurement.py
	$(PY) bench/samples.py
	$(PY) bench/accuracy.py

# The full counts, in parts that are not repeated for a commit that has them already.
PARTS := model engine power measurement safety control whitepaper store runtime network twin app drivers walk
prove: $(VENV)/test.stamp $(PARTS:%=$(DATED)/%.txt)
	@cat $(DATED)/*.txt

$(DATED)/%.txt: | $(VENV)/test.stamp
	@mkdir -p $(DATED)
	@echo "$*: full counts"
	@(date -u; SMARTPDU_DEPTH=full $(PY) -m pytest -q $(SPREAD) tests/$*) > $@.part 2>&1 || \
	  { tail -n 60 $@.part; exit 1; }
	@grep -v '%\]$$' $@.part > $@ && rm $@.part

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "SmartPDU needs Python 3.11 or later; set PYTHON=..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "on Debian: apt-get install python3-venv"; exit 1; }

$(VENV)/%.stamp: requirements/%.txt pyproject.toml | $(VENV)/bin/python
	$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r requirements/$*.txt
	$(PY) -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

clean:
	rm -rf $(VENV) prove .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
