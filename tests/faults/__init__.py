"""What `make faults` does: broken and random files, refusals of the system, kills; and the record of it."""
