"""`python -m bench`: what can be measured; `python -m bench NAME …`: measure it."""

import ast
import runpy
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def benches() -> dict[str, str]:
    """First line of what each bench says of itself, by name."""
    files = sorted(file for file in FOLDER.glob("*.py") if not file.name.startswith("_"))
    return {
        file.stem: (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").split("\n")[0]
        for file in files
    }


def main(arguments: list[str]) -> int:
    """Run one, or list all."""
    found = benches()
    if arguments and arguments[0] in found:
        sys.argv = arguments
        runpy.run_module(f"bench.{arguments[0]}", run_name="__main__", alter_sys=True)
        return 0
    for name, text in found.items():
        print(f"{name:<16}{text}")
    if arguments:
        print(f"no bench {arguments[0]!r}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
