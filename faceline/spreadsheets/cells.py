"""Cells of CSV files that a spreadsheet takes for text, whatever somebody called a person or a file.

Spreadsheets run a cell that starts with =, +, -, @, a tab or a carriage return as a formula. An apostrophe before it
makes it text (OWASP, "CSV Injection"); numbers stay as they are.
"""

_STARTS = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: object) -> object:
    """A cell's value; text that would be run gets an apostrophe in front."""
    if not isinstance(value, str) or not value.startswith(_STARTS) or _is_number(value):
        return value
    return f"'{value}"


def cell_text(cell: str) -> str:
    """What `safe_cell` was given, from a cell read back."""
    return cell[1:] if cell.startswith(tuple(f"'{start}" for start in _STARTS)) else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return not text.startswith(("\t", "\r"))
