"""A backtest as one page: self-contained, for a wall or a mail. Pure; reads no file and no clock."""
