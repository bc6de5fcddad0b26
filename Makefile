# Everything a person types here. `make help` reads its lines from this file.
.DEFAULT_GOAL := help
PYTHON_IN := .venv/bin/python
PYTEST := $(PYTHON_IN) -m pytest

.PHONY: help setup run demo format lint test check long bench fuzz screenshots

help: ## show these lines
	@sed -n 's/^\([a-z]*\): .*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

setup: ## environment with every tool: .venv, Chromium, Dovecot
	@bin/prepare dev

run: ## embedded services, web, worker and beat in one terminal
	@bin/prepare run
	@$(PYTHON_IN) manage.py up

demo: ## a working desk with believable mail; prints its address and sign-ins
	@bin/prepare demo
	@$(PYTHON_IN) manage.py demo

format: ## rewrite code and templates into the house's form
	@bin/prepare dev
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format .
	@find templates -name '*.html' -exec .venv/bin/djade --target-version 5.2 {} +

lint: ## form, types, floors, templates, dependencies, migrations, settings
	@bin/prepare dev
	@bin/lint

test: ## the whole test suite, browser tests last
	@bin/prepare dev
	$(PYTEST) -n 2 -m "not browser and not long"
	$(PYTEST) -n 0 -m "browser and not long"

check: lint test ## lint and test: what .ci/run calls

long: ## the long tests: big tables, many mails, crash points
	@bin/prepare dev
	$(PYTEST) -m long

bench: ## ingest, list, open, reply at several sizes: a table and JSON
	@bin/prepare dev
	$(PYTHON_IN) -m tests.bench

fuzz: ## 10,000 mutated and 10,000 grammar mails through the parser
	@bin/prepare dev
	$(PYTHON_IN) -m tests.fuzz

screenshots: ## the main states of the pages as pictures in screenshots/
	@bin/prepare dev
	$(PYTHON_IN) -m tests.browser.screenshots
