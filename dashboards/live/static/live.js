// The live page: frames come in three times a second, and everything shown follows from them.

import { Course } from "./charts.js";
import { Controls } from "./controls.js";
import { FIGURES, expected, ms, rate } from "./format.js";
import { Guess } from "./guess.js";
import { Lanes } from "./lanes.js";
import { Replay } from "./replay.js";
import { follow, tell } from "./stream.js";

const TELL_MS = 1000; // a sentence stands so long at least, to be read
const FIGURES_MS = 600; // and a figure so long

const colours = JSON.parse(document.body.dataset.colours);
const find = (selector) => document.querySelector(selector);
const sections = [...document.querySelectorAll(".twin")].map(partsOf);
const spoken = find("#spoken");
const guess = new Guess(find("#guess"), find("#guessed"), find("#ask"), (text) => write(spoken, text));
let page = null; // what the hello made; null before it
let told = 0; // when the sentences were last written

function partsOf(section) {
  const one = (selector) => section.querySelector(selector);
  const all = (name) => [...section.querySelectorAll(`[data-${name}]`)].map((place) => [place.dataset[name], place]);
  return {
    section, shown: 0, diagnosis: one(".diagnosis"), lead: one(".diagnosis b"), rest: one(".diagnosis span"), ended: one(".ended"), why: one(".ended span"),
    again: one(".ended button"), canvas: one("canvas"), figures: all("figure"), expected: all("expected"),
  };
}

function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

function fault(text) {
  write(find("#state"), text || "");
}

function begin(hello) {
  fault("");
  if (page) return; // a page that was hidden goes on
  page = { descriptions: hello.descriptions };
  const leave = () => page.controls?.let();
  const ask = (change, apply) => guess.ask(change, apply, leave);
  if (hello.kind === "live") {
    page.controls = new Controls(find("#controls"), hello, ask, fault);
    guess.names(hello.twins);
  } else page.replay = new Replay(find("#replay"), hello, fault);
  document.body.dataset.kind = hello.kind;
  dress(hello.twins);
  sections.forEach(({ again }, side) => again.addEventListener("click", async () => fault(await tell({ do: "restart", twin: side }))));
}

// Names, colours and charts for two profiles, or for one that has the page alone.
function dress(twins) {
  page.profiles = twins.map((twin) => twin.profile);
  const colourOf = (profile) => colours[profile] ?? "#999999";
  find("#twins").dataset.shown = twins.length;
  sections.forEach(({ section }, side) => (section.hidden = side >= twins.length));
  told = 0; // of other profiles every figure and sentence is another
  page.lanes = page.profiles.map((profile, side) => {
    const { section, canvas } = sections[side];
    sections[side].shown = 0;
    section.style.setProperty("--twin", colourOf(profile));
    write(section.querySelector("h2"), profile);
    write(section.querySelector(".description"), page.descriptions[profile]);
    return new Lanes(canvas, colourOf(profile));
  });
  page.latency?.end();
  page.throughput?.end();
  const lines = page.profiles.map((name) => ({ label: name, stroke: colourOf(name) }));
  const dashed = lines.map((line) => ({ ...line, label: "", dash: [4, 4] }));
  page.latency = new Course(find("#latency"), [...lines, ...dashed], { log: true, unit: ms });
  page.throughput = new Course(find("#throughput"), lines, { unit: rate });
}

function frame(news) {
  if (!page) return;
  const shown = news.twins.map((twin) => twin.profile).join();
  if (shown !== page.profiles.join() || (page.round !== undefined && page.round !== news.round)) dress(news.twins);
  page.round = news.round;
  write(find("#load"), news.load);
  find("#banner").hidden = !news.banner;
  write(find("#banner"), news.banner);
  page.controls?.show(news.controls, news.preset);
  page.replay?.show(news);
  news.twins.forEach((twin, side) => show(sections[side], twin, page.lanes[side], news.at_ms));
  const of = (name) => news.twins.map((twin) => twin[name]);
  page.latency.add(news.at_ms / 1000, [...of("p99_ms"), ...of("bystander_ms")]);
  page.throughput.add(news.at_ms / 1000, of("answered_rps"));
  guess.show(news);
  diagnose(news);
}

function show(parts, twin, lanes, now) {
  if (parts.section.dataset.state !== twin.state) parts.section.dataset.state = twin.state;
  lanes.draw(twin, now);
  if (performance.now() - parts.shown < FIGURES_MS) return;
  parts.shown = performance.now();
  for (const [name, place] of parts.figures) write(place, FIGURES[name](twin[name]));
  for (const [name, place] of parts.expected) write(place, expected(name, twin.expected[name]));
  parts.ended.hidden = twin.state !== "ended";
  parts.diagnosis.hidden = twin.state === "ended";
  write(parts.why, twin.why ? `It ${twin.why}.` : "It ended.");
}

// What changes in words, slowly enough to be read; read aloud is only what is of another kind.
function diagnose(news) {
  const now = performance.now();
  if (now - told < TELL_MS) return;
  told = now;
  news.twins.forEach((twin, side) => {
    const { lead, rest, canvas } = sections[side];
    const text = { starting: "starting …", ended: "" }[twin.state] ?? twin.diagnosis;
    const [first, ...more] = text.split(": ");
    if (lead.textContent !== first && first) write(spoken, `${twin.profile}: ${first}`);
    write(lead, first);
    write(rest, more.length ? `: ${more.join(": ")}` : "");
    const lanes = twin.lanes.length === 1 ? "one lane" : `${twin.lanes.length} lanes`;
    canvas.setAttribute("aria-label", `${twin.profile}: ${twin.in_flight} requests in flight, ${twin.queued} of them queue before ${lanes}`);
  });
}

follow({
  hello: begin,
  frame,
  over: ({ text }) => fault(text),
  lost: () => fault("The page has lost its session; it tries again."),
});
