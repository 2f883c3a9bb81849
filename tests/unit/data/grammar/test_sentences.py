"""Whole sentences, derived by hand and translated by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from attnlab.data.grammar.places import DWELLINGS, ON_TOP, ONTO, WHERE, WHERE_TO
from attnlab.data.grammar.sentences import spell_sentence
from attnlab.data.grammar.small_words import THAT, WHETHER
from attnlab.data.grammar.trees import (
    Clause,
    Couple,
    Gap,
    Polarity,
    Question,
    Relative,
    Sentence,
    Statement,
    Subordinate,
    Tense,
)  # fmt: skip
from attnlab.data.grammar.verbs import Frame

T, D, ALONE = Frame.TRANSITIVE, Frame.DITRANSITIVE, Frame.INTRANSITIVE
PAST, PERFECT, FUTURE, NOT, NEVER = Tense.PAST, Tense.PERFECT, Tense.FUTURE, Polarity.NOT, Polarity.NEVER


Cases = list[tuple[Sentence | Question, str, str]]
Links = Callable[[str], set[tuple[int, int]]]


def main(clause: Clause) -> Sentence:
    return Sentence(Statement(clause))


def simple(x: Any) -> Cases:
    """Main clauses: cases, endings, tenses, negation, separable verbs."""
    n, p, v = x.phrase, x.pronoun, x.verb
    call, buy = v("call", T), v("buy", T)
    return [
        (main(Clause(v("eat", T, "essen"), n("the old man"), object=n("an apple"))),
         "the old man eats an apple .", "der alte Mann isst einen Apfel ."),
        (main(Clause(v("eat", T, "fressen"), n("my dog"), object=n("the fresh meat"))),
         "my dog eats the fresh meat .", "mein Hund frisst das frische Fleisch ."),
        (main(Clause(v("drink", T), p("he"), object=n("cold water"), frequency=x.adverb("always"))),
         "he always drinks cold water .", "er trinkt immer kaltes Wasser ."),
        (main(Clause(v("help", T), n("the boys"), object=n("a poor child"))),
         "the boys help a poor child .", "die Jungen helfen einem armen Kind ."),
        (main(Clause(v("help", T), n("some young doctors"), object=n("poor old farmers"))),
         "some young doctors help poor old farmers .", "einige junge Ärzte helfen armen alten Bauern ."),
        (main(Clause(v("know", T), p("I"), object=n("this boy"))),
         "I know this boy .", "ich kenne diesen Jungen ."),
        (main(Clause(call, n("the teacher"), object=p("she"), time=x.adverb("today"))),
         "the teacher calls her today .", "der Lehrer ruft sie heute an ."),
        (main(Clause(call, n("the teacher"), object=n("her brother"), time=x.adverb("yesterday"), time_first=True,
                     tense=PAST)),
         "yesterday the teacher called her brother .", "gestern rief der Lehrer ihren Bruder an ."),
        (main(Clause(call, p("we"), tense=PERFECT, polarity=NOT, object=n("the guests"))),
         "we have not called the guests .", "wir haben die Gäste nicht angerufen ."),
        (main(Clause(buy, n("the woman"), polarity=NOT, object=n("a red hat"))),
         "the woman does not buy a red hat .", "die Frau kauft keinen roten Hut ."),
        (main(Clause(buy, n("the woman"), polarity=NOT, object=n("the red hat"), tense=PAST)),
         "the woman did not buy the red hat .", "die Frau kaufte den roten Hut nicht ."),
        (main(Clause(buy, n("the women"), polarity=NEVER, object=n("flowers"))),
         "the women never buy flowers .", "die Frauen kaufen nie Blumen ."),
        (main(Clause(buy, n("no child"), object=n("the newspaper"), tense=FUTURE)),
         "no child will buy the newspaper .", "kein Kind wird die Zeitung kaufen ."),
        (main(Clause(v("work", ALONE), n("his father"), polarity=NOT, place=x.place("the garden", WHERE))),
         "his father does not work in the garden .", "sein Vater arbeitet nicht im Garten ."),
        (main(Clause(v("go", Frame.MOTION), n("the girl"), tense=PERFECT, place=x.place("the forest", WHERE_TO))),
         "the girl has gone into the forest .", "das Mädchen ist in den Wald gegangen ."),
        (main(Clause(v("go", Frame.MOTION), p("they"), modal=x.modal("want"), place=x.place("the school", WHERE_TO))),
         "they want to go to the school .", "sie wollen zur Schule gehen ."),
        (main(Clause(v("put", Frame.PUT, "stellen"), p("she"), object=n("the bottle"),
                     place=x.place("the table", ONTO))),
         "she puts the bottle on the table .", "sie stellt die Flasche auf den Tisch ."),
        (main(Clause(v("put", Frame.PUT, "legen"), p("she"), object=n("her coat"), place=x.place("the bed", ONTO))),
         "she puts her coat on the bed .", "sie legt ihren Mantel auf das Bett ."),
        (main(Clause(v("lie", Frame.POSITION), n("two books"), place=x.place("the table", ON_TOP), place_first=True)),
         "on the table two books lie .", "auf dem Tisch liegen zwei Bücher ."),
        (main(Clause(v("live", Frame.POSITION), n("our neighbour"), place=x.place("a very old house", DWELLINGS))),
         "our neighbour lives in a very old house .", "unser Nachbar wohnt in einem sehr alten Haus ."),
        (main(Clause(v("give", D), n("the king"), recipient=n("the queen"), object=n("a blue dress"), tense=PAST)),
         "the king gave the queen a blue dress .", "der König gab der Königin ein blaues Kleid ."),
        (main(Clause(v("give", D), n("the king"), recipient=p("I"), recipient_last=True, object=n("the key"))),
         "the king gives the key to me .", "der König gibt mir den Schlüssel ."),
        (main(Clause(v("wait for", Frame.PREPOSITIONAL), p("I"), polarity=NOT, object=n("the bus"))),
         "I do not wait for the bus .", "ich warte nicht auf den Bus ."),
        (main(Clause(v("look after", Frame.PREPOSITIONAL), n("my aunt"), object=n("three small children"))),
         "my aunt looks after three small children .", "meine Tante passt auf drei kleine Kinder auf ."),
        (main(Clause(None, n("the coats"), predicate=x.adjective("very expensive"))),
         "the coats are very expensive .", "die Mäntel sind sehr teuer ."),
        (main(Clause(None, n("this expensive coat"), tense=PAST, polarity=NOT, predicate=x.adjective("black"))),
         "this expensive coat was not black .", "dieser teure Mantel war nicht schwarz ."),
        (main(Clause(None, p("he"), modal=x.modal("want"), polarity=NOT, predicate=x.adjective("famous"))),
         "he does not want to be famous .", "er will nicht berühmt sein ."),
        (main(Clause(None, p("I"), tense=PERFECT, frequency=x.adverb("often"), predicate=x.adjective("sick"))),
         "I have often been sick .", "ich bin oft krank gewesen ."),
        (main(Clause(v("open", T), Couple(n("the nurse"), n("her friend")), object=n("the door"),
                     manner=x.adverb("carefully"))),
         "the nurse and her friend open the door carefully .",
         "die Krankenschwester und ihr Freund öffnen die Tür vorsichtig ."),
    ]  # fmt: skip


def modal(x: Any) -> Cases:
    """Modal verbs, and what they mean when denied."""
    sleep = x.verb("sleep", ALONE)

    def said(name: str, *, polarity: Polarity = Polarity.POSITIVE) -> Sentence:
        return main(Clause(sleep, x.phrase("the child"), modal=x.modal(name), polarity=polarity))

    return [
        (said("can", polarity=NOT), "the child cannot sleep .", "das Kind kann nicht schlafen ."),
        (said("must"), "the child must sleep .", "das Kind muss schlafen ."),
        (said("must", polarity=NOT), "the child must not sleep .", "das Kind darf nicht schlafen ."),
        (said("should"), "the child should sleep .", "das Kind sollte schlafen ."),
        (said("want"), "the child wants to sleep .", "das Kind will schlafen ."),
        (said("had"), "the child had to sleep .", "das Kind musste schlafen ."),
        (said("had", polarity=NOT), "the child did not have to sleep .", "das Kind musste nicht schlafen ."),
        (said("wanted", polarity=NEVER), "the child never wanted to sleep .", "das Kind wollte nie schlafen ."),
    ]


def questions(x: Any) -> Cases:
    n, v = x.phrase, x.verb
    return [
        (Question(Clause(v("see", T), n("the man"), object=n("the dog"))),
         "does the man see the dog ?", "sieht der Mann den Hund ?"),
        (Question(Clause(v("get up", ALONE), n("the children"), tense=PAST), x.adverb("when")),
         "when did the children get up ?", "wann standen die Kinder auf ?"),
        (Question(Clause(None, n("this house"), predicate=x.adjective("old")), mark=""),
         "is this house old", "ist dieses Haus alt"),
        (Question(Clause(v("arrive", ALONE), n("the train"), tense=FUTURE), x.adverb("where")),
         "where will the train arrive ?", "wo wird der Zug ankommen ?"),
    ]  # fmt: skip


def joined(x: Any) -> Cases:
    """Subordinate, relative and coordinate clauses: verb-final order, inversion, extraposition and commas."""
    n, p, v, sub = x.phrase, x.pronoun, x.verb, x.subordinator
    barks = Clause(v("wake up", ALONE), n("the dog"))
    dog = n("the dog", Relative("that", Gap.OBJECT, Clause(v("like", T), n("the woman"))))
    child = n("the girl", Relative("who", Gap.SUBJECT, Clause(v("sing", ALONE), None, manner=x.adverb("loudly"))))
    men = n("the men", Relative("that", Gap.OBJECT, Clause(v("help", T), p("we"))))
    return [
        (Sentence(Statement(Clause(v("see", T), n("the old man"), object=dog)), mark=""),
         "the old man sees the dog that the woman likes", "der alte Mann sieht den Hund , den die Frau mag"),
        (main(Clause(v("see", T), n("the man"), tense=PERFECT, object=dog)),
         "the man has seen the dog that the woman likes .", "der Mann hat den Hund gesehen , den die Frau mag ."),
        (main(Clause(v("sleep", ALONE), child)),
         "the girl who sings loudly sleeps .", "das Mädchen , das laut singt , schläft ."),
        (main(Clause(v("wake up", ALONE), child, time=x.adverb("today"), time_first=True)),
         "today the girl who sings loudly wakes up .", "heute wacht das Mädchen auf , das laut singt ."),
        (main(Clause(None, men, predicate=x.adjective("tired"))),
         "the men that we help are tired .", "die Männer , denen wir helfen , sind müde ."),
        (main(Clause(v("know", Frame.STATEMENT), p("he"), complement=Subordinate(THAT, barks))),
         "he knows that the dog wakes up .", "er weiß , dass der Hund aufwacht ."),
        (main(Clause(v("ask", Frame.QUESTION), p("she"), tense=PAST, complement=Subordinate(
            WHETHER, Clause(v("help", T), n("the boy"), modal=x.modal("could"), object=n("his mother"))))),
         "she asked whether the boy could help his mother .",
         "sie fragte , ob der Junge seiner Mutter helfen konnte ."),
        (Sentence(Statement(barks, trail=Subordinate(sub("because"), Clause(v("laugh", ALONE), p("we"))))),
         "the dog wakes up because we laugh .", "der Hund wacht auf , weil wir lachen ."),
        (Sentence(Statement(barks, lead=Subordinate(sub("when"), Clause(v("laugh", ALONE), p("we"))))),
         "when we laugh , the dog wakes up .", "wenn wir lachen , wacht der Hund auf ."),
        (Sentence(Statement(Clause(v("sleep", ALONE), p("I"), tense=PAST),
                            lead=Subordinate(sub("when"), Clause(v("return", Frame.MOTION), p("they"), tense=PAST)))),
         "when they returned , I slept .", "als sie zurückkehrten , schlief ich ."),
        (Sentence(Statement(Clause(v("see", T), n("the man"), object=dog)),
                  ((x.coordinator("but"), Statement(Clause(v("sleep", ALONE), p("she")))),)),
         "the man sees the dog that the woman likes , but she sleeps .",
         "der Mann sieht den Hund , den die Frau mag , aber sie schläft ."),
        (Sentence(Statement(barks), ((x.coordinator("so"), Statement(Clause(v("cry", ALONE), n("a child")))),)),
         "the dog wakes up , so a child cries .", "der Hund wacht auf , deshalb weint ein Kind ."),
        (Sentence(Statement(barks), ((x.coordinator("and then"), Statement(Clause(v("get up", ALONE), p("I")))),)),
         "the dog wakes up , and then I get up .", "der Hund wacht auf , und dann stehe ich auf ."),
    ]  # fmt: skip


@pytest.mark.parametrize("group", [simple, modal, questions, joined])
def test_translations_by_hand(lexicon: Any, group: Callable[[Any], Cases]) -> None:
    for tree, english, german in group(lexicon):
        spelled = spell_sentence(tree)
        assert (spelled.source, spelled.target) == (english, german)


def test_every_word_is_aligned(lexicon: Any, links: Links) -> None:
    for group in (simple, modal, questions, joined):
        for tree, english, german in group(lexicon):
            found = links(spell_sentence(tree).alignment)
            words = german.split()
            assert {source for source, _ in found} == set(range(len(english.split())))
            assert {target for _, target in found} >= {i for i, word in enumerate(words) if word != ","}


@pytest.mark.parametrize(
    ("sentence", "alignment"),
    [
        # the teacher calls her today .        der Lehrer ruft sie heute an .
        ("the teacher calls her today .", "0-0 1-1 2-2 2-5 3-3 4-4 5-6"),
        # the woman does not buy a red hat .   die Frau kauft keinen roten Hut .
        ("the woman does not buy a red hat .", "0-0 1-1 2-3 3-3 4-2 5-3 6-4 7-5 8-6"),
        # his father does not work in the garden .   sein Vater arbeitet nicht im Garten .
        ("his father does not work in the garden .", "0-0 1-1 2-3 3-3 4-2 5-4 6-4 7-5 8-6"),
        # the king gives the key to me .       der König gibt mir den Schlüssel .
        ("the king gives the key to me .", "0-0 1-1 2-2 3-4 4-5 5-3 6-3 7-6"),
        # I do not wait for the bus .          ich warte nicht auf den Bus .
        ("I do not wait for the bus .", "0-0 1-2 2-2 3-1 4-3 5-4 6-5 7-6"),
        # my aunt looks after three small children .   meine Tante passt auf drei kleine Kinder auf .
        ("my aunt looks after three small children .", "0-0 1-1 2-2 2-7 3-3 4-4 5-5 6-6 7-8"),
    ],
)
def test_alignments_by_hand(lexicon: Any, sentence: str, alignment: str) -> None:
    (tree,) = (tree for tree, english, _ in simple(lexicon) if english == sentence)
    assert spell_sentence(tree).alignment == alignment


def test_flipping_swaps_sides_and_links(lexicon: Any, links: Links) -> None:
    for tree, english, german in joined(lexicon):
        there, back = spell_sentence(tree), spell_sentence(tree, flipped=True)
        assert (back.source, back.target) == (german, english)
        assert links(back.alignment) == {(target, source) for source, target in links(there.alignment)}
