"""Text to be read aloud by a loudspeaker: numbers and units in words, no abbreviations, said twice. Pure.

Commune loudspeakers read by machine or by an announcer; both stumble over "2,31 m" and "BĐ2", and outdoors a
sentence that was not understood is gone. So everything is spelled, short, and repeated.
"""

import re
from collections.abc import Mapping

_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_SCALES = ("", "nghìn", "triệu", "tỷ")
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ENGLISH_SCALES = ("", "thousand", "million", "billion")
MOST = 10**12
UNITS_VI: Mapping[str, str] = {
    "m/s": "mét trên giây", "km/h": "ki lô mét trên giờ", "m/h": "mét mỗi giờ",
    "mm/h": "mi li mét mỗi giờ", "m3/s": "mét khối trên giây", "m³/s": "mét khối trên giây",
    "µg/m3": "mi crô gam trên mét khối", "µg/m³": "mi crô gam trên mét khối",
    "kV/m": "ki lô vôn trên mét", "V/m": "vôn trên mét", "mm": "mi li mét", "cm": "xen ti mét",
    "km": "ki lô mét", "m": "mét", "dB": "đê xi ben", "dBA": "đê xi ben", "%": "phần trăm", "°C": "độ C",
    "°": "độ", "min": "phút", "phút": "phút", "h": "giờ", "giờ": "giờ", "s": "giây", "kA": "ki lô am pe",
    "kWh": "ki lô oát giờ", "mg/l": "mi li gam trên lít", "mg/L": "mi li gam trên lít",
}  # fmt: skip
UNITS_EN: Mapping[str, str] = {
    "m/s": "metres per second", "km/h": "kilometres per hour", "m/h": "metres per hour",
    "mm/h": "millimetres per hour", "m3/s": "cubic metres per second", "m³/s": "cubic metres per second",
    "µg/m3": "micrograms per cubic metre", "µg/m³": "micrograms per cubic metre",
    "kV/m": "kilovolts per metre", "V/m": "volts per metre", "mm": "millimetres", "cm": "centimetres",
    "km": "kilometres", "m": "metres", "dB": "decibels", "dBA": "decibels", "%": "per cent",
    "°C": "degrees Celsius", "°": "degrees", "min": "minutes", "h": "hours", "s": "seconds",
    "kA": "kiloamperes", "kWh": "kilowatt hours", "mg/l": "milligrams per litre",
    "mg/L": "milligrams per litre",
}  # fmt: skip
_WORDS_VI = {"BĐ": "báo động", "TP.": "thành phố ", "P.": "phường ", "Q.": "quận "}
_WORDS_VI |= {
    "PM2.5": "bụi mịn",
    "PM10": "bụi PM mười",
    "UBND": "ủy ban nhân dân",
    "IOC": "trung tâm điều hành",
    "AQI": "chỉ số chất lượng không khí",
    "PCTT": "phòng chống thiên tai",
}
_WORDS_EN = {
    "PM2.5": "fine dust",
    "PM10": "coarse dust",
    "BĐ": "alert level ",
    "IOC": "operations centre",
    "AQI": "air quality index",
}
_SIGNS_VI = {
    "≥": " từ ",
    "≤": " không quá ",
    ">": " trên ",
    "<": " dưới ",
    "±": " cộng trừ ",
    "→": ", ",
    "&": " và ",
}
_SIGNS_EN = {
    "≥": " at least ",
    "≤": " at most ",
    ">": " above ",
    "<": " below ",
    "±": " plus or minus ",
    "→": ", ",
}
_CLOCK = re.compile(r"\b([01]?\d|2[0-3]):([0-5]\d)\b")
_NUMBER = re.compile(r"(?<![\w])([−-]?)(\d{1,3}(?:\.\d{3})+(?!\d)|\d+)(?:([.,])(\d+))?")
_TO_CALL = re.compile(
    r"\b(gọi|báo|hoặc|số|call|or|to) (11[2-5]|1022)\b(?!\s?[%°]|\s(?:mm|cm|m|km|dB)\b|\w)", re.IGNORECASE
)
"""Numbers to call; not 112 mm."""
_LEFT = re.compile(r"[0-9]+")
"""Of names like QL51."""
TWICE_VI, TWICE_EN = "Tôi xin nhắc lại. ", "I repeat. "


def number_vi(value: int) -> str:
    """A whole number in Vietnamese words; digits one by one from a million million on."""
    if value < 0:
        return f"âm {number_vi(-value)}"
    if value >= MOST:
        return " ".join(_DIGITS[int(digit)] for digit in str(value))
    if value == 0:
        return _DIGITS[0]
    words: list[str] = []
    groups = [value // 1000**at % 1000 for at in range(len(_SCALES))]
    for at in range(len(groups) - 1, -1, -1):
        if groups[at]:
            words += [_hundreds(groups[at], full=bool(words)), _SCALES[at]]
    return " ".join(word for word in words if word)


def _hundreds(value: int, *, full: bool) -> str:
    """0 to 999; `full`: something stands before it, so 1.005 is một nghìn không trăm linh năm."""
    hundred, ten, one = value // 100, value // 10 % 10, value % 10
    words = [_DIGITS[hundred], "trăm"] if hundred or full else []
    if ten == 0:
        if one:
            words += ["linh", _DIGITS[one]] if words else [_DIGITS[one]]
        return " ".join(words)
    words += ["mười"] if ten == 1 else [_DIGITS[ten], "mươi"]
    if one == 1 and ten > 1:
        words.append("mốt")
    elif one == 5:  # noqa: PLR2004  five after a ten has a word of its own
        words.append("lăm")
    elif one == 4 and ten > 1:  # noqa: PLR2004  so has four
        words.append("tư")
    elif one:
        words.append(_DIGITS[one])
    return " ".join(words)


def number_en(value: int) -> str:
    """A whole number in English words."""
    if value < 0:
        return f"minus {number_en(-value)}"
    if value >= MOST:
        return " ".join(_ONES[int(digit)] for digit in str(value))
    if value == 0:
        return _ONES[0]
    words = []
    for at in range(len(_ENGLISH_SCALES) - 1, -1, -1):
        group = value // 1000**at % 1000
        if group:
            words += [_english(group), _ENGLISH_SCALES[at]]
    return " ".join(word for word in words if word)


def _english(value: int) -> str:
    words = [_ONES[value // 100], "hundred"] if value >= 100 else []  # noqa: PLR2004  hundreds
    rest = value % 100
    if rest >= len(_ONES):
        words.append(_TENS[rest // 10])
        rest %= 10
    if rest:
        words.append(_ONES[rest])
    return " ".join(words)


def aloud(text: str, language: str, longest: int = 400) -> str:
    """A text as it is to be read, twice; each time at most `longest` characters, in whole sentences."""
    vietnamese = language == "vi"
    said = shortened(spelled(text, language), longest)
    return f"{said} {TWICE_VI if vietnamese else TWICE_EN}{said}"


def shortened(text: str, longest: int) -> str:
    """At most so many characters: whole sentences, else whole words."""
    if len(text) <= longest:
        return text
    kept = text[:longest]
    end = max(kept.rfind(". "), kept.rfind("! "))
    if end > longest // 3:
        return kept[: end + 1]
    return kept.rpartition(" ")[0].rstrip(",;: ") + "."


def spelled(text: str, language: str) -> str:
    """With numbers, units and abbreviations in words."""
    vietnamese = language == "vi"
    units = UNITS_VI if vietnamese else UNITS_EN
    for sign, word in (_SIGNS_VI if vietnamese else _SIGNS_EN).items():
        text = text.replace(sign, word)
    for short, long in (_WORDS_VI if vietnamese else _WORDS_EN).items():
        text = re.sub(rf"\b{re.escape(short)}\s*(?=\d|\b)", f"{long} ", text)
    text = _CLOCK.sub(lambda found: _clock(found, vietnamese=vietnamese), text)
    digits = _DIGITS if vietnamese else _ONES
    text = _TO_CALL.sub(
        lambda found: f"{found[1]} {' '.join(digits[int(digit)] for digit in found[2])}", text
    )
    names = "|".join(re.escape(unit) for unit in sorted(units, key=len, reverse=True))
    measured = re.compile(rf"{_NUMBER.pattern}(?:\s?({names})(?![\w/]))?")
    text = measured.sub(lambda found: _said(found, units, vietnamese=vietnamese), text)
    text = _LEFT.sub(lambda found: f" {(number_vi if vietnamese else number_en)(int(found[0]))} ", text)
    text = re.sub(r"[()\[\]{}*_#|/\"“”«»`]", ", ", text)
    text = re.sub(r"\s*,(?:\s*,)+", ",", text)
    text = re.sub(r"\s+([,.;:!?])", r"\1", text)
    text = re.sub(r",\s*([.!?:;])", r"\1", text)
    return re.sub(r"\s+", " ", text).strip(" ,")


def _clock(found: re.Match[str], *, vietnamese: bool) -> str:
    hour, minute = int(found[1]), int(found[2])
    if vietnamese:
        return f"{number_vi(hour)} giờ" + (f" {number_vi(minute)} phút" if minute else "")
    return number_en(hour) + (f" {number_en(minute)}" if minute else " o’clock")


def _said(found: re.Match[str], units: Mapping[str, str], *, vietnamese: bool) -> str:
    """A number with its unit. A point between three digits each is the Vietnamese thousands mark."""
    number = number_vi if vietnamese else number_en
    minus, whole, _, decimals, unit = found.groups()
    words = []
    if minus:
        words.append("âm" if vietnamese else "minus")
    words.append(number(int(whole.replace(".", ""))))
    if decimals and decimals.strip("0"):
        words.append("phẩy" if vietnamese else "point")
        decimals = decimals.rstrip("0")
        whole_words = vietnamese and not decimals.startswith("0") and len(decimals) <= 2  # noqa: PLR2004  as people say it
        words += [number(int(decimals))] if whole_words else [number(int(digit)) for digit in decimals]
    if unit:
        words.append(units[unit])
    return " ".join(words)
