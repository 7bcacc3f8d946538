"""The table of embeddings on disk: the stage embed writes it, the evaluations read it."""
