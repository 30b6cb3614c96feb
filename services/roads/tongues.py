"""In which language a sentence really is: who wrote it had perhaps only one, and it stands for the other. Pure.

A Vietnamese sentence under an English heading is read as nonsense, and a loudspeaker would read it as such.
"""

from services.cap.words import language_of
from services.observation.text import Text

MARKS = {"vi": Text("", "(in Vietnamese)"), "en": Text("(bằng tiếng Anh)", "")}


def only(text: Text, declared: str = "") -> str:
    """The one language that both texts are in; "" where each is in its own.

    `declared`: what the alert says of it. Who it is from may stand before a bulletin, named in both languages.
    """
    if _body(text.vi) != _body(text.en):
        return ""
    return declared if declared in MARKS else language_of(_body(text.vi))


def _body(text: str) -> str:
    first, _, rest = text.partition(": ")
    return (rest or first).strip()
