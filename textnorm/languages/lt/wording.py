"""Inflected forms that a reading is made of, each entered in the account of its request.

An account says what ``explain`` shows: the words, their kind, case, gender and number.
"""

from __future__ import annotations

from textnorm.languages.lt.account import account
from textnorm.languages.lt.adjectives import decline_phrase, phrase_noun
from textnorm.languages.lt.cardinals import One, cardinal, noun_form
from textnorm.languages.lt.demand import CASE_NAMES
from textnorm.languages.lt.grammar import Case, Gender, Number
from textnorm.languages.lt.numerals import decimal
from textnorm.languages.lt.ordinals import ordinal, year
from textnorm.rules.reading import Request

_ORDINAL = {False: "ordinal", True: "pronominal ordinal"}


class Forms:
    """Makes forms and accounts for them.

    Attributes:
        one: whether *vienas* is said before šimtas, tūkstantis …
    """

    one: One

    def _cardinal(self, request: Request, n: int, case: Case, gender: Gender, *, plural_only: bool = False) -> str:
        form = cardinal(n, case, gender, series="plural_only" if plural_only else "plain", one=self.one)
        kind = "plural-only cardinal" if plural_only else "cardinal"
        counted = noun_form(n)
        # Tens and teens have one form for both genders.
        shown = None if counted == "gen_pl" else gender
        request.grammar.append(account(form, kind, case, shown, "sg" if counted == "sg" else "pl"))
        return form

    def _ordinal_form(
        self, request: Request, n: int, case: Case, gender: Gender, number: Number, *, definite: bool = False
    ) -> str:
        form = ordinal(n, case, gender, number, definite=definite, one=self.one)
        request.grammar.append(account(form, _ORDINAL[definite], case, gender, number))
        return form

    def _year(self, request: Request, n: int, case: Case, *, definite: bool = False) -> str:
        form = year(n, case, definite=definite, one=self.one)
        request.grammar.append(account(form, _ORDINAL[definite or n % 100 == 0], case, "m", "pl"))
        return form

    @staticmethod
    def _words(request: Request, phrase: str, case: Case, number: Number) -> str:
        form = decline_phrase(phrase, case, number)
        request.grammar.append(account(form, "noun", case, phrase_noun(phrase).gender, number))
        return form

    @staticmethod
    def _decimal(request: Request, whole: str, part: str, case: Case = "nom") -> str:
        form = decimal(whole, part, case)
        request.grammar.append(account(form, "decimal", case))
        request.why.append(f"{CASE_NAMES[case]}: as decimals are said")
        return form
