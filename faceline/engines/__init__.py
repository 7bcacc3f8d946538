"""Who works on the rows of a stage: threads of its own process, or what `faceline.clusters` holds."""
