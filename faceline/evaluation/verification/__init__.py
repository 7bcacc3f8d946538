"""Verification (1:1), used by both evaluations: comparisons, thresholds, error rates, intervals, calibration."""
