"""The photos that the filter chose."""
