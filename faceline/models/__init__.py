"""Model files, and the device that models run on."""
