"""The switches of Unicode repair and their values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from textnorm.errors import ConfigError, choices
from textnorm.normalizers.unicode.form import Form

_BOOL: tuple[Any, ...] = (True, False)

#: Allowed values of every switch, the default first.
ALLOWED: dict[str, tuple[Any, ...]] = {
    "html": (False, True),
    "mojibake": _BOOL,
    "surrogates": _BOOL,
    "control": _BOOL,
    "invisible": _BOOL,
    "ligatures": (False, True),
    "width": (False, True),
    "spaces": ("plain", "collapse", "off"),
    "quotes": ("off", "straight", "lithuanian"),
    "dashes": ("off", "ascii", "en"),
    "confusables": (False, True),
    "lt_stress": ("keep", "strip", "compose"),
    "form": ("NFC", "NFKC", None),
}


@dataclass(frozen=True, slots=True)
class Switches:
    """One switch a level, in the order of work; a level sees the text after the ones before it.

    Attributes:
        html: HTML character references become characters.
        mojibake: text decoded in a wrong encoding is decoded again, as ftfy decides.
        surrogates: surrogate pairs become one character, lone ones U+FFFD.
        control: terminal escapes and C0/C1 controls go; tab and line ends stay.
        invisible: zero-width and bidirectional controls and soft hyphens go where no script needs them.
        ligatures: Latin typographic ligatures (U+FB00 to U+FB06) become letters.
        width: full-width ASCII variants and signs become ordinary ones.
        spaces: ``plain`` makes every Unicode space U+0020, ``collapse`` also joins runs of them; ``off``.
        quotes: ``straight``, ``lithuanian`` („…“) or ``off``.
        dashes: ``ascii`` (-), ``en`` (– where a dash is meant) or ``off``.
        confusables: look-alike letters of another script within a word become the word's own.
        lt_stress: Lithuanian stress marks: ``keep``, ``strip`` or ``compose``.
        form: Unicode normalization form, ``NFC``, ``NFKC`` or ``None``.
    """

    html: bool = False
    mojibake: bool = True
    surrogates: bool = True
    control: bool = True
    invisible: bool = True
    ligatures: bool = False
    width: bool = False
    spaces: str = "plain"
    quotes: str = "off"
    dashes: str = "off"
    confusables: bool = False
    lt_stress: str = "keep"
    form: Form | None = "NFC"

    @classmethod
    def of(cls, **switches: Any) -> Switches:
        """Return checked switches.

        Raises:
            ConfigError: a switch or a value that does not exist; lists those that do.
        """
        for name, value in switches.items():
            if name not in ALLOWED:
                msg = f"textnorm.unicode.v1 has no switch '{name}'. {choices(name, ALLOWED)}"
                raise ConfigError(msg)
            if not any(value is known or (isinstance(value, str) and value == known) for known in ALLOWED[name]):
                known = ", ".join(map(repr, ALLOWED[name]))
                msg = f"textnorm.unicode.v1: the switch '{name}' cannot be {value!r}. Known: {known}."
                raise ConfigError(msg)
        return cls(**switches)

    def changed(self) -> dict[str, Any]:
        """Return the switches that differ from their default."""
        default = {f.name: f.default for f in fields(self)}
        return {name: value for name, value in asdict(self).items() if value != default[name]}
