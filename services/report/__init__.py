"""A backtest as one page: self-contained, for a wall or a mail. Pure; nothing here reads a file or a clock."""
