"""Addresses of servers as people give them: whether they can be used, and how they may be shown."""

import re

NATS_SCHEMES = ("nats", "tls", "ws", "wss")
POSTGRES_SCHEMES = ("postgresql", "postgres")
HIGHEST_PORT = 65535
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:\[\]]*)(?::(\d*))?")
_WORD = r"\s*\w+\s*=\s*(?:'(?:\\.|[^'])*'|[^\s']\S*|(?=\s|$))"
_PAIRS = re.compile(rf"{_WORD}(?:\s{_WORD})*\s*")
_PASSWORD = re.compile(r"password\s*=\s*('(\\.|[^'])*'|[^\s&]*)")


def is_nats(url: str) -> bool:
    """Whether it can be the address of a NATS server."""
    scheme, _, rest = url.partition("://")
    return scheme in NATS_SCHEMES and _hosts_are_fine(rest, may_be_empty=False)


def is_postgres(url: str) -> bool:
    """Whether it can be the address of a PostgreSQL server: a URL, or `host=… dbname=…`."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return _PAIRS.fullmatch(url) is not None
    # Over a socket there is no host, but then a name or a query follows.
    return scheme in POSTGRES_SCHEMES and rest != "" and _hosts_are_fine(rest, may_be_empty=rest != "/")


def shown(url: str) -> str:
    """The address without user and password, for a terminal or a log."""
    scheme, separator, rest = url.rpartition("://")
    return scheme + separator + _PASSWORD.sub("password=…", rest.rpartition("@")[2])


def _hosts_are_fine(rest: str, *, may_be_empty: bool) -> bool:
    """Whether `user:password@host:port,host:port/…` names hosts, and ports that can be."""
    hosts = re.split(r"[/?]", rest.rpartition("@")[2], maxsplit=1)[0]
    return all(_host_is_fine(host, may_be_empty=may_be_empty) for host in hosts.split(","))


def _host_is_fine(text: str, *, may_be_empty: bool) -> bool:
    match = _HOST.fullmatch(text)
    if match is None or not (match[1] or may_be_empty):
        return False
    return not match[2] or int(match[2]) <= HIGHEST_PORT
