"""What goes to the public as CAP: which alerts, approved by how many, in whose name.

Nothing is published without this part of the file. `publish` entries are looked at in order; the first that
fits an alert says how it is published.

Over 250 lines: the nouns, their reading and their schema, which must agree key by key; those of `trusted` are
a module of their own.
"""

from typing import TYPE_CHECKING, Any

import msgspec

from services.observation.event import SEVERITIES
from services.observation.site_table import Table
from services.observation.site_values import is_number, name, text, texts
from services.observation.text import Text
from services.policy.given import Given
from services.policy.trusted import NAME, Trusted, closed, read_trusted
from services.policy.trusted import SCHEMA as TRUSTED

if TYPE_CHECKING:
    from collections.abc import Mapping

KEYS: tuple[str, ...] = ("publication", "publish", "trusted")
"""Top-level keys of the file that are read here."""

ORIGINS = ("sensor", "manual")
"""An official bulletin is not published again in our name."""
MOST_APPROVALS = 2
WMO_ROOT = "2.49"
"""Of WMO's tree of identifiers: only who was given a branch may use it (domain.md 7.1)."""

_TOP = ("sender", "name", "contact", "web", "min_interval_s", "all_clear_min", "radius_km", "wmo", "public")
_PUBLISH = ("hazards", "rules", "from", "approvals", "expires_min", "origins")
_MINUTES = ("phút", "minutes")


class Publish(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: which alerts it is about and how they are published.

    `hazards`, `rules`: empty is every one. `approvals`: how many persons must agree, by severity; 0: it goes
    out by itself.
    """

    hazards: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    severity: str = "warning"
    approvals: "Mapping[str, int]" = {}
    expires_s: float = 3_600.0
    origins: tuple[str, ...] = ORIGINS

    def needed(self, severity: str) -> int:
        """Approvals for an alert of a severity; one where the file says nothing."""
        return self.approvals.get(severity, 1)


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """Of CAP messages. Without `sender` nothing is published.

    `min_interval_s`: at least so long between two messages of one alert, unless it got worse; `all_clear_s`:
    how long the all clear holds; `radius_km`: around a station whose area has no outline; `public`: anybody
    may read the feed and its messages, without a token.
    """

    sender: str = ""
    name: Text = Text("", "")
    contact: str = ""
    web: str = ""
    min_interval_s: float = 300.0
    all_clear_s: float = 1_800.0
    radius_km: float = 2.0
    public: bool = False
    publish: tuple[Publish, ...] = ()
    trusted: tuple[Trusted, ...] = ()

    def rule_for(self, *, hazard: str, rule: str, severity: str, origin: str) -> Publish | None:
        """The first entry that fits an alert; None: it is not for the public."""
        if not self.sender or severity not in SEVERITIES:
            return None
        rank = SEVERITIES.index(severity)
        for one in self.publish:
            if (
                (not one.hazards or hazard in one.hazards)
                and (not one.rules or rule in one.rules)
                and origin in one.origins
                and rank >= SEVERITIES.index(one.severity)
            ):
                return one
        return None


def read(given: Given) -> Publication:
    """Read this part of the file; what is wrong is noted in `given.findings`."""
    top = given.one("publication", _TOP)
    publish = tuple(_publish(given, table) for table in given.several("publish", _PUBLISH))
    trusted = read_trusted(given)
    if top is None:
        if publish:
            given.findings.error(
                given.findings.line_of_table("publish", 0),
                (
                    "[[publish]] cần bảng [publication] có sender",
                    "[[publish]] needs [publication] with a sender",
                ),
                (
                    'viết [publication] và sender = "ioc.example.vn"',
                    'write [publication] and sender = "ioc.example.vn"',
                ),
            )
        return Publication(trusted=trusted)
    _places(given, top)
    return Publication(
        sender=_sender(top, wmo=top.flag("wmo")),
        name=name(given.findings, top.table.get("name"), given.findings.line_of_key("name", top.line)),
        contact=text(given.findings, dict(top.table), "contact", top.line),
        web=text(given.findings, dict(top.table), "web", top.line),
        min_interval_s=top.number("min_interval_s", 300, 0, 86_400, ("giây", "seconds")),
        all_clear_s=60 * top.number("all_clear_min", 30, 5, 1_440, _MINUTES),
        radius_km=top.number("radius_km", 2, 0.1, 100, ("km", "km")),
        public=_public(given, top),
        publish=publish,
        trusted=trusted,
    )


def _public(given: Given, top: Table) -> bool:
    """Whether anybody may read the feed; its links must lead back here then."""
    public = top.flag("public")
    if public and not top.table.get("web"):
        given.findings.warning(
            given.findings.line_of_key("public", top.line),
            ("public = true mà không có web", "public = true without web"),
            (
                'viết web = "https://…", địa chỉ mà bên ngoài đọc được',
                'write web = "https://…", the address under which it is reached from outside',
            ),
        )
    return public


def _places(given: Given, top: Table) -> None:
    """Warn of areas that a message could name only."""
    held = {one.area for one in given.site.stations.values()}
    bare = [area.id for area in given.site.areas.values() if not area.outlines and area.id not in held]
    if bare:
        listed = ", ".join(bare[:5]) + ("…" if len(bare) > 5 else "")  # noqa: PLR2004  enough to begin with
        given.findings.warning(
            top.line,
            (
                f"khu vực không có polygon lẫn trạm: {listed}; bản tin chỉ nêu được tên",
                f"areas with neither a polygon nor a station: {listed}; a message can only name them",
            ),
            ("thêm polygon cho khu vực trong site.toml", "give them a polygon in site.toml"),
        )


def _sender(table: Table, *, wmo: bool) -> str:
    value = table.table.get("sender")
    good = isinstance(value, str) and value and not any(sign in ",<&" or sign.isspace() for sign in value)
    if not good:
        table.error(
            "sender",
            (f"sender = {value!r} không dùng được", f"sender = {value!r} can't be a sender"),
            (
                "viết tên miền của đơn vị, không có dấu cách, dấu phẩy, < hay &",
                "write your own domain, without a space, comma, < or &",
            ),
        )
        return ""
    if str(value).startswith(WMO_ROOT) and not wmo:
        table.error(
            "sender",
            ("2.49 là cây định danh của WMO", "2.49 is WMO's tree of identifiers"),
            (
                "dùng tên miền của đơn vị; nếu đã được WMO cấp, viết wmo = true",
                "use your own domain; where WMO gave you this branch, write wmo = true",
            ),
        )
    return str(value)


def _publish(given: Given, table: Table) -> Publish:
    origins = table.names("origins", dict.fromkeys(ORIGINS), ("nguồn", "origin"))
    return Publish(
        hazards=table.names("hazards", dict.fromkeys(given.hazards), ("hiểm họa", "hazard")) or (),
        rules=texts(given.findings, dict(table.table), "rules", table.line, '["street-depth-car"]'),
        severity=table.choice("from", SEVERITIES, "warning") or "warning",
        approvals=_approvals(table),
        expires_s=60 * table.number("expires_min", 60, 10, 1_440, _MINUTES),
        origins=origins or ORIGINS,
    )


def _approvals(table: Table) -> dict[str, int]:
    value = table.table.get("approvals", 1)
    by = value if isinstance(value, dict) else dict.fromkeys(SEVERITIES, value)
    wrong = [
        key
        for key, many in by.items()
        if key not in SEVERITIES or not is_number(many) or many not in range(MOST_APPROVALS + 1)
    ]
    if wrong:
        table.error(
            "approvals",
            (f"approvals = {value!r} không hợp lệ", f"approvals = {value!r} is not understood"),
            (
                "viết 0 (tự động), 1 hoặc 2, hay theo mức: { warning = 1, emergency = 2 }",
                "write 0 (automatic), 1 or 2, or by severity: { warning = 1, emergency = 2 }",
            ),
        )
        return {}
    return {str(key): int(many) for key, many in by.items()}


_TEXTS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": MOST_APPROVALS}

SCHEMA: dict[str, Any] = {
    "publication": closed(
        {
            "sender": {"type": "string", "description": "own domain"},
            "name": NAME,
            "contact": {"type": "string"},
            "web": {"type": "string"},
            "min_interval_s": {"type": "number", "minimum": 0, "maximum": 86_400, "default": 300},
            "all_clear_min": {"type": "number", "minimum": 5, "maximum": 1_440, "default": 30},
            "radius_km": {"type": "number", "minimum": 0.1, "maximum": 100, "default": 2},
            "wmo": {"type": "boolean", "default": False},
            "public": {"type": "boolean", "default": False, "description": "the feed needs no token"},
        },
        ("sender", "name"),
    ),
    "publish": {
        "type": "array",
        "items": closed(
            {
                "hazards": _TEXTS,
                "rules": _TEXTS,
                "from": {"enum": list(SEVERITIES), "default": "warning"},
                "approvals": {
                    "oneOf": [_COUNT, closed(dict.fromkeys(SEVERITIES, _COUNT), ())],
                    "default": 1,
                },
                "expires_min": {"type": "number", "minimum": 10, "maximum": 1_440, "default": 60},
                "origins": {"type": "array", "items": {"enum": list(ORIGINS)}},
            },
            (),
        ),
    },
    "trusted": TRUSTED,
}
"""JSON Schema of these keys."""
