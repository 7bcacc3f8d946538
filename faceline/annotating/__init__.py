"""Data sets from people's own photos: annotations, roles and parameters; faces from insightface's records."""
