"""The verbs, by the complements they take."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from attnlab.data.grammar.english import with_ed, with_s
from attnlab.data.grammar.german import Case
from attnlab.data.grammar.german_verbs import GermanVerb, german_verb
from attnlab.data.grammar.nouns import NOUNS, Kind


class Frame(Enum):
    """What a verb needs beside its subject."""

    INTRANSITIVE = "nothing"
    MOTION = "perhaps a goal"
    POSITION = "a place"
    TRANSITIVE = "an object"
    DITRANSITIVE = "a recipient and an object"
    PUT = "an object and a goal"
    PREPOSITIONAL = "an object after a preposition"
    STATEMENT = "a clause with that"
    QUESTION = "a clause with whether"


@dataclass(frozen=True, slots=True)
class Verb:
    """One translation: where English has one verb for two German ones, frame, subjects or objects tell which."""

    english: str
    third: str
    past: str
    participle: str
    particle: str
    german: GermanVerb
    frame: Frame
    subjects: tuple[Kind, ...]
    objects: tuple[Kind, ...] = ()
    case: Case = Case.ACCUSATIVE
    preposition: str = ""
    stative: bool = False
    placed: bool = False
    far: bool = False
    manner: bool = False
    voice: bool = False

    @property
    def has_clear_past(self) -> bool:
        """Whether the past can be told from the present: "they put" could be either, so it is never used."""
        return self.past != self.english


_PERSON: Final = (Kind.PERSON,)
_ANIMATE: Final = (Kind.PERSON, Kind.ANIMAL)
_HANDY: Final = (Kind.UPRIGHT, Kind.FLAT, Kind.CLOTHES)
_GOODS: Final = (*_HANDY, Kind.DEVICE, Kind.TEXT)
_VISIBLE: Final = (Kind.PERSON, Kind.ANIMAL, *_GOODS, Kind.VEHICLE, Kind.CAR, Kind.ROOM)
_SUBJECTS: Final = {
    "P": (Kind.PERSON,),
    "A": (Kind.ANIMAL,),
    "V": (Kind.VEHICLE,),
    "U": (Kind.UPRIGHT,),
    "F": (Kind.FLAT, Kind.TEXT, Kind.CLOTHES),
}
_OBJECTS: Final[dict[str, tuple[Kind, ...]]] = {
    "-": (),
    "person": _PERSON,
    "animal": (Kind.ANIMAL,),
    "animate": _ANIMATE,
    "visible": _VISIBLE,
    "liked": (*_ANIMATE, Kind.FOOD, Kind.MEAL, Kind.DRINK, Kind.CLOTHES, Kind.TEXT, Kind.ROOM),
    "known": (Kind.PERSON, Kind.TEXT, Kind.ROOM),
    "goods": _GOODS,
    "bought": (*_GOODS, Kind.FOOD, Kind.MEAL, Kind.DRINK, Kind.CAR),
    "carried": (*_HANDY, Kind.TEXT),
    "washed": (Kind.CLOTHES, Kind.UPRIGHT, Kind.CAR),
    "cleaned": (Kind.ROOM, Kind.OPENING, Kind.UPRIGHT),
    "repaired": (Kind.DEVICE, Kind.CAR, Kind.OPENING),
    "eaten": (Kind.FOOD, Kind.MEAL),
    "drunk": (Kind.DRINK,),
    "text": (Kind.TEXT,),
    "opened": (Kind.OPENING,),
    "room": (Kind.ROOM,),
    "tidied": (Kind.ROOM,),
    "upright": (Kind.UPRIGHT,),
    "flat": (Kind.FLAT, Kind.CLOTHES, Kind.TEXT),
    "device": (Kind.DEVICE,),
    "clothes": (Kind.CLOTHES,),
    "awaited": (Kind.PERSON, Kind.VEHICLE),
    "drawn": (Kind.PERSON, Kind.ANIMAL, Kind.VEHICLE, Kind.ROOM, Kind.FLAT),
}

# English base, past and participle if irregular, particle in brackets | German parts | subjects | objects | remarks:
# "dat" object in the dative, "auf+acc" preposition and case, "stative" no perfect, "placed" may say where, "far" goes
# to far places, "manner" takes slowly, carefully and so on, "voice" loudly.
_TABLE: Final = {
    Frame.INTRANSITIVE: """
        sleep slept slept | schlafen schläft schlief geschlafen | PA | - | placed
        work | arbeiten | P | - | placed manner
        laugh | lachen | P | - | voice
        cry | weinen | P | - | placed voice
        smile | lächeln | P | - |
        dance | tanzen | P | - | placed
        sing sang sung | singen singt sang gesungen | P | - | placed voice
        wait | warten | PA | - | placed
        play | spielen | PA | - | placed
        cook | kochen | P | - | placed
        get got got (up) | auf+stehen steht stand gestanden* | PA | - |
        wake woke woken (up) | auf+wachen * | PA | - |
        fall fell fallen (asleep) | ein+schlafen schläft schlief geschlafen* | PA | - | placed
        come came come (back) | zurück+kommen kommt kam gekommen* | PA | - |
        arrive | an+kommen kommt kam gekommen* | PV | - |
        leave left left | ab+fahren fährt fuhr gefahren* | V | - |
        stop stopped stopped | an+halten hält hielt gehalten | V | - |
    """,
    Frame.MOTION: """
        go went gone | gehen geht ging gegangen* | PA | - | manner
        run ran run | laufen läuft lief gelaufen* | PA | - | manner
        come came come | kommen kommt kam gekommen* | PA | - |
        drive drove driven | fahren fährt fuhr gefahren* | P | - | manner far
        travel travelled travelled | reisen * | P | - | far
        return | zurück+kehren * | P | - |
    """,
    Frame.POSITION: """
        sit sat sat | sitzen sitzt saß gesessen | PA | - |
        stand stood stood | stehen steht stand gestanden | PUV | - |
        lie lay lain | liegen liegt lag gelegen | AF | - |
        live | wohnen | P | - | stative
        stay | bleiben bleibt blieb geblieben* | PA | - |
    """,
    Frame.TRANSITIVE: """
        see saw seen | sehen sieht sah gesehen | PA | visible | placed
        hear heard heard | hören | PA | animate | placed
        like | mögen | PA | liked | stative
        love | lieben | PA | animate | stative
        find found found | finden findet fand gefunden | PA | visible | placed
        know knew known | kennen kennt kannte gekannt | P | known | stative
        need | brauchen | P | bought | stative
        watch | beobachten | PA | animate | placed
        look (for) | suchen | PA | visible | placed
        look (at) | an+sehen sieht sah gesehen | PA | visible |
        buy bought bought | kaufen | P | bought | placed
        sell sold sold | verkaufen | P | bought | placed
        visit | besuchen | P | person |
        meet met met | treffen trifft traf getroffen | P | person | placed
        greet | begrüßen | P | person | placed
        invite | ein+laden lädt lud geladen | P | person |
        call | an+rufen ruft rief gerufen | P | person |
        pick (up) | ab+holen | P | person |
        ask | fragen | P | person |
        draw drew drawn | zeichnen | P | drawn | placed
        paint | malen | P | drawn | placed
        carry | tragen trägt trug getragen | P | carried | manner
        wear wore worn | tragen trägt trug getragen | P | clothes |
        put put put (on) | an+ziehen zieht zog gezogen | P | clothes |
        take took taken (off) | aus+ziehen zieht zog gezogen | P | clothes |
        clean | putzen | P | cleaned | manner
        wash | waschen wäscht wusch gewaschen | P | washed | manner
        repair | reparieren | P | repaired | placed
        read read read | lesen liest las gelesen | P | text | manner placed
        write wrote written | schreiben schreibt schrieb geschrieben | P | text | manner placed
        understand understood understood | verstehen versteht verstand verstanden | P | text |
        open | öffnen | P | opened | manner
        close | schließen schließt schloss geschlossen | P | opened | manner
        tidy (up) | auf+räumen | P | tidied |
        turn (on) | ein+schalten | P | device |
        turn (off) | aus+schalten | P | device |
        leave left left | verlassen verlässt verließ verlassen | P | room |
        eat ate eaten | essen isst aß gegessen | P | eaten | manner placed
        eat ate eaten | fressen frisst fraß gefressen | A | eaten | manner placed
        drink drank drunk | trinken trinkt trank getrunken | P | drunk | manner placed
        break broke broken | zerbrechen zerbricht zerbrach zerbrochen | P | upright |
        lose lost lost | verlieren verliert verlor verloren | P | goods | placed
        forget forgot forgotten | vergessen vergisst vergaß vergessen | P | goods | placed
        steal stole stolen | stehlen stiehlt stahl gestohlen | P | goods |
        feed fed fed | füttern | P | animal |
        chase | jagen | A | animal | placed
        help | helfen hilft half geholfen | P | person | dat
        thank | danken | P | person | dat
        follow | folgen * | PA | animate | dat
        trust | vertrauen | P | person | dat stative
        answer | antworten | P | person | dat
        listen (to) | zu+hören | P | person | dat
    """,
    Frame.DITRANSITIVE: """
        give gave given | geben gibt gab gegeben | P | goods |
        show showed shown | zeigen | P | goods |
        send sent sent | schicken | P | goods |
        bring brought brought | bringen bringt brachte gebracht | P | goods |
        lend lent lent | leihen leiht lieh geliehen | P | goods |
    """,
    Frame.PUT: """
        put put put | stellen | P | upright | manner
        put put put | legen | P | flat | manner
    """,
    Frame.PREPOSITIONAL: """
        wait (for) | warten | P | awaited | auf+acc
        think thought thought (of) | denken denkt dachte gedacht | P | person | an+acc
        dream (of) | träumen | P | animate | von+dat
        talk (to) | sprechen spricht sprach gesprochen | P | person | mit+dat voice
        play (with) | spielen | PA | animate | mit+dat
        laugh (at) | lachen | P | person | über+acc
        look (after) | auf+passen | P | animate | auf+acc
        ask (for) | bitten bittet bat gebeten | P | goods | um+acc
    """,
    Frame.STATEMENT: """
        know knew known | wissen | P | - | stative
        think thought thought | denken denkt dachte gedacht | P | - | stative
        believe | glauben | P | - | stative
        say said said | sagen | P | - |
        hope | hoffen | P | - |
        hear heard heard | hören | P | - |
        see saw seen | sehen sieht sah gesehen | P | - |
        forget forgot forgotten | vergessen vergisst vergaß vergessen | P | - |
        notice | bemerken | P | - |
        explain | erklären | P | - |
        find found found (out) | heraus+finden findet fand gefunden | P | - |
    """,
    Frame.QUESTION: """
        ask | fragen | P | - |
    """,
}


def _read(line: str, frame: Frame) -> Verb:
    english, german, subjects, objects, remarks = (cell.strip() for cell in line.split("|"))
    forms, _, particle = english.rstrip(")").partition(" (")
    base, *irregular = forms.split()
    past, participle = irregular or (with_ed(base), with_ed(base))
    case, preposition, flags = Case.ACCUSATIVE, "", set(remarks.split())
    for remark in sorted(flags):
        if remark.startswith("dat"):
            case = Case.DATIVE
        elif "+" in remark:
            preposition, _, name = remark.partition("+")
            case = Case.DATIVE if name == "dat" else Case.ACCUSATIVE
    return Verb(
        english=base,
        third=with_s(base),
        past=past,
        participle=participle,
        particle=particle,
        german=german_verb(german),
        frame=frame,
        subjects=tuple(kind for letter in subjects for kind in _SUBJECTS[letter]),
        objects=_OBJECTS[objects],
        case=case,
        preposition=preposition,
        stative="stative" in flags,
        placed="placed" in flags,
        far="far" in flags,
        manner="manner" in flags,
        voice="voice" in flags,
    )


VERBS: Final = {
    frame: tuple(_read(line, frame) for line in text.strip().splitlines()) for frame, text in _TABLE.items()
}


def _takers(role: str) -> dict[Kind, tuple[Verb, ...]]:
    return {
        kind: tuple(verb for group in VERBS.values() for verb in group if kind in getattr(verb, role)) for kind in NOUNS
    }


BY_SUBJECT: Final = _takers("subjects")
BY_OBJECT: Final = _takers("objects")
