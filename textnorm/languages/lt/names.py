"""Inflected names: one key for all cases, the nominative, any other case.

The key of a word is its stem and the class of its declension: ``nausėdA`` for *Nausėda, Nausėdos, Nausėdai …*.
Classes are few on purpose: ``M`` holds all masculines in *-as, -is, -ys, -us* and the third declension, ``P`` their
plurals (towns such as *Trakai*; a couple, *Petraičiai*), ``A`` names in *-a*, ``E`` names in *-ė*; so *Petraitis* and
*Petraitienė* are two keys, *Petraičio* and *Petraičiui* one. Where an ending leaves two classes open (*-ai*, *-ą*) the
other forms of the document decide. Source of the endings: the tables of `nouns` and `adjectives` (*Dabartinės lietuvių
kalbos gramatika*).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from textnorm.languages.lt.grammar import CASES, Case, Number, UnknownParadigmError, harden
from textnorm.languages.lt.nouns import decline, noun

_VOWELS = "aąeęėiįyouųū"
_APOSTROPHES = "'’ʼ"


class Reading(NamedTuple):
    """One way to read a word.

    Attributes:
        key: stem and class.
        weight: 0 to 1, how likely without any context.
        nominative: what to add to the stem for the nominative; ``None`` where the ending does not tell.
    """

    key: str
    weight: float
    nominative: str | None


# Ending -> readings (class, weight, ending of the nominative). A soft ending takes the i with it.
_ENDINGS: dict[str, list[tuple[str, float, str | None]]] = defaultdict(list)


#: Votes of a form that is a nominative itself.
_OWN = 3.0
#: Weight of a masculine accusative that looks like a genitive plural.
_PLURAL_TOO = 0.4


def _put(class_: str, weight: float, table: str) -> None:
    for item in table.split():
        endings, _, nominative = item.partition(">")
        for ending in endings.split(","):
            _ENDINGS[ending].append((class_, weight, nominative or None))


_put("M", 1.0, "as>as ias>ias is>is ys>ys us>us ius>ius")
_put("M", 0.9, "o>as io>is aus>us iaus>ius ui>as iui>is uje>us iuje>ius yje>is umi>us iumi>ius ies>is imi>is")
_put("M", 0.6, "ą>as į>is u>as iu>is")
_put("M", 0.5, "e>as")
_put("M", _PLURAL_TOO, "ų>us ių>ius")
_put("P", 0.5, "ai>ai iai>iai ų>ai ių>iai")
_put("P", 0.9, "ams>ai iams>iai ais>ai iais>iai uose>ai iuose>iai ims>ys imis>ys yse>ys")
_put("P", 0.45, "us>ai ius>iai")
_put("P", 0.3, "ys>ys")
_put("M", 0.3, "i>is au>us y>ys")
_put("M", 0.5, "am>as iam>is ame>as iame>is iems>i")
_put(
    "M",
    0.7,
    "asis>asis ysis>ysis usis>usis ojo>asis iojo>ysis ąjį>asis įjį>ysis uoju>asis iuoju>ysis",
)
_put("M", 0.9, "ajam>asis iajam>ysis")
_put("M", 0.7, "ajame>asis iajame>ysis ieji>ieji ųjų,iųjų>ieji iesiems>ieji uosius,iuosius>ieji aisiais,iaisiais>ieji")
_put("A", 1.0, "a>a ia>ia")
_put("A", 0.95, "os>a ios>ia oje>a ioje>ia oms>os ioms>ios omis>os iomis>ios ose>os iose>ios")
_put("A", 0.45, "ai>a iai>ia ą>a ią>ia")
_put("A", 0.1, "as>a ias>ia")
_put(
    "A",
    0.7,
    "oji>oji ioji>ioji osios>oji iosios>ioji ajai>oji iajai>ioji ąją>oji iąją>ioji ąja>oji iąja>ioji "
    "ojoje>oji iojoje>ioji",
)
_put("E", 1.0, "ė>ė ės>ė ei>ė ę>ė ėje>ė ėms>ės ėmis>ės ėse>ės")
_put("E", 0.3, "e>ė es>ė ių>ės")
_LONGEST = max(map(len, _ENDINGS))
#: Endings of a definite adjective in the singular (*jaunesnysis*) -> case.
_DEFINITE: dict[str, Case] = {
    "ysis": "nom",
    "iojo": "gen",
    "iajam": "dat",
    "įjį": "acc",
    "iuoju": "ins",
    "iajame": "loc",
    "ioji": "nom",
    "iosios": "gen",
    "iajai": "dat",
    "iąją": "acc",
    "iąja": "ins",
    "iojoje": "loc",
}
#: Suffixes of women's surnames; -e behind them is the instrumental.
_WOMEN = ("ien", "ait", "yt", "ut", "ūt", "iūt", "uv")


def _fold(word: str) -> str:
    return word.casefold().replace(".", "") or word


@lru_cache(maxsize=65536)
def readings(word: str) -> tuple[Reading, ...]:
    """Return the ways to read a word, best first; a word that no ending fits is its own key."""
    base, mark, ending = _cut(word)
    if mark:
        return _bare(base, ending)
    if "-" in word[1:-1]:
        parts = [readings(part)[0] for part in word.split("-") if part]
        return (Reading("-".join(part.key for part in parts), 1.0, None),)
    low = _fold(word)
    if len(low) < 3 or not low.isalpha():
        return (Reading(low, 1.0, ""),)
    if word.isupper() and len(word) <= 5:
        # An acronym, unless other words of the document say that it is a name in capitals.
        return (Reading(low, 0.9, ""), *(r._replace(weight=0.3 * r.weight) for r in readings(low) if r.key != low))
    found: dict[str, Reading] = {}
    for size in range(min(_LONGEST, len(low) - 2), 0, -1):
        for class_, weight, nominative in _ENDINGS.get(low[-size:], ()):
            stem = low[:-size]
            soft = low[-size] == "i" and size > 1 and low[-size + 1] in "aąouųūe"
            if not any(c in _VOWELS for c in stem) and len(stem) < 3:
                continue
            if stem[-1] == "i" and low[-size] in "aąouųū":
                continue  # the i belongs to the ending: a longer one has been tried
            if size == 2 and stem[-1] == "a" and low[-2:] in ("us", "is"):
                weight = 0.2  # the genitive -aus, the plural -ais
            if stem.endswith("ys") and low[-size:] == "is":
                weight = 0.3  # a definite adjective: jaunesnysis
            if stem.endswith("in") and low[-size:] in ("iam", "iame"):
                weight = 0.9  # an adjective: Konstituciniam
            if class_ == "E" and low.endswith("e") and stem.endswith(_WOMEN):
                weight = 0.9
            stem = harden(stem) if soft else stem
            key = stem + class_
            if key not in found or found[key].weight < weight:
                found[key] = Reading(key, weight, nominative)
    if low[-1] not in _VOWELS and low[-1] != "s":
        found[low + "M"] = Reading(low + "M", 0.8, "")
    elif low[-1] == "s":
        found.setdefault(low + "M", Reading(low + "M", 0.2, ""))
    if low[-1] in _VOWELS:
        found[low] = Reading(low, 0.25 if low[-1] not in "aė" else 0.05, "")
    return tuple(sorted(found.values(), key=lambda r: (-r.weight, r.key))) or (Reading(low, 1.0, ""),)


def _cut(word: str) -> tuple[str, str, str]:
    """Cut a foreign name from its ending behind an apostrophe (Google'o)."""
    for mark in _APOSTROPHES:
        base, found, ending = word.rpartition(mark)
        if found and base and len(base) > 2 and ending.islower() and ending in _ENDINGS:
            return base, mark, ending
    return word, "", ""


def _bare(base: str, ending: str) -> tuple[Reading, ...]:
    low = _fold(base)
    return (Reading(low + "M" if low[-1] not in _VOWELS else low, 1.0, ""),)


class Keys(dict[str, str]):
    """Word of a document -> its key; knows the words of a key, too."""

    #: What a key gains that a table knows.
    KNOWN = 1.0
    #: What a reading as a nominative singular gains.
    NOMINATIVE = 1.5

    def __init__(self, words: Iterable[str], known: Container[str] = ()) -> None:
        super().__init__()
        whole = sorted(words)
        parts = {part for word in whole if "-" in word[1:-1] for part in word.split("-") if part}
        single = sorted({word for word in whole if "-" not in word[1:-1]} | parts)
        options = {word: readings(word) for word in single}
        support: defaultdict[str, float] = defaultdict(float)
        in_us: set[str] = set()
        for found in options.values():
            for reading in found:
                support[reading.key] += reading.weight
                if reading.nominative in ("us", "ius") and reading.weight > _PLURAL_TOO:
                    in_us.add(reading.key)
        for key in support:
            if key in known:
                support[key] += self.KNOWN
        self.words: defaultdict[str, list[str]] = defaultdict(list)
        chosen: dict[str, str] = {}
        for word, found in options.items():
            # Aleknų, Kimų are several people; Butkų and Kubilių need not be.
            fit = [
                r
                for r in found
                if r.weight != _PLURAL_TOO or r.nominative not in ("us", "ius") or r.key in in_us or r.key in known
            ]
            # What looks like a nominative singular is one, unless a plural is far better known.
            best = max(
                fit or found,
                key=lambda r: (support[r.key] + (self.NOMINATIVE if r.weight == 1 else 0.5 * r.weight), r.weight),
            )
            chosen[word] = best.key
            self.words[best.key].append(word)
        for word in whole:
            if word in chosen:
                self[word] = chosen[word]
            else:
                key = self[word] = "-".join(chosen[part] for part in word.split("-") if part)
                self.words[key].append(word)


class LithuanianNames:
    """The inflection of names (:class:`textnorm.normalizers.coref.inflector.Inflector`)."""

    version = "2"

    def key(self, word: str) -> str:
        """Return the key of a nominative, or of a genitive that stays, without context."""
        return readings(word)[0].key

    def lemmas(self, words: Iterable[str], known: Container[str] = ()) -> Mapping[str, str]:
        """Return the keys of the words of a document; ``known`` are keys that win where the endings leave it open."""
        return Keys(words, known)

    def nominative(self, words: Sequence[str], type_: str, lemmas: Mapping[str, str]) -> tuple[str, ...]:
        """Return a name in the nominative.

        All words of a person's name change. Elsewhere the last does, and adjectives that agree with it; genitives
        before it stay (*Vilniaus universitetui*, *Vilniaus universitetas*).
        """
        out = list(words)
        last = len(words) - 1
        for i, word in enumerate(words):
            if type_ == "person" or i == last or _agrees(word):
                out[i] = self._one(word, lemmas)
        return tuple(out)

    def _one(self, word: str, lemmas: Mapping[str, str]) -> str:
        if "-" in word[1:-1]:
            return "-".join(self._one(part, lemmas) if part else part for part in word.split("-"))
        base, mark, _ = _cut(word)
        if mark:
            return base
        key = lemmas.get(word) or self.key(word)
        if len(_fold(word)) < 3:
            return word
        same = lemmas.words.get(key, [word]) if isinstance(lemmas, Keys) else [word]
        ending = _nominative_ending(key, tuple(same))
        return word if ending is None else _respell(word, _stem(key) + ending, ending)

    def in_case_of(
        self, words: Sequence[str], like: Sequence[str], type_: str, lemmas: Mapping[str, str]
    ) -> tuple[str, ...] | None:
        """Return a nominative name in the case in which ``like`` stands.

        ``None`` where the endings of ``like`` leave two cases open that would be written differently, or where a word
        cannot be declined.
        """
        cases = set(CASES[:6])
        number: Number = "sg"
        inflected = like if type_ == "person" else like[-1:]
        for word in inflected:
            if len(word.rstrip(".")) > 1:
                cases &= _cases(word, lemmas.get(word) or self.key(word))
        made = {self._declined(words, case, number, type_) for case in cases}
        if len(made) != 1:
            return None
        return made.pop()

    def may_be(self, word: str, key: str) -> bool:
        """Whether one of the readings of a word has a key.

        The genitive plural of names in *-a* counts here (*Valstijų*); for single names it is no reading at all, since
        there *-ų* belongs to the masculines.
        """
        plural = key[-1:] == "A" and _fold(word) in (key[:-1] + "ų", key[:-1] + "ių")
        return plural or any(reading.key == key for reading in readings(word))

    def agree(self, name: str, adjective: str) -> bool:
        """Whether a definite adjective behind a name may belong to it, by its case.

        *Petraičiui jaunesniajam*, but not *Petraičio jaunesnysis sūnus*.
        """
        low = _fold(adjective)
        case = next((case for ending, case in _DEFINITE.items() if low.endswith(ending)), None)
        return case is not None and any(case in _cases(name, reading.key) for reading in readings(name))

    def _declined(self, words: Sequence[str], case: Case, number: Number, type_: str) -> tuple[str, ...] | None:
        out = list(words)
        for i, word in enumerate(words):
            if len(word.rstrip(".")) <= 1 or (type_ != "person" and i < len(words) - 1):
                if type_ != "person" and _agrees(word):
                    return None
                continue
            form = _decline(word, case, number)
            if form is None:
                return None
            out[i] = form
        return tuple(out)


def _agrees(word: str) -> bool:
    """Whether a word before the head is an adjective that changes with it."""
    low = _fold(word)
    stem = next(
        (
            low[: -len(e)]
            for e in ("iam", "iame", "io", "iu", "į", "is", "ė", "ės", "ei", "ę", "e", "ėje")
            if low.endswith(e)
        ),
        "",
    )
    definite = (
        "asis",
        "ysis",
        "usis",
        "ojo",
        "ajam",
        "ąjį",
        "uoju",
        "ajame",
        "oji",
        "osios",
        "ajai",
        "ąją",
        "ąja",
        "ojoje",
    )
    return stem.endswith("in") or low.endswith(definite)


def _stem(key: str) -> str:
    return key[:-1] if key[-1] in "MPAE" else key


@lru_cache(maxsize=16384)
def _nominative_ending(key: str, words: tuple[str, ...]) -> str | None:
    """Return the ending of the nominative that explains most of the words of a key."""
    votes: defaultdict[str, float] = defaultdict(float)
    for word in words:
        for reading in readings(word):
            if reading.key == key and reading.nominative is not None:
                # A form that is a nominative itself is the best witness.
                own = _fold(word).endswith(reading.nominative) and reading.weight >= 0.8
                votes[reading.nominative] += _OWN if own else reading.weight
    if key[-1] in "MP" and len(votes) > 1 and max(votes.values()) < _OWN:
        for nominative in votes:
            lemma = _respell(words[0], _stem(key) + nominative, nominative)
            forms = {_decline(_fold(lemma), case, "sg") for case in CASES}
            votes[nominative] += sum(_fold(word) in forms for word in words)
    return max(sorted(votes), key=lambda n: votes[n]) if votes else None


def _respell(word: str, made: str, ending: str) -> str:
    """Give a made nominative the capitals of the word it is made of; *č* and *dž* come back before a soft ending."""
    stem = made[: len(made) - len(ending)] if ending else made
    if len(ending) > 1 and ending[0] == "i" and ending[1] in "aąouųū":
        low = _fold(word)
        if low.startswith((stem[:-1] + "č", stem[:-1] + "dž")):
            stem = low[: len(stem) + (low[len(stem) - 1 : len(stem) + 1] == "dž")]
    made = stem + ending
    if word.isupper():
        return made.upper()
    shared = 0
    while shared < min(len(word), len(made)) and _fold(word[shared]) == made[shared]:
        shared += 1
    return word[:shared] + made[shared:] if shared else word[0] + made[1:]


@lru_cache(maxsize=16384)
def _cases(word: str, key: str) -> frozenset[Case]:
    """Return the cases of the singular in which a word of a key may stand."""
    low = _fold(word)
    out: set[Case] = set()
    for reading in readings(word):
        if reading.key != key or not reading.nominative:
            continue
        for nominative in {"is", "ys"} if reading.nominative in ("is", "ys") else {reading.nominative}:
            lemma = _respell(low, _stem(key) + nominative, nominative)
            for case in CASES[:6]:
                if _decline(lemma, case, "sg") == low:
                    out.add(case)
    if not out and key.endswith("M") and low == _stem(key):
        out.add("nom")
    return frozenset(out)


@lru_cache(maxsize=16384)
def _decline(word: str, case: Case, number: Number) -> str | None:
    """Return a case of a name in the nominative; ``None`` where its ending belongs to no declension."""
    if case == "nom":
        return word
    low = _fold(word)
    lemma = word
    if low[-1] not in _VOWELS and low[-1] != "s":
        lemma = word + "as"  # Johnson, Johnsono
    if not _fold(lemma).endswith(("as", "is", "ys", "us", "a", "ė")):
        return None
    try:
        return decline(noun(lemma, plural_only=False), case, number)
    except UnknownParadigmError:
        return None


def make_inflector() -> LithuanianNames:
    """Return the inflector registered as ``textnorm.lt.names.v1``."""
    return LithuanianNames()
