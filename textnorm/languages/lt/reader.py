"""Reading functions of Lithuanian: what the slots of the rule pack's templates call.

A function takes the request (one match), the group's text and the slot's arguments. Arguments are words in any order:
a case (``gen``), a case asked of the context (``@`` or ``@acc``: that one where nothing governs), a gender (``m``,
``f``), a number (``sg``, ``pl``), ``def`` for the pronominal form, and names whose meaning the function gives.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Literal, cast, get_args

from textnorm.errors import ConfigError
from textnorm.languages.lt.adjectives import decline_phrase, phrase_noun
from textnorm.languages.lt.agreement import Agreement, agree, case_of
from textnorm.languages.lt.compounds import compound_stem
from textnorm.languages.lt.context import Context, context_key
from textnorm.languages.lt.following import ordinal_of
from textnorm.languages.lt.grammar import Case, Gender, NumberRangeError, words
from textnorm.languages.lt.numerals import cardinal, decimal, fraction, noun_form
from textnorm.languages.lt.ordinals import Match, ordinal, ordinal_from_ending, year
from textnorm.languages.lt.slots import Demand, parse_args, parts_of, roman_value, to_int
from textnorm.languages.lt.spelling import spell, spell_address, spell_code, spell_digits
from textnorm.languages.lt.tagger import analyse
from textnorm.rules.pack import Rule, Table
from textnorm.rules.reading import Abstain, NotThisRule, ReadFunction, Request
from textnorm.rules.template import Slot

One = Literal["drop", "keep"]
Acronyms = Literal["spell", "keep"]
PhoneDigits = Literal["single", "group"]

_PHRASE_TABLES = ("currencies", "units", "percent", "magnitudes")
#: Names of the months, January first.
MONTHS = words(
    "sausis vasaris kovas balandis gegužė birželis liepa rugpjūtis rugsėjis spalis lapkritis gruodis"
)
_PASSED = frozenset(
    (
        *words("m. metų mėn. mėnesio str. straipsnio d. dalies p. punkto skyriaus"),
        *(decline_phrase(month, "gen", "sg") for month in MONTHS),
    )
)
#: Functions whose first name is a group of the pattern.
_GROUPED = frozenset(words("count counted written ranged year_like roman_ruler roman_written"))
#: Functions that need a name (of a group, a table, a noun) among their arguments.
_NAMING = _GROUPED | {"amount", "table"}
#: A share: the genitive behind it is the whole (1/3 narių), not what an amount describes.
_SHARE = frozenset(("percent",))
#: Tables that functions look things up in.
_TABLES = {
    "count": _PHRASE_TABLES,
    "counted": _PHRASE_TABLES,
    "unit": _PHRASE_TABLES,
    "month": ("months",),
    "roman_ruler": ("rulers",),
    "letters": ("letters",),
    "code": ("letters", "signs"),
    "address": ("letters", "signs"),
}


class LithuanianReader:
    """Reading functions of Lithuanian with the conventions that a user chose.

    Args:
        one: ``drop`` says *šimtas*, ``keep`` says *vienas šimtas* (and the like for larger units).
        acronyms: ``spell`` says the names of the letters, ``keep`` leaves acronyms as written.
        phone_digits: ``single`` reads telephone numbers digit by digit, ``group`` by the groups as written.
    """

    version = "1"

    def __init__(
        self, *, one: One = "drop", acronyms: Acronyms = "spell", phone_digits: PhoneDigits = "single"
    ) -> None:
        for name, value, known in (
            ("one", one, get_args(One)),
            ("acronyms", acronyms, get_args(Acronyms)),
            ("phone_digits", phone_digits, get_args(PhoneDigits)),
        ):
            if value not in known:
                msg = f"The option '{name}' of the Lithuanian reader is one of {', '.join(known)}, not '{value}'."
                raise ConfigError(msg)
        self.one: One = one
        self.acronyms: Acronyms = acronyms
        self.phone_digits: PhoneDigits = phone_digits
        self.functions: Mapping[str, ReadFunction] = {
            name.removeprefix("read_"): getattr(self, name) for name in dir(type(self)) if name.startswith("read_")
        }

    def __getstate__(self) -> dict[str, str]:
        return {"one": self.one, "acronyms": self.acronyms, "phone_digits": self.phone_digits}

    def __setstate__(self, state: dict[str, str]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def context(self, text: str, start: int, end: int) -> Hashable:
        """Return the words around a slot: the fields of :class:`textnorm.languages.lt.context.Context`.

        A plain tuple of strings, since engines keep very many of them and the garbage collector leaves those alone.
        """
        return tuple(context_key(text, start, end))

    def starts_sentence(self, word: str) -> bool:
        """Return whether a capitalised word after an abbreviation opens a sentence.

        A name beside a quantity or date is mostly an attribute in the genitive or a place in the locative (8 proc.
        Lietuvos įmonių, 15 val. Vilniuje), or an acronym; a word in any other form opens a sentence.
        """
        if len(word) < 2 or word.isupper():
            return False
        return not any(r.case in ("gen", "loc") for r in analyse(word.lower()) if r.pos == "noun")

    def check_args(self, slot: Slot, rule: Rule, tables: Mapping[str, Table]) -> None:
        """Raise ``ValueError`` for a slot that cannot be read: no such table or group, or no context to ask."""
        demand = parse_args(slot.args)
        function = slot.function
        if function in _NAMING and not demand.names:
            msg = f"'{function}' needs a name among its arguments."
            raise ValueError(msg)
        if function in _GROUPED and demand.names[0] not in rule.exact.groupindex:
            msg = f"'{function}' names the group '{demand.names[0]}', which the pattern lacks."
            raise ValueError(msg)
        needed = demand.names[:1] if function == "table" else _TABLES.get(function, ())
        for name in needed:
            if name not in tables:
                msg = f"'{function}' needs a table '{name}'. Known: {', '.join(sorted(tables))}."
                raise ValueError(msg)
        asks = demand.asked or "next" in demand.names or function == "ranged"
        if (asks or (function in ("card", "count") and demand.case is None)) and not rule.context:
            msg = f"'{function}' asks the context here, but the rule says context = false."
            raise ValueError(msg)
        if slot.function == "word":
            decline_phrase(slot.text, demand.case or "nom", demand.number or "sg")
        if slot.function == "amount":
            decline_phrase(demand.names[0], "nom", "sg")

    # -- cases -------------------------------------------------------------------------------------------------------
    def _case(
        self, request: Request, demand: Demand, *, amount: bool = False, classes: frozenset[str] = frozenset()
    ) -> Case:
        if not demand.asked:
            return demand.case or "nom"
        default = demand.case or "nom"
        key = f"case:{default}:{amount}"
        if key not in request.state:
            context = _context(request)
            if not amount:
                # "po kovo 11 d.": the preposition governs the day across the year and month before it.
                context = context._replace(left=_before_date(context.left))
            case, confidence, why = case_of(context, default=default, number_like=amount, classes=classes)
            if not amount and why.endswith("no governing word"):
                # Nothing governs, so the rule's own case stands: the usual one for what it reads.
                confidence, why = max(confidence, 0.9), why.replace("no governing word", "usual for this class")
            self._note(request, confidence, why)
            request.state[key] = case
        return cast(Case, request.state[key])

    @staticmethod
    def _note(request: Request, confidence: float, why: str) -> None:
        request.confidence = min(request.confidence, confidence)
        if why:
            request.why.append(why)

    def _cardinal(self, n: int, case: Case, gender: Gender, *, plural_only: bool = False) -> str:
        return cardinal(n, case, gender, series="plural_only" if plural_only else "plain", one=self.one)

    def _agreed(self, request: Request, n: int, agreement: Agreement) -> str:
        self._note(request, agreement.confidence, agreement.why)
        if agreement.kind == "ord":
            return ordinal(
                n, agreement.case, agreement.gender, agreement.number, definite=agreement.definite, one=self.one
            )
        return cardinal(n, agreement.case, agreement.gender, series=agreement.series, one=self.one)

    # -- numbers -----------------------------------------------------------------------------------------------------
    def read_card(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Cardinal; without a case it agrees with the noun it counts and with what governs the two."""
        demand = parse_args(args)
        n = to_int(text)
        if demand.case is not None:
            return self._cardinal(n, self._case(request, demand), demand.gender or "m")
        return self._agreed(request, n, agree(_context(request), n))

    def read_ranged(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """One end of a range; the noun agrees with the upper end (group named by the argument), and so do both."""
        if "ranged" not in request.state:
            upper = to_int(request.groups[parse_args(args).names[0]])
            agreement = agree(_context(request), upper)
            if agreement.kind == "card" and _legal_follows(_context(request)):
                # 1-5 dalyse: each part is one of its law, so the ordinals are singular.
                agreement = agreement._replace(kind="ord", number="sg")
            request.state["ranged"] = agreement
        return self._agreed(request, to_int(text), request.state["ranged"])

    def read_number(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Cardinal or decimal, in the nominative unless a case is given: mathematics, scores, codes."""
        demand = parse_args(args)
        whole, part = parts_of(text)
        if part:
            return decimal(whole, part, demand.case or "nom")
        return self._cardinal(int(whole), self._case(request, demand), demand.gender or "m")

    def read_decimal(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Decimal; both parts stay in the nominative, as decimals are usually read."""
        whole, part = parts_of(text)
        if not part:
            raise NotThisRule
        return decimal(whole, part, parse_args(args).case or "nom")

    def read_fraction(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Common fraction ``2/3``, declined as the context demands."""
        top, _, bottom = text.partition("/")
        try:
            return fraction(int(top), int(bottom), self._case(request, parse_args(args), amount=True, classes=_SHARE))
        except NumberRangeError as error:
            raise NotThisRule from error

    def read_count(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Number that counts the unit in the group named by the argument; the unit's gender, the context's case."""
        demand = parse_args(args)
        phrase = self._phrase(request, request.groups[demand.names[0]])
        noun = phrase_noun(phrase)
        whole, part = parts_of(text)
        if part:
            return decimal(whole, part)
        n = int(whole)
        if demand.case is not None:
            case = self._case(request, demand, amount=True)
        else:
            if "count" not in request.state:
                request.state["count"] = agree(
                    _context(request), n, noun=noun.lemma, noun_gender=noun.gender, plural_only=noun.plural_only
                )
                self._note(request, request.state["count"].confidence, request.state["count"].why)
            case = request.state["count"].case
        request.state["counted"] = case
        return self._cardinal(n, case, noun.gender, plural_only=noun.plural_only)

    def read_counted(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Unit, in the form that the number of the group named by the argument demands."""
        demand = parse_args(args)
        number_text = request.groups[demand.names[0]]
        phrase = self._phrase(request, text)
        whole, part = parts_of(number_text)
        if part:
            return decline_phrase(phrase, "gen", "sg")
        return self._after(phrase, int(whole), cast(Case, request.state.get("counted", "nom")))

    @staticmethod
    def _after(phrase: str, n: int, case: Case) -> str:
        form = noun_form(n)
        if form == "gen_pl":
            return decline_phrase(phrase, "gen", "pl")
        return decline_phrase(phrase, case, form)

    def read_amount(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Number and its noun, which the last argument gives: ``{m:amount minutė @acc}``; 0 gives nothing."""
        demand = parse_args(args)
        n = to_int(text)
        if n == 0:
            return ""
        noun = phrase_noun(demand.names[0])
        case = self._case(request, demand, amount="clock" not in demand.names)
        words = self._cardinal(n, case, noun.gender, plural_only=noun.plural_only)
        return f"{words} {self._after(demand.names[0], n, case)}"

    def read_unit(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Unit in a given case and number."""
        demand = parse_args(args)
        case = self._case(request, demand, amount=True)
        return decline_phrase(self._phrase(request, text), case, demand.number or "sg")

    def _phrase(self, request: Request, surface: str) -> str:
        for name in _PHRASE_TABLES:
            row = request.tables[name].by_surface.get(surface)
            if row is not None:
                return row["phrase"]
        raise NotThisRule

    def read_compound(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Stem of a numeral in a compound (13-metis *trylikametis*)."""
        try:
            return compound_stem(to_int(text))
        except NumberRangeError as error:
            raise NotThisRule from error

    # -- ordinals, years, dates --------------------------------------------------------------------------------------
    def read_ord(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Ordinal: of the demanded form, or (``next``) agreeing with the noun that follows the match."""
        demand = parse_args(args)
        return self._ordinal(request, to_int(text), demand)

    def read_roman(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Roman numeral as an ordinal, as :meth:`read_ord`."""
        return self._ordinal(request, roman_value(text), parse_args(args))

    def read_roman_written(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Roman numeral with a written ending, as :meth:`read_written`."""
        return self.read_written(request, str(roman_value(text)), args)

    def read_roman_ruler(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Roman numeral behind a ruler's name: pronominal, capitalised, in the case and gender of the name."""
        name = request.groups[parse_args(args).names[0]]
        row = request.tables["rulers"].by_surface.get(name)
        if row is not None:
            case, gender = cast(Case, row["case"]), cast(Gender, row["gender"])
        else:
            readings = [r for r in analyse(name) if r.pos == "noun" and r.number == "sg"]
            if not readings:
                raise NotThisRule
            case, gender = readings[0].case, readings[0].gender
        form = ordinal(roman_value(text), case, gender, "sg", definite=True)
        return form[0].upper() + form[1:]

    def _ordinal(self, request: Request, n: int, demand: Demand) -> str:
        if "next" in demand.names:
            agreement = ordinal_of(_context(request), n)
            if agreement is None:
                raise NotThisRule
            return self._agreed(request, n, agreement._replace(definite=demand.definite or agreement.definite))
        return ordinal(
            n,
            self._case(request, demand),
            demand.gender or "m",
            demand.number or "sg",
            definite=demand.definite,
            one=self.one,
        )

    def read_written(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Number with a written ending (group named by the argument): the ending is checked against the paradigm."""
        matches = ordinal_from_ending(to_int(text), request.groups[parse_args(args).names[0]])
        if not matches:
            raise NotThisRule
        chosen = self._choose(request, to_int(text), matches)
        request.alternatives.extend(m.form for m in matches[:4] if m.form != chosen.form)
        request.why.append(f"written ending: {chosen.kind}, {chosen.case}, {chosen.gender}, {chosen.number}")
        return chosen.form

    def _choose(self, request: Request, n: int, matches: list[Match]) -> Match:
        if len({m.form for m in matches}) == 1:
            return matches[0]
        agreement = ordinal_of(_context(request), n)
        if agreement is not None:
            wanted = (agreement.case, agreement.gender, agreement.number)
            for match in matches:
                if (match.case, match.gender, match.number) == wanted and match.kind in ("ord", "ord_def"):
                    return match
        return matches[0]

    def read_year(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Number of a year, the plural ordinal before *metai*."""
        demand = parse_args(args)
        value = to_int(text)
        if value < 1:
            raise NotThisRule
        if "next" in demand.names:
            agreement = ordinal_of(_context(request), value, plural=True)
            if agreement is None:
                raise NotThisRule
            self._note(request, agreement.confidence, agreement.why)
            return year(value, agreement.case, definite=demand.definite, one=self.one)
        return year(value, self._case(request, demand), definite=demand.definite, one=self.one)

    def read_year_like(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Number of a year in the case of the form of *metai* in the group named by the argument."""
        forms = [r.case for r in analyse(request.groups[parse_args(args).names[0]].lower()) if r.number == "pl"]
        if not forms or to_int(text) < 1:
            raise NotThisRule
        return year(to_int(text), forms[0], one=self.one)

    def read_month(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Month by its number or its genitive."""
        demand = parse_args(args)
        rows = request.tables["months"].rows
        low = text.lower()
        for row in rows:
            if low in (row["surface"], row["lemma"]) or (text.isdigit() and int(text) == int(row["number"])):
                return decline_phrase(row["lemma"], self._case(request, demand), "sg")
        raise NotThisRule

    # -- words, letters, codes ---------------------------------------------------------------------------------------
    def read_word(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Words given in the template, inflected: ``{=diena | @acc}``."""
        demand = parse_args(args)
        return decline_phrase(text, self._case(request, demand), demand.number or "sg")

    def read_table(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Column ``reading`` of the named table for the group's text; a phrase with a head is inflected."""
        demand = parse_args(args)
        table = request.tables[demand.names[0]]
        row = table.by_surface.get(text) or table.by_surface.get(text.lower())
        if row is None:
            raise NotThisRule
        reading = row["reading"] if "reading" in row else row["lemma"]
        if reading == "=":
            raise Abstain(row.get("note") or "left as written")
        if demand.case is not None or "*" in reading:
            reading = decline_phrase(reading, self._case(request, demand), demand.number or "sg")
        return reading

    def read_letters(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Letters by their names, joined by hyphens; endings behind a hyphen are kept."""
        if self.acronyms == "keep":
            msg = "acronyms are left as written"
            raise Abstain(msg)
        return spell(text, request.tables["letters"].by_surface)

    def read_digits(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Digit by digit."""
        return spell_digits(text)

    def read_phone(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Telephone number: digits singly, or by the groups as written."""
        return spell_digits(text, grouped=self.phone_digits == "group")

    def read_code(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Code of letters and digits: letters by name, digits singly; hyphens and strokes are silent or named."""
        return spell_code(text, request.tables["letters"].by_surface, dict(request.tables["signs"].by_surface))

    def read_address(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """Address on the net: dots and signs named, known short endings spelled."""
        tables = request.tables
        return spell_address(text, tables["letters"].by_surface, tables["signs"].by_surface)

    def read_same(self, request: Request, text: str, args: tuple[str, ...]) -> str:
        """The text itself."""
        return text


def _legal_follows(context: Context) -> bool:
    return bool(context.right) and any("legal" in r.classes and r.number == "pl" for r in analyse(context.right[0]))


def _before_date(left: tuple[str, ...]) -> tuple[str, ...]:
    """Drop what stands between a governing word and the slot: year and month, or the parts of a law before this one."""
    end = len(left)
    while end:
        token = left[end - 1]
        number = token == "#y" or (token[0] == "#" and end < len(left))
        if token not in _PASSED and not number:
            break
        end -= 1
    return left[:end]


def _context(request: Request) -> Context:
    if request.context is None:
        msg = f"the rule '{request.rule.id}' reads by context but declares context = false"
        raise TypeError(msg)
    return Context._make(request.context)


def make_reader(**options: str) -> LithuanianReader:
    """Return the reader registered as ``textnorm.lt.v1``; options are those of :class:`LithuanianReader`.

    Raises:
        ConfigError: an option or value that does not exist.
    """
    try:
        return LithuanianReader(**options)  # type: ignore[arg-type]
    except TypeError as error:
        msg = f"Unknown option of the Lithuanian reader: {error}. Known: one, acronyms, phone_digits."
        raise ConfigError(msg) from error
