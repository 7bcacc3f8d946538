"""The similarity of five landmarks to the ArcFace template, and the tiles sampled through it."""
