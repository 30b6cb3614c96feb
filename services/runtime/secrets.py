"""Secrets: what roads need and nobody may read, by name from one private file.

`DATA/secrets.toml`, or where HAIDANG_SECRETS says. One table per name; site files only ever say the name:

    [ioc]
    keys = ["whsec_…"]            # of a webhook; a second one while receivers change over
    [mail]
    url = "smtp://user:password@mail.example.vn:587?from=canh-bao@example.vn"
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.observation.text import Text
from services.runtime.errors import OperatorError
from services.runtime.settings import Settings

FILE = "secrets.toml"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SecretsError(OperatorError):
    """A secret that can't be had; the words never hold one."""


class Secrets:
    """What the file says. Nothing of it shows in `repr`, and so not in a log."""

    def __init__(self, tables: Mapping[str, Mapping[str, Any]], where: Path) -> None:
        """Of the tables of a file."""
        self._tables, self._where = tables, where

    def text(self, name: str, key: str) -> str:
        """One value.

        Raises:
            SecretsError: it is not there.
        """
        value = self._table(name).get(key)
        if isinstance(value, str) and value:
            return value
        raise self._missing(name, key)

    def texts(self, name: str, key: str) -> tuple[str, ...]:
        """One or more values under one key.

        Raises:
            SecretsError: there is none.
        """
        value = self._table(name).get(key)
        if isinstance(value, str) and value:
            return (value,)
        if isinstance(value, list) and value and all(isinstance(one, str) and one for one in value):
            return tuple(value)
        raise self._missing(name, key)

    def maybe(self, name: str, key: str, default: str = "") -> str:
        """One value, or the default."""
        value = self._tables.get(name, {}).get(key, default)
        return value if isinstance(value, str) else default

    def _table(self, name: str) -> Mapping[str, Any]:
        found = self._tables.get(name)
        if found is None:
            raise SecretsError(
                Text(f"{self._where} không có mục [{name}]", f"{self._where} has no table [{name}]"),
                Text(f"thêm mục [{name}]", f"add a table [{name}]"),
            )
        return found

    def _missing(self, name: str, key: str) -> SecretsError:
        return SecretsError(
            Text(f"{self._where}: mục [{name}] thiếu {key}", f"{self._where}: table [{name}] lacks {key}"),
            Text(f'viết {key} = "…" trong mục đó', f'write {key} = "…" there'),
        )


def path_of(settings: Settings) -> Path | None:
    """Where the file is to be; None without a data folder."""
    if settings.secrets is not None:
        return settings.secrets
    return None if settings.data is None else settings.data / FILE


def read(file: Path | None) -> Secrets:
    """Read the file; one that is not there holds nothing.

    Raises:
        SecretsError: others may read it, or it is not TOML.
    """
    where = file or Path(FILE)
    try:
        descriptor = os.open(where, os.O_RDONLY) if file is not None else None
    except FileNotFoundError:
        descriptor = None
    except OSError as error:
        raise SecretsError(
            Text(f"không đọc được {where}: {error.strerror}", f"{where} can't be read: {error.strerror}"),
            Text("tệp phải thuộc về người chạy haidang", "it must belong to the user who runs haidang"),
        ) from error
    if descriptor is None:
        return Secrets({}, where)
    with os.fdopen(descriptor, "rb") as opened:
        if os.fstat(opened.fileno()).st_mode & _OTHERS:
            raise SecretsError(
                Text(f"{where} người khác cũng đọc được", f"{where} can be read by others"),
                Text(f"chmod 600 {where}", f"chmod 600 {where}"),
            )
        try:
            content = tomllib.loads(opened.read().decode())
        except ValueError as error:  # TOML's message names line and column, not the content
            raise SecretsError(
                Text(f"{where} không phải TOML: {error}", f"{where} is not TOML: {error}"),
                Text('viết [tên] rồi khóa = "giá trị"', 'write [name], then key = "value"'),
            ) from error
    return Secrets({name: table for name, table in content.items() if isinstance(table, dict)}, where)
