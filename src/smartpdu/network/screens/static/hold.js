// A button that acts only if it is held: by mouse, finger or key. A click does nothing.
//
// Who uses a screen reader cannot hold: a click that no pointer and no key made asks to be repeated.

import { make } from "./element.js";
import { say } from "./words.js";

const HOLD = 1500; // ms that a person holds to confirm
const REPEAT = [800, 10000]; // ms after which, and until which, such a click may be repeated

export function holdButton(text, classes, action) {
  const hold = make("button", `hold ${classes}`);
  hold.type = "button";
  const words = make("span", "", text);
  hold.append(make("i"), words);
  const ends = new AbortController();
  let timer = 0, asked = 0;

  const stop = () => {
    clearTimeout(timer);
    timer = 0;
    hold.classList.remove("holding");
  };
  const fire = () => {
    stop();
    ends.abort();
    hold.disabled = true;
    action();
  };
  const start = () => {
    if (timer || hold.disabled) return;
    hold.classList.add("holding");
    timer = setTimeout(fire, HOLD);
  };
  const on = (target, names, listener) => {
    for (const name of names) target.addEventListener(name, listener, { signal: ends.signal });
  };

  on(hold, ["pointerdown"], (event) => { if (event.isPrimary && event.button === 0) start(); });
  on(hold, ["pointermove"], (event) => { if (!inside(hold, event)) stop(); });
  on(hold, ["keydown"], (event) => {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!event.repeat) start();
  });
  on(hold, ["keyup"], (event) => { if (event.key === " ") event.preventDefault(); });
  on(hold, ["pointerup", "pointerleave", "pointercancel", "keyup", "blur"], stop);
  on(window, ["blur", "pointerup"], stop);
  on(document, ["visibilitychange"], stop);
  on(hold, ["contextmenu"], (event) => event.preventDefault());
  on(hold, ["click"], (event) => {
    if (event.detail !== 0 || timer) return;
    const since = event.timeStamp - asked;
    if (asked && since >= REPEAT[0] && since <= REPEAT[1]) return fire();
    asked = event.timeStamp;
    words.textContent = say("again");
  });
  return { hold, cancel: () => { stop(); ends.abort(); } };
}

function inside(element, { clientX, clientY }) {
  const box = element.getBoundingClientRect();
  return clientX >= box.left && clientX <= box.right && clientY >= box.top && clientY <= box.bottom;
}
