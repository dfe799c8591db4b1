# make demo         watch it work: no root, no network, no account
# make docs         the documentation site in docs/_build/html; a broken link fails
# make demo-picture  docs/demo.svg again, from what the demo prints now
# make unit         what needs neither root, lab, browser nor Ansible: two minutes
# make test         everything on real parts (installs those; as root), on Python 3.11 or the next here
# make test-second  the same on Debian's Python 3.13, without what takes long (as root)
# make check        ruff and mypy alone
# make measure      how large the code is, what a command imports, how long the tests took
# make release-check  build, check and install a release; TAG=v1.0.0: may it be tagged
# make bench        how fast validate is beside check-jsonschema, and push beside `ansible -m ping`
# make clean        remove what make made
.PHONY: help demo demo-picture docs unit test test-second check measure bench release-check lab clean
.DEFAULT_GOAL := help
.NOTPARALLEL:

SHELL := /bin/bash
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PYTEST_ARGS ?=
# A module that makes something for all its tests is one group (tests/conftest.py).
WORKERS := --numprocesses 4 --dist loadgroup
# Each run leaves its seconds for `make measure`.
RECORD = --junitxml=.measure/$(1).xml

# The first of the names that is a Python >= 3.11 and can make virtual environments
find-python = $(firstword $(foreach name,$(1),$(shell $(name) -c \
  'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && echo $(name))))
version-of = $(shell $(1) -c 'import platform; print(platform.python_version())')

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo: .venv/installed
	@.venv/bin/provisioner demo

demo-picture: .venv/installed
	@.venv/bin/python docs/demo_picture.py

docs: .venv/installed-docs
	@.venv/bin/sphinx-build --quiet --nitpicky --fail-on-warning --keep-going --fresh-env docs docs/_build/html
	@echo 'docs/_build/html/index.html'

unit: .venv/installed-test
	@.venv/bin/python -m pytest -p tests.support.unit_guard --numprocesses 2 --dist loadgroup \
	  -m "not long" $(call RECORD,unit) tests/unit $(PYTEST_ARGS)

test: check lab
	@echo "== pytest on Python $(call version-of,.venv/bin/python)"
	@.venv/bin/python -m pytest $(WORKERS) $(call RECORD,test) $(PYTEST_ARGS)

check: .venv/installed-test
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check --quiet || { echo 'not formatted; run .venv/bin/ruff format' >&2; exit 1; }
	@.venv/bin/mypy

measure: .venv/installed-test
	@.venv/bin/python benchmarks/measure.py

bench: .venv/installed-test
	@.venv/bin/python benchmarks/validate.py
	@.venv/bin/python benchmarks/scale.py --hosts 20 --forks 10

release-check: .venv/installed-test
	@.venv/bin/python release/check.py $(if $(TAG),--tag $(TAG))

lab:
	@tests/support/lab/install.sh

# Not $(MAKE) in the recipe itself: `make -n` would then run it, tests and all.
submake = $(MAKE) --no-print-directory

# After lab: it installs Debian's python3-venv.
test-second: .venv/bin/python lab
	@python=$(call find-python,/usr/bin/python3.13 python3.13); \
	if [[ "$(call version-of,.venv/bin/python)" == 3.13.* ]]; then \
	  echo '== No second run: the first was on Python 3.13, and no older one >= 3.11 is on the PATH'; \
	elif [[ -z "$$python" ]]; then \
	  echo '== No second run: there is no Python 3.13 with venv here (Debian 13 has it)'; \
	else \
	  $(submake) .venv-3.13/installed-test && \
	  echo "== pytest on Python $$($$python -c 'import platform; print(platform.python_version())')" && \
	  .venv-3.13/bin/python -m pytest $(WORKERS) -m "not long" $(call RECORD,test-second) $(PYTEST_ARGS); \
	fi

.venv/bin/python:
	@python=$(call find-python,python3.11 python3.12 python3.13 python3); \
	if [[ -z "$$python" ]]; then \
	  echo 'No Python >= 3.11 with venv on the PATH. On Debian and Ubuntu: apt-get install python3-venv' >&2; \
	  exit 1; \
	fi; \
	$$python -m venv .venv

.venv-3.13/bin/python:
	@$(call find-python,/usr/bin/python3.13 python3.13) -m venv .venv-3.13

%/installed: pyproject.toml | %/bin/python
	@echo "Installing maps-provisioner into $*"
	@$*/bin/python -m pip install --quiet --editable .
	@touch $@

%/installed-test: pyproject.toml | %/installed
	@echo "Installing what its tests need into $*"
	@$*/bin/python -m pip install --quiet --editable '.[test]'
	@touch $@

%/installed-docs: pyproject.toml | %/installed
	@echo "Installing what the site needs into $*"
	@$*/bin/python -m pip install --quiet --editable '.[docs]'
	@touch $@

.PRECIOUS: %/bin/python %/installed

clean:
	@rm -rf .venv .venv-3.13 .lab .measure .mypy_cache .pytest_cache .hypothesis .ruff_cache build dist docs/_build
	@find . -name __pycache__ -prune -exec rm -rf {} +
