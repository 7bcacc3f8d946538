"""What both trainings share: processes, averaged weights, checkpoints, curves, transfers, the learning rate."""
