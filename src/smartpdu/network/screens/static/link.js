// The line to the program: one stream for what happens, requests for what a person wants.

const SILENCE = 4000; // ms without a tick after which nothing on the page counts as live
const GIVE_UP = 12000; // ms without a tick after which the stream is opened anew
const PAUSE = 2000; // ms between two attempts to open it
const ANSWER = 10000; // ms that a request may take

export class Refused extends Error {} // the program said no, and why
export class Unanswered extends Error {} // nobody knows whether it arrived
export class Stranger extends Error {} // the session is over

// The part of an address that names a rack.
export function of(rack) { return rack ? `?rack=${encodeURIComponent(rack)}` : ""; }

// A place's own path as a part of an address.
export function path(place) { return place.split("/").map(encodeURIComponent).join("/"); }

export async function ask(path) { return answered(fetch(path, { signal: AbortSignal.timeout(ANSWER) })); }

export async function send(method, path, body, key) {
  const headers = { "content-type": "application/json" };
  if (key) headers["idempotency-key"] = key;
  return answered(fetch(path, { method, headers, body: JSON.stringify(body), signal: AbortSignal.timeout(ANSWER) }));
}

async function answered(asked) {
  let answer, body;
  try {
    answer = await asked;
    body = await answer.json();
  } catch {
    throw new Unanswered();
  }
  if (answer.ok) return body;
  if (answer.status === 401) throw new Stranger();
  if (answer.status === 502 || answer.status === 504) throw new Unanswered();
  throw new Refused(body.detail || body.title || answer.statusText);
}

// A key that no other order has: with it, asking again is never ordering twice.
export function freshKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
}

// Follows a rack from an event on; tells each tick and event, and each second whether ticks come.
export class Line {
  constructor(rack, after, hear) {
    this.rack = rack;
    this.after = after;
    this.hear = hear;
    this.heard = performance.now();
    this.alive = true;
    this.open();
    this.watch = setInterval(() => this.look(), 1000);
  }

  open() {
    this.source?.close();
    this.opened = performance.now();
    const wanted = new URLSearchParams({ after: this.after, ...(this.rack ? { rack: this.rack } : {}) });
    this.source = new EventSource(`/screen/live?${wanted}`);
    this.source.onmessage = (message) => this.ticked(JSON.parse(message.data));
    this.source.onerror = () => this.ended();
    this.source.addEventListener("told", (message) => {
      const event = JSON.parse(message.data);
      this.after = Math.max(this.after, event.seq);
      this.hear.event(event);
    });
  }

  ticked(tick) {
    this.heard = performance.now();
    const back = !this.alive;
    this.alive = true;
    this.hear.tick(tick, back);
  }

  look() {
    const now = performance.now();
    if (now - this.heard < SILENCE) return;
    this.alive = false;
    this.hear.lost();
    if (now - this.heard > GIVE_UP && now - this.opened > GIVE_UP) this.again();
    else this.ended();
  }

  // A stream that is refused is not opened anew by the browser.
  ended() {
    if (this.source.readyState === EventSource.CLOSED && performance.now() - this.opened > PAUSE) this.again();
  }

  // The stream does not say why it ended; a question does.
  async again() {
    this.opened = performance.now();
    try {
      await ask(`/screen/plan${of(this.rack)}`);
    } catch (error) {
      if (error instanceof Stranger) this.hear.stranger();
      if (error instanceof Refused) this.hear.refused(error);
      return;
    }
    if (this.watch) this.open();
  }

  close() {
    clearInterval(this.watch);
    this.watch = 0;
    this.source.close();
  }
}
