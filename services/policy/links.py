"""Links between sites: the parent above, the children below.

Who they are stands in the site's files; how to reach them and the passwords stand in the data folder
(`services.runtime.leaf`), never here.
"""

from typing import TYPE_CHECKING, Any

import msgspec

from services.observation.topics import is_slug
from services.policy.given import Given

if TYPE_CHECKING:
    from services.observation.site_table import Table

KEYS: tuple[str, ...] = ("parent", "child")
"""Top-level keys of the file that are read here."""
_PARENT = ("site", "address", "bulletins")
_CHILD = ("site", "silent_s")
_SILENT_S = (5.0, 3_600.0)
MOST_CHILDREN = 500

SCHEMA: dict[str, Any] = {
    "parent": {
        "type": "object",
        "additionalProperties": False,
        "required": ["site"],
        "properties": {
            "site": {"type": "string", "pattern": "^[a-z0-9-]+$"},
            "address": {"type": "string", "description": "HOST:PORT where it listens, if not as in its file"},
            "bulletins": {"type": "boolean", "description": "whether its bulletins become alerts here; true"},
        },
    },
    "child": {
        "type": "array",
        "maxItems": MOST_CHILDREN,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["site"],
            "properties": {
                "site": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                "silent_s": {"type": "number", "minimum": _SILENT_S[0], "maximum": _SILENT_S[1]},
            },
        },
    },
}
"""JSON Schema of these keys."""


class Parent(msgspec.Struct, frozen=True, kw_only=True):
    """The site above. `address`: where it listens, when that differs from what its file says."""

    site: str
    address: str | None = None
    bulletins: bool = True


class Child(msgspec.Struct, frozen=True, kw_only=True):
    """A site below. `silent_s`: how long it may say nothing before that is an alert."""

    site: str
    silent_s: float = 60.0


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Of the levels."""

    parent: Parent | None = None
    children: tuple[Child, ...] = ()

    @property
    def any(self) -> bool:
        """Whether there is anything to link."""
        return self.parent is not None or bool(self.children)


def read(given: Given) -> Links:
    """Read this part of the file; what is wrong is noted in `given.findings`."""
    taken = {given.site.id: ("chính địa bàn này", "this very site")}
    parent = None
    table = given.one("parent", _PARENT)
    if table is not None:
        site, address = _site(table, taken), _address(table)
        bulletins = table.flag("bulletins") if "bulletins" in table.table else True
        if site is not None:
            parent = Parent(site=site, address=address, bulletins=bulletins)
    children = []
    for entry in given.several("child", _CHILD):
        name = _site(entry, taken)
        silent = entry.number("silent_s", 60.0, *_SILENT_S, ("giây", "seconds"))
        if name is not None:
            children.append(Child(site=name, silent_s=silent))
        if len(children) > MOST_CHILDREN:
            entry.error(
                "site",
                (f"quá {MOST_CHILDREN} địa bàn cấp dưới", f"more than {MOST_CHILDREN} children"),
                ("thêm một cấp ở giữa", "put a level between"),
            )
            break
    return Links(parent=parent, children=tuple(children))


def _site(table: "Table", taken: dict[str, tuple[str, str]]) -> str | None:
    """The name of another site, once only: a site that is above and below would hear itself."""
    name = table.table.get("site")
    if not isinstance(name, str) or not is_slug(name):
        table.error(
            "site",
            (f"site = {name!r} không hợp lệ", f"site = {name!r} is not the id of a site"),
            ("viết mã trong site.toml của địa bàn đó", "write the id in that site's site.toml"),
        )
        return None
    if name in taken:
        vi, en = taken[name]
        table.error(
            "site",
            (f"{name!r} đã là {vi}", f"{name!r} is {en} already"),
            ("mỗi địa bàn chỉ có một chỗ trong cây", "a site has one place in the tree"),
        )
        return None
    taken[name] = ("một địa bàn được liên kết", "a linked site")
    return name


def _address(table: "Table") -> str | None:
    text = table.table.get("address")
    if text is None:
        return None
    host, colon, port = text.rpartition(":") if isinstance(text, str) else ("", "", "")
    if colon and host and port.isdecimal() and 0 < int(port) < 1 << 16:
        return str(text)
    table.error(
        "address",
        (f"address = {text!r} không hợp lệ", f"address = {text!r} is not HOST:PORT"),
        ('ví dụ address = "10.0.0.1:7422"', 'for example address = "10.0.0.1:7422"'),
    )
    return None
