# Nothing but Python >= 3.11, git and make is needed before.
PY ?= python3
export UV_PYTHON_DOWNLOADS = never
export UV_LINK_MODE = copy
UV = .tools/bin/uv
# Asked for none, the fastest one is taken: some Pythons run at half the speed of others.
CHOOSE = $(if $(filter file,$(origin PY)),bench/find_python.py,-c 'import sys; print(sys.executable)')
SYNC = $(UV) sync --locked -q --python "$$($(PY) $(CHOOSE))"

.PHONY: help setup demo test check bench faults cases fuzz docs pictures clean

help:            ## what can be done here
	@grep -E '^[a-z]+: .*##|^[a-z]+:  +##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

.tools/bin/uv:
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11, 3.12 or 3.13 is needed; say which with: make PY=/path/to/python3.11 …"; exit 1; }
	@$(PY) -m venv .tools || { echo "Python's venv is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@.tools/bin/pip install -q --disable-pip-version-check 'uv==0.13.9'

.venv/.ready: uv.lock pyproject.toml | .tools/bin/uv
	@$(SYNC) || $(SYNC) --system-certs  # behind a company's proxy its certificate is in the system's store
	@touch $@

.venv/.ready-dev: uv.lock pyproject.toml | .tools/bin/uv
	@$(SYNC) --all-groups || $(SYNC) --all-groups --system-certs
	@touch $@ .venv/.ready

setup: .venv/.ready  ## the environment in .venv, from the lock

demo: .venv/.ready   ## everything on one machine, with people and mail in it
	@.venv/bin/python -m gateway demo

WORKERS ?= 3
test: export PYTHONDONTWRITEBYTECODE =  # the suite starts hundreds of processes: without .pyc files each compiles everything
test: .venv/.ready-dev  ## the whole suite, in three processes: on two cores, for many tests wait for others
	@.venv/bin/python tests/install_parts.py
	@.venv/bin/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder

check: .venv/.ready-dev ## format, lint, types, import contracts
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: .venv/.ready-dev ## speed, as ratios against the yardsticks in the same run
	@.venv/bin/python -m bench

faults: .venv/.ready-dev ## the long forms of the fault tests, about an hour (the short ones are in the suite)
	@FAULTS=long .venv/bin/python -m pytest tests/faults

cases: .venv/.ready-dev ## more than 50,000 generated requests to the API, all checks, about an hour (the short form is in the suite)
	@API_EXAMPLES=900 .venv/bin/python -m pytest tests/web/test_api_schema.py --timeout=3600

EXECUTIONS ?= 1000000
SEED ?= 1
fuzz: .venv/.ready-dev  ## a million mutated mails, raw bytes to entry, some hours (GATEWAY_CORPORA adds seeds; a short form is in the suite)
	@nice -n 19 .venv/bin/python -W ignore tests/fuzz/campaign.py --executions $(EXECUTIONS) --seed $(SEED)

docs: .venv/.ready-dev  ## generated pages of docs/
	@.venv/bin/python -m gateway.docs

pictures: .venv/.ready-dev ## the pictures of README and docs/pictures.md anew, from a demo, in Chromium
	@.venv/bin/python tests/browser/take_pictures.py

clean:
	rm -rf .venv .tools
