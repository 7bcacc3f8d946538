"""What both trainings share: averaged weights, checkpoints, curves, the learning-rate schedule."""
