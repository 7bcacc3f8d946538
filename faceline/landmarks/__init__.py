"""Five facial landmarks."""
