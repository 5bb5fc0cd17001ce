// The plan as the parts of the page ask it: who belongs to whom, how a place is called, its colour.

import { say, tongue } from "./words.js";

const TINTS = 6;

// Adds to a plan what follows from it.
export function understood(plan) {
  for (const pdu of plan.pdus) if (pdu.name.length < 3) pdu.name = `PDU ${pdu.name}`;
  plan.pduOf = new Map(plan.pdus.map((pdu) => [pdu.path, pdu]));
  plan.feedOf = new Map(plan.feeds.map((feed) => [feed.path, feed]));
  plan.phaseOf = new Map(plan.phases.map((phase) => [phase.path, phase]));
  plan.circuitOf = new Map(plan.circuits.map((circuit) => [circuit.path, circuit]));
  plan.sourceRow = new Map(plan.sources.map((source, row) => [source.path, row]));
  plan.tints = tints(plan.feeds.map((feed) => feed.label));
  return plan;
}

export function pduOfPhase(plan, phase) { return plan.feedOf.get(phase.feed).pdu; }

export function pduOfCircuit(plan, circuit) { return pduOfPhase(plan, plan.phaseOf.get(circuit.phase)); }

export function labelsOf(plan, pdu) {
  return [...new Set(plan.feeds.filter((feed) => feed.pdu === pdu.path).map((feed) => feed.label))];
}

// A feed by its label, or by its PDU where the rack has that label twice.
export function feedName(plan, feed) {
  const twice = plan.feeds.filter((other) => other.label === feed.label).length > 1;
  return twice ? plan.pduOf.get(feed.pdu).name : feed.label;
}

export function tint(plan, label) { return `tint-${plan.tints.get(label) ?? 0}`; }

// Every source of a rack whose last answer is old, by path, and for how many seconds.
export function silences(plan, tick) {
  const silent = new Map();
  tick.sources.forEach(([silence, stale], row) => {
    if (stale) silent.set(plan.sources[row].path, silence);
  });
  return silent;
}

// A circuit that its device only counts.
export function circuitName({ name }) { return /^\d+$/.test(name) ? `${say("circuit")} ${name}` : name; }

// The last part of its path: a number on most PDUs, but it may be any word.
export function count(outlet) { return outlet.path.split("/").pop(); }

// What a person calls a place; a path that the rack does not have stays a path.
export function placeName(plan, path) {
  if (plan.namesIn !== tongue()) {
    plan.names = new Map(named(plan));
    plan.namesIn = tongue();
  }
  return plan.names.get(path) ?? (path === "house" ? say("house") : path);
}

function* named(plan) {
  const pdu = (path) => plan.pduOf.get(path).name;
  for (const kind of ["racks", "sources", "pdus", "probes", "doors"]) {
    for (const place of plan[kind]) yield [place.path, place.name];
  }
  for (const feed of plan.feeds) yield [feed.path, `${pdu(feed.pdu)} · ${feed.name}`];
  for (const phase of plan.phases) yield [phase.path, `${pdu(pduOfPhase(plan, phase))} · ${phase.name}`];
  for (const circuit of plan.circuits) yield [circuit.path, `${pdu(pduOfCircuit(plan, circuit))} · ${circuitName(circuit)}`];
  for (const outlet of plan.outlets) {
    const own = outlet.name === count(outlet) ? "" : ` · ${outlet.name}`;
    yield [outlet.path, `${pdu(outlet.pdu)} · ${count(outlet)}${own}`];
  }
}

// A and B are blue and red on every page; other labels get the colours that are left.
function tints(labels) {
  const found = new Map();
  for (const label of labels) {
    const path = /^[A-F](\d*)$/.test(label) ? label.charCodeAt(0) - 64 : 0;
    if (path) found.set(label, path);
  }
  const taken = new Set(found.values());
  let next = 1;
  for (const label of labels) {
    if (found.has(label)) continue;
    while (taken.has(next) && next < TINTS) next += 1;
    taken.add(next);
    found.set(label, next);
  }
  return found;
}
