"""Making the carrier of a road from what the site says and what the private file holds."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from services.observation import lgsp
from services.observation.text import Text
from services.policy.road_nouns import Road
from services.roads.carrier import Carrier
from services.roads.mail import Mail, server_of
from services.roads.modem import Modem
from services.roads.notify import Apprise
from services.roads.speaker import SpeakerByFile, SpeakerByHttp
from services.roads.web import ZALO, Webhook, Zalo
from services.runtime.errors import OperatorError
from services.runtime.secrets import Secrets


class RoadError(OperatorError):
    """A road that can't be opened as it is declared."""


def carrier_of(road: Road, secrets: Secrets) -> Carrier:
    """The carrier of a road.

    Raises:
        OperatorError: a secret is missing or can't be used; the words hold no secret.
    """
    try:
        return _carrier_of(road, secrets)
    except ValueError as error:
        what = str(error)
        raise RoadError(
            Text(f"đường {road.id}: bí mật [{road.secret}] không dùng được", f"road {road.id}: {what}"),
            Text("xem docs/roads.md", "see docs/roads.md"),
        ) from error


def _carrier_of(road: Road, secrets: Secrets) -> Carrier:  # noqa: PLR0911  a table of kinds
    match road.kind:
        case "webhook":
            form = _lgsp if road.format == "lgsp" else None
            return Webhook(road, secrets.texts(road.secret, "keys"), form)
        case "email":
            return Mail(road, server_of(secrets.text(road.secret, "url")))
        case "zalo":
            url = secrets.maybe(road.secret, "url", ZALO)
            return Zalo(road, secrets.text(road.secret, "token"), url)
        case "modem":
            return Modem(road, secrets.maybe(road.secret, "pin"))
        case "loudspeaker" if urlsplit(road.url).scheme == "file":
            return SpeakerByFile(road)
        case "loudspeaker":
            return SpeakerByHttp(road, secrets.maybe(road.secret, "token"))
        case _:  # sms, telegram, apprise
            return Apprise(road, secrets.texts(road.secret, "url"))


def _lgsp(events: Sequence[dict[str, Any]]) -> bytes:
    """What a provincial integration platform takes: docs/links.md."""
    return msgspec.json.encode(lgsp.batch(events))
