"""What the ending of a Lithuanian noun does not tell: word lists, written from the grammar.

The lists hold what a reader of numbers meets (units, time, people, documents, things that are counted); they are not a
dictionary. A noun that is missing can always be declared with its gender (`nouns.noun`).
"""

from __future__ import annotations

from textnorm.languages.lt.grammar import Gender, words

FEMININE_IN_IS: frozenset[str] = frozenset(
    words(
        "akis antis apimtis ašis atitiktis atmintis ausis avis buitis būtis dalis gentis grandis griūtis ietis iltis "
        "išeitis išimtis išmintis išvestis įvestis kartis klėtis krosnis krūtis lygtis lytis mintis mirtis naktis "
        "nosis nutartis obelis padėtis paskirtis patirtis pažintis pilis pilnatis pirtis prigimtis pusnis pušis rūšis "
        "skiltis skirtis slinktis smiltis spūstis sritis stotis sudėtis sutartis svirtis šaknis šalis širdis šlaunis "
        "tartis trintis ugnis valtis viltis vinis žąsis žuvis žūtis"
    )
)
"""Third-declension feminines (dalis, dalies); every other lemma in *-is* is taken for brolis, brolio."""

MASCULINE_THIRD_DECLENSION: frozenset[str] = frozenset(words("dantis debesis deguonis vagis žvėris"))
"""Masculines of the third declension (dantis, danties)."""

HARD_GENITIVE_PLURAL: frozenset[str] = frozenset(
    words("ausis dantis debesis krūtis naktis obelis pušis šaknis šlaunis žąsis žuvis")
)
"""Third-declension nouns whose genitive plural is *-ų* without softening (naktų, žuvų)."""

MASCULINE_IN_A: frozenset[str] = frozenset(words("dėdė tėtė dailidė kolega barzdyla vaivada"))
"""Masculines that decline like feminines in *-a* and *-ė*."""

IRREGULAR: dict[str, tuple[str, Gender]] = {
    "mėnuo": ("mėnuo", "m"),
    "šuo": ("šuo", "m"),
    "sesuo": ("sesuo", "f"),
    "duktė": ("duktė", "f"),
    "moteris": ("moteris", "f"),
    "žmogus": ("žmogus", "m"),
    "pati": ("i", "f"),
    "marti": ("i", "f"),
}
"""Lemma to (paradigm, gender) where neither the ending nor the lists above tell."""

# Pluralia tantum by the paradigm whose plural row they follow.
_PLURAL_ONLY_BY_PARADIGM: dict[tuple[str, Gender], str] = {
    ("as", "m"): (
        "metai vartai rinkimai debatai mainai dažai kvepalai taukai klijai miltai nuodai spąstai pelenai žiūronai "
        "ledai šortai džinsai atlaidai rytai vakarai"
    ),
    ("is", "m"): (
        "akiniai marškiniai marškinėliai kailiniai apatiniai baltiniai skalbiniai pusryčiai priešpiečiai pavakariai "
        "milteliai griaučiai lašiniai drebučiai viduriai dienpinigiai delspinigiai"
    ),
    ("us", "m"): "pietūs",
    ("uo", "m"): "duomenys",
    ("a", "f"): (
        "varžybos derybos skyrybos lažybos piršlybos pratybos paliaubos atostogos krikštynos pamaldos pajamos "
        "santaupos lėšos sąnaudos dujos žabangos girnos Kalėdos Velykos"
    ),
    ("ia", "f"): "kopėčios vežėčios akėčios pagirios mišios Kūčios",
    ("ė", "f"): (
        "lenktynės imtynės rungtynės grumtynės žaidynės eitynės kautynės muštynės maudynės gaudynės sūpynės vestuvės "
        "jungtuvės laidotuvės sutuoktuvės sužadėtuvės įkurtuvės išleistuvės pirmenybės žirklės replės svarstyklės "
        "rogės kelnės pėdkelnės kelnaitės ausinės šakės pinklės džiunglės dirbtuvės Joninės Žolinės "
        "Vėlinės Užgavėnės Sekminės"
    ),
    ("is_f", "f"): "žiotys",
    ("is_f_hard", "f"): "durys grindys smegenys šermenys",
}


def _index() -> dict[str, tuple[str, Gender]]:
    return {lemma: key for key, lemmas in _PLURAL_ONLY_BY_PARADIGM.items() for lemma in words(lemmas)}


PLURAL_ONLY: dict[str, tuple[str, Gender]] = _index()
"""Plural-only lemma to (paradigm of its plural row, gender)."""
