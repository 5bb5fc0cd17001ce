"""The hazard catalogue as data: what an alarm means and what to do, in two languages (R-1.1-8)."""

from dataclasses import dataclass
from enum import StrEnum


class Domain(StrEnum):
    """Which part of the rack a hazard belongs to."""

    POWER = "power"
    RESIDUAL = "residual"
    CONTACT = "contact"
    CLIMATE = "climate"
    CONTROL = "control"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Text:
    """The same words for an operator in English and German."""

    en: str
    de: str


@dataclass(frozen=True, slots=True)
class Hazard:
    """One hazard: its key is the key of the rule that finds it."""

    key: str
    domain: Domain
    title: Text
    cause: Text
    action: Text
    shelvable: bool = True


def _hazard(
    key: str,
    domain: Domain,
    title: tuple[str, str],
    cause: tuple[str, str],
    action: tuple[str, str],
    shelvable: bool = True,
) -> Hazard:
    return Hazard(key, domain, Text(*title), Text(*cause), Text(*action), shelvable)


CATALOGUE: tuple[Hazard, ...] = (
    _hazard(
        "supply.feed",
        Domain.POWER,
        ("Feed lost", "Einspeisung ausgefallen"),
        (
            "No phase of this feed carries voltage: upstream breaker, UPS output or mains",
            "Keine Phase dieser Einspeisung führt Spannung: Vorsicherung, USV-Ausgang oder Netz",
        ),
        (
            "Check the upstream breaker and the UPS; watch the load of the other feed",
            "Vorsicherung und USV prüfen; Last der anderen Einspeisung beobachten",
        ),
        shelvable=False,
    ),
    _hazard(
        "supply.phase",
        Domain.POWER,
        ("Phase lost", "Phase ausgefallen"),
        (
            "One conductor of a living feed carries no voltage: fuse, terminal or plug",
            "Ein Leiter einer lebenden Einspeisung ist spannungslos: Sicherung, Klemme, Stecker",
        ),
        (
            "Check the upstream fuse and the terminals of this phase",
            "Vorsicherung und Klemmen dieser Phase prüfen",
        ),
        shelvable=False,
    ),
    _hazard(
        "supply.voltage",
        Domain.POWER,
        ("Voltage out of range", "Spannung außerhalb des Bereichs"),
        (
            "The mains, the UPS or a loose neutral; high load upstream",
            "Netz, USV oder loser Neutralleiter; hohe Last davor",
        ),
        (
            "Compare the phases: if one rises while another falls, look for a broken neutral",
            "Phasen vergleichen: steigt eine, während eine andere fällt, Neutralleiter prüfen",
        ),
    ),
    _hazard(
        "supply.frequency",
        Domain.POWER,
        ("Frequency out of range", "Frequenz außerhalb des Bereichs"),
        (
            "Generator or UPS in island operation, or trouble in the grid",
            "Generator oder USV im Inselbetrieb, oder Netzstörung",
        ),
        ("Check which source feeds the rack", "Prüfen, welche Quelle das Rack speist"),
    ),
    _hazard(
        "load.feed",
        Domain.POWER,
        ("Feed load high", "Einspeisung hoch belastet"),
        (
            "More load than planned, or the other feed is lost",
            "Mehr Last als geplant, oder die andere Einspeisung fehlt",
        ),
        (
            "Move load to the other feed or take consumers of low priority off",
            "Last auf die andere Einspeisung verlegen oder unwichtige Verbraucher abschalten",
        ),
    ),
    _hazard(
        "load.phase",
        Domain.POWER,
        ("Phase load high", "Phase hoch belastet"),
        (
            "Uneven load of the phases, more load than planned, or the other feed is lost",
            "Ungleiche Phasenlast, mehr Last als geplant, oder die andere Einspeisung fehlt",
        ),
        (
            "Move cords to a phase with more reserve",
            "Kabel auf eine Phase mit mehr Reserve umstecken",
        ),
    ),
    _hazard(
        "load.circuit",
        Domain.POWER,
        ("Circuit load high", "Stromkreis hoch belastet"),
        (
            "Too many or too strong consumers behind one breaker",
            "Zu viele oder zu starke Verbraucher hinter einem Leitungsschutzschalter",
        ),
        (
            "Take load off before the breaker trips; above its rating it will",
            "Last wegnehmen, bevor der Schalter auslöst; über dem Nennstrom wird er es tun",
        ),
    ),
    _hazard(
        "load.outlet",
        Domain.POWER,
        ("Outlet load high", "Steckdose hoch belastet"),
        (
            "The device draws more than this connector is made for",
            "Das Gerät zieht mehr, als dieser Steckverbinder darf",
        ),
        ("Use an outlet of a higher rating", "Steckdose mit höherem Nennstrom verwenden"),
    ),
    _hazard(
        "load.neutral",
        Domain.POWER,
        ("Neutral overloaded", "Neutralleiter überlastet"),
        (
            "Harmonics of the orders 3, 9 and 15 add up in it, or the phases are loaded unevenly",
            "Oberschwingungen der Ordnungen 3, 9, 15 addieren sich darin, oder Phasenlast ungleich",
        ),
        (
            "Spread single-phase loads evenly; replace supplies without power factor correction",
            "Einphasige Lasten gleich verteilen; Netzteile ohne Leistungsfaktorkorrektur tauschen",
        ),
    ),
    _hazard(
        "breaker.open",
        Domain.POWER,
        ("Breaker open", "Leitungsschutzschalter offen"),
        (
            "Overload, short circuit, inrush, or opened by hand",
            "Überlast, Kurzschluss, Einschaltstrom oder von Hand geöffnet",
        ),
        (
            "Find the cause before closing it; switch the outlets of the circuit off first",
            "Ursache finden, bevor er geschlossen wird; zuvor Steckdosen des Kreises abschalten",
        ),
        shelvable=False,
    ),
    _hazard(
        "cord.unplugged",
        Domain.POWER,
        ("Cord unplugged", "Kabel gezogen"),
        (
            "The plug was pulled at the outlet or at the device, or the inlet fuse blew",
            "Stecker an Steckdose oder Gerät gezogen, oder Gerätesicherung durchgebrannt",
        ),
        (
            "Check the plug and its lock; the device may stand on its last supply",
            "Stecker und Verriegelung prüfen; das Gerät hängt womöglich an der letzten Zuleitung",
        ),
    ),
    _hazard(
        "cord.dead_supply",
        Domain.POWER,
        ("Power supply dead", "Netzteil ausgefallen"),
        (
            "The power supply takes no power although it is fed",
            "Das Netzteil nimmt keine Leistung auf, obwohl es versorgt wird",
        ),
        (
            "Check the lights of this power supply and have it replaced",
            "Anzeigen dieses Netzteils prüfen und es tauschen lassen",
        ),
    ),
    _hazard(
        "residual.feed",
        Domain.RESIDUAL,
        ("Residual current high", "Differenzstrom hoch"),
        (
            "Insulation, moisture, a mains filter, or many filters together",
            "Isolation, Feuchte, ein Netzfilter oder viele Filter zusammen",
        ),
        (
            "Find the consumer by its time of appearance; have an electrician measure it",
            "Verbraucher über den Zeitpunkt eingrenzen; Elektrofachkraft messen lassen",
        ),
        shelvable=False,
    ),
    _hazard(
        "residual.circuit",
        Domain.RESIDUAL,
        ("Residual current of a circuit high", "Differenzstrom eines Stromkreises hoch"),
        (
            "A device behind this breaker leaks to earth",
            "Ein Gerät hinter diesem Schalter hat Ableitstrom",
        ),
        (
            "Take the devices of this circuit out one by one, with the other feed alive",
            "Geräte dieses Kreises einzeln trennen, solange die andere Einspeisung lebt",
        ),
        shelvable=False,
    ),
    _hazard(
        "quality.distortion",
        Domain.POWER,
        ("Voltage distorted", "Spannung verzerrt"),
        (
            "Rectifiers upstream, a UPS or generator at its limit, or a resonance of capacitors",
            "Gleichrichter davor, USV oder Generator am Limit, oder Resonanz von Kondensatoren",
        ),
        (
            "Compare the feeds; find what was switched on when it began; ask for a filter upstream",
            "Einspeisungen vergleichen; suchen, was zu Beginn zugeschaltet wurde; Filter erwägen",
        ),
    ),
    _hazard(
        "quality.unbalance",
        Domain.POWER,
        ("Voltages unbalanced", "Spannungen unsymmetrisch"),
        (
            "Large single-phase loads upstream, a loose terminal, or a fuse of a capacitor bank",
            "Große einphasige Lasten davor, lose Klemme, oder Sicherung einer Kondensatorbank",
        ),
        (
            "Compare the phases; check terminals upstream; motors and fans must carry less load",
            "Phasen vergleichen; Klemmen davor prüfen; Motoren und Lüfter weniger belasten",
        ),
    ),
    _hazard(
        "climate.temperature",
        Domain.CLIMATE,
        ("Air temperature out of range", "Lufttemperatur außerhalb des Bereichs"),
        (
            "Cooling, airflow, a missing blanking panel or recirculation",
            "Kühlung, Luftführung, fehlende Blindplatte oder Rückströmung",
        ),
        (
            "Check cooling and airflow; compare top and bottom of the rack",
            "Kühlung und Luftführung prüfen; oben und unten im Rack vergleichen",
        ),
    ),
    _hazard(
        "climate.humidity",
        Domain.CLIMATE,
        ("Humidity out of range", "Luftfeuchte außerhalb des Bereichs"),
        (
            "Climate settings, outside air, or a leak",
            "Klimaeinstellung, Außenluft oder Leckage",
        ),
        ("Check the climate control of the room", "Klimaregelung des Raums prüfen"),
    ),
    _hazard(
        "climate.dew",
        Domain.CLIMATE,
        ("Condensation near", "Betauung droht"),
        (
            "Moist air meets a place of the rack that is almost as cold as its dew point",
            "Feuchte Luft trifft auf eine Stelle, die fast so kalt wie ihr Taupunkt ist",
        ),
        (
            "Dry the air or raise the temperature of the coldest place; do not switch cold gear on",
            "Luft trocknen oder kälteste Stelle erwärmen; kalte Geräte nicht einschalten",
        ),
        shelvable=False,
    ),
    _hazard(
        "contact.hot",
        Domain.CONTACT,
        ("Contact too hot", "Kontakt zu heiß"),
        (
            "Contact resistance has grown, or the air at the outlet is too hot",
            "Übergangswiderstand gewachsen oder Luft an der Steckdose zu heiß",
        ),
        (
            "Take the load off this outlet, then replace cord and outlet",
            "Last von dieser Steckdose nehmen, dann Kabel und Steckdose tauschen",
        ),
        shelvable=False,
    ),
    _hazard(
        "contact.rise",
        Domain.CONTACT,
        ("Contact warms above the air", "Kontakt erwärmt sich über die Luft"),
        (
            "Contact resistance grows: wear, a loose plug, oxide",
            "Übergangswiderstand wächst: Verschleiß, loser Stecker, Oxid",
        ),
        (
            "Re-seat the plug at the next occasion; plan its replacement",
            "Stecker bei Gelegenheit neu setzen; Tausch planen",
        ),
    ),
    _hazard(
        "switching.disobeyed",
        Domain.CONTROL,
        ("Outlet did not obey", "Steckdose hat nicht geschaltet"),
        (
            "Stuck relay, a PDU that said yes and did nothing, or no read-back",
            "Klemmendes Relais, eine PDU, die nur zugesagt hat, oder keine Rückmeldung",
        ),
        (
            "Do not rely on the state shown; check at the rack and order again",
            "Angezeigtem Zustand nicht trauen; am Rack prüfen und erneut schalten",
        ),
        shelvable=False,
    ),
    _hazard(
        "switching.welded",
        Domain.CONTROL,
        ("Current through an open outlet", "Strom durch offene Steckdose"),
        (
            "The relay is welded: it reads open and still conducts",
            "Das Relais ist verschweißt: gemeldet offen, leitet aber",
        ),
        (
            "Treat the outlet as live; replace the outlet module",
            "Steckdose als spannungsführend behandeln; Steckdosenmodul tauschen",
        ),
        shelvable=False,
    ),
    _hazard(
        "gaps.silent",
        Domain.SYSTEM,
        ("Source silent", "Quelle antwortet nicht"),
        (
            "Network, address, credentials, or the controller of the PDU",
            "Netzwerk, Adresse, Zugangsdaten oder Steuerung der PDU",
        ),
        (
            "Check the link; what this source measured is not watched until it answers",
            "Verbindung prüfen; bis zur Antwort wird dort nichts überwacht",
        ),
        shelvable=False,
    ),
    _hazard(
        "gaps.missing",
        Domain.SYSTEM,
        ("Values missing", "Messwerte fehlen"),
        (
            "Values do not come or cannot be read; board: samples are lost or clipped",
            "Werte fehlen oder sind unlesbar; Messplatine: Abtastwerte verloren oder übersteuert",
        ),
        (
            "PDU: smartpdu check names them; board: the log tells what (samples_troubled)",
            "PDU: smartpdu check nennt sie; Messplatine: siehe Log (samples_troubled)",
        ),
    ),
    _hazard(
        "recording.failing",
        Domain.SYSTEM,
        ("Journal cannot be written", "Journal nicht schreibbar"),
        (
            "The disk is full, read-only or broken; orders of people are refused meanwhile",
            "Datenträger voll, schreibgeschützt oder defekt; Schaltbefehle werden abgewiesen",
        ),
        (
            "Free or replace the disk; measuring and alarms go on, their record has a gap",
            "Platz schaffen oder tauschen; Messung und Alarme laufen, Aufzeichnung hat Lücken",
        ),
        shelvable=False,
    ),
)
