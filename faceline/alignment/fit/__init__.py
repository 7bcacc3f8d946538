"""The similarity of five landmarks to the ArcFace template."""
