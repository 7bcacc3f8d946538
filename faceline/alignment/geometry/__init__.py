"""The ArcFace template, and the similarity that brings points onto others."""
