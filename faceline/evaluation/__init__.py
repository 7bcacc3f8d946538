"""How well people are told apart: comparisons, rates, intervals, searches, groups."""
