"""What every photo is."""
