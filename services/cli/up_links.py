"""What `up` prepares for links: accounts for children, the file each is handed, the way to the parent."""

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from services.alerts.hazards import hazards
from services.cli.words import say
from services.observation.site import ALERTING, Site
from services.policy.alerting import read_alerting
from services.policy.links import Links
from services.runtime import leaf
from services.runtime.leaf import Ends, Leaf, Listen, Ticket
from services.runtime.settings import Settings, SettingsError, address


def declared(files: Mapping[str, bytes], site: Site) -> Links:
    """The links that a site's files declare; none where the file can't be read, which `site check` tells."""
    policy, _ = read_alerting(files.get(ALERTING), site, tuple(hazards()))
    return Links() if policy is None else policy.links


def prepare(data: Path, site: str, links: Links, settings: Settings, *, own_server: bool) -> Leaf | None:
    """What our server needs to be linked; says what is still to be carried from one site to the other.

    Raises:
        SettingsError: `--leaf` without children to listen for.
    """
    children = tuple(child.site for child in links.children)
    if settings.leaf is not None and not children:
        msg = (
            "--leaf is for sites below, and alerting.toml names none: add [[child]] with their site, or leave"
            " --leaf out / alerting.toml chưa khai báo [[child]] nào"
        )
        raise SettingsError(msg)
    if not links.any:
        return None
    if not own_server:
        say(
            "links: the server is someone else's; its leaf nodes are set up there, see docs/links.md"
            " / máy chủ NATS là của nơi khác; cấu hình liên kết ở đó"
        )
        return None
    ends = Ends.keep(data, children)
    listen = None
    if settings.leaf is not None:
        listen = Listen(*address(settings.leaf, "leaf"))
        for file in leaf.write_tickets(data, site, settings.leaf, ends, children):
            say(
                f"link: carry {file} to that site, as parent.json in its data folder (it holds a password)"
                f" / mang tệp này đến địa bàn đó, đặt vào thư mục dữ liệu với tên parent.json"
            )
    elif children:
        say("links: sites below are declared, but without --leaf HOST:PORT they can't come in / cần --leaf")
    return Leaf(site, ends, children, listen, _ticket(data, site, links))


def _ticket(data: Path, site: str, links: Links) -> Ticket | None:
    """What the parent handed to us, if it is for us and of that parent."""
    if links.parent is None:
        return None
    ticket = leaf.read_ticket(data)
    wanted = links.parent.site
    if ticket is None:
        say(
            f"link: {data / leaf.PARENT} is missing; the parent {wanted} makes it as children/{site}.json"
            f" / thiếu tệp do cấp trên {wanted} cấp"
        )
        return None
    if (ticket.site, ticket.parent) != (site, wanted):
        msg = (
            f"{data / leaf.PARENT} is for site {ticket.site} under {ticket.parent}, not for {site} under"
            f" {wanted}: put the right one there / tệp parent.json không phải của địa bàn này"
        )
        raise SettingsError(msg)
    if links.parent.address is not None:
        return replace(ticket, address=links.parent.address)
    return ticket
