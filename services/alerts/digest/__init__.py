"""What of a year of alerts still matters, so that a start reads that and not the year."""
