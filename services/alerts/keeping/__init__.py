"""What keeps an alert quiet and until when, and who is called when nobody answers."""
