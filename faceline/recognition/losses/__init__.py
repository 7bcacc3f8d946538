"""Losses, one file each: its parameters (`Params`), its head (`HEAD`), and the batches it needs if they are its own."""
