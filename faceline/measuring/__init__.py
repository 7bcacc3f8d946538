"""Measures of a model on photos that it is given: verification, calibration, evaluation."""
