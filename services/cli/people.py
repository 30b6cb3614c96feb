"""`haidang people`: accounts, roles and tokens of the site that runs with a data folder.

Straight into the bucket, not through the api: who lost every password gets in again from this machine, and
who may read the data folder could anyway. Passwords are asked for at the terminal or read from standard
input, never taken from the command line, where every process can read them.

Over 250 lines: one command with its verbs.
"""

import argparse
import getpass
import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from services.cli import COMMANDS
from services.cli.words import complain, counted, out, say
from services.runtime.clock import now_us
from services.runtime.people import CHANNELS, Account, Contacts, Token, hash_of
from services.runtime.people_changes import Change, Unfit, changed, new, with_token, without_token
from services.runtime.principal import ROLES

if TYPE_CHECKING:
    from nats.js import JetStreamContext

SECOND = 1_000_000
DAY_US = 86_400 * SECOND
PREFIX = "hd_"


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """The verbs."""
    parser = subparsers.add_parser("people", help=COMMANDS["people"].text)
    verbs = parser.add_subparsers(title="what to do", metavar="VERB", dest="verb", required=True)
    made = verbs.add_parser("add", help="make an account / tạo tài khoản")
    change = verbs.add_parser("change", help="change roles, areas, contacts / sửa vai trò, khu vực, liên lạc")
    listed = verbs.add_parser("list", help="accounts, never their secrets / danh sách tài khoản")
    password = verbs.add_parser("password", help="give another password / đặt lại mật khẩu")
    token = verbs.add_parser("token", help="make or drop a token / cấp hoặc hủy mã truy cập")
    disable = verbs.add_parser("disable", help="shut an account, within seconds / khóa tài khoản")
    enable = verbs.add_parser("enable", help="open it again / mở lại tài khoản")
    for verb in (made, change, password, token, disable, enable):
        verb.add_argument("name", metavar="NAME", help="lower-case letters, digits, hyphens / tên tài khoản")
    for verb in (made, change):
        _details(verb, needed=verb is made)
    made.add_argument("--no-password", action="store_true", help="tokens only / chỉ dùng mã truy cập")
    listed.add_argument("--json", action="store_true", help="for a script")
    token.add_argument("--as", dest="token", metavar="TOKEN", required=True, help="the token's name / tên mã")
    token.add_argument("--role", action="append", choices=sorted(ROLES), help="of the account's; repeatable")
    token.add_argument("--days", type=int, default=365, help="how long it holds; 365 / số ngày hiệu lực")
    token.add_argument("--drop", action="store_true", help="drop that token / hủy mã này")
    for verb in (made, change, listed, password, token, disable, enable):
        verb.add_argument("--data", metavar="DIR", help="data folder of the running haidang up")
        verb.add_argument("--nats", metavar="URL", help="of a cluster, instead of --data")
        verb.add_argument("--credentials", metavar="FILE", help="JSON with user and password for --nats")


def _details(verb: argparse.ArgumentParser, *, needed: bool) -> None:
    verb.add_argument("--role", action="append", choices=sorted(ROLES), required=needed, help="repeatable")
    verb.add_argument("--full-name", metavar="TEXT", help="as people call them / họ tên")
    verb.add_argument("--area", action="append", metavar="AREA", help="held to it; repeatable / khu vực")
    verb.add_argument("--all-areas", action="store_true", help="held to none / mọi khu vực")
    verb.add_argument("--language", choices=("vi", "en"), help="of messages to them / ngôn ngữ")
    for channel in CHANNELS:
        verb.add_argument(f"--{channel}", metavar="ADDRESS", help="where roads reach them / nơi nhận tin")


def run(options: argparse.Namespace) -> int:
    """Run a verb: 0 done, 2 when it can't be done as asked."""
    from services.cli.running import at, with_running
    from services.runtime.settings import Settings, SettingsError

    try:
        work = _work(options)
        if options.data is not None and options.nats is None:
            return with_running(Path(options.data), "people", work)
        if options.nats is None:
            return complain("which site? → --data DIR", "địa bàn nào? → --data THƯ_MỤC")
        given = {"nats": options.nats, "credentials": options.credentials}
        return at(Settings.load(given, {}), "people", work)
    except Unfit as error:
        return complain(error.text.en, error.text.vi)
    except SettingsError as error:
        return complain(str(error))


def _work(options: argparse.Namespace) -> "Callable[[JetStreamContext], Any]":
    """What is to be done with the bucket. Everything that asks a person is asked before."""
    from services.runtime.people_store import PeopleStore

    if options.verb == "list":
        return lambda js: _list(PeopleStore(js), as_json=options.json)
    verbs: dict[str, Callable[[argparse.Namespace], Callable[[Account | None], Account]]] = {
        "add": _add,
        "change": _change,
        "password": _password,
        "token": _token,
        "disable": lambda options: _disabled(options, shut=True),
        "enable": lambda options: _disabled(options, shut=False),
    }
    made = verbs[options.verb](options)

    async def work(js: "JetStreamContext") -> int:
        from services.runtime.people_store import Busy

        try:
            account = await PeopleStore(js).change(options.name, made)
        except Busy:
            return complain(
                "others change that account right now; try again", "đang có người khác sửa; thử lại"
            )
        await _warn_of_areas(js, account)
        say(f"{options.name}: done / đã xong")
        if (secret := getattr(options, "secret", None)) is not None:
            say("shown this once; keep it as you keep a key / chỉ hiện một lần này")
            out(secret)
        return 0

    return work


def _add(options: argparse.Namespace) -> Callable[[Account | None], Account]:
    given = _given(options)
    new(options.name, given, _who(), now_us())  # so that what can't be is said before a password is asked for
    if not options.no_password:
        given = msgspec.structs.replace(given, password=_asked_password(options.name))

    def work(found: Account | None) -> Account:
        if found is not None:
            from services.observation.text import Text

            said = Text(f"đã có tài khoản {options.name}", f"there is an account {options.name} already")
            raise Unfit(said, "name")
        return new(options.name, given, _who(), now_us())

    return work


def _change(options: argparse.Namespace) -> Callable[[Account | None], Account]:
    def work(found: Account | None) -> Account:
        account = _known(found, options.name)
        return changed(account, _given(options, account), _who(), now_us())

    return work


def _password(options: argparse.Namespace) -> Callable[[Account | None], Account]:
    kept = _asked_password(options.name)
    return lambda found: changed(_known(found, options.name), Change(password=kept), _who(), now_us())


def _disabled(options: argparse.Namespace, *, shut: bool) -> Callable[[Account | None], Account]:
    return lambda found: changed(_known(found, options.name), Change(disabled=shut), _who(), now_us())


def _token(options: argparse.Namespace) -> Callable[[Account | None], Account]:
    if options.drop:
        return lambda found: without_token(_known(found, options.name), options.token, _who(), now_us())
    if options.days < 1:
        from services.observation.text import Text

        raise Unfit(Text("--days: ít nhất 1", "--days: 1 or more"), "days")
    options.secret = PREFIX + secrets.token_urlsafe(32)

    def work(found: Account | None) -> Account:
        account, now = _known(found, options.name), now_us()
        roles = list(options.role or account.roles)
        expires = now + options.days * DAY_US
        return with_token(account, Token(options.token, hash_of(options.secret), roles, now, _who(), expires))

    return work


async def _list(store: Any, *, as_json: bool) -> int:
    book = await store.read_all()
    accounts = [account for _, account in sorted(book.accounts.items())]
    if as_json:
        out(json.dumps([_as_json(account) for account in accounts], ensure_ascii=False))
        return 0
    for account in accounts:
        areas = "*" if account.areas is None else ",".join(account.areas)
        shut = " disabled / đã khóa" if account.disabled else ""
        out(f"{account.name:20} {','.join(account.roles):24} {areas:20} {account.full_name}{shut}")
        for token in account.tokens:
            until = _day(token.expires) if token.expires is not None else "-"
            out(f"    {token.name}: {','.join(token.roles)} until / đến {until}")
    say(f"{counted(len(accounts), 'account')} / {len(accounts)} tài khoản")
    return 0


def _as_json(account: Account) -> dict[str, Any]:
    """Without anything that opens a door."""
    shown: dict[str, Any] = msgspec.to_builtins(account)
    shown["has_password"] = shown.pop("password", None) is not None
    shown["tokens"] = [
        {name: value for name, value in token.items() if name != "hash"} for token in shown.get("tokens", [])
    ]
    return shown


def _given(options: argparse.Namespace, before: Account | None = None) -> Change:
    """What the options say; contacts and areas that are not named stay."""
    given: dict[str, Any] = {}
    if options.role:
        given["roles"] = list(dict.fromkeys(options.role))
    if options.full_name is not None:
        given["full_name"] = options.full_name
    if options.all_areas:
        given["areas"] = None
    elif options.area:
        given["areas"] = list(dict.fromkeys(options.area))
    told = {channel: getattr(options, channel) for channel in CHANNELS}
    if options.language is not None or any(address is not None for address in told.values()):
        contacts = before.contacts if before is not None else Contacts()
        addresses = contacts.addresses | {name: value for name, value in told.items() if value is not None}
        kept = {name: value for name, value in addresses.items() if value}
        given["contacts"] = Contacts(kept, options.language or contacts.language)
    return msgspec.structs.replace(Change(), **given)


def _asked_password(name: str) -> str:
    """From the terminal, twice, or one line of standard input; hashed."""
    from services.observation.text import Text
    from services.runtime.passwords import hashed, unfit

    if sys.stdin.isatty():
        given = getpass.getpass(f"password of {name} / mật khẩu của {name}: ")
        if given != getpass.getpass("again / nhập lại: "):
            raise Unfit(Text("hai lần nhập khác nhau", "the two are not the same"), "password")
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    if (why := unfit(given, name)) is not None:
        raise Unfit(why, "password")
    return hashed(given)


async def _warn_of_areas(js: "JetStreamContext", account: Account) -> None:
    """A misspelt area hides everything from somebody."""
    from services.alerts.hazards import extra_properties
    from services.observation import site_files
    from services.runtime import sites

    running = await sites.current(js) if account.areas else None
    if running is None:
        return
    site, _ = site_files.parse(await sites.files_of(js, running.version), extra_properties())
    unknown = [area for area in account.areas or () if "/" not in area and site and area not in site.areas]
    if unknown:
        told = ", ".join(unknown)
        say(f"warning: the running site has no area {told} / cảnh báo: địa bàn không có khu vực {told}")


def _known(found: Account | None, name: str) -> Account:
    from services.observation.text import Text

    if found is None:
        raise Unfit(Text(f"không có tài khoản {name}", f"there is no account {name}"), "name")
    return found


def _who() -> str:
    """Who is at the keyboard, as the account's record shows it: the machine's user."""
    user = os.environ.get("SUDO_USER") or getpass.getuser()
    return f"local:{user}"


def _day(us: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(us / SECOND))
