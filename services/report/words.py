"""Words of the page, Vietnamese first, and the tags around them. Pure."""

from html import escape

from services.alerts.reasons import SEVERITY_WORDS
from services.observation.text import Text

SEVERITY = SEVERITY_WORDS
UNITS = {"ug/m3": "µg/m³", "m3/s": "m³/s", "Cel": "°C", "deg": "°", "hm3": "hm³", "%RH": "% RH", "m3": "m³"}
"""Codes of units as people write them."""


def esc(text: object) -> str:
    """As text in HTML."""
    return escape(str(text))


def both(text: Text, tag: str = "span") -> str:
    """Both languages, the second lighter; once where they are the same."""
    if text.vi == text.en:
        return f"<{tag}>{esc(text.vi)}</{tag}>"
    return f'<{tag} class="two"><b lang="vi">{esc(text.vi)}</b> <i lang="en">{esc(text.en)}</i></{tag}>'


def head(level: int, vi: str, en: str) -> str:
    """A heading in both languages."""
    return f'<h{level}><span lang="vi">{esc(vi)}</span> <small lang="en">{esc(en)}</small></h{level}>'


def badge(severity: str) -> str:
    """A severity by colour, height and word: never by colour alone."""
    word = SEVERITY[severity]
    return f'<span class="sev {severity}"><em></em>{esc(word.vi)} <i lang="en">{esc(word.en)}</i></span>'
