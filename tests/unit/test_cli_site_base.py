"""The base of a folder: what its files started from, told apart folder by folder."""

import json
from pathlib import Path

from services.cli.site.base import FILE, read_base, write_base


def test_each_folder_has_its_own_base(tmp_path: Path) -> None:
    write_base(tmp_path, tmp_path / "b", "one")
    write_base(tmp_path, tmp_path / "a", "two")
    assert read_base(tmp_path, tmp_path / "b") == "one"
    assert read_base(tmp_path, tmp_path / "a") == "two"


def test_a_folder_never_seen_stands_on_the_last_base_known(tmp_path: Path) -> None:
    assert read_base(tmp_path, tmp_path / "new") is None
    write_base(tmp_path, tmp_path / "a", "one")
    write_base(tmp_path, tmp_path / "b", "two")
    assert read_base(tmp_path, tmp_path / "new") == "two"


def test_the_same_folder_by_another_name_is_the_same_folder(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    write_base(tmp_path, tmp_path / "a", "one")
    write_base(tmp_path, tmp_path / "b", "two")
    assert read_base(tmp_path, tmp_path / "link") == "one"
    assert read_base(tmp_path, f"{tmp_path}/b/../a") == "one"


def test_a_file_of_before_is_still_read_and_kept_when_written_to(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"format": 1, "version": "old"}')
    assert read_base(tmp_path, tmp_path / "a") == "old"
    write_base(tmp_path, tmp_path / "a", "new")
    assert json.loads((tmp_path / FILE).read_text())["version"] == "new"


def test_a_file_that_can_not_be_read_is_as_good_as_none(tmp_path: Path) -> None:
    for text in ("", "[]", '{"version": 3', '{"format": 1, "version": "v", "folders": []}'):
        (tmp_path / FILE).write_text(text)
        assert read_base(tmp_path, tmp_path / "a") in (None, "v")
        write_base(tmp_path, tmp_path / "a", "w")
        assert read_base(tmp_path, tmp_path / "a") == "w"
