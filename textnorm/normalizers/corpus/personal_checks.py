"""Check digits and shapes of codes that name a person, an account or a company.

Each check takes the surface of a match and returns what is known of it (the code without spaces, its country …), or
``None`` where the surface cannot be such a code. Sources are named in each.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from datetime import date
from functools import cache
from typing import Any

Facts = dict[str, Any]
Check = Callable[[str], Facts | None]

#: Length of an IBAN by country (SWIFT IBAN Registry).
IBAN_LENGTHS = {
    code: int(length)
    for code, length in (
        item.split(":")
        for item in (
            "AD:24 AE:23 AL:28 AT:20 AZ:28 BA:20 BE:16 BG:22 BH:22 BR:29 CH:21 CR:22 CY:28 CZ:24 DE:22 DK:18 DO:28 "
            "EE:20 EG:29 ES:24 FI:18 FO:18 FR:27 GB:22 GE:22 GI:23 GL:18 GR:27 GT:28 HR:21 HU:28 IE:22 IL:23 IQ:23 "
            "IS:26 IT:27 JO:30 KW:30 KZ:20 LB:28 LI:21 LT:20 LU:20 LV:21 MC:27 MD:24 ME:22 MK:19 MR:27 MT:31 MU:30 "
            "NL:18 NO:15 PK:24 PL:28 PS:29 PT:25 QA:29 RO:24 RS:22 SA:24 SE:24 SI:19 SK:24 SM:27 TN:24 TR:26 UA:29 "
            "VA:22 VG:24 XK:20"
        ).split()
    )
}


def _digits(surface: str) -> str:
    return "".join(c for c in surface if c.isascii() and c.isdigit())


def _weighted(digits: str, first: int) -> int:
    """Return the sum of digits, the k-th times the k-th of the weights first, first + 1 … 9, 1 … modulo 11."""
    return sum((first - 1 + i) % 9 * int(d) + int(d) for i, d in enumerate(digits)) % 11


def mod11(digits: str) -> int:
    """Return the check digit that Lithuanian and Estonian registers use: weights from 1, where that gives 10 from 3."""
    rest = _weighted(digits, 1)
    if rest == 10:
        rest = _weighted(digits, 3)
    return rest % 10


def lt_personal_code(surface: str) -> Facts | None:
    """Personal code of Lithuania or Estonia: sex and century, date of birth, number, check digit."""
    code = _digits(surface)
    if len(code) != 11 or code[0] not in "123456" or mod11(code[:10]) != int(code[10]):
        return None
    century = 1800 + (int(code[0]) - 1) // 2 * 100
    try:
        born = date(century + int(code[1:3]), int(code[3:5]), int(code[5:7]))
    except ValueError:
        return None
    return {"code": code, "country": "LT|EE", "born": born.isoformat()}


def lv_personal_code(surface: str) -> Facts | None:
    """Personal code of Latvia in its old form: date of birth, century, number, check digit."""
    code = _digits(surface)
    weights = (1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    if len(code) != 11 or code[6] not in "012":
        return None
    if (1101 - sum(w * int(d) for w, d in zip(weights, code, strict=False))) % 11 % 10 != int(code[10]):
        return None
    try:
        born = date(1800 + 100 * int(code[6]) + int(code[4:6]), int(code[2:4]), int(code[:2]))
    except ValueError:
        return None
    return {"code": f"{code[:6]}-{code[6:]}", "country": "LV", "born": born.isoformat()}


def iban(surface: str) -> Facts | None:
    """International bank account number: the country's length, modulo 97 (ISO 13616, ISO 7064)."""
    code = "".join(surface.split()).upper()
    if not code.isascii() or not code.isalnum() or IBAN_LENGTHS.get(code[:2]) != len(code):
        return None
    if int("".join(str(int(c, 36)) for c in code[4:] + code[:4])) % 97 != 1:
        return None
    return {"code": code, "country": code[:2]}


def card(surface: str) -> Facts | None:
    """Number of a payment card: 13 to 19 digits, Luhn's check digit (ISO/IEC 7812)."""
    code = _digits(surface)
    if not 13 <= len(code) <= 19 or len(set(code)) == 1:
        return None
    doubled = sum(sum(divmod(2 * int(d), 10)) for d in code[-2::-2])
    return {"code": code} if (doubled + sum(map(int, code[-1::-2]))) % 10 == 0 else None


def lt_company_code(surface: str) -> Facts | None:
    """Code in Lithuania's register of legal entities: nine digits with a check digit."""
    code = _digits(surface)
    return {"code": code, "country": "LT"} if len(code) == 9 and mod11(code[:8]) == int(code[8]) else None


def lt_vat_code(surface: str) -> Facts | None:
    """Lithuanian VAT code: LT and nine or twelve digits, the last but one a 1, the last a check digit."""
    code = _digits(surface)
    if len(code) not in (9, 12) or code[-2] != "1" or mod11(code[:-1]) != int(code[-1]):
        return None
    return {"code": f"LT{code}", "country": "LT"}


def lt_phone(surface: str) -> Facts | None:
    """Lithuanian number: eight digits behind +370, 00370, 8 or 0; the first 3 to 9."""
    code = _digits(surface).removeprefix("00")
    national = code[3:] if code.startswith("370") else code[1:]
    if len(national) != 8 or national[0] not in "3456789":
        return None
    return {"code": f"+370{national}", "country": "LT"}


def phone(surface: str) -> Facts | None:
    """International number: a plus sign and 8 to 15 digits (ITU-T E.164)."""
    code = _digits(surface)
    return {"code": f"+{code}"} if 8 <= len(code) <= 15 and code[0] != "0" else None


def ip_address(surface: str) -> Facts | None:
    """Address of the Internet Protocol, version 4 or 6: no mask, and of enough digits to be no number of a clause."""
    if "." in surface and len(_digits(surface)) < 8:
        return None
    try:
        found = ipaddress.ip_address(surface)
    except ValueError:
        return None
    if found.is_unspecified or surface.startswith(("0.", "255.")):
        return None
    return {"code": str(found), "version": found.version}


def digits(surface: str) -> Facts | None:
    """Anything: what it is, its words to the left said."""
    return {"code": "".join(surface.split())}


def text(surface: str) -> Facts | None:
    """The surface itself."""
    return {"code": surface}


@cache
def checks() -> dict[str, Check]:
    """Return the checks by the name that a table of patterns uses."""
    made = (
        lt_personal_code, lv_personal_code, iban, card, lt_company_code, lt_vat_code,
        lt_phone, phone, ip_address, digits, text,
    )  # fmt: skip
    return {check.__name__: check for check in made}
