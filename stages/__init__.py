"""One script per DVC stage, each run as `python -m stages.NAME` from the repository root.

What is set here holds for a stage's process before it loads any library. No result depends on it.
"""

import ctypes
import os
import sys

# Read once, when torch is loaded: idle threads of one torch program must not spin against another's, and a short spin
# keeps small operations fast.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

# glibc takes large arrays from the system and gives them back when they are freed, and the system fills every page of
# the next one with zeros again. A stage makes such arrays all the time: it keeps what it frees, up to 1 GB.
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of malloc.h
if sys.platform == "linux" and hasattr(_libc := ctypes.CDLL(None), "mallopt"):
    _libc.mallopt(_M_MMAP_MAX, 0)
    _libc.mallopt(_M_TRIM_THRESHOLD, 2**30)
