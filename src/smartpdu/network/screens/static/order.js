// An order to an outlet, from the wish to the read-back. Its key makes asking again harmless.

import { ask, freshKey, send, Unanswered } from "./link.js";
import { reason, say, sayError } from "./words.js";

const INSIST = 10000; // ms for which an order that got no answer is asked again
const LOOK = 300; // ms between two looks at a command
const PATIENCE = 60000; // ms after which a command that is still open is left to the events

// Tells `told(words, mood)` how far it has come; mood is good, bad or nothing.
export async function order(outlet, on, told) {
  const key = freshKey();
  told(say("sending"));
  try {
    let command = await insisted(() => send("PUT", `/api/v1/outlets/${outlet.path}/power`, { on }, key), told);
    for (const end = performance.now() + PATIENCE; command.state === "intended" && performance.now() < end;) {
      told(say("intended"));
      await pause(LOOK);
      command = await insisted(() => ask(`/api/v1/commands/${command.id}`), told);
    }
    const good = command.state === "done";
    told([say(command.state), !good && reason(command.reason)].filter(Boolean).join(": "), good ? "good" : "bad");
  } catch (error) {
    told(error instanceof Unanswered ? say("unknown_end") : `${say("refused")}: ${sayError(error)}`, "bad");
  }
}

async function insisted(question, told) {
  for (const end = performance.now() + INSIST; ;) {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof Unanswered) || performance.now() > end) throw error;
      told(say("unanswered"));
      await pause(1000);
    }
  }
}

function pause(time) { return new Promise((go) => setTimeout(go, time)); }
