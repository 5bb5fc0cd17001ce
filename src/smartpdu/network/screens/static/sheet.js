// Dialogs: switching an outlet by holding, shelving an alarm with an end and a reason.

import { button, make } from "./draw.js";
import { number, say } from "./words.js";

const HOLD = 1500; // ms that a person holds to confirm
const sheet = () => document.getElementById("sheet");

export async function send(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(text.detail || text.title || answer.statusText);
  return text;
}

export function askSwitch(plan, index, row) {
  const outlet = plan.outlets[index];
  const [on, current, power] = row;
  const box = open(outlet.name);
  box.append(make("p", "place", `${outlet.path} · ${outlet.connector} · ${number(outlet.rated_current, 0, "A")}`));
  const state = on === null ? say("unknown") : on ? say("on") : say("off");
  box.append(make("p", "now", `${say("now")}: ${state}, ${number(current, 2, "A")}, ${number(power, 0, "W")}`));
  if (!outlet.switchable) {
    box.append(make("p", "locked-note", say("locked")));
  } else if (plan.may_switch) {
    const wish = on === 0;
    box.append(make("p", wish ? "will" : "will warn", `${say("will")}: ${say(wish ? "gets" : "loses")}`));
    box.append(holdButton(say(wish ? "hold_on" : "hold_off"), wish ? "go" : "stop", (told) => order(outlet, wish, told)));
  }
  box.append(button(say("close"), () => sheet().close(), "quiet"));
  sheet().showModal();
}

async function order(outlet, on, told) {
  told(say("sending"));
  try {
    let command = await send("PUT", `/api/v1/outlets/${outlet.path}/power`, { on });
    for (let tries = 0; command.state === "intended" && tries < 60; tries += 1) {
      told(say("intended"));
      await new Promise((go) => setTimeout(go, 300));
      command = await (await fetch(`/api/v1/commands/${command.id}`)).json();
    }
    const bad = command.state === "done" ? "" : "bad";
    told(command.state === "done" ? say("done") : `${say(command.state)}: ${command.reason}`, bad || "good");
  } catch (error) {
    told(`${say("refused")}: ${error.message}`, "bad");
  }
}

function holdButton(text, classes, action) {
  const wrap = make("div", "hold-wrap");
  const hold = make("button", `hold ${classes}`);
  hold.type = "button";
  hold.append(make("i"), make("span", "", text));
  const result = make("p", "result");
  result.setAttribute("role", "status");
  let timer = 0;
  const start = (event) => {
    if (event.type === "keydown" && (event.repeat || ![" ", "Enter"].includes(event.key))) return;
    if (event.type === "keydown") event.preventDefault();
    if (timer || hold.disabled) return;
    hold.classList.add("holding");
    timer = setTimeout(() => {
      timer = 0;
      hold.classList.remove("holding");
      hold.disabled = true;
      action((words, mood) => {
        result.textContent = words;
        result.className = `result ${mood || ""}`;
      });
    }, HOLD);
  };
  const stop = () => {
    clearTimeout(timer);
    timer = 0;
    hold.classList.remove("holding");
  };
  hold.addEventListener("pointerdown", start);
  hold.addEventListener("keydown", start);
  for (const end of ["pointerup", "pointerleave", "pointercancel", "keyup", "blur"]) hold.addEventListener(end, stop);
  hold.addEventListener("contextmenu", (event) => event.preventDefault());
  wrap.append(hold, result);
  return wrap;
}

export function askShelve(alarm) {
  const box = open(alarm.title[document.documentElement.lang]);
  box.append(make("p", "place", alarm.place));
  const minutes = field(box, say("minutes"), "number", "60");
  minutes.min = "1";
  const reason = field(box, say("why"), "text", "");
  const result = make("p", "result");
  const act = async () => {
    try {
      await send("POST", "/api/v1/alarms/shelve", {
        rule: alarm.rule, place: alarm.place, minutes: Number(minutes.value), reason: reason.value,
      });
      sheet().close();
    } catch (error) {
      result.textContent = error.message;
      result.className = "result bad";
    }
  };
  box.append(result, button(say("shelve"), act, "go"), button(say("cancel"), () => sheet().close(), "quiet"));
  sheet().showModal();
}

function field(box, name, type, value) {
  const label = make("label", "", name);
  const input = make("input");
  input.type = type;
  input.value = value;
  label.append(input);
  box.append(label);
  return input;
}

function open(title) {
  const box = make("div", "sheet");
  const head = make("h3", "", title);
  head.id = "sheet-title";
  box.append(head);
  sheet().replaceChildren(box);
  return box;
}
