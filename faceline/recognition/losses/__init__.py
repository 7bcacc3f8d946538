"""Losses, one file each: its parameters (`Params`), its head (`HEAD`), and batches of its own if it needs them."""
