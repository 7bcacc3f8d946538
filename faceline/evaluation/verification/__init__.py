"""1:1 comparison, and what all evaluations share."""
