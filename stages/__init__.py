"""One script per DVC stage, each run as `python -m stages.NAME` from the repository root."""

import os

# Read once, when torch is loaded: idle threads of one torch program must not spin against another's, and a short spin
# keeps small operations fast. No result depends on them.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
