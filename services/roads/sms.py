"""Short messages as a modem wants them: alphabets, parts, and SMS-SUBMIT in hexadecimal. Pure.

3GPP TS 23.038 (alphabets) and 23.040 (PDU, concatenation by user data header). GSM-7 holds 160 characters,
153 in each of several parts; UCS-2 holds 70 and 67. Vietnamese with its marks is UCS-2 throughout, so plain
letters say twice as much for the same money.
"""

import unicodedata
from typing import NamedTuple

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_CODES: dict[str, tuple[int, ...]] = {
    letter: (code,) for code, letter in enumerate(_BASIC) if letter != "\x1b"
}
_CODES |= {
    letter: (0x1B, code)
    for letter, code in {
        "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C,
        "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65,
    }.items()
}  # fmt: skip
GSM7_ONE, GSM7_PART = 160, 153
UCS2_ONE, UCS2_PART = 70, 67
MOST_PARTS = 6
"""Longer texts are cut, with an ellipsis: nobody reads a seventh part in a storm."""
_PLAIN = {
    "đ": "d",
    "Đ": "D",
    "–": "-",
    "−": "-",
    "’": "'",
    "`": "'",
    "«": '"',
    "»": '"',
    "“": '"',
    "”": '"',
    "…": "...",
    "≥": ">=",
    "≤": "<=",
}
_PLAIN |= {"·": "-", "→": "->", "°": "", "²": "2", "³": "3", "µ": "u", "×": "x"}
_INTERNATIONAL, _UNKNOWN = 0x91, 0x81


class Pdu(NamedTuple):
    """One part: octets after the service centre's address (for AT+CMGS), and all of it in hexadecimal."""

    length: int
    text: str


def plain(text: str) -> str:
    """Without Vietnamese marks, and without what GSM-7 lacks: a letter that has no such form becomes `?`."""
    replaced = "".join(_PLAIN.get(letter, letter) for letter in text)
    bare = "".join(c for c in unicodedata.normalize("NFD", replaced) if not unicodedata.combining(c))
    return "".join(letter if letter in _CODES else "?" for letter in bare)


def is_gsm7(text: str) -> bool:
    """Whether the default alphabet holds all of it."""
    return all(letter in _CODES for letter in text)


def parts(text: str) -> list[str]:
    """Cut a text into what fits into single messages; one part where it fits into one."""
    wide = not is_gsm7(text)
    one, many = (UCS2_ONE, UCS2_PART) if wide else (GSM7_ONE, GSM7_PART)
    if sum(_size(letter, wide=wide) for letter in text) <= one:
        return [text]
    cut: list[str] = [""]
    room = many
    for letter in text:
        size = _size(letter, wide=wide)
        if size > room:
            cut.append("")
            room = many
        cut[-1] += letter
        room -= size
    if len(cut) > MOST_PARTS:
        cut = cut[:MOST_PARTS]
        mark = "…" if wide else "..."
        cut[-1] = cut[-1][:-3] + mark
    return cut


def _size(letter: str, *, wide: bool) -> int:
    """In septets, or in UTF-16 units: a letter is never cut in two."""
    return len(letter.encode("utf-16-be")) // 2 if wide else len(_CODES[letter])


def submit(number: str, text: str, reference: int) -> list[Pdu]:
    """SMS-SUBMIT of each part, the service centre taken from the card.

    Args:
        number: `+84…` or a national one; digits only beside the plus.
        text: is cut into parts where one does not hold it.
        reference: 0 to 255; the same in every part of this message.

    Raises:
        ValueError: not a number that can be called.
    """
    digits = number.removeprefix("+").replace(" ", "").replace(".", "").replace("-", "")
    if not digits.isdecimal() or not digits.isascii() or not 3 <= len(digits) <= 20:  # noqa: PLR2004  E.164 and short
        msg = f"{number!r} is not a telephone number"
        raise ValueError(msg)
    kind = _INTERNATIONAL if number.startswith("+") else _UNKNOWN
    swapped = digits + "F" * (len(digits) % 2)
    address = f"{len(digits):02X}{kind:02X}" + "".join(
        swapped[at + 1] + swapped[at] for at in range(0, len(swapped), 2)
    )
    wide = not is_gsm7(text)
    cut = parts(text)
    made = []
    for at, part in enumerate(cut, 1):
        header = bytes((5, 0, 3, reference & 0xFF, len(cut), at)) if len(cut) > 1 else b""
        length, content = _wide(part, header) if wide else _packed(part, header)
        # SMS-SUBMIT; 0x40: there is a user data header. Then message reference, set by the modem.
        first = 0x41 if header else 0x01
        coding = 0x08 if wide else 0x00
        text_of = f"{first:02X}00{address}00{coding:02X}{length:02X}{content.hex().upper()}"
        made.append(Pdu(len(text_of) // 2, f"00{text_of}"))
    return made


def _wide(part: str, header: bytes) -> tuple[int, bytes]:
    content = header + part.encode("utf-16-be")
    return len(content), content


def _packed(part: str, header: bytes) -> tuple[int, bytes]:
    """Septets in octets; after a header the text begins at a septet's edge."""
    septets = [code for letter in part for code in _CODES[letter]]
    skipped = -(-len(header) * 8 // 7)
    bits = 0
    for at, septet in enumerate(septets):
        bits |= septet << ((skipped + at) * 7)
    total = skipped + len(septets)
    if total % 8 == 7:  # noqa: PLR2004  a whole septet is left over: zeros there are an @ to careless telephones
        bits |= 0x0D << (total * 7)
    packed = bytearray(bits.to_bytes(-(-total * 7 // 8), "little"))
    packed[: len(header)] = header
    return total, bytes(packed)
