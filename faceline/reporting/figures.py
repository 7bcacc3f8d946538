"""MOVED: import from faceline.core.figures (new_figure, save, write_png, sheet). This file will be deleted."""

from faceline.core.figures import new_figure, save, sheet, write_png  # noqa: F401
