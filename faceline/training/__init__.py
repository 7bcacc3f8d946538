"""What both trainings share: averaged weights, checkpoints, the learning-rate schedule."""
