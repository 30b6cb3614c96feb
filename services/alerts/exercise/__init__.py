"""Exercises: where they stand, and who saw what when."""
