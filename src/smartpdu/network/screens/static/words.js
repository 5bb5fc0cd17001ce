// What an operator reads, in English and German; every text of the page stands here.

const WORDS = {
  en: {
    rack: "Rack", pdu: "PDU", phases: "Phases A and B", power: "Power, last hour", alarms: "Alarms",
    events: "Events", leave: "Log out", other: "Deutsch", live: "live", lost: "connection lost",
    none: "No alarm stands.", calm: "no alarms", critical: "critical", warning: "warning",
    on: "on", off: "off", unknown: "unknown", open: "open", closed: "closed", tripped: "OPEN",
    reserve: "reserve alone", nothing: "no reserve", door: "Door", top: "top", bottom: "bottom",
    note: "Mark: 80 % of the rating. Reserve: what is left if this feed had to carry the rack alone.",
    acknowledge: "Acknowledge", shelve: "Shelve", minutes: "minutes", why: "Reason", cancel: "Cancel",
    known: "known by", shelved: "shelved until", passed: "passed, not acknowledged", since: "since",
    limit: "limit", cause: "Likely cause", action: "What to do", locked: "cannot be switched",
    hold_on: "Hold to switch on", hold_off: "Hold to switch off", now: "Now", will: "Then",
    loses: "This outlet loses its power. What hangs on it lives only if it has another supply.",
    gets: "This outlet gets power. What hangs on it may start by itself.",
    sending: "being recorded", intended: "recorded, waiting for the relay", done: "done",
    refused: "refused", disobeyed: "the outlet did not follow", close: "Close", failed: "failed",
    dew: "dew point", humidity: "humidity", residual: "residual", energy: "energy",
    claim: "Early warning and support. It never replaces a breaker, an RCD, a fire alarm system or an electrician.",
    sum: "Sum", more: "more alarms", viewer: "viewer", operator: "operator", admin: "administrator",
    kinds: {
      AlarmRaised: "raised", AlarmEased: "eased", AlarmCleared: "cleared", AlarmFlood: "many at once",
      AlarmAcknowledged: "acknowledged", AlarmShelved: "shelved", AlarmUnshelved: "unshelved",
      RequestRefused: "request refused", CommandIntended: "ordered", CommandDone: "order done",
      CommandRefused: "order refused", CommandDisobeyed: "order disobeyed", OutletTurned: "turned",
      RuleBroken: "rule broken", HouseStarted: "program started", HouseStopped: "program stopped",
      RecordingTroubled: "recording had trouble", ClockStepped: "clock was set",
    },
  },
  de: {
    rack: "Rack", pdu: "PDU", phases: "Phasen A und B", power: "Leistung, letzte Stunde", alarms: "Alarme",
    events: "Ereignisse", leave: "Abmelden", other: "English", live: "live", lost: "Verbindung verloren",
    none: "Kein Alarm steht an.", calm: "keine Alarme", critical: "kritisch", warning: "Warnung",
    on: "ein", off: "aus", unknown: "unbekannt", open: "offen", closed: "geschlossen", tripped: "OFFEN",
    reserve: "Reserve allein", nothing: "keine Reserve", door: "Tür", top: "oben", bottom: "unten",
    note: "Marke: 80 % des Nennstroms. Reserve: was bleibt, wenn diese Einspeisung das Rack allein trüge.",
    acknowledge: "Quittieren", shelve: "Zurückstellen", minutes: "Minuten", why: "Grund", cancel: "Abbrechen",
    known: "bekannt:", shelved: "zurückgestellt bis", passed: "vorbei, nicht quittiert", since: "seit",
    limit: "Grenze", cause: "Wahrscheinliche Ursache", action: "Was tun", locked: "nicht schaltbar",
    hold_on: "Halten zum Einschalten", hold_off: "Halten zum Ausschalten", now: "Jetzt", will: "Dann",
    loses: "Diese Steckdose wird stromlos. Was daran hängt, lebt nur mit einer zweiten Zuleitung weiter.",
    gets: "Diese Steckdose erhält Strom. Was daran hängt, kann von selbst anlaufen.",
    sending: "wird aufgezeichnet", intended: "aufgezeichnet, wartet auf das Relais", done: "erledigt",
    refused: "abgewiesen", disobeyed: "die Steckdose hat nicht geschaltet", close: "Schließen", failed: "gescheitert",
    dew: "Taupunkt", humidity: "Feuchte", residual: "Differenzstrom", energy: "Energie",
    claim: "Frühwarnung und Hilfe. Ersetzt weder Leitungsschutz noch FI, Brandmeldeanlage oder Elektrofachkraft.",
    sum: "Summe", more: "weitere Alarme", viewer: "Betrachter", operator: "Bediener", admin: "Verwalter",
    kinds: {
      AlarmRaised: "ausgelöst", AlarmEased: "gemildert", AlarmCleared: "vorbei", AlarmFlood: "viele zugleich",
      AlarmAcknowledged: "quittiert", AlarmShelved: "zurückgestellt", AlarmUnshelved: "wieder aktiv",
      RequestRefused: "Anfrage abgewiesen", CommandIntended: "befohlen", CommandDone: "Befehl erledigt",
      CommandRefused: "Befehl abgewiesen", CommandDisobeyed: "Befehl nicht befolgt", OutletTurned: "geschaltet",
      RuleBroken: "Regel gestört", HouseStarted: "Programm gestartet", HouseStopped: "Programm beendet",
      RecordingTroubled: "Aufzeichnung gestört", ClockStepped: "Uhr gestellt",
    },
  },
};

let language = stored() || (navigator.language.startsWith("de") ? "de" : "en");

function stored() {
  try { return localStorage.getItem("language"); } catch { return null; }
}

export function tongue() { return language; }

export function turn() {
  language = language === "en" ? "de" : "en";
  try { localStorage.setItem("language", language); } catch { /* private browsing: for this visit */ }
}

export function say(key) { return WORDS[language][key] ?? key; }

export function kind(name) { return WORDS[language].kinds[name] ?? name; }

export function number(value, digits, unit) {
  if (value === null || value === undefined) return "–";
  const text = value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit ? `${text}\u202f${unit}` : text;
}

export function time(at) {
  const date = typeof at === "number" ? new Date(at * 1000) : new Date(at);
  return date.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
}
