// What the class chooses of a recorded run: a load, two profiles where more than one had it, and
// when it stands still.

import { tell } from "./stream.js";

export class Replay {
  constructor(form, hello, fault) {
    this.form = form;
    this.cells = hello.cells;
    this.fault = fault;
    this.aside(hello.bystander_rps);
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    const { cell, left, right, pause } = form.elements;
    cell.replaceChildren(...hello.cells.map((one, number) => new Option(one.text, number)));
    this.cell = null;
    cell.addEventListener("change", () => this.choose([]));
    for (const select of [left, right])
      select.addEventListener("change", () => this.choose([left.value, right.value]));
    pause.addEventListener("click", () => this.pause());
    document.addEventListener("keydown", (event) => {
      if (event.key === " " && !["BUTTON", "SELECT", "INPUT"].includes(event.target.tagName)) {
        event.preventDefault();
        this.pause();
      }
    });
  }

  // What the page says of a bystander, where the run had one, and of its rate.
  aside(rps) {
    if (rps === null) document.body.dataset.bystander = "none";
    else document.querySelector("#bystander-rps").textContent = rps;
  }

  async choose(profiles) {
    this.fault(await tell({ do: "cell", number: Number(this.form.elements.cell.value), profiles }));
  }

  async pause() {
    const { pause } = this.form.elements;
    const on = pause.getAttribute("aria-pressed") !== "true";
    pause.setAttribute("aria-pressed", String(on));
    this.fault(await tell({ do: "pause", on }));
  }

  show(frame) {
    const { cell, left, right } = this.form.elements;
    this.form.querySelector("progress").value = Math.min(frame.at_ms / frame.end_ms, 1);
    this.form.querySelector(".at").textContent = `${(Math.min(frame.at_ms, frame.end_ms) / 1000).toFixed(0)} of ${(frame.end_ms / 1000).toFixed(0)} s`;
    if (document.activeElement !== cell) cell.value = frame.cell;
    const other = this.cell !== frame.cell;
    if (other) this.offer(frame.cell);
    frame.twins.forEach((twin, side) => {
      const select = [left, right][side];
      if (other || document.activeElement !== select) select.value = twin.profile;
    });
  }

  // The profiles of a load; there is nothing to choose where one had it alone.
  offer(number) {
    this.cell = number;
    const { cell, left, right } = this.form.elements;
    const { profiles } = this.cells[number];
    for (const select of [left, right]) {
      if (profiles.length < 2 && document.activeElement === select) cell.focus();
      select.closest("label").hidden = profiles.length < 2;
      select.replaceChildren(...profiles.map((name) => new Option(name, name)));
    }
  }
}
