"""`haidang bench`: the promised figures, measured on this machine, beside what one would otherwise run."""

import argparse
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli import COMMANDS
from services.cli.words import complain

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """Options of `bench`."""
    add_options(
        subparsers.add_parser(
            "bench",
            help=COMMANDS["bench"].text,
            description="Measure the promised figures, beside what one would otherwise run. All of it takes "
            "about ten minutes; `haidang bench --list` names the parts.",
        )
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """What `haidang bench` and `python -m bench` share."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="parts to measure; none: all of them")
    parser.add_argument("--list", action="store_true", help="name the parts, and measure nothing")
    parser.add_argument("--quick", action="store_true", help="smallest sizes, to see that everything works")
    parser.add_argument(
        "--seconds", type=float, default=60.0, metavar="N", help="length of the sustained part, default 60; "
        "the others shrink and grow with it"
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="OUT.json", help="write everything that was measured")
    parser.add_argument(
        "--from", dest="given", type=Path, metavar="IN.json", help="measure nothing, show this document"
    )
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw, as SVG; needs the extra `bench`")
    parser.add_argument(
        "--page", action="store_true", help="write docs/figures.md's table, plots and JSON again"
    )


def run(options: argparse.Namespace) -> int:
    """Measure; 0 done, 1 when a part failed or something was lost, 2 when it can't be done as asked."""
    if not (ROOT / "bench" / "__main__.py").is_file():
        return complain(
            "the benchmarks are not part of the installed package → run it from a checkout: "
            "git clone the project, make install, .venv/bin/haidang bench",
            "bản cài đặt không kèm phần đo tốc độ → chạy từ mã nguồn: git clone dự án, make install, "
            ".venv/bin/haidang bench",
        )
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    main: Callable[[argparse.Namespace], int] = importlib.import_module("bench._main").run
    return main(options)
