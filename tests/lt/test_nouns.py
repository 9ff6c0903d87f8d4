"""Nouns, adjectives and phrases against tables written from the grammar."""

from __future__ import annotations

import pytest

from textnorm.languages.lt.adjectives import decline_adjective, decline_phrase, phrase_noun
from textnorm.languages.lt.grammar import CASES, GENDERS, NUMBERS, UnknownParadigmError
from textnorm.languages.lt.noun_lists import FEMININE_IN_IS, PLURAL_ONLY
from textnorm.languages.lt.nouns import decline, noun

# lemma: gender, singular row, plural row (seven cases each)
TABLE = {
    "euras": ("m", "euras euro eurui eurą euru eure eure", "eurai eurų eurams eurus eurais euruose eurai"),
    "medis": ("m", "medis medžio medžiui medį medžiu medyje medi",
              "medžiai medžių medžiams medžius medžiais medžiuose medžiai"),
    "žodis": ("m", "žodis žodžio žodžiui žodį žodžiu žodyje žodi",
              "žodžiai žodžių žodžiams žodžius žodžiais žodžiuose žodžiai"),
    "tūkstantis": ("m", "tūkstantis tūkstančio tūkstančiui tūkstantį tūkstančiu tūkstantyje tūkstanti",
                   "tūkstančiai tūkstančių tūkstančiams tūkstančius tūkstančiais tūkstančiuose tūkstančiai"),
    "gaidys": ("m", "gaidys gaidžio gaidžiui gaidį gaidžiu gaidyje gaidy",
               "gaidžiai gaidžių gaidžiams gaidžius gaidžiais gaidžiuose gaidžiai"),
    "kelias": ("m", "kelias kelio keliui kelią keliu kelyje kely",
              "keliai kelių keliams kelius keliais keliuose keliai"),
    "svečias": ("m", "svečias svečio svečiui svečią svečiu svetyje svety",
                "svečiai svečių svečiams svečius svečiais svečiuose svečiai"),
    "vėjas": ("m", "vėjas vėjo vėjui vėją vėju vėjyje vėjau", "vėjai vėjų vėjams vėjus vėjais vėjuose vėjai"),
    "sūnus": ("m", "sūnus sūnaus sūnui sūnų sūnumi sūnuje sūnau", "sūnūs sūnų sūnums sūnus sūnumis sūnuose sūnūs"),
    "skaičius": ("m", "skaičius skaičiaus skaičiui skaičių skaičiumi skaičiuje skaičiau",
                 "skaičiai skaičių skaičiams skaičius skaičiais skaičiuose skaičiai"),
    "pavojus": ("m", "pavojus pavojaus pavojui pavojų pavojumi pavojuje pavojau",
                "pavojai pavojų pavojams pavojus pavojais pavojuose pavojai"),
    "diena": ("f", "diena dienos dienai dieną diena dienoje diena",
              "dienos dienų dienoms dienas dienomis dienose dienos"),
    "mylia": ("f", "mylia mylios myliai mylią mylia mylioje mylia",
              "mylios mylių mylioms mylias myliomis myliose mylios"),
    "valandė": ("f", "valandė valandės valandei valandę valande valandėje valande",
                "valandės valandžių valandėms valandes valandėmis valandėse valandės"),
    "savaitė": ("f", "savaitė savaitės savaitei savaitę savaite savaitėje savaite",
                "savaitės savaičių savaitėms savaites savaitėmis savaitėse savaitės"),
    "pati": ("f", "pati pačios pačiai pačią pačia pačioje pati", "pačios pačių pačioms pačias pačiomis pačiose pačios"),
    "dalis": ("f", "dalis dalies daliai dalį dalimi dalyje dalie", "dalys dalių dalims dalis dalimis dalyse dalys"),
    "naktis": ("f", "naktis nakties nakčiai naktį naktimi naktyje naktie",
               "naktys naktų naktims naktis naktimis naktyse naktys"),
    "sutartis": ("f", "sutartis sutarties sutarčiai sutartį sutartimi sutartyje sutartie",
                 "sutartys sutarčių sutartims sutartis sutartimis sutartyse sutartys"),
    "dantis": ("m", "dantis danties dančiui dantį dantimi dantyje dantie",
               "dantys dantų dantims dantis dantimis dantyse dantys"),
    "akmuo": ("m", "akmuo akmens akmeniui akmenį akmeniu akmenyje akmenie",
              "akmenys akmenų akmenims akmenis akmenimis akmenyse akmenys"),
    "mėnuo": ("m", "mėnuo mėnesio mėnesiui mėnesį mėnesiu mėnesyje mėnesi",
              "mėnesiai mėnesių mėnesiams mėnesius mėnesiais mėnesiuose mėnesiai"),
    "šuo": ("m", "šuo šuns šuniui šunį šuniu šunyje šunie", "šunys šunų šunims šunis šunimis šunyse šunys"),
    "sesuo": ("f", "sesuo sesers seseriai seserį seserimi seseryje seserie",
              "seserys seserų seserims seseris seserimis seseryse seserys"),
    "duktė": ("f", "duktė dukters dukteriai dukterį dukterimi dukteryje dukterie",
              "dukterys dukterų dukterims dukteris dukterimis dukteryse dukterys"),
    "moteris": ("f", "moteris moters moteriai moterį moterimi moteryje moterie",
                "moterys moterų moterims moteris moterimis moteryse moterys"),
    "žmogus": ("m", "žmogus žmogaus žmogui žmogų žmogumi žmoguje žmogau",
               "žmonės žmonių žmonėms žmones žmonėmis žmonėse žmonės"),
    "dėdė": ("m", "dėdė dėdės dėdei dėdę dėde dėdėje dėde", "dėdės dėdžių dėdėms dėdes dėdėmis dėdėse dėdės"),
}  # fmt: skip


@pytest.mark.parametrize("lemma", TABLE)
def test_full_paradigm(lemma):
    gender, singular, plural = TABLE[lemma]
    assert noun(lemma).gender == gender
    assert [decline(lemma, case, "sg") for case in CASES] == singular.split()
    assert [decline(lemma, case, "pl") for case in CASES] == plural.split()


@pytest.mark.parametrize(
    ("lemma", "case", "number", "form"),
    [
        ("vanduo", "gen", "sg", "vandens"), ("asmuo", "nom", "pl", "asmenys"), ("procentas", "gen", "pl", "procentų"),
        ("laipsnis", "nom", "pl", "laipsniai"), ("doleris", "gen", "sg", "dolerio"), ("centas", "ins", "pl", "centais"),
        ("televizorius", "nom", "pl", "televizoriai"), ("kilometras", "loc", "sg", "kilometre"),
        ("minutė", "gen", "pl", "minučių"), ("sekundė", "gen", "pl", "sekundžių"), ("pilis", "gen", "sg", "pilies"),
        ("valanda", "acc", "sg", "valandą"), ("straipsnis", "loc", "sg", "straipsnyje"), ("žuvis", "gen", "pl", "žuvų"),
        ("mokestis", "gen", "sg", "mokesčio"), ("valstybė", "gen", "pl", "valstybių"),
        ("amžius", "gen", "sg", "amžiaus"),
    ],
)  # fmt: skip
def test_single_forms(lemma, case, number, form):
    assert decline(lemma, case, number) == form


PLURALIA = {
    "metai": ("m", "metai metų metams metus metais metuose metai"),
    "pietūs": ("m", "pietūs pietų pietums pietus pietumis pietuose pietūs"),
    "akiniai": ("m", "akiniai akinių akiniams akinius akiniais akiniuose akiniai"),
    "duomenys": ("m", "duomenys duomenų duomenims duomenis duomenimis duomenyse duomenys"),
    "durys": ("f", "durys durų durims duris durimis duryse durys"),
    "žirklės": ("f", "žirklės žirklių žirklėms žirkles žirklėmis žirklėse žirklės"),
    "varžybos": ("f", "varžybos varžybų varžyboms varžybas varžybomis varžybose varžybos"),
    "mišios": ("f", "mišios mišių mišioms mišias mišiomis mišiose mišios"),
    "priešpiečiai": (
        "m",
        "priešpiečiai priešpiečių priešpiečiams priešpiečius priešpiečiais priešpiečiuose priešpiečiai",
    ),
}


@pytest.mark.parametrize("lemma", PLURALIA)
def test_plural_only_nouns(lemma):
    gender, row = PLURALIA[lemma]
    word = noun(lemma)
    assert (word.gender, word.plural_only) == (gender, True)
    for number in NUMBERS:
        assert [decline(word, case, number) for case in CASES] == row.split()


def test_every_listed_lemma_gives_itself_back():
    for lemma in [*PLURAL_ONLY, *FEMININE_IN_IS]:
        assert decline(lemma, "nom", "sg") == lemma


def test_gender_overrides_the_guess():
    assert decline(noun("kirmis", "f"), "gen", "sg") == "kirmies"
    assert decline(noun("dalis", "m"), "gen", "sg") == "dalio"
    assert noun("kolega").gender == "m"


def test_unknown_paradigms_are_errors():
    for lemma in ("taksi", "metro", "eurai", "dienos", "as", ""):
        with pytest.raises(UnknownParadigmError, match="no paradigm"):
            noun(lemma)
    assert decline(noun("spaudos", plural_only=True), "gen", "pl") == "spaudų"
    with pytest.raises(ValueError, match="unknown number"):
        decline("euras", "nom", "dual")


ADJECTIVES = {
    (
        "kvadratinis",
        False,
        "m",
        "pl",
    ): "kvadratiniai kvadratinių kvadratiniams kvadratinius kvadratiniais kvadratiniuose",
    ("kvadratinis", False, "m", "sg"): "kvadratinis kvadratinio kvadratiniam kvadratinį kvadratiniu kvadratiniame",
    ("kubinis", False, "f", "sg"): "kubinė kubinės kubinei kubinę kubine kubinėje",
    ("medinis", True, "m", "sg"): "medinysis mediniojo mediniajam medinįjį mediniuoju mediniajame",
    ("didelis", False, "m", "pl"): "dideli didelių dideliems didelius dideliais dideliuose",
    ("didelis", True, "m", "sg"): "didysis didžiojo didžiajam didįjį didžiuoju didžiajame",
    ("didelis", True, "f", "pl"): "didžiosios didžiųjų didžiosioms didžiąsias didžiosiomis didžiosiose",
    ("didelis", True, "m", "pl"): "didieji didžiųjų didiesiems didžiuosius didžiaisiais didžiuosiuose",
    ("naujas", False, "f", "pl"): "naujos naujų naujoms naujas naujomis naujose",
    ("naujas", True, "m", "sg"): "naujasis naujojo naujajam naująjį naujuoju naujajame",
    ("gražus", False, "m", "sg"): "gražus gražaus gražiam gražų gražiu gražiame",
    ("gražus", False, "f", "sg"): "graži gražios gražiai gražią gražia gražioje",
    ("gražus", True, "m", "sg"): "gražusis gražiojo gražiajam gražųjį gražiuoju gražiajame",
    ("platus", False, "m", "pl"): "platūs plačių platiems plačius plačiais plačiuose",
    ("žalias", False, "m", "pl"): "žali žalių žaliems žalius žaliais žaliuose",
    ("didžiausias", False, "m", "sg"): "didžiausias didžiausio didžiausiam didžiausią didžiausiu didžiausiame",
    ("didesnis", False, "m", "pl"): "didesni didesnių didesniems didesnius didesniais didesniuose",
}


@pytest.mark.parametrize("key", ADJECTIVES, ids=str)
def test_adjectives(key):
    lemma, definite, gender, number = key
    forms = [decline_adjective(lemma, case, gender, number, definite=definite) for case in CASES[:-1]]
    assert forms == ADJECTIVES[key].split()


def test_adjective_errors():
    with pytest.raises(UnknownParadigmError, match="adjective"):
        decline_adjective("geras!", "nom", "m", "sg")
    with pytest.raises(ValueError, match="unknown gender"):
        decline_adjective("geras", "nom", "n", "sg")


@pytest.mark.parametrize(
    ("phrase", "case", "number", "expected"),
    [
        ("kvadratinis *metras", "gen", "pl", "kvadratinių metrų"),
        ("kvadratinis *metras", "nom", "pl", "kvadratiniai metrai"),
        ("*kilometras per valandą", "ins", "sg", "kilometru per valandą"),
        ("JAV *doleris", "acc", "pl", "JAV dolerius"),
        ("*laipsnis Celsijaus", "gen", "pl", "laipsnių Celsijaus"),
        ("*svaras sterlingų", "ins", "pl", "svarais sterlingų"),
        ("Australijos *doleris", "dat", "sg", "Australijos doleriui"),
        ("jūrinė *mylia", "gen", "pl", "jūrinių mylių"),
        ("kubinis *centimetras per sekundę", "acc", "sg", "kubinį centimetrą per sekundę"),
        ("jungtinės *pajamos", "dat", "sg", "jungtinėms pajamoms"),
        ("nauji *metai", "gen", "pl", "naujų metų"),
        ("dideli *vartai", "dat", "pl", "dideliems vartams"),
        ("=antras *kursas", "gen", "sg", "antras kurso"),
        ("trečia *diena", "loc", "sg", "trečioje dienoje"),
        ("arklio *galia", "nom", "pl", "arklio galios"),
        ("*kirmis/f", "gen", "sg", "kirmies"),
        ("*spaudos/pl", "dat", "sg", "spaudoms"),
        ("euras", "gen", "pl", "eurų"),
    ],
)
def test_phrases(phrase, case, number, expected):
    assert decline_phrase(phrase, case, number) == expected


def test_phrase_in_its_lemma_form_is_itself():
    for phrase in (
        "kvadratinis *metras",
        "jūrinė *mylia",
        "jungtinės *pajamos",
        "*laipsnis Celsijaus",
        "trečia *diena",
    ):
        assert decline_phrase(phrase, "nom", "sg") == phrase.replace("*", "")
    assert phrase_noun("jūrinė *mylia").gender in GENDERS
    assert phrase_noun("naujos *durys").plural_only


@pytest.mark.parametrize("phrase", ["", "du žodžiai", "*du *galvos", "*metras/x", "* metras"])
def test_malformed_phrases(phrase):
    with pytest.raises(ValueError, match="head"):
        decline_phrase(phrase, "nom", "sg")
