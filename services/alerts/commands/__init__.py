"""Which orders to controllers are owed an answer."""
