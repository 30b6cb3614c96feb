"""Numbers as each language writes them: 487,226 and 9.8 in English, 487.226 and 9,8 in Vietnamese."""

_SWAP = str.maketrans(",.", ".,")


def english(value: float, decimals: int = 0) -> str:
    """A comma between thousands, a decimal point."""
    return f"{value:,.{decimals}f}"


def vietnamese(value: float, decimals: int = 0) -> str:
    """A dot between thousands, a decimal comma."""
    return english(value, decimals).translate(_SWAP)


def measured(value: float, *, in_vietnamese: bool) -> str:
    """A reading with three digits or so."""
    decimals = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2  # noqa: PLR2004  digits
    return vietnamese(value, decimals) if in_vietnamese else english(value, decimals)
