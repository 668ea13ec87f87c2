"use strict";
// Answers by click and by key. Each is saved at once, and tried again until the server has it.
// Without this script the forms of the page do the same, one page at a time.

/** Sends answers one after another; a later answer about an item replaces one that waits. */
class Saver {
  constructor(judge) {
    this.judge = judge; // of this page: in another tab somebody else may have begun
    this.waiting = new Map(); // item -> "human" or "machine"
    this.sending = null;
    window.addEventListener("beforeunload", (event) => {
      if (this.waiting.size) event.preventDefault();
    });
  }

  add(item, answer) {
    this.waiting.delete(item);
    this.waiting.set(item, answer);
    this.sending ??= this.send().finally(() => (this.sending = null));
  }

  /** Resolves when nothing waits any more. */
  async saved() {
    while (this.sending) await this.sending;
    return this.waiting.size === 0;
  }

  async send() {
    for (let pause = 500; this.waiting.size; ) {
      const [item, answer] = this.waiting.entries().next().value;
      let response = null;
      try {
        response = await fetch("/answer", {
          method: "POST",
          headers: { "Content-Type": "application/json", Accept: "application/json" },
          body: JSON.stringify({ item, answer, judge: this.judge }),
          keepalive: true, // also when the page is closed right after the click
        });
      } catch {
        // no connection: as if the server had failed
      }
      if (response?.ok) {
        const { answered } = await response.json();
        if (this.waiting.get(item) === answer) this.waiting.delete(item);
        document.getElementById("answered").textContent = answered;
        document.getElementById("bar").value = answered;
        say("Saved");
        pause = 500;
      } else if (response && response.status < 500) {
        say("Not saved. Reload this page.", true); // which says why
        return;
      } else {
        say("Not saved yet, trying again", true);
        await new Promise((resolve) => setTimeout(resolve, pause));
        pause = Math.min(2 * pause, 8000);
      }
    }
  }
}

function say(text, problem = false) {
  const status = document.getElementById("status");
  status.textContent = text;
  status.classList.toggle("problem", problem);
}

function press(form, answer) {
  for (const button of form.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.value === answer));
  }
}

const KEYS = { h: "human", m: "machine" };

/** Calls `heard` with "human", "machine" or the name of another key, unless keys are meant for else. */
function onKey(heard) {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || typing) return;
    if (heard(KEYS[event.key.toLowerCase()] ?? event.key, event.target)) event.preventDefault();
  });
}

/** One tune at a time. */
function stopOthers() {
  document.addEventListener(
    "play",
    (event) => {
      for (const other of document.querySelectorAll("audio")) {
        if (other !== event.target) other.pause();
      }
    },
    true,
  );
}

async function oneAtATime(main, saver) {
  const response = await fetch("/items");
  if (!response.ok) return;
  const items = await response.json();
  const [text, audio] = ["#card .text", "#card audio"].map((each) => main.querySelector(each));
  const [form, back, next] = [".answers", "#back", "#next"].map((each) => main.querySelector(each));
  const { noun } = main.dataset;
  let at = Number(main.dataset.at) - 1;

  function show(place) {
    at = place;
    const { item, text: content, human } = items[at];
    const title = `${noun[0].toUpperCase()}${noun.slice(1)} ${at + 1}`;
    document.getElementById("which").textContent = `${title} of ${items.length}`;
    form.setAttribute("aria-label", `Was ${noun} ${at + 1} made by a human or by a machine?`);
    if (audio) audio.src = `/tune/${item}.wav`;
    else text.textContent = content.trim() ? content : "(an empty line)";
    main.querySelector("#card").scrollTop = 0;
    form.elements.namedItem("item").value = item;
    press(form, human === null ? "" : human ? "human" : "machine");
    back.href = `/judge?at=${Math.max(at, 1)}`;
    next.href = `/judge?at=${Math.min(at + 2, items.length)}`;
    back.setAttribute("aria-disabled", String(at === 0));
    history.replaceState(null, "", `/judge?at=${at + 1}`);
  }

  /** To the next item without an answer; after a change of an earlier answer to the next one. */
  async function goOn(changed) {
    if (changed && at + 1 < items.length) return show(at + 1);
    const open = [...items.keys()].filter((k) => items[k].human === null);
    if (open.length) return show(open.find((k) => k > at) ?? open[0]);
    if (await saver.saved()) location.assign("/done");
  }

  function answer(given) {
    const changed = items[at].human !== null;
    items[at].human = given === "human";
    press(form, given);
    saver.add(items[at].item, given);
    // Else the space bar, meant for the next tune, would press the same button again.
    if (audio) main.querySelector("#card").focus({ preventScroll: true });
    goOn(changed);
  }

  function move(by) {
    const place = at + by;
    if (place >= 0 && place < items.length) show(place);
    else if (by > 0) saver.saved().then((all) => all && location.assign("/done"));
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    answer(event.submitter.value);
  });
  for (const [link, by] of [[back, -1], [next, 1]]) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      move(by);
    });
  }
  onKey((key, target) => {
    if (key === "human" || key === "machine") answer(key);
    else if (target.closest("audio")) return false; // whose arrows wind it
    else if (key === "ArrowLeft") move(-1);
    else if (key === "ArrowRight") move(1);
    else if (key === " " && audio && !target.closest("button, a")) {
      if (audio.paused) audio.play();
      else audio.pause();
    } else return false;
    return true;
  });
  main.dataset.ready = "";
}

function allOnOnePage(main, saver) {
  const entries = [...main.querySelectorAll(".entry")];
  const isOpen = (entry) => !entry.querySelector("[aria-pressed=true]");

  function answer(entry, given) {
    const form = entry.querySelector(".answers");
    press(form, given);
    saver.add(Number(form.elements.namedItem("item").value), given);
  }

  main.addEventListener("submit", (event) => {
    event.preventDefault();
    answer(event.target.closest(".entry"), event.submitter.value);
  });
  onKey((key, target) => {
    if (key !== "human" && key !== "machine") return false;
    const entry = target.closest(".entry") ?? entries.find(isOpen);
    if (!entry) return false;
    answer(entry, key);
    const next = entries[entries.indexOf(entry) + 1];
    (next ?? entry).querySelector("button").focus({ preventScroll: true });
    (next ?? entry).scrollIntoView({ block: "center" });
    return true;
  });
  main.querySelector(".end a").addEventListener("click", (event) => {
    event.preventDefault();
    saver.saved().then((all) => all && location.assign("/done"));
  });
  main.dataset.ready = "";
}

const main = document.querySelector("main[data-layout]");
if (main) {
  stopOthers();
  (main.dataset.layout === "one" ? oneAtATime : allOnOnePage)(
    main,
    new Saver(main.querySelector(".answers [name=judge]").value),
  );
}
