"""The alignment of a set of crops, and what it leaves to look at."""
