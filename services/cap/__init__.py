"""CAP 1.2: messages to the public and official bulletins from outside. Pure: no clock, no I/O, no network."""
