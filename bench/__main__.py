"""`python -m bench`: the same as `haidang bench`, from a checkout that is not installed.

`python -m bench.ingest` and `python -m bench.archive_write` look at one service closely.
"""

import argparse
import sys

from bench import _main
from services.cli.bench import add_options


def main(arguments: list[str]) -> int:
    """Measure what was asked for; the exit code."""
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_options(parser)
    return _main.run(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
