"""How well people are told apart: the scores, the table of embeddings, verification, identification, groups."""
