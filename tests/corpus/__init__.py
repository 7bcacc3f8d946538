"""Files that are broken in known ways, made by code, and what must be answered to each."""
