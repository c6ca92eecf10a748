// Predict first: before a change is made the room says what will come of it, and then sees both.

import { ms } from "./format.js";

const SETTLE_MS = 8000; // after this, and after the last step of a lecture, the outcome stands
const STANDS_MS = 60000; // for so long it can be read

export class Guess {
  // `said` is called with the outcome, once.
  constructor(dialog, place, box, said) {
    this.dialog = dialog;
    this.place = place;
    this.box = box;
    this.said = said;
    this.open = null;
    document.addEventListener("keydown", (event) => {
      const other = event.ctrlKey || event.altKey || event.metaKey || dialog.open || event.target.tagName === "SELECT";
      if (event.key.toLowerCase() === "g" && !other) box.checked = !box.checked;
    });
    dialog.addEventListener("close", () => this.closed());
  }

  names(twins) {
    const labels = this.dialog.querySelectorAll("label span");
    labels.forEach((label, side) => (label.textContent = twins[side].profile));
  }

  // `change` is in words; a lecture goes on in steps, and it is its highest p99 that is guessed.
  ask({ words, lecture }, apply, leave) {
    if (!this.box.checked) {
      apply();
      return;
    }
    if (this.dialog.open) return;
    Object.assign(this, { apply, leave, words, lecture });
    this.dialog.querySelector(".change").textContent = `${words}.`.replace("?.", "?");
    this.dialog.querySelector(".what").textContent = lecture ? "The highest p99 of" : "The p99 of";
    this.dialog.querySelector("form").reset();
    this.dialog.returnValue = "cancel";
    this.dialog.showModal();
  }

  closed() {
    const { left, right } = this.dialog.querySelector("form").elements;
    if (this.dialog.returnValue !== "apply") {
      this.leave?.();
      return;
    }
    const guesses = [left, right].map((input) => Number(input.value));
    this.open = { name: this.lecture ?? this.words, lecture: this.lecture, guesses, most: [0, 0], until: null };
    this.apply();
  }

  show(frame) {
    const open = this.open;
    if (!open) return;
    if (open.until === null || (open.lecture && frame.next_step_ms !== null)) open.until = frame.at_ms + SETTLE_MS;
    const over = frame.at_ms >= open.until;
    if (frame.at_ms >= open.until + STANDS_MS) {
      this.open = null;
      this.place.hidden = true;
      return;
    }
    if (open.over) return;
    open.over = over;
    open.most = open.most.map((most, side) => Math.max(most, frame.twins[side].p99_ms ?? 0));
    const found = frame.twins.map((twin, side) => (open.lecture ? open.most[side] : twin.p99_ms));
    const each = frame.twins.map((twin, side) => `${twin.profile}: guessed ${ms(open.guesses[side])}, ${over ? "measured" : "now"} ${ms(found[side])}`);
    const text = `${open.name}: ${open.lecture ? "highest p99" : "p99"} · ${each.join(" · ")}`;
    this.place.hidden = false;
    if (this.place.textContent !== text) this.place.textContent = text;
    if (over) this.said(text);
  }
}
