// What the class changes: it is sent when a hand lets go, and shown as the session has it.

import { tell } from "./stream.js";

const NUMBERS = ["rate", "users", "work_ms", "slots", "workers"];
const HELD_MS = 1500; // for so long after a hand was at them the controls show what it did

export class Controls {
  // `ask` gets a change and a function that makes it; it may make it later, or not.
  constructor(form, hello, ask, fault) {
    this.form = form;
    this.ask = ask;
    this.fault = fault;
    this.held = 0;
    this.now = hello.controls;
    form.hidden = false;
    form.addEventListener("submit", (event) => event.preventDefault());
    for (const name of NUMBERS) {
      const slider = this.slider(name);
      slider.min = hello.bounds[name].minimum;
      slider.max = hello.bounds[name].maximum;
      slider.addEventListener("input", () => {
        this.held = Date.now();
        this.output(name).value = slider.value;
      });
      slider.addEventListener("change", () => this.change(name, Number(slider.value)));
    }
    for (const name of ["workload", "mode"]) {
      const select = form.elements[name];
      select.addEventListener("change", () => this.change(name, select.value));
    }
    this.names = new Map([["rate", "arrivals a second"], ["users", "users"], ["work_ms", "milliseconds"], ["slots", hello.slots.toLowerCase()], ["workers", "workers"], ["workload", "work"], ["mode", "arrivals"]]);
    form.querySelector("#slots-name").textContent = hello.slots;
    this.presets(hello.presets);
    this.show(hello.controls, "");
  }

  slider(name) {
    return this.form.querySelector(`input[name="${name}"]`);
  }

  output(name) {
    return this.form.querySelector(`output[name="${name}"]`);
  }

  presets(presets) {
    const place = this.form.querySelector("#presets");
    this.buttons = new Map();
    place.replaceChildren(
      ...presets.map((preset) => {
        const button = document.createElement("button");
        button.type = "button";
        button.setAttribute("aria-pressed", "false");
        button.setAttribute("aria-keyshortcuts", preset.key);
        const key = document.createElement("kbd");
        key.textContent = preset.key;
        button.append(key, ` ${preset.name}`);
        button.addEventListener("click", () => this.play(preset));
        this.buttons.set(preset.name, { button, preset });
        return button;
      }),
    );
    document.addEventListener("keydown", (event) => {
      const other = event.ctrlKey || event.altKey || event.metaKey || event.repeat;
      if (other || event.target.tagName === "SELECT" || document.querySelector("dialog[open]")) return;
      const chosen = presets.find((preset) => preset.key === event.key);
      if (!chosen) return;
      event.preventDefault(); // or it would be typed into the dialog that opens
      this.play(chosen);
    });
  }

  play(preset) {
    this.ask({ words: preset.question, lecture: preset.name }, () => this.send({ do: "preset", name: preset.name }));
  }

  change(name, value) {
    this.held = Date.now();
    const before = this.now[name];
    if (before === value) return;
    const words = `${this.names.get(name)}: ${before} becomes ${value}`;
    this.ask({ words: words[0].toUpperCase() + words.slice(1) }, () => this.send({ do: "set", controls: { [name]: value } }));
  }

  async send(command) {
    this.fault(await tell(command));
  }

  // A change that was not made after all.
  let() {
    this.held = 0;
    this.shown = null;
  }

  // As the session has it, unless a hand is at it: two browsers show the same.
  show(controls, preset) {
    this.now = controls;
    const held = Date.now() - this.held < HELD_MS;
    const shown = JSON.stringify([controls, preset, held]);
    if (shown === this.shown) return;
    for (const [name, { button }] of this.buttons)
      button.setAttribute("aria-pressed", String(name === preset));
    document.querySelector("#question").textContent = this.buttons.get(preset)?.preset.question ?? "";
    this.form.querySelector(".open").hidden = controls.mode !== "open";
    this.form.querySelector(".closed").hidden = controls.mode !== "closed";
    if (held || document.querySelector("dialog[open]")) return;
    for (const name of NUMBERS) {
      this.slider(name).value = controls[name];
      this.output(name).value = controls[name];
    }
    for (const name of ["workload", "mode"]) this.form.elements[name].value = controls[name];
    this.shown = shown;
  }
}
