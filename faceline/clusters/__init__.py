"""Engines of several machines, opened by name. No stage lists them: no result depends on which engine ran."""
