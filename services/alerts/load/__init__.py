"""What alerts cost the people who watch."""
