// What an operator reads, in English and German; every text of the page stands here.

import { Refused, Stranger } from "./link.js";

const WORDS = {
  en: {
    rackless: "This site has no rack yet", racks: "Racks", feeds: "Feeds", power_hour: "Power, last hour",
    alarms_title: "Alarms", events: "Events", leave: "Log out", other: "Deutsch", house: "program",
    live: "live", lost: "not live",
    old: "Connection lost. What you see is from {}; trying again.",
    unreachable: "The program does not answer; trying again.",
    stranger: "Your session is over. Open the page with a new login link.",
    silent: "No answer for {}: the values are old or missing.",
    none: "No alarm stands.", calm: "no alarms", critical: "critical", warning: "warning", passed: "over, not acknowledged", raised: "raised",
    alarm_here: "Alarm", circuit: "circuit", by: "by", token: "token", session: "browser session", quoted: "“{}”",
    on: "on", off: "off", unknown: "unknown", open: "open", closed: "closed", tripped: "OPEN", dead: "no voltage", gap: "no reading",
    reserve: "reserve", lacking: "lacking", residual: "residual", dew: "dew point", sum: "Sum", harmonics: "harmonics, % of the fundamental",
    key_now: "now", key_alone: "more, if this feed carried the rack alone", key_limit: "warning limit; the reserve counts to 80 % of the rating",
    acknowledge: "Acknowledge", acknowledge_all: "Acknowledge all", shelve: "Shelve", unshelve: "Unshelve", minutes: "Minutes", why: "Reason", cancel: "Cancel",
    minutes_limits: "From 1 to {} minutes.", why_missing: "A reason is needed.",
    known: "known by", shelved: "shelved until", since: "since", limit: "limit", more_about: "Cause and action",
    failure: "Last failure", cause: "Likely cause", action: "What to do",
    state: "State now", current: "Current", power: "Power", contact: "Contact", unmetered: "not metered",
    locked: "This outlet cannot be switched.", viewing: "You may look, not switch.",
    cut_off: "There is no connection to the program: nothing can be switched.",
    blind: "The outlet cannot be read back now, so it is not switched.",
    hold_on: "Hold to switch on", hold_off: "Hold to switch off", again: "Press again to confirm",
    turn_off: "Switch off:", loses: "what hangs on this outlet will lose this supply and goes on only with another one.",
    turn_on: "Switch on:", gets: "what hangs on this outlet will get power and may start by itself.",
    sending: "being recorded", intended: "recorded, waiting for the relay", done: "done: read back",
    refused: "refused", disobeyed: "the outlet did not follow", close: "Close",
    unanswered: "no answer; asking again", unknown_end: "No answer: whether the order was recorded is not known. Look at the events.",
    chartless: "The past cannot be shown just now.",
    claim: "Early warning and support. It never replaces a breaker, an RCD, a fire alarm system or an electrician.",
    viewer: "viewer", operator: "operator", admin: "administrator",
    counts: {
      criticals: { other: "{} critical" }, warnings: { one: "{} warning", other: "{} warnings" },
      alarms: { one: "{} alarm", other: "{} alarms" }, more_alarms: { one: "{} more alarm", other: "{} more alarms" },
      places: { one: "{} place", other: "{} places" },
    },
    kinds: {
      AlarmRaised: "alarm raised", AlarmEased: "alarm eased", AlarmCleared: "alarm over", AlarmFlood: "alarm at many places",
      AlarmAcknowledged: "alarm acknowledged", AlarmShelved: "alarm shelved", AlarmUnshelved: "alarm unshelved",
      RequestRefused: "request refused", CommandIntended: "ordered", CommandDone: "order done",
      CommandRefused: "order refused", CommandDisobeyed: "order disobeyed", OutletTurned: "turned",
      VoltageDisturbed: "voltage disturbed", InrushCaptured: "inrush", VoltageWeek: "week of voltages",
      RuleBroken: "rule broken", HouseStarted: "program started", HouseStopped: "program stopped",
      RecordingTroubled: "recording had trouble", ClockStepped: "clock was set",
    },
    disturbances: {}, causes: {}, lasts: "lasts", unseen: "over, its end not seen", waveform: "waveform",
    reasons: {}, patterns: [],
  },
  de: {
    rackless: "Dieser Standort hat noch kein Rack", racks: "Racks", feeds: "Einspeisungen", power_hour: "Leistung, letzte Stunde",
    alarms_title: "Alarme", events: "Ereignisse", leave: "Abmelden", other: "English", house: "Programm",
    live: "live", lost: "nicht live",
    old: "Verbindung verloren. Was hier steht, ist von {}; neuer Versuch läuft.",
    unreachable: "Das Programm antwortet nicht; neuer Versuch läuft.",
    stranger: "Die Sitzung ist beendet. Die Seite mit einem neuen Login-Link öffnen.",
    silent: "Keine Antwort seit {}: Werte sind alt oder fehlen.",
    none: "Kein Alarm steht an.", calm: "keine Alarme", critical: "kritisch", warning: "Warnung", passed: "vorüber, nicht quittiert", raised: "ausgelöst",
    alarm_here: "Alarm", circuit: "Kreis", by: "von", token: "Token", session: "Browser-Sitzung", quoted: "„{}“",
    on: "ein", off: "aus", unknown: "unbekannt", open: "offen", closed: "geschlossen", tripped: "OFFEN", dead: "spannungslos", gap: "kein Messwert",
    reserve: "Reserve", lacking: "es fehlen", residual: "Differenzstrom", dew: "Taupunkt", sum: "Summe", harmonics: "Oberschwingungen, % der Grundschwingung",
    key_now: "jetzt", key_alone: "mehr, wenn diese Einspeisung das Rack allein trüge", key_limit: "Warngrenze; die Reserve zählt bis 80 % des Nennstroms",
    acknowledge: "Quittieren", acknowledge_all: "Alle quittieren", shelve: "Zurückstellen", unshelve: "Wieder aktivieren", minutes: "Minuten", why: "Grund", cancel: "Abbrechen",
    minutes_limits: "Von 1 bis {} Minuten.", why_missing: "Ein Grund ist nötig.",
    known: "bekannt:", shelved: "zurückgestellt bis", since: "seit", limit: "Grenze", more_about: "Ursache und Abhilfe",
    failure: "Letzter Fehler", cause: "Wahrscheinliche Ursache", action: "Was tun",
    state: "Zustand jetzt", current: "Strom", power: "Leistung", contact: "Kontakt", unmetered: "nicht gemessen",
    locked: "Diese Steckdose ist nicht schaltbar.", viewing: "Nur ansehen; schalten ist dieser Rolle nicht erlaubt.",
    cut_off: "Keine Verbindung zum Programm: es kann nichts geschaltet werden.",
    blind: "Die Steckdose ist jetzt nicht zurücklesbar und wird darum nicht geschaltet.",
    hold_on: "Halten zum Einschalten", hold_off: "Halten zum Ausschalten", again: "Zum Bestätigen erneut drücken",
    turn_off: "Ausschalten:", loses: "was an dieser Steckdose hängt, verliert dann diese Zuleitung und läuft nur mit einer zweiten weiter.",
    turn_on: "Einschalten:", gets: "was an dieser Steckdose hängt, bekommt dann Strom und kann von selbst anlaufen.",
    sending: "wird aufgezeichnet", intended: "aufgezeichnet, wartet auf das Relais", done: "erledigt: zurückgelesen",
    refused: "abgewiesen", disobeyed: "die Steckdose hat nicht geschaltet", close: "Schließen",
    unanswered: "keine Antwort; neuer Versuch", unknown_end: "Keine Antwort: ob der Befehl aufgezeichnet wurde, ist offen. Ereignisse ansehen.",
    chartless: "Der Verlauf ist gerade nicht darstellbar.",
    claim: "Frühwarnung und Hilfe. Ersetzt weder Leitungsschutz noch FI, Brandmeldeanlage oder Elektrofachkraft.",
    viewer: "Betrachter", operator: "Bediener", admin: "Verwalter",
    counts: {
      criticals: { other: "{} kritisch" }, warnings: { one: "{} Warnung", other: "{} Warnungen" },
      alarms: { one: "{} Alarm", other: "{} Alarme" }, more_alarms: { one: "{} weiterer Alarm", other: "{} weitere Alarme" },
      places: { one: "{} Stelle", other: "{} Stellen" },
    },
    kinds: {
      AlarmRaised: "Alarm ausgelöst", AlarmEased: "Alarm gemildert", AlarmCleared: "Alarm vorüber", AlarmFlood: "Alarm an vielen Stellen",
      AlarmAcknowledged: "Alarm quittiert", AlarmShelved: "Alarm zurückgestellt", AlarmUnshelved: "Alarm wieder aktiv",
      RequestRefused: "Anfrage abgewiesen", CommandIntended: "befohlen", CommandDone: "Befehl erledigt",
      CommandRefused: "Befehl abgewiesen", CommandDisobeyed: "Befehl nicht befolgt", OutletTurned: "geschaltet",
      VoltageDisturbed: "Spannung gestört", InrushCaptured: "Einschaltstrom", VoltageWeek: "Woche der Spannung",
      RuleBroken: "Regel gestört", HouseStarted: "Programm gestartet", HouseStopped: "Programm beendet",
      RecordingTroubled: "Aufzeichnung gestört", ClockStepped: "Uhr gestellt",
    },
    disturbances: {
      dip: "Einbruch", swell: "Überhöhung", interruption: "Unterbrechung",
      "rapid voltage change": "schnelle Spannungsänderung", transient: "Transiente",
    },
    causes: {
      "outlet switched on": "Steckdose eingeschaltet", "breaker closed": "Schutzschalter geschlossen",
      "voltage returned": "Spannung kam wieder", "load plugged in": "Last eingesteckt", "load changed": "Last änderte sich",
    },
    lasts: "dauert an", unseen: "vorüber, Ende nicht gesehen", waveform: "Kurvenform",
    reasons: { // the program's own words, as far as they are fixed
      "read back": "zurückgelesen", "read back unchanged": "unverändert zurückgelesen", "no read-back": "nicht zurücklesbar",
      "seen after a restart": "nach einem Neustart gesehen",
      "this outlet cannot be switched": "nicht schaltbar",
      "an earlier order of this outlet is still open": "ein früherer Befehl dieser Steckdose ist noch offen",
      "the outlet cannot be read back now, so the effect would not be seen": "jetzt nicht zurücklesbar, die Wirkung bliebe ungesehen",
      "cut off by a restart; the outlet has not changed": "durch einen Neustart abgebrochen, unverändert",
      "cut off by a restart; its outlet is no more": "durch einen Neustart abgebrochen, die Steckdose gibt es nicht mehr",
      "no answer": "keine Antwort",
      "it took too long to record the order": "das Aufzeichnen des Befehls dauerte zu lange",
      "the disk does not answer": "der Datenträger antwortet nicht",
      "the disk is full": "der Datenträger ist voll", "no space left on device": "der Datenträger ist voll",
      "the disk or the file is read-only": "Datenträger oder Datei ist schreibgeschützt", "read-only file system": "der Datenträger ist schreibgeschützt",
      "input/output error": "Ein-/Ausgabefehler", "not a database": "keine Datenbank", "the file is damaged": "die Datei ist beschädigt",
      "cannot be opened": "nicht zu öffnen", "no such file or directory": "nicht vorhanden",
      "locked by another program": "von einem anderen Programm gesperrt",
      "the lock was removed or replaced while in use": "die Sperrdatei wurde im Betrieb entfernt oder ersetzt",
      "a file of the database was removed or replaced while in use": "die Datei wurde im Betrieb entfernt oder ersetzt",
      "no such alarm stands": "dieser Alarm steht nicht mehr an", "the alarm is not shelved": "der Alarm ist nicht zurückgestellt",
      "shelving needs an end in the future, seven days away at most": "Zurückstellen braucht ein Ende in der Zukunft, höchstens sieben Tage entfernt",
    },
    // The same with a part that differs: {} is said in turn, as a role, a reason, who asked, or as it is.
    patterns: [
      [/^the order could not be recorded: (.+)$/s, "der Befehl war nicht aufzuzeichnen: {}"],
      [/^it was taken, but it could not be recorded yet: (.+)$/s, "angenommen, aber noch nicht aufgezeichnet: {}"],
      [/^the role (\w+) may not do that$/, "die Rolle {} darf das nicht"],
      [/^(.+) asked for this outlet first$/s, "diese Steckdose hat zuerst angefragt: {}"],
      [/^an order of (\w+) stands at this outlet$/, "an dieser Steckdose steht ein Befehl höheren Rangs"],
      [/^there is no outlet (.+)$/s, "es gibt keine Steckdose {}"],
      [/^the alarm is (\w+): only a calling or passed one can be known$/, "dieser Alarm ist schon quittiert oder zurückgestellt"],
      [/^an alarm that is (\w+) or of this kind cannot be shelved$/, "ein Alarm dieser Art, oder der vorüber ist, ist nicht zurückstellbar"],
      [/^[^:]*smartpdu\.(?:db|lock)[^:]*: (.+?)(?: \(.*\))?$/s, "{}"], // a file: its path and the system's own words help no operator
    ],
  },
};

const ROLES = ["viewer", "operator", "admin"];

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

// So many of something, in the plural that the language has for that number.
export function counted(key, many) {
  const forms = WORDS[language].counts[key];
  const form = new Intl.PluralRules(language).select(many);
  return (forms[form] ?? forms.other).replace("{}", many.toLocaleString(language));
}

// Who asked: a token by its name, or by its id if it has none; a browser by the mark of its session.
export function asker(by) {
  const [, sort, id, name] = /^(token|session):(\S+)(?: (.+))?$/s.exec(by) ?? [];
  return sort ? `${say(sort)} ${name ? say("quoted").replace("{}", () => name) : id}` : by;
}

export function kind(name) { return WORDS[language].kinds[name] ?? name; }

// A word of the model, as a disturbance or a cause, in the language of the page.
export function named(list, word) { return WORDS[language][list][word] ?? word; }

// The program's words in the language of the page, as far as they are known.
export function reason(words) {
  const { reasons, patterns } = WORDS[language];
  const known = [words, words.toLowerCase()].find((text) => Object.hasOwn(reasons, text));
  if (known !== undefined) return reasons[known];
  for (const [pattern, text] of patterns) {
    const part = pattern.exec(words)?.[1];
    if (part) return text.replace("{}", () => ROLES.includes(part) ? say(part) : asker(reason(part)));
  }
  return words;
}

// A current that should be none: from one ampere on in amperes.
export function leak(amperes, digits) {
  if (amperes === null || Math.abs(amperes) >= 1) return number(amperes, 1, "A");
  return number(amperes * 1000, digits, "mA");
}

// Why something did not happen, in the program's words where it had any.
export function sayError(error) {
  if (error instanceof Refused) return reason(error.message);
  return say(error instanceof Stranger ? "stranger" : "unreachable");
}

// A gap is a dash, never a zero; a zero has no sign.
export function number(value, digits, unit) {
  if (value === null || value === undefined) return "–";
  const rounded = Number(value.toFixed(digits)) + 0;
  const text = rounded.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return unit ? `${text}\u202f${unit}` : text;
}

const SECOND = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const MINUTE = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

const date = (at) => new Date(typeof at === "number" && at < 1e11 ? at * 1000 : at);

export function time(at) { return date(at).toLocaleTimeString(language, SECOND); }

export function clock(at) { return date(at).toLocaleTimeString(language, MINUTE); }

// A time of today, or a day and a time.
export function moment(at) {
  const then = date(at);
  if (then.toDateString() === new Date().toDateString()) return time(at);
  return then.toLocaleString(language, { day: "2-digit", month: "short", ...MINUTE });
}
