"""In which language a sentence really is: who wrote it had perhaps only one. Pure.

It stands for the other then, too. A Vietnamese sentence under an English heading is read as nonsense, and a
loudspeaker would read it aloud as such.
"""

from services.cap.words import language_of
from services.observation.text import Text

MARKS = {"vi": Text("", "(in Vietnamese)"), "en": Text("(bằng tiếng Anh)", "")}
BULLETIN = "bulletin."
"""Begins the rule of what came as an official message; its sentence begins with who sent it, in both."""


def only(text: Text, declared: str, rule: str) -> str:
    """The one language that both texts are in; "" where each is in its own, or nobody can say.

    `declared`: what the alert says of it.
    """
    official = rule.startswith(BULLETIN)
    bodies = [one.partition(": ")[2] if official else one for one in (text.vi, text.en)]
    if bodies[0] != bodies[1] or not bodies[0].strip():
        return ""
    if declared in MARKS:
        return declared
    found = language_of(bodies[0])
    return found if official or found == "vi" else ""
