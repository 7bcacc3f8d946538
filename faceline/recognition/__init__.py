"""The recogniser: losses, backbones, training, and embedding faces with what was trained."""
