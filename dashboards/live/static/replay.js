// What the class chooses of a recorded run: a load, two profiles, and when it stands still.

import { tell } from "./stream.js";

export class Replay {
  constructor(form, hello, fault) {
    this.form = form;
    this.cells = hello.cells;
    this.fault = fault;
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
    this.form.querySelector("output").value = `${(Math.min(frame.at_ms, frame.end_ms) / 1000).toFixed(0)} of ${(frame.end_ms / 1000).toFixed(0)} s`;
    if (document.activeElement !== cell) cell.value = frame.cell;
    if (this.cell !== frame.cell) {
      this.cell = frame.cell;
      for (const select of [left, right])
        select.replaceChildren(...this.cells[frame.cell].profiles.map((name) => new Option(name, name)));
    }
    [left, right].forEach((select, side) => {
      if (document.activeElement !== select) select.value = frame.twins[side].profile;
    });
  }
}
