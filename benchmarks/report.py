"""Tables of textnorm beside its peers, one command each, or the page docs/benchmarks.md.

    python benchmarks/report.py [TABLE...]             print tables (none named: all)
    python benchmarks/report.py --write [TABLE...]     put them into docs/benchmarks.md; other tables stay

Peers are optional: one that is not installed is left out, and the page says so. Some exclude each other, so they may
live in other environments: TEXTNORM_PEERS names the interpreters, separated by ``:``. Data: TEXTNORM_DATA.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from textnorm import __version__

TABLES = ("reading_out", "cleaning", "numerals", "phrases", "files", "hubness", "candidates")
PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(TABLES)}")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    args = parser.parse_args()
    for name in args.tables:
        if name not in TABLES:
            parser.error(f"there is no table '{name}'; known: {', '.join(TABLES)}")
    for name in args.tables or TABLES:
        text = section(name)
        print(text)
        if args.write:
            page = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(put(page, name, text), encoding="utf-8")


def section(name: str) -> str:
    """Return one table with its machine, versions and command."""
    module = import_module(f"tables.{name}")
    table = module.make()
    versions = ", ".join(f"{package} {release}" for package, release in table.versions.items())
    lines = [f"## {module.TITLE}", f"`python benchmarks/report.py {name}`", "", *table.lines(), ""]
    lines += [f"{machine()}. {versions}."]
    return "\n".join(lines) + "\n"


def machine() -> str:
    """Return processor, cores, system and Python; nothing that names the machine."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file() and (
        found := re.search(r"^model name\s*: (.+)$", info.read_text(encoding="utf-8"), re.MULTILINE)
    ):
        model = found[1]
    python = f"Python {platform.python_version()}"
    return f"{model}, {os.cpu_count()} cores; {platform.system()}; {python}; textnorm {__version__}"


def put(page: str, name: str, text: str) -> str:
    """Return the page with one section in its place; the place is marked by comments."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    if begin not in page or end not in page:
        msg = f"docs/benchmarks.md has no place for the table '{name}'."
        raise SystemExit(msg)
    head, rest = page.split(begin)
    return head + begin + text + end + rest.split(end)[1]


if __name__ == "__main__":
    main()
