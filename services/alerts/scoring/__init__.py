"""How good rules are: against the truth, against other rules."""
