"""The pages of the guide as a test reads them: their blocks, what each is, and running what is to be run.

A block marked `sh` is run, line by line as a person would type it; a `text` block right after it shows lines
that its answer must hold. A `python`, `toml` or `csv` block whose paragraph names a file in backticks is that
file. A block without a mark is for another machine or another day: only its commands and options are checked.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from services.observation.site import FILES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
SHOWN_S = 60.0
"""What a page says one sees must be seen by then."""

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`([\w./-]+\.(?:toml|geojson|csv|py))`")
_MOSQUITTO = """#!{python}
import sys
import paho.mqtt.publish as publish
given = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
publish.single(given["-t"], given["-m"], int(given["-q"]), hostname=given["-h"], port=int(given["-p"]))
"""
"""What `mosquitto_pub` does with the options of our pages, where that program is not installed."""


class Block(NamedTuple):
    """A code block: its mark, its text, and the file that the paragraph before it names, if any."""

    mark: str
    text: str
    file: str | None


def text_of(page: Path) -> str:
    """A page."""
    return page.read_text("utf-8")


def read_blocks(page: Path) -> list[Block]:
    """All blocks of a page, in order."""
    text, blocks, end = text_of(page), [], 0
    for found in _BLOCK.finditer(text):
        paragraph = text[end : found.start()].strip().rpartition("\n\n")[2]
        named = _FILE.findall(paragraph)
        blocks.append(Block(found[1], found[2], named[0] if named else None))
        end = found.end()
    return blocks


def blocks(page: Path, mark: str = "") -> list[str]:
    """Texts of the blocks of one mark."""
    return [block.text for block in read_blocks(page) if block.mark == mark]


def lines_of(text: str) -> list[str]:
    """Command lines of a block; those that go on after a backslash are one."""
    joined = text.replace("\\\n", " ")
    return [line for line in joined.split("\n") if line.strip() and not line.startswith("#")]


def commands(page: Path) -> Iterator[list[str]]:
    """Lines that call haidang, as words; of blocks to be run and of those to be read."""
    for block in read_blocks(page):
        if block.mark in ("", "sh"):
            for line in lines_of(block.text):
                words = line.split()
                while words and words[0] in ("sudo", "$", "-u", "haidang-user"):
                    words = words[1:]
                if words[:1] == ["haidang"]:
                    yield words[1:]


class Desk:
    """A folder to work in, as the pages take it: the sites beside it, our programs on the path."""

    def __init__(self, folder: Path, http: str, mqtt: tuple[str, int]) -> None:
        """`http` and `mqtt` take the place of the addresses that the pages use."""
        self.folder = folder
        programs = folder / "bin"
        programs.mkdir(parents=True)
        shim = programs / "mosquitto_pub"
        shim.write_text(_MOSQUITTO.format(python=sys.executable), "utf-8")
        shim.chmod(0o755)
        for name in ("sites", "docs"):
            (folder / name).symlink_to(ROOT / name)
        path = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        self._said = ""
        self._env = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
        self._instead = {
            "http://127.0.0.1:8080": http,
            "127.0.0.1:1883": f"{mqtt[0]}:{mqtt[1]}",
            "-p 1883": f"-p {mqtt[1]}",
            "port=1883": f"port={mqtt[1]}",
            '"127.0.0.1", 1883': f'"{mqtt[0]}", {mqtt[1]}',
        }

    def run_page(self, page: Path) -> list[str]:
        """Do what a page says; return what was not as it says."""
        wrong: list[str] = []
        last: Block | None = None
        self._said = ""
        for block in read_blocks(page):
            if block.mark == "sh":
                wrong += self._do(block)
                last = block
            elif block.mark == "text" and last is not None:
                wrong += self._see(last, block)
            elif block.file is not None and block.mark in ("python", "toml", "csv", "json"):
                wrong += self._keep(block.file, block)
        return [f"{page.name}: {one}" for one in wrong]

    def _do(self, block: Block) -> list[str]:
        done = self._shell(_runnable(block))
        self._said = done.stdout
        wrong = done.returncode != 0 or (block.text.startswith("python ") and done.stderr)
        return [f"{block.text}→ {done.returncode}\n{done.stdout}{done.stderr}"] if wrong else []

    def _see(self, asked: Block, shown: Block) -> list[str]:
        """The lines shown must stand in the answer, at the latest after a while."""
        until = time.monotonic() + SHOWN_S
        wanted = [" ".join(line.split()) for line in shown.text.strip().split("\n") if line != "…"]
        last_line = "\n".join(lines_of(_runnable(asked))[-1:])
        said = self._said
        while True:
            answer = " ".join(said.split())
            missing = [line for line in wanted if line not in answer]
            if not missing:
                return []
            if time.monotonic() > until:
                return [f"{last_line}\nshould show {missing}, it shows\n{answer}"]
            time.sleep(0.1)
            said = self._shell(last_line).stdout

    def _keep(self, name: str, block: Block) -> list[str]:
        """Write a file that a page shows; one of the site that is there must be the same."""
        if name in FILES:
            there = (ROOT / "sites" / "minimal" / name).read_text("utf-8")
            return [] if there == block.text else [f"{name} is not that of sites/minimal"]
        file = self.folder / name
        if file.parent.is_dir():
            file.write_text(self._local(block.text), "utf-8")
            return []
        return [f"{name}: there is no such folder"]

    def _shell(self, script: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._local(script)],
            cwd=self.folder,
            env=self._env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def _local(self, text: str) -> str:
        for shown, real in self._instead.items():
            text = text.replace(shown, real)
        return text


_ONCE = ("haidang up ", "cp -r sites/minimal ben-da")
"""Lines that were followed already, when the machine was started."""


def _runnable(block: Block) -> str:
    return "\n".join(line for line in lines_of(block.text) if not line.startswith(_ONCE))


def up_options(page: Path) -> Mapping[str, str]:
    """Options of the first `haidang up` that a page shows."""
    words = next(words for words in commands(page) if words[0] == "up")
    return dict(zip(words[1::2], words[2::2], strict=True))
