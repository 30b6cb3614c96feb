"""From an alert to its public message, in both languages. Pure: the same alert gives the same words.

What people read rests on what the engine said (`reason`) and on the hazard's own advice for the public; the
mapping to CAP's words is in `words`.

Over 250 lines: one function for each part of a message.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from services.alerts.hazard import Part
from services.alerts.hazards import hazards
from services.alerts.lifecycle import Life
from services.alerts.risk import RiskLevel
from services.alerts.saying import advice_of, part_of
from services.cap import words
from services.cap.message import Info, Message, Named, Reference
from services.cap.where import area_of
from services.observation.event import SEVERITIES
from services.observation.instants import SECOND
from services.observation.site import Site
from services.observation.text import Text
from services.observation.topics import SITE_AREA, SITE_SCOPE
from services.policy.publication import Publication

LANGUAGES = (("vi", "vi-VN"), ("en", "en-US"))
EVENT_CODE = "haidang:hazard"
PREFIX = "haidang:"
_NOT_HTTP = ("http://", "https://")

Kind = Literal["Alert", "Update", "Cancel"]


class Envelope(NamedTuple):
    """What a message is beside its content. Times in µs UTC; `over`: it tells the end."""

    identifier: str
    sent: int
    expires: int
    msg_type: Kind
    references: tuple[Reference, ...] = ()
    over: bool = False
    cause: str | None = None
    incident: str = ""


class Said(NamedTuple):
    """What is said in both languages."""

    event: Text
    headline: Text
    description: Text
    instruction: Text


def compose(  # noqa: PLR0913  everything that a message is made of
    life: Life,
    site: Site,
    policy: Publication,
    envelope: Envelope,
    status: str,
    risk: RiskLevel | None = None,
) -> tuple[Message, Said]:
    """The message about an alert as it stands.

    Args:
        life: the alert.
        site: for names, codes, outlines and the wall clock.
        policy: in whose name.
        envelope: what kind of message it is.
        status: Actual, Exercise or Test; of a Cancel that of what it withdraws.
        risk: the official level that holds there now, with its bulletin; None: none is known.
    """
    said = _said(life, site, envelope, status)
    infos = tuple(_info(life, site, policy, envelope, said, language, risk) for language in LANGUAGES)
    return (
        Message(
            identifier=envelope.identifier,
            sender=policy.sender,
            sent=local(envelope.sent, site),
            status=status,
            msg_type=envelope.msg_type,
            scope="Public",
            note=words.NOTES.get(status),
            references=" ".join(map(str, envelope.references)) or None,
            incidents=envelope.incident or None,
            info=infos,
        ),
        said,
    )


def renewed(
    message: Message, site: Site, sent: int, expires: int, references: tuple[Reference, ...]
) -> Message:
    """A draft as it goes out: word for word what was approved, with the hour of issue."""
    begins, ends = local(sent, site), local(expires, site)
    infos = tuple(msgspec.structs.replace(info, effective=begins, expires=ends) for info in message.info)
    named = " ".join(map(str, references)) or None
    return msgspec.structs.replace(message, sent=begins, references=named, info=infos)


def local(us: int, site: Site) -> str:
    """A time as CAP wants it: the site's wall clock with its offset, whole seconds."""
    found = datetime.fromtimestamp(us // SECOND, ZoneInfo(site.zone))
    return found.isoformat(timespec="seconds")


def told(data: Mapping[str, Any], standard: Text) -> Text:
    """What was said of an alert, in each language only what was said in it.

    Where a person wrote in one language, the other one has the standard sentence, and says that there is
    more: a text under the name of a language that it is not in would be read aloud as nonsense.
    """
    reason = data.get("reason")
    given = {
        language: clean(found).strip()
        if isinstance(reason, Mapping) and isinstance(found := reason.get(language), str)
        else ""
        for language, _ in LANGUAGES
    }
    only = data.get("language")
    if given["vi"] and given["vi"] == given["en"]:
        only = only if only in given else words.language_of(given["vi"])
        given["en" if only == "vi" else "vi"] = ""
    if not any(given.values()):
        return standard
    return Text(
        given["vi"] or f"{standard.vi} {words.ELSEWHERE.vi}",
        given["en"] or f"{standard.en} {words.ELSEWHERE.en}",
    )


def _said(life: Life, site: Site, envelope: Envelope, status: str) -> Said:
    event = event_of(life)
    place = _place(life, site)
    mark, note = words.MARKS[status], words.NOTES.get(status, "")
    step = words.STEPS[_severity(life)]
    advice = _advice(life)
    reason = told(
        life.data, Text(f"{step.vi}: {event.vi} – {place.vi}.", f"{step.en}: {event.en} – {place.en}.")
    )
    if envelope.over and envelope.msg_type == "Cancel":
        step, reason = (
            words.CANCELLED,
            words.CANCEL_TEXT.get(envelope.cause or "", words.CANCEL_TEXT["false"]),
        )
        advice = words.DISREGARD
    elif envelope.over:
        step, reason, advice = words.OVER, words.OVER_TEXT, words.BACK
    return Said(
        event,
        cleaned(
            Text(
                f"{mark.vi}{step.vi}: {event.vi} – {place.vi}", f"{mark.en}{step.en}: {event.en} – {place.en}"
            )
        ),
        cleaned(Text(f"{note} {reason.vi}".strip(), f"{note} {reason.en}".strip())),
        advice,
    )


def _info(  # noqa: PLR0913  everything that an info block is made of
    life: Life,
    site: Site,
    policy: Publication,
    envelope: Envelope,
    said: Said,
    language: tuple[str, str],
    risk: RiskLevel | None,
) -> Info:
    short, long = language
    severity = _severity(life)
    expected = words.forecast(life.sensor)
    cap = _cap(life)
    value = life.data.get("value")
    minutes = float(value) if expected and isinstance(value, int | float) else None
    return Info(
        language=long,
        category=(cap[0],),
        event=getattr(said.event, short),
        response_type=_responses(cap[1], severity, envelope),
        urgency="Past" if envelope.over else words.urgency(severity, expected=expected, minutes=minutes),
        severity="Minor" if envelope.over else words.CAP_SEVERITY[severity],
        certainty="Observed" if envelope.over else words.certainty(severity, expected=expected),
        event_code=(Named(EVENT_CODE, life.hazard),),
        effective=local(envelope.sent, site),
        onset=local(min(life.raised_at, envelope.sent), site),
        expires=local(envelope.expires, site),
        sender_name=clean(getattr(policy.name, short)) or policy.sender,
        headline=clean(getattr(said.headline, short)),
        description=clean(getattr(said.description, short)),
        instruction=clean(getattr(said.instruction, short)),
        web=policy.web if policy.web.startswith(_NOT_HTTP) else None,
        contact=clean(policy.contact) or None,
        parameter=tuple(_parameters(life, risk, short)),
        area=(area_of(life, site, policy, clean(getattr(_place(life, site), short))),),
    )


def _responses(given: tuple[str, ...], severity: str, envelope: Envelope) -> tuple[str, ...]:
    if envelope.over:
        return ("AllClear",) if envelope.msg_type == "Update" else ("None",)
    return words.responses(given, severity)


def _parameters(life: Life, risk: RiskLevel | None, language: str) -> list[Named]:
    """Who reads machines' words finds the numbers here: the rule, what was measured, against which limit."""
    data = life.data
    found = [
        Named(f"{PREFIX}alert", life.alert_id),
        Named(f"{PREFIX}severity", _severity(life)),
        Named(f"{PREFIX}rule", clean(life.rule)),
        Named(f"{PREFIX}origin", life.origin),
    ]
    unit = data.get("unit") if data.get("unit") != "1" else None  # a plain number
    for name in ("value", "threshold"):
        number = data.get(name)
        if isinstance(number, int | float) and not isinstance(number, bool):
            found.append(Named(f"{PREFIX}{name}", f"{number:g} {unit}".strip() if unit else f"{number:g}"))
    if risk is not None:
        named = risk.name
        found += [
            Named("VN-QD18-2021:level", str(risk.level)),
            Named("VN-QD18-2021:name", getattr(named.text, language)),
            Named("VN-QD18-2021:colour", getattr(named.colour, language)),
            Named(
                "VN-QD18-2021:bulletin", f"{risk.bulletin.issuer} {risk.bulletin.number} {risk.bulletin.link}"
            ),
        ]
    return found


def _place(life: Life, site: Site) -> Text:
    area = site.areas.get(life.area)
    around = site.name if area is None or life.area in (SITE_AREA, SITE_SCOPE) else area.name
    station = site.stations.get(life.station or "")
    if station is None:
        return around
    return Text(_within(station.name.vi, around.vi), _within(station.name.en, around.en))


def _within(station: str, around: str) -> str:
    """Both names, unless one says the other already: `xã Đất Đỏ`, not `xã Đất Đỏ, Xã Đất Đỏ`."""
    return station if around.casefold() in station.casefold() else f"{station}, {around}"


def _part(life: Life) -> Part | None:
    return part_of(life.hazard, life.rule, life.sensor)


def _cap(life: Life) -> tuple[str, tuple[str, ...]]:
    hazard, part = hazards().get(life.hazard), _part(life)
    cap = part.cap if part is not None and part.cap is not None else None if hazard is None else hazard.cap
    return ("Other", ("Monitor",)) if cap is None else (cap.category, cap.response)


def event_of(life: Life) -> Text:
    """The danger, as people read it."""
    hazard, part = hazards().get(life.hazard), _part(life)
    if part is not None and part.cap is not None:
        return part.cap.event
    if hazard is None:
        return Text(life.hazard or "?", life.hazard or "?")
    return hazard.text if hazard.cap is None else hazard.cap.event


def _advice(life: Life) -> Text:
    advice = advice_of(life.hazard, life.rule, life.sensor, _severity(life))
    if advice is None:
        return Text("Theo dõi thông báo tiếp theo.", "Follow further announcements.")
    return advice.public


def _severity(life: Life) -> str:
    return life.severity if life.severity in SEVERITIES else SEVERITIES[0]


def cleaned(text: Text) -> Text:
    """Both languages without what XML can't hold: what is shown for approval is what goes out."""
    return Text(clean(text.vi), clean(text.en))


def clean(text: str) -> str:
    """Without what XML can't hold."""
    return "".join(
        sign
        for sign in text
        if sign in "\t\n" or " " <= sign <= "\ud7ff" or "\ue000" <= sign <= "\ufffd" or sign >= "\U00010000"
    )
