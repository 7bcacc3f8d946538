"""What `dvc plots` needs beyond DVC; no stage depends on it."""
