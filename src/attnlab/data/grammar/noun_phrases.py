"""How noun phrases and pronouns are spelled in both languages."""

from attnlab.data.grammar import english as en
from attnlab.data.grammar import german as de
from attnlab.data.grammar.german import Case, Gender
from attnlab.data.grammar.small_words import BARE, NO, A, Declension, Determiner
from attnlab.data.grammar.trees import Couple, Description, Nominal, NounPhrase, PlacePhrase, Pronoun
from attnlab.data.grammar.words import English, German, Parallel, together


def spell(nominal: Nominal, case: Case, negators: tuple[English, ...] = ()) -> Parallel:
    """The words of a nominal, its relative clause left out.

    Args:
        nominal: what to spell.
        case: the German case; English pronouns show the object form outside the nominative.
        negators: English words of a negation that German says with "kein" here: "does not ... a".
    """
    if isinstance(nominal, Pronoun):
        return _pronoun(nominal, case)
    if isinstance(nominal, Couple):
        first, second = _noun_phrase(nominal.first, case, ()), _noun_phrase(nominal.second, case, ())
        both = together("and", "und")
        return Parallel([*first.english, *both.english, *second.english], [*first.german, *both.german, *second.german])
    return _noun_phrase(nominal, case, negators)


def takes_kein(nominal: Nominal | None) -> bool:
    """Whether a negation turns into "kein" before this object: "not ... a dog", "not ... water"."""
    return isinstance(nominal, NounPhrase) and nominal.determiner in (A, BARE)


def is_definite(nominal: Nominal) -> bool:
    """Whether the phrase names something known, which German says before "nicht"."""
    return not isinstance(nominal, NounPhrase) or nominal.determiner.definite


def spell_place(phrase: PlacePhrase) -> Parallel:
    """A preposition with its noun phrase; preposition and article contract: "in dem" is "im"."""
    inner = spell(phrase.phrase, phrase.place.case)
    preposition = English(phrase.place.english)
    contraction = de.contract(phrase.place.german, inner.german[0].text)
    if contraction is None or phrase.phrase.determiner.declension is not Declension.ARTICLE:
        german = [German(phrase.place.german, (preposition,)), *inner.german]
    else:
        german = [German(contraction, (preposition, *inner.german[0].sources)), *inner.german[1:]]
    return Parallel([preposition, *inner.english], german)


def describe(description: Description) -> Parallel:
    """An adjective after "to be", which German does not decline."""
    adjective = together(description.adjective.english, description.adjective.german)
    if description.intensifier is None:
        return adjective
    degree = together(description.intensifier.english, description.intensifier.german)
    return Parallel(degree.english + adjective.english, degree.german + adjective.german)


def _pronoun(pronoun: Pronoun, case: Case) -> Parallel:
    form = pronoun.name if case is Case.NOMINATIVE else en.PRONOUNS[pronoun.name]
    return together(form, de.PRONOUNS[pronoun.name][case.value])


def _noun_phrase(phrase: NounPhrase, case: Case, negators: tuple[English, ...]) -> Parallel:
    determiner = NO if negators else phrase.determiner
    sources: list[English] = []
    targets: list[German] = []
    for description in phrase.descriptions:
        if description.intensifier is not None:
            degree = together(description.intensifier.english, description.intensifier.german)
            sources += degree.english
            targets += degree.german
        adjective = description.adjective
        sources.append(English(adjective.english))
        form = de.adjective(adjective.stem, determiner.ending, case, phrase.gender)
        targets.append(German(form, (sources[-1],)))
    noun = phrase.noun
    sources.append(English(noun.english_plural if phrase.plural else noun.english))
    form = de.noun(noun.german, noun.german_plural, case, is_plural=phrase.plural, is_weak=noun.weak)
    targets.append(German(form, (sources[-1],)))

    article = _english_determiner(phrase, sources[0].text)
    german_article = _german_determiner(determiner, case, phrase.gender)
    opening = [German(german_article, (*negators, *article))] if german_article else []
    return Parallel([*article, *sources], [*opening, *targets])


def _english_determiner(phrase: NounPhrase, following: str) -> list[English]:
    if phrase.determiner is A:
        return [English(en.indefinite_article(following))]
    text = phrase.determiner.english_plural if phrase.plural else phrase.determiner.english
    return [English(text)] if text else []


def _german_determiner(determiner: Determiner, case: Case, gender: Gender) -> str:
    if determiner.declension is Declension.ARTICLE:
        return de.definite(case, gender)
    if determiner.declension is Declension.DER_WORD:
        return de.der_word(determiner.stem, case, gender)
    if determiner.declension is Declension.EIN_WORD:
        return de.ein_word(determiner.stem, case, gender)
    return determiner.stem
