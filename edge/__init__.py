"""The agent's side: a gateway's buffer and sender. Needs the base dependencies only."""
