"""The nouns, by what they can do in a sentence."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from attnlab.data.grammar.english import with_s
from attnlab.data.grammar.german import Gender


class Kind(Enum):
    """What a noun stands for: it decides which verbs and adjectives may meet it."""

    PERSON = "person"
    ANIMAL = "animal"
    FOOD = "food"
    MEAL = "meal"  # food without a plural: bread
    DRINK = "drink"
    TEXT = "text"
    UPRIGHT = "upright"  # is put somewhere standing
    FLAT = "flat"  # is put somewhere lying
    CLOTHES = "clothes"
    DEVICE = "device"
    OPENING = "opening"
    VEHICLE = "vehicle"  # runs to a timetable
    CAR = "car"  # is bought and driven by oneself
    ROOM = "room"
    PLACE = "place"


@dataclass(frozen=True, slots=True)
class Noun:
    """Both languages' forms; `weak` marks masculines such as "der Junge, den Jungen"."""

    english: str
    english_plural: str
    german: str
    german_plural: str
    gender: Gender
    kind: Kind
    weak: bool = False

    @property
    def countable(self) -> bool:
        """Whether the noun has a plural."""
        return bool(self.german_plural)


# One noun a line: English, "/" and plural if irregular, German article, singular, plural ("-" for none), "weak" if so.
_TABLE: Final = {
    Kind.PERSON: """
        man/men der Mann Männer
        woman/women die Frau Frauen
        child/children das Kind Kinder
        boy der Junge Jungen weak
        girl das Mädchen Mädchen
        teacher der Lehrer Lehrer
        student der Student Studenten weak
        doctor der Arzt Ärzte
        neighbour der Nachbar Nachbarn weak
        friend der Freund Freunde
        mother die Mutter Mütter
        father der Vater Väter
        brother der Bruder Brüder
        sister die Schwester Schwestern
        grandmother die Großmutter Großmütter
        uncle der Onkel Onkel
        aunt die Tante Tanten
        farmer der Bauer Bauern weak
        policeman/policemen der Polizist Polizisten weak
        cook der Koch Köche
        king der König Könige
        queen die Königin Königinnen
        colleague der Kollege Kollegen weak
        guest der Gast Gäste
        painter der Maler Maler
        nurse die Krankenschwester Krankenschwestern
        singer die Sängerin Sängerinnen
        baker der Bäcker Bäcker
    """,
    Kind.ANIMAL: """
        dog der Hund Hunde
        cat die Katze Katzen
        horse das Pferd Pferde
        cow die Kuh Kühe
        bird der Vogel Vögel
        bear der Bär Bären weak
        lion der Löwe Löwen weak
        elephant der Elefant Elefanten weak
        mouse/mice die Maus Mäuse
        pig das Schwein Schweine
        duck die Ente Enten
        monkey der Affe Affen weak
    """,
    Kind.FOOD: """
        apple der Apfel Äpfel
        egg das Ei Eier
        cake der Kuchen Kuchen
        potato die Kartoffel Kartoffeln
        pear die Birne Birnen
        banana die Banane Bananen
        tomato die Tomate Tomaten
        carrot die Karotte Karotten
    """,
    Kind.MEAL: """
        bread das Brot -
        cheese der Käse -
        meat das Fleisch -
        rice der Reis -
        butter die Butter -
    """,
    Kind.DRINK: """
        water das Wasser -
        milk die Milch -
        coffee der Kaffee -
        tea der Tee -
        wine der Wein -
        beer das Bier -
    """,
    Kind.TEXT: """
        book das Buch Bücher
        newspaper die Zeitung Zeitungen
        letter der Brief Briefe
        story die Geschichte Geschichten
        poem das Gedicht Gedichte
    """,
    Kind.UPRIGHT: """
        bottle die Flasche Flaschen
        cup die Tasse Tassen
        glass das Glas Gläser
        vase die Vase Vasen
        basket der Korb Körbe
    """,
    Kind.FLAT: """
        key der Schlüssel Schlüssel
        knife/knives das Messer Messer
        spoon der Löffel Löffel
        picture das Bild Bilder
        pencil der Bleistift Bleistifte
        map die Karte Karten
        flower die Blume Blumen
        ball der Ball Bälle
    """,
    Kind.CLOTHES: """
        coat der Mantel Mäntel
        shirt das Hemd Hemden
        hat der Hut Hüte
        dress das Kleid Kleider
        jacket die Jacke Jacken
        skirt der Rock Röcke
    """,
    Kind.DEVICE: """
        lamp die Lampe Lampen
        radio/radios das Radio Radios
        computer der Computer Computer
        machine die Maschine Maschinen
    """,
    Kind.OPENING: """
        door die Tür Türen
        window das Fenster Fenster
        box die Kiste Kisten
        suitcase der Koffer Koffer
    """,
    Kind.VEHICLE: """
        train der Zug Züge
        bus der Bus Busse
        ship das Schiff Schiffe
        tram die Straßenbahn Straßenbahnen
    """,
    Kind.CAR: """
        car das Auto Autos
        bicycle das Fahrrad Fahrräder
        boat das Boot Boote
    """,
    Kind.ROOM: """
        house das Haus Häuser
        kitchen die Küche Küchen
        room das Zimmer Zimmer
        school die Schule Schulen
        church die Kirche Kirchen
        office das Büro Büros
        museum das Museum Museen
        restaurant das Restaurant Restaurants
        hotel das Hotel Hotels
        shop der Laden Läden
    """,
    Kind.PLACE: """
        garden der Garten Gärten
        city die Stadt Städte
        village das Dorf Dörfer
        forest der Wald Wälder
        park der Park Parks
        station der Bahnhof Bahnhöfe
        market der Markt Märkte
        river der Fluss Flüsse
        lake der See Seen
        street die Straße Straßen
        bridge die Brücke Brücken
        mountain der Berg Berge
        table der Tisch Tische
        chair der Stuhl Stühle
        bed das Bett Betten
    """,
}

_GENDERS: Final = {"der": Gender.MASCULINE, "die": Gender.FEMININE, "das": Gender.NEUTER}


def _read(line: str, kind: Kind) -> Noun:
    english, article, german, plural, *weak = line.split()
    singular, _, irregular = english.partition("/")
    return Noun(
        english=singular,
        english_plural=irregular or with_s(singular),
        german=german,
        german_plural="" if plural == "-" else plural,
        gender=_GENDERS[article],
        kind=kind,
        weak=weak == ["weak"],
    )


NOUNS: Final = {kind: tuple(_read(line, kind) for line in text.strip().splitlines()) for kind, text in _TABLE.items()}
BY_ENGLISH: Final = {noun.english: noun for group in NOUNS.values() for noun in group}
