"""One person taken out of galleries, exports and data sets, and what else holds that person."""
