"""Which photos are usable, and who is for what."""
