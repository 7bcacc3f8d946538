"""What both trainings share: processes, averaged weights, checkpoints, transfers, the learning-rate schedule."""
