"""What a data set is like."""
