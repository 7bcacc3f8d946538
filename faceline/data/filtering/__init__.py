"""Which photos are usable, and which person has which role."""
