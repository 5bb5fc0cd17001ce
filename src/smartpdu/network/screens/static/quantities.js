// What a reading is called in English and German, and how it is written; in the order of a dialog.

import { leak, number, tongue } from "./words.js";

const DIGITS = { V: 1, A: 2, W: 0, VA: 0, var: 0, "%": 2, Hz: 3, Wh: 0, varh: 0, s: 0, "1": 3 };

const NAMES = {
  voltage: ["Voltage", "Spannung"],
  current: ["Current", "Strom"],
  active_power: ["Active power", "Wirkleistung"],
  apparent_power: ["Apparent power", "Scheinleistung"],
  reactive_power: ["Reactive power of the fundamental", "Grundschwingungs-Blindleistung"],
  power_factor: ["Power factor", "Leistungsfaktor"],
  displacement_factor: ["Displacement factor cos φ", "Verschiebungsfaktor cos φ"],
  crest_factor: ["Crest factor of the current", "Scheitelfaktor des Stroms"],
  thd_voltage: ["THD of the voltage", "THD der Spannung"],
  thd_current: ["THD of the current", "THD des Stroms"],
  tdd_current: ["TDD, harmonics of the rated current", "TDD, Oberschwingungen vom Nennstrom"],
  k_factor: ["K-factor", "K-Faktor"],
  voltage_very_short: ["Voltage, 3 seconds", "Spannung, 3 Sekunden"],
  thd_voltage_very_short: ["THD of the voltage, 3 seconds", "THD der Spannung, 3 Sekunden"],
  flicker_short: ["Flicker Pst", "Flicker Pst"],
  flicker_long: ["Flicker Plt", "Flicker Plt"],
  frequency: ["Frequency", "Frequenz"],
  frequency_averaged: ["Frequency, 10 seconds", "Frequenz, 10 Sekunden"],
  frequency_lowest: ["Lowest of single cycles", "Niedrigste einzelner Perioden"],
  frequency_highest: ["Highest of single cycles", "Höchste einzelner Perioden"],
  voltage_unbalance: ["Unbalance u2", "Unsymmetrie u2"],
  voltage_unbalance_zero: ["Unbalance u0", "Unsymmetrie u0"],
  voltage_unbalance_very_short: ["Unbalance u2, 3 seconds", "Unsymmetrie u2, 3 Sekunden"],
  neutral_current: ["Neutral current", "Neutralleiterstrom"],
  residual_current: ["Residual current", "Differenzstrom"],
  residual_direct: ["of it direct", "davon Gleichanteil"],
  residual_mains: ["of it 50 or 60 Hz", "davon 50 oder 60 Hz"],
  residual_middle: ["of it up to 1 kHz", "davon bis 1 kHz"],
  residual_above: ["of it above", "davon darüber"],
  residual_in_phase: ["of it in phase with the voltage", "davon in Phase mit der Spannung"],
  residual_ahead: ["of it a quarter of a turn ahead", "davon eine Viertelperiode voraus"],
  active_energy: ["Energy", "Energie"],
  exported_energy: ["Energy given back", "Rückgespeiste Energie"],
  reactive_energy_1: ["Reactive energy, quadrant I", "Blindenergie, Quadrant I"],
  reactive_energy_2: ["Reactive energy, quadrant II", "Blindenergie, Quadrant II"],
  reactive_energy_3: ["Reactive energy, quadrant III", "Blindenergie, Quadrant III"],
  reactive_energy_4: ["Reactive energy, quadrant IV", "Blindenergie, Quadrant IV"],
  uncounted: ["Time not counted", "Nicht gezählte Zeit"],
};

// What a quantity is called.
export function called(name) { return NAMES[name][tongue() === "de" ? 1 : 0]; }

// Names and values of all readings that there are, but for those shown already.
export function measured(readings, shown) {
  return Object.keys(NAMES)
    .filter((name) => !shown.includes(name) && (readings[name]?.value ?? null) !== null)
    .map((name) => [called(name), written(name, readings[name])]);
}

function written(name, { value, unit }) {
  if (name.startsWith("residual")) return leak(value, 2);
  if (unit.endsWith("h") && Math.abs(value) >= 10000) return number(value / 1000, 1, `k${unit}`);
  return number(value, DIGITS[unit] ?? 2, unit === "1" ? "" : unit);
}
