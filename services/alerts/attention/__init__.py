"""What of all events deserves that a person looks up."""
