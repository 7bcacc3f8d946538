"""Tables that people open in a spreadsheet."""
