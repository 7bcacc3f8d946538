from browser import chromium  # noqa: F401
