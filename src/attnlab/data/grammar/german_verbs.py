"""How German verbs are conjugated."""

from dataclasses import dataclass
from typing import Final

_UNSTRESSED: Final = ("be", "ver", "er", "ent", "ge", "zer", "emp")


@dataclass(frozen=True, slots=True)
class Finite:
    """The four forms of one tense that the grammar's subjects ask for."""

    first: str
    third: str
    plural: str


@dataclass(frozen=True, slots=True)
class GermanVerb:
    """The forms without the separable prefix, except the participle, which holds it: an-ge-rufen."""

    infinitive: str
    present: Finite
    past: Finite
    participle: str
    prefix: str = ""
    auxiliary: str = "haben"

    @property
    def joined_infinitive(self) -> str:
        """The infinitive with its prefix: anrufen."""
        return self.prefix + self.infinitive


def weak_verb(infinitive: str) -> GermanVerb:
    """A regular verb, a separable prefix set off by "+": machen, arbeiten, auf+wachen, beobachten."""
    bare = infinitive.rpartition("+")[2]
    stem = _stem(bare)
    joint = stem + "e" if _needs_e(stem) else stem
    augment = "" if bare.startswith(_UNSTRESSED) or bare.endswith("ieren") else "ge"
    return build(infinitive, third=joint + "t", past=joint + "te", participle=augment + joint + "t")


def build(infinitive: str, *, third: str, past: str, participle: str) -> GermanVerb:
    """A verb from its principal parts; "*" after the participle marks a perfect with "sein"."""
    prefix, _, bare = infinitive.rpartition("+")
    return GermanVerb(
        infinitive=bare,
        present=Finite(_first(bare), third, bare),
        past=Finite(past, past, past + ("n" if past.endswith("e") else "en")),
        participle=prefix + participle.rstrip("*"),
        prefix=prefix,
        auxiliary="sein" if participle.endswith("*") else "haben",
    )


def _stem(infinitive: str) -> str:
    return infinitive[:-2] if infinitive.endswith("en") else infinitive[:-1]


def _first(infinitive: str) -> str:
    if infinitive.endswith("eln"):
        return infinitive[:-3] + "le"
    return _stem(infinitive) + "e"


def _needs_e(stem: str) -> bool:
    """Stems in t or d, and in n or m after a consonant other than l, r or a silent h: arbeit-e-t, zeichn-e-t."""
    if stem.endswith(("t", "d")):
        return True
    return stem[-1] in "nm" and (stem[-2] not in "aeiouäöülrhnm" or stem[-3:-1] == "ch")


def _preterite_present(infinitive: str, singular: str, past: str, participle: str) -> GermanVerb:
    return GermanVerb(infinitive, Finite(singular, singular, infinitive), Finite(past, past, past + "n"), participle)


HABEN: Final = GermanVerb("haben", Finite("habe", "hat", "haben"), Finite("hatte", "hatte", "hatten"), "gehabt")
SEIN: Final = GermanVerb(
    "sein", Finite("bin", "ist", "sind"), Finite("war", "war", "waren"), "gewesen", auxiliary="sein"
)
WERDEN: Final = GermanVerb(
    "werden", Finite("werde", "wird", "werden"), Finite("wurde", "wurde", "wurden"), "geworden", auxiliary="sein"
)
AUXILIARIES: Final = {"haben": HABEN, "sein": SEIN}

KOENNEN: Final = _preterite_present("können", "kann", "konnte", "gekonnt")
MUESSEN: Final = _preterite_present("müssen", "muss", "musste", "gemusst")
DUERFEN: Final = _preterite_present("dürfen", "darf", "durfte", "gedurft")
WOLLEN: Final = _preterite_present("wollen", "will", "wollte", "gewollt")
MOEGEN: Final = _preterite_present("mögen", "mag", "mochte", "gemocht")
WISSEN: Final = _preterite_present("wissen", "weiß", "wusste", "gewusst")
# "should" is the subjunctive "sollte" in the present, too.
SOLLEN: Final = GermanVerb(
    "sollen", Finite("sollte", "sollte", "sollten"), Finite("sollte", "sollte", "sollten"), "gesollt"
)
_IRREGULAR: Final = {"mögen": MOEGEN, "wissen": WISSEN}


def german_verb(parts: str) -> GermanVerb:
    """A verb from "infinitive" (weak) or "infinitive third past participle" (all others)."""
    infinitive, *others = parts.split()
    if infinitive in _IRREGULAR:
        return _IRREGULAR[infinitive]
    if not others:
        return weak_verb(infinitive)
    if others == ["*"]:
        weak = weak_verb(infinitive)
        return build(
            infinitive,
            third=weak.present.third,
            past=weak.past.third,
            participle=weak.participle[len(weak.prefix) :] + "*",
        )
    third, past, participle = others
    return build(infinitive, third=third, past=past, participle=participle)
