"""What training and both evaluations share: pair scores and rates of scores in memory."""
