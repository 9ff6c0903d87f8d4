"""HTML character references (HTML Standard, section 13.5)."""

from __future__ import annotations

import html
from html.entities import html5

from textnorm.normalizers.unicode.level import RunLevel

# "&amp;amp;lt;" is "<" escaped three times; taking the whole run at once keeps the work linear.
_AGAIN = r"(?:(?:amp|AMP|#0{0,4}38|#[xX]0{0,4}26);)*"
_PATTERN = rf"&{_AGAIN}(?:#(?:[0-9]{{1,8}}|[xX][0-9A-Fa-f]{{1,6}})|[A-Za-z][A-Za-z0-9]{{1,31}});"


def _new(old: str) -> str:
    *escapes, name = old[1:-1].split(";")
    if name[0] == "#":
        return html.unescape(f"&{name};")
    return html5.get(f"{name};") or (f"&{name};" if escapes else old)


def make_html() -> RunLevel:
    """Return the level that makes characters of references that end in ``;`` and have a known name or number."""
    return RunLevel("&", "unicode.html", _new, _PATTERN)
