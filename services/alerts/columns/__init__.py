"""A site, its rules and its readings as columns, and the state of the engine."""
