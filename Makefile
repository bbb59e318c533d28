# What is done again and again, by the environment in .venv where there is one: `make check PYTHON=python3.13` takes another.

PYTHON ?= $(or $(wildcard .venv/bin/python),python3)
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help check test docs pictures

help: ## List these.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: ## What has to pass, as CI runs it: lint, format, types, who imports whom, every test.
	.ci/check

test: ## The tests that take a few minutes in all.
	$(PYTHON) -m pytest

docs: ## The documentation as a site, in site/.
	$(PYTHON) -m zensical build --strict

pictures: ## The documentation's pictures and the lessons' figures, anew from real runs: some minutes.
	TEXTUAL_COLOR_SYSTEM=truecolor $(PYTHON) tools/make_pictures.py
	$(PYTHON) tools/make_lessons.py
