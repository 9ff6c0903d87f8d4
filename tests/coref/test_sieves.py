"""What is one name and what is two, by documents that a linguist can read."""

from __future__ import annotations

import pytest
from cases import marked, partition, rows

from textnorm.normalizers.coref import NameResolver
from textnorm.normalizers.coref.engine import SIEVES
from textnorm.normalizers.coref.records import resolve_record

CASES = [("en", *row) for row in rows("english.tsv")] + [("lt", *row) for row in rows("lithuanian.tsv")]


def clusters_of(text, resolver, lang):
    plain, mentions, gold = marked(text)
    found = resolve_record({"text": plain, "mentions": mentions, "lang": lang}, resolver, "case")
    labels = [0] * len(gold)
    for number, cluster in enumerate(found.clusters):
        for k in cluster.mentions:
            labels[k] = number
    return labels, gold, found


@pytest.mark.parametrize(("lang", "shows", "text"), CASES, ids=[f"{lang}: {shows}" for lang, shows, _ in CASES])
def test_clusters(lang, shows, text, resolver):
    labels, gold, found = clusters_of(text, resolver, lang)
    assert partition(labels) == partition(gold), [(c.canonical, c.type, c.evidence) for c in found.clusters]


@pytest.mark.parametrize(("times", "one"), [(3, False), (4, True)])
def test_an_unknown_given_name_alone_is_its_bearer_s_if_it_stands_often(times, one, resolver):
    text = "We know [Qeril Vosmar|1] well. " + "Then [Qeril|1] slept. " * times
    assert (len(set(clusters_of(text, resolver, "en")[0])) == 1) is one


NEEDS = {
    "aliases": "The [United States|1] signed; [America|1] paid.",
    "acronyms": "The [Northern River Authority|1 organization] met. [NRA|1 organization] spoke.",
    "full_names": "[Ada Stone|1 person] or [A. Stone|1 person].",
    "beginnings": "[Ada Stone|1 person] became [Ada Stone Harlow|1 person].",
    "single_names": "[Ada Stone|1 person] left. [Stone|1 person] smiled.",
    "short_forms": "[Harlow Inc.|1 organization] paid; [Harlow|1 organization] won.",
    "near_spellings": "[Sarrasine|1 place] or [Sarasine|1 place].",
    "bare_titles": "[Senator Ada Stone|1 person] voted. The [Senator|1 person] left.",
}


@pytest.mark.parametrize("sieve", SIEVES)
def test_each_sieve_is_needed_and_can_be_left_out(sieve, resolver):
    text = NEEDS[sieve]
    assert len(set(clusters_of(text, resolver, "en")[0])) == 1
    assert len(set(clusters_of(text, NameResolver("en", off=(sieve,)), "en")[0])) == 2


def test_evidence_says_which_forms_and_which_sieve(resolver):
    _, _, found = clusters_of("[Ada Stone|1] left. [Stone|1] smiled.", resolver, "en")
    (cluster,) = found.clusters
    assert cluster.evidence == [("Stone", "Ada Stone", "single_name", 0.8)]
    assert 0 < cluster.confidence <= 0.8


def test_canonical_is_the_fullest_name_without_titles(resolver):
    _, _, found = clusters_of("[Mr. Stone|1] is [Dr. Ada Mary Stone|1] or [Stone|1].", resolver, "en")
    assert "Ada Mary Stone" in {cluster.canonical for cluster in found.clusters}


def test_canonical_keeps_an_inner_possessive(resolver):
    _, _, found = clusters_of("[St. Mary's Hospital|1 organization] is old", resolver, "en")
    assert [cluster.canonical for cluster in found.clusters] == ["St. Mary's Hospital"]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("[Nausėdos|1 person], taigi [Rimo Nausėdos|1 person], kalba", "Rimas Nausėda"),
        ("[Vilniaus universiteto|1 organization] rektorius", "Vilniaus universitetas"),
        ("[Valstybinės mokesčių inspekcijos|1] vadovė", "Valstybinė mokesčių inspekcija"),
        ("[Konstituciniam Teismui|1] pateiktas prašymas", "Konstitucinis Teismas"),
        ("[Jungtinėse Amerikos Valstijose|1] lijo", "Jungtinės Amerikos Valstijos"),
        ("[Jungtinių Amerikos Valstijų|1] prezidentas", "Jungtinės Amerikos Valstijos"),
        ("[Lietuvos Respublikos Prezidentui|1 person] plojo", "Lietuvos Respublikos Prezidentas"),
        ("[Trakuose|1 place] lijo, prie [Trakų|1 place] snigo", "Trakai"),
    ],
)
def test_canonical_is_a_nominative(text, canonical, resolver):
    assert [c.canonical for c in clusters_of(text, resolver, "lt")[2].clusters] == [canonical]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("[ROBERT O'NEIL-VALE|1 person] spoke. [O'Neil-Vale|1 person] left.", "Robert O'Neil-Vale"),
        ("[ADA McVALE|1 person] spoke. [McVale|1 person] left.", "ADA McVALE"),
        ("[ADA MCVALE|1 person] spoke. [McVale|1 person] left.", "Ada McVale"),
        ("[ROBERT VALE|1 person] spoke. [VALE|1 person] left.", "ROBERT VALE"),
        ("[J. R. VALE|1 person] spoke. [Vale|1 person] left.", "J. R. Vale"),
    ],
)
def test_canonical_is_in_capitals_only_where_all_forms_are(text, canonical, resolver):
    assert [c.canonical for c in clusters_of(text, resolver, "en")[2].clusters] == [canonical]


@pytest.mark.parametrize(
    ("text", "lang", "canonical"),
    [
        ("[John Vale Sr.|1] and [John Vale Jr.|2] met.", "en", ["John Vale Sr", "John Vale Jr"]),
        (
            "[J. Vale Jr.|1 person] is [John Vale|1 person]; [John Vale Sr.|2] is his father.",
            "en",
            ["John Vale Jr", "John Vale Sr"],
        ),
        (
            "Su [Jonu Petraičiu|1 person] ir [Jonu Petraičiu jaunesniuoju|2] kalbėjo",
            "lt",
            ["Jonas Petraitis", "Jonas Petraitis jaunesnysis"],
        ),
    ],
)
def test_canonical_tells_namesakes_apart(text, lang, canonical, resolver):
    assert [c.canonical for c in clusters_of(text, resolver, lang)[2].clusters] == canonical


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("[Dr. Stone|1] left", "person"),
        ("[Robert Vale|1] left", "person"),
        ("[Harlow University|1] opened", "organization"),
        ("[Harlow Inc.|1] paid", "organization"),
        ("[Mount Harlow|1] is high", "place"),
        ("in [France|1] it rains", "place"),
        ("the [Battle of Harlow|1] began", "event"),
        ("the [Clean Harbour Act|1] passed", "other"),
        ("we saw [Qzx|1] there", "other"),
    ],
)
def test_types_without_a_model(text, type_, resolver):
    (cluster,) = clusters_of(text, resolver, "en")[2].clusters
    assert cluster.type == type_
    assert 0 < cluster.confidence < 1


def test_given_types_win_over_guesses(resolver):
    (cluster,) = clusters_of("[Harlow University|1 person] opened", resolver, "en")[2].clusters
    assert (cluster.type, cluster.confidence) == ("person", 1.0)


def test_every_mention_is_in_exactly_one_cluster(resolver):
    words = "The Harlow Inc of Ada Stone met Stone and Harlow in Texas , the State of Texas .".split()
    mentions = resolver.find(words, "en")
    found = resolver.resolve(words, mentions, "en")
    assert sorted(k for cluster in found.clusters for k in cluster.mentions) == list(range(len(mentions)))
