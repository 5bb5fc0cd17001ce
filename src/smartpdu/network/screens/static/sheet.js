// Dialogs: an outlet with its live facts and its switch, and shelving an alarm.

import { button, byId, list, make, set } from "./element.js";
import { holdButton } from "./hold.js";
import { send } from "./link.js";
import { Measured } from "./measured.js";
import { order } from "./order.js";
import { circuitName, count, placeName, silences } from "./plan.js";
import { number, say, sayError } from "./words.js";

const SHOWN = ["current", "active_power"]; // of an outlet, among the facts that come with each tick

export class Sheet {
  constructor() {
    this.box = byId("sheet");
    this.box.addEventListener("close", () => this.end());
  }

  end() {
    this.switch?.cancel();
    this.measured?.end();
    this.switch = this.outlet = this.measured = undefined;
  }

  open(title) {
    this.end();
    const inner = make("div", "sheet");
    const head = make("h3", "", title);
    head.id = "sheet-title";
    head.tabIndex = -1;
    head.autofocus = true; // no button has the focus: a key that is still down presses nothing
    inner.append(head);
    this.box.replaceChildren(inner);
    return inner;
  }

  askOutlet(plan, row, tick) {
    const outlet = plan.outlets[row];
    const inner = this.open(outlet.name);
    const circuit = plan.circuitOf.get(outlet.circuit);
    const phase = plan.phaseOf.get(outlet.phase);
    const what = [`${plan.pduOf.get(outlet.pdu).name} · ${count(outlet)}`, `${circuitName(circuit)} ${phase.name}`, `${outlet.connector} ${number(outlet.rated_current, 0, "A")}`];
    this.facts = make("dl", "facts");
    this.zone = make("div", "zone");
    this.result = make("p", "result");
    this.result.setAttribute("role", "status");
    this.measured = new Measured("outlets", outlet.path, SHOWN);
    inner.append(make("p", "place", what.join(" · ")), this.facts, this.zone, this.result, this.measured.box, button(say("close"), () => this.box.close(), "quiet"));
    this.plan = plan;
    this.outlet = { outlet, row };
    this.busy = false;
    this.situation = "";
    this.show(tick, true);
    this.box.showModal();
  }

  // A feed or a phase: nothing is switched there, all that is measured is shown.
  tellPlace(plan, kind, path) {
    const inner = this.open(placeName(plan, path));
    this.measured = new Measured(kind, path);
    inner.append(this.measured.box, button(say("close"), () => this.box.close(), "quiet"));
    this.box.showModal();
  }

  // While the dialog is open its facts are as live as the page, and so is what it offers.
  show(tick, alive) {
    if (!this.outlet) return;
    const { outlet, row } = this.outlet;
    const [on, current, power, contact] = tick.outlets[row];
    const told = [
      [say("state"), on === null ? say("unknown") : say(on ? "on" : "off")],
      ...(outlet.metered || current !== null ? [[say("current"), number(current, 2, "A")]] : []),
      ...(outlet.metered || power !== null ? [[say("power"), number(power, 0, "W")]] : [[say("power"), say("unmetered")]]),
      ...(contact === null ? [] : [[say("contact"), number(contact, 0, "°C")]]),
      ...tick.alarms.filter((a) => a.place === outlet.path && a.level).map((a) => [say("alarm_here"), a.words]),
    ];
    list(this.facts, told);
    this.facts.classList.toggle("old", !alive);
    const stale = silences(this.plan, tick).has(outlet.source);
    this.offer(situation(this.plan, outlet, on, alive, stale), outlet);
  }

  // What is offered changes with the outlet: a hold that has begun ends when it would do otherwise.
  offer(now, outlet) {
    if (this.busy || now === this.situation) return;
    this.situation = now;
    this.switch?.cancel();
    this.switch = undefined;
    if (now !== "on" && now !== "off") {
      this.zone.replaceChildren(make("p", "locked-note", say(now)));
      return;
    }
    const wish = now === "off";
    this.switch = holdButton(say(wish ? "hold_on" : "hold_off"), wish ? "go" : "stop", () => this.act(outlet, wish));
    const will = make("p", wish ? "will" : "will warn");
    will.append(make("b", "", say(wish ? "turn_on" : "turn_off")), ` ${say(wish ? "gets" : "loses")}`);
    this.zone.replaceChildren(will, this.switch.hold);
  }

  async act(outlet, wish) {
    const { result } = this;
    this.busy = true;
    await order(outlet, wish, (words, mood) => {
      result.textContent = words;
      result.className = `result ${mood ?? ""}`;
    });
    if (result !== this.result) return; // another dialog is open by now
    this.busy = false;
    this.situation = "";
  }

  askShelve(plan, alarm) {
    const inner = this.open(alarm.words);
    const form = make("form");
    form.noValidate = true; // a browser speaks its own language, not that of the page
    const { shelf } = plan;
    const minutes = field(form, say("minutes"), "number", "60");
    Object.assign(minutes, { min: 1, max: shelf.minutes, step: "any", required: true });
    const why = field(form, say("why"), "text", "");
    Object.assign(why, { maxLength: shelf.reason, required: true });
    const result = make("p", "result");
    result.setAttribute("role", "alert");
    const go = make("button", "go", say("shelve"));
    form.append(result, go, button(say("cancel"), () => this.box.close(), "quiet"));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const [wrong, fault] = unfit(minutes, why, shelf);
      set(result, fault);
      result.className = "result bad";
      for (const input of [minutes, why]) input.setAttribute("aria-invalid", String(input === wrong));
      if (wrong) return wrong.focus();
      const wish = { rule: alarm.rule, place: alarm.place, minutes: Number(minutes.value), reason: why.value.trim() };
      try {
        await send("POST", "/api/v1/alarms/shelve", wish);
        this.box.close();
      } catch (error) {
        set(result, sayError(error));
      }
    });
    inner.append(make("p", "place", placeName(plan, alarm.place)), form);
    this.box.showModal();
  }
}

// Why this outlet cannot be switched from here now; or on, or off.
function situation(plan, outlet, on, alive, stale) {
  if (!outlet.switchable) return "locked";
  if (!plan.may_switch) return "viewing";
  if (!alive) return "cut_off";
  if (on === null || stale) return "blind";
  return on ? "on" : "off";
}

// The first input of the form that the program would refuse, and why; none and nothing if all is well.
function unfit(minutes, why, shelf) {
  const time = minutes.valueAsNumber; // no number at all where something else was typed
  if (!(time >= 1 && time <= shelf.minutes)) return [minutes, say("minutes_limits").replace("{}", number(shelf.minutes, 0))];
  if (!why.value.trim()) return [why, say("why_missing")];
  return [undefined, ""];
}

function field(form, name, type, value) {
  const box = make("label", "", name);
  const input = make("input");
  input.type = type;
  input.value = value;
  box.append(input);
  form.append(box);
  return input;
}
