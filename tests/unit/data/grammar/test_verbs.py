"""Conjugation of both languages against forms written by hand."""

import itertools

import pytest

from attnlab.data.grammar import german_verbs as german
from attnlab.data.grammar.english import indefinite_article, with_ed, with_s
from attnlab.data.grammar.german_verbs import german_verb
from attnlab.data.grammar.nouns import BY_ENGLISH
from attnlab.data.grammar.small_words import FREQUENCIES, MODALS
from attnlab.data.grammar.trees import Clause, Person, Polarity, Tense
from attnlab.data.grammar.verb_groups import verb_group, verb_group_size
from attnlab.data.grammar.verbs import VERBS

ENTRIES = [verb for group in VERBS.values() for verb in group]
GERMAN = {verb.german.joined_infinitive: verb.german for verb in ENTRIES}

# Infinitive: ich, er, wir; ich, wir in the past; participle with its auxiliary.
PARADIGMS = """
    sehen sehe sieht sehen sah sahen gesehen haben
    mögen mag mag mögen mochte mochten gemocht haben
    wissen weiß weiß wissen wusste wussten gewusst haben
    kennen kenne kennt kennen kannte kannten gekannt haben
    essen esse isst essen aß aßen gegessen haben
    fressen fresse frisst fressen fraß fraßen gefressen haben
    lesen lese liest lesen las lasen gelesen haben
    geben gebe gibt geben gab gaben gegeben haben
    helfen helfe hilft helfen half halfen geholfen haben
    treffen treffe trifft treffen traf trafen getroffen haben
    schlafen schlafe schläft schlafen schlief schliefen geschlafen haben
    laufen laufe läuft laufen lief liefen gelaufen sein
    fahren fahre fährt fahren fuhr fuhren gefahren sein
    gehen gehe geht gehen ging gingen gegangen sein
    bleiben bleibe bleibt bleiben blieb blieben geblieben sein
    waschen wasche wäscht waschen wusch wuschen gewaschen haben
    bringen bringe bringt bringen brachte brachten gebracht haben
    denken denke denkt denken dachte dachten gedacht haben
    bitten bitte bittet bitten bat baten gebeten haben
    stehlen stehle stiehlt stehlen stahl stahlen gestohlen haben
    zerbrechen zerbreche zerbricht zerbrechen zerbrach zerbrachen zerbrochen haben
    verlassen verlasse verlässt verlassen verließ verließen verlassen haben
    arbeiten arbeite arbeitet arbeiten arbeitete arbeiteten gearbeitet haben
    öffnen öffne öffnet öffnen öffnete öffneten geöffnet haben
    zeichnen zeichne zeichnet zeichnen zeichnete zeichneten gezeichnet haben
    lächeln lächle lächelt lächeln lächelte lächelten gelächelt haben
    füttern füttere füttert füttern fütterte fütterten gefüttert haben
    beobachten beobachte beobachtet beobachten beobachtete beobachteten beobachtet haben
    reparieren repariere repariert reparieren reparierte reparierten repariert haben
    verkaufen verkaufe verkauft verkaufen verkaufte verkauften verkauft haben
    reisen reise reist reisen reiste reisten gereist sein
    folgen folge folgt folgen folgte folgten gefolgt sein
    träumen träume träumt träumen träumte träumten geträumt haben
    anrufen rufe ruft rufen rief riefen angerufen haben
    einladen lade lädt laden lud luden eingeladen haben
    aufstehen stehe steht stehen stand standen aufgestanden sein
    ansehen sehe sieht sehen sah sahen angesehen haben
    aufräumen räume räumt räumen räumte räumten aufgeräumt haben
    aufwachen wache wacht wachen wachte wachten aufgewacht sein
    zurückkommen komme kommt kommen kam kamen zurückgekommen sein
    anhalten halte hält halten hielt hielten angehalten haben
    einschalten schalte schaltet schalten schaltete schalteten eingeschaltet haben
"""


@pytest.mark.parametrize("line", PARADIGMS.strip().splitlines())
def test_german_paradigm(line: str) -> None:
    infinitive, *forms = line.split()
    verb = GERMAN[infinitive]
    present, past = verb.present, verb.past
    made = [present.first, present.third, present.plural, past.first, past.plural, verb.participle, verb.auxiliary]
    assert made == forms
    assert past.third == past.first


def test_prefixes_are_separated() -> None:
    prefixes = {infinitive: verb.prefix for infinitive, verb in GERMAN.items() if verb.prefix}
    assert prefixes["anrufen"] == "an"
    assert prefixes["zurückkommen"] == "zurück"
    assert prefixes["einschlafen"] == "ein"
    assert "verlassen" not in prefixes
    assert "beobachten" not in prefixes


@pytest.mark.parametrize(
    ("verb", "forms"),
    [
        (german.HABEN, "habe hat haben hatte hatten"),
        (german.SEIN, "bin ist sind war waren"),
        (german.WERDEN, "werde wird werden wurde wurden"),
        (german.KOENNEN, "kann kann können konnte konnten"),
        (german.MUESSEN, "muss muss müssen musste mussten"),
        (german.DUERFEN, "darf darf dürfen durfte durften"),
        (german.WOLLEN, "will will wollen wollte wollten"),
        (german.SOLLEN, "sollte sollte sollten sollte sollten"),
    ],
)
def test_auxiliaries(verb: german.GermanVerb, forms: str) -> None:
    present, past = verb.present, verb.past
    assert [present.first, present.third, present.plural, past.third, past.plural] == forms.split()


def test_a_weak_verb_with_sein() -> None:
    assert german_verb("reisen *").auxiliary == "sein"


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("see", "sees"),
        ("watch", "watches"),
        ("go", "goes"),
        ("carry", "carries"),
        ("play", "plays"),
        ("wash", "washes"),
    ],
)
def test_english_s(word: str, form: str) -> None:
    assert with_s(word) == form


@pytest.mark.parametrize(
    ("word", "form"), [("like", "liked"), ("cry", "cried"), ("play", "played"), ("work", "worked")]
)
def test_english_ed(word: str, form: str) -> None:
    assert with_ed(word) == form


def test_english_article_and_plurals() -> None:
    assert [indefinite_article(word) for word in ("apple", "old", "dog")] == ["an", "an", "a"]
    plurals = {"child": "children", "woman": "women", "mouse": "mice", "city": "cities", "box": "boxes", "boy": "boys"}
    assert {name: BY_ENGLISH[name].english_plural for name in plurals} == plurals


def test_the_vocabulary_is_as_large_as_promised() -> None:
    assert len(ENTRIES) >= 60
    assert len(BY_ENGLISH) >= 100


def test_a_verb_group_is_counted_as_it_is_spelled() -> None:
    kinds = {(verb.particle != "", verb.preposition != ""): verb for verb in ENTRIES}
    choices = itertools.product(
        [None, *kinds.values()], Tense, Polarity, [None, *MODALS], [None, *FREQUENCIES], Person, [False, True]
    )
    for verb, tense, polarity, modal, frequency, person, asks in choices:
        clause = Clause(verb, None, tense, polarity, modal, frequency=frequency)
        spelled = verb_group(clause, person, asks=asks)
        assert verb_group_size(clause, asks=asks) == len(spelled.operator) + len(spelled.rest), clause
