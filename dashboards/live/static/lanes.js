// The swimlane of one twin: below a lane for each process or thread, or for the loop; above it what
// the loop awaits, and above that what queues. It is drawn when a frame comes, and never in between.

import { Rows } from "./rows.js";
import { brushes } from "./brushes.js";

const SPAN_MS = 4000; // what the picture shows
const SEEN_MS = 10; // what is shorter is less than two pixels wide, and gets no row
const LEFT = 76; // pixels for the names
const FOOT = 15; // pixels for the seconds
const ROW = 8; // pixels of a row of those who wait, at most
const AIR = 6; // pixels between the lanes and the rows, and between the rows of both kinds

// A bar, as a frame has it.
const [LANE, INTENDED, , BEGAN, ENDED, DONE, HOLD, CPU, ASIDE, OK] = Array(10).keys();

export class Lanes {
  constructor(canvas, colour) {
    this.canvas = canvas;
    this.colour = colour;
    this.bars = [];
    this.queue = new Rows();
    this.air = new Rows();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (this.brush = null));
  }

  draw(twin, now) {
    const from = now - SPAN_MS;
    if (this.since !== twin.since_ms) this.bars = []; // another server, with lanes of its own
    this.since = twin.since_ms;
    this.bars.push(...twin.bars);
    this.bars = this.bars.filter((bar) => bar[DONE] > from);
    if (!this.prepare()) return;
    const across = (this.width - LEFT) / SPAN_MS;
    this.x = (ms) => LEFT + Math.min(Math.max(ms - from, 0), SPAN_MS) * across;
    const queue = this.queueing(twin, now, from);
    const air = twin.loops ? this.awaited(twin, now, from) : [];
    this.seconds();
    const top = this.lanes(twin, now, from);
    this.rows(queue, air, twin, top - AIR);
  }

  // What stood in front of the lanes: from the intended time until it began, or until now.
  queueing(twin, now, from) {
    const found = [];
    for (const bar of this.bars) add(found, bar[INTENDED], bar[BEGAN] ?? bar[DONE], bar[ASIDE], from);
    for (const [, intended, began, aside] of twin.hand) add(found, intended, began, aside, from);
    for (const [intended, aside] of twin.queue) add(found, intended, now, aside, from);
    return found;
  }

  // What a loop has begun, and has given itself away for.
  awaited(twin, now, from) {
    const found = [];
    for (const bar of this.bars)
      if (bar[BEGAN] !== null && !holds(bar)) add(found, bar[BEGAN], bar[ENDED], bar[ASIDE], from, bar[INTENDED]);
    if (!twin.holds)
      for (const [, intended, began, aside] of twin.hand) add(found, began, now, aside, from, intended);
    return found;
  }

  lanes(twin, now, from) {
    const count = twin.lanes.length;
    const room = this.height - FOOT;
    const pitch = twin.loops ? Math.min(26, (room * 0.3) / count) : Math.min(18, (room * 0.62) / count);
    const top = room - pitch * count;
    const thick = pitch > 4 ? pitch - 2 : pitch;
    const named = Math.ceil(13 / pitch);
    for (let lane = 0; lane < count; lane += 1) {
      this.fill(this.brush.raised, LEFT, top + lane * pitch, this.width - LEFT, thick);
      if (lane % named === 0) this.name(twin.lanes[lane], top + lane * pitch + Math.max(thick, 10) / 2);
    }
    if (twin.loops) this.busy(twin, now, from, (lane) => top + lane * pitch, thick);
    else this.served(twin, now, (lane) => top + lane * pitch, thick);
    return top;
  }

  // Threads and processes: each request is a bar in one of them, hatched for as long as it waits.
  served(twin, now, y, thick) {
    for (const bar of this.bars) {
      if (bar[LANE] === null) continue;
      const runs = 2 * bar[CPU] >= bar[ENDED] - bar[BEGAN];
      const solid = bar[OK] ? (bar[ASIDE] ? this.brush.ink : this.colour) : this.brush.alert;
      this.bar(bar[BEGAN], bar[ENDED], y(bar[LANE]), thick, runs ? solid : this.brush.hatch);
      if (runs) continue;
      // Enough to be seen, and never so much that a short request seems to have run throughout.
      const least = Math.min(2, (this.x(bar[ENDED]) - this.x(bar[BEGAN])) / 3);
      this.bar(bar[BEGAN], bar[BEGAN] + bar[CPU], y(bar[LANE]), thick, solid, least);
    }
    for (const [lane, , began, aside] of twin.hand) {
      const style = twin.holds ? this.colour : this.brush.hatch;
      this.bar(began, now, y(lane), thick, aside ? this.brush.ink : style);
    }
  }

  // A loop: its lane is filled as far as it was busy, pixel by pixel; to hold it fills all of it.
  busy(twin, now, from, y, thick) {
    const lanes = twin.lanes.map(() => new Float32Array(Math.ceil(this.width - LEFT) + 1));
    const each = SPAN_MS / (this.width - LEFT);
    for (const bar of this.bars) {
      if (bar[LANE] === null) continue;
      if (holds(bar)) spread(lanes[bar[LANE]], bar[BEGAN] - from, bar[ENDED] - from, each);
      else {
        // It runs when it begins, and again when what it awaited is there.
        spread(lanes[bar[LANE]], bar[BEGAN] - from, bar[BEGAN] + bar[HOLD] / 2 - from, each);
        spread(lanes[bar[LANE]], bar[ENDED] - bar[HOLD] / 2 - from, bar[ENDED] - from, each);
      }
    }
    if (twin.holds)
      for (const [lane, , began, aside] of twin.hand) if (!aside) spread(lanes[lane], began - from, now - from, each);
    lanes.forEach((shares, lane) => {
      for (let column = 0; column < shares.length; column += 1) {
        if (!shares[column]) continue;
        const tall = Math.min(Math.max(shares[column], 0.1), 1) * thick;
        this.fill(this.colour, LEFT + column, y(lane) + thick - tall, 1, tall);
      }
    });
  }

  rows(queue, air, twin, bottom) {
    const queued = this.queue.place(queue);
    const awaiting = this.air.place(air);
    const gap = queued && awaiting ? AIR : 0;
    const pitch = Math.min(ROW, (bottom - gap) / Math.max(queued + awaiting, 1));
    this.group(air, bottom, pitch, "awaiting", this.brush.hatch);
    const above = bottom - awaiting * pitch - gap;
    this.group(queue, above, pitch, `queue ${twin.queued.toFixed(0)}`, this.brush.queue);
  }

  group(marks, bottom, pitch, name, style) {
    if (!marks.length) return;
    const thick = pitch > 3 ? pitch - 1 : pitch;
    let highest = 0;
    for (const mark of marks) {
      const row = mark.at(-1);
      highest = Math.max(highest, row);
      this.bar(mark[0], mark[1], bottom - (row + 1) * pitch, thick, style);
    }
    this.name(name, bottom - Math.max((highest + 1) * pitch, 12) / 2);
  }

  seconds() {
    const pen = this.pen;
    for (let second = 0; second <= SPAN_MS / 1000; second += 1) {
      const x = LEFT + ((this.width - LEFT) * second * 1000) / SPAN_MS;
      this.fill(this.brush.line, Math.min(x, this.width - 1), 0, 1, this.height - FOOT);
      const ago = SPAN_MS / 1000 - second;
      pen.textAlign = second === 0 ? "left" : ago === 0 ? "right" : "center";
      pen.fillStyle = this.brush.soft;
      pen.fillText(ago === 0 ? "now" : `−${ago} s`, Math.min(x, this.width), this.height - FOOT / 2 + 1);
    }
    pen.textAlign = "left";
  }

  bar(from, until, top, thick, style, least = 1) {
    const left = this.x(from);
    const wide = Math.max(this.x(until) - left, least);
    this.fill(style, left, top, wide > 6 ? wide - 1 : wide, thick);
  }

  fill(style, left, top, wide, tall) {
    this.pen.fillStyle = style;
    this.pen.fillRect(left, top, wide, tall);
  }

  name(text, y) {
    this.pen.fillStyle = this.brush.soft;
    this.pen.fillText(text, 0, Math.max(y, 8));
  }

  // The canvas at the screen's own resolution; false where it is not seen.
  prepare() {
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    if (!this.width || !this.height) return false;
    const scale = window.devicePixelRatio || 1;
    const [wide, tall] = [this.width, this.height].map((length) => Math.round(length * scale));
    if (this.canvas.width !== wide || this.canvas.height !== tall) {
      this.canvas.width = wide;
      this.canvas.height = tall;
    }
    this.pen ??= this.canvas.getContext("2d");
    this.brush ??= brushes(this.pen, this.colour);
    this.pen.setTransform(scale, 0, 0, scale, 0, 0);
    this.pen.clearRect(0, 0, this.width, this.height);
    this.pen.font = "13px system-ui, sans-serif";
    this.pen.textBaseline = "middle";
    return true;
  }
}

// Whether a request kept its loop for nearly all the time it took.
function holds(bar) {
  return bar[HOLD] >= 0.9 * (bar[ENDED] - bar[BEGAN]);
}

function add(found, begins, ends, aside, from, intended = begins) {
  if (ends > from && ends - begins > SEEN_MS) found.push([begins, ends, `${intended} ${aside}`]);
}

// Adds a span of time to the columns of `each` milliseconds that it touches, as shares of them.
function spread(shares, begins, ends, each) {
  const last = Math.min(Math.floor(ends / each), shares.length - 1);
  for (let column = Math.max(Math.floor(begins / each), 0); column <= last; column += 1)
    shares[column] += (Math.min(ends, (column + 1) * each) - Math.max(begins, column * each)) / each;
}
