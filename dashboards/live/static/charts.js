// The course of the last minute: a point a second, one line for each twin, on axes that they share.

const SPAN_S = 60;
const HEIGHT = 118;
const RIGHT = 74; // pixels for the names, which stand where their lines end
const NAME = 15; // pixels between two of them

export class Course {
  // A series has a label, which may be empty, a stroke, and perhaps a dash.
  constructor(place, series, { log = false, unit }) {
    this.place = place;
    this.series = series;
    this.log = log;
    this.unit = unit;
    this.data = [[], ...series.map(() => [])];
    this.chart = null;
    this.watch = new ResizeObserver(() => this.fit());
    this.watch.observe(place);
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.remake = () => this.chart && this.make();
    this.dark.addEventListener("change", this.remake);
  }

  // Other profiles are shown: their charts take this one's place.
  end() {
    this.watch.disconnect();
    this.dark.removeEventListener("change", this.remake);
    this.chart?.destroy();
  }

  add(at, values) {
    if (at < this.data[0].at(-1)) this.data = this.data.map(() => []); // another session
    const [times] = this.data;
    if (times.length && at < times.at(-1) + 0.95) return;
    times.push(at);
    const least = (value) => (this.log && value !== null ? Math.max(value, 1) : value);
    values.forEach((value, place) => this.data[place + 1].push(least(value)));
    while (times[0] < at - SPAN_S) for (const column of this.data) column.shift();
    if (!this.chart) this.make();
    else this.chart.setData(this.data);
  }

  make() {
    this.chart?.destroy();
    const style = getComputedStyle(document.documentElement);
    const [soft, line] = ["--soft", "--line"].map((name) => style.getPropertyValue(name).trim());
    this.soft = soft;
    const axis = { stroke: soft, font: "13px system-ui, sans-serif", grid: { stroke: line, width: 1 }, ticks: { show: false } };
    this.chart = new uPlot(
      {
        width: Math.max(this.place.clientWidth, 100),
        height: HEIGHT,
        padding: [8, RIGHT, 0, 0],
        cursor: { show: false },
        legend: { show: false },
        scales: {
          x: { time: false, range: (_, low, high) => [(high ?? 0) - SPAN_S, high ?? 0] },
          y: this.log
            ? { distr: 3, range: (_, low, high) => [1, high > 10000 ? 100000 : 10000] }
            : { range: (_, low, high) => [0, roomy(high ?? 0)] },
        },
        axes: [
          { ...axis, size: 22, gap: 3, splits: (chart) => [60, 45, 30, 15, 0].map((ago) => chart.scales.x.max - ago), values: () => ["−60 s", "−45 s", "−30 s", "−15 s", "now"] },
          {
            ...axis,
            size: 62,
            gap: 6,
            values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : this.unit(tick))),
            splits: (chart) => (this.log ? decades(chart.scales.y.max) : [0, chart.scales.y.max / 2, chart.scales.y.max]),
          },
        ],
        series: [{}, ...this.series.map((one) => ({ stroke: one.stroke, dash: one.dash, width: one.dash ? 1.5 : 2.5, points: { show: false }, spanGaps: true }))],
        hooks: { draw: [(chart) => this.names(chart)] },
      },
      this.data,
      this.place,
    );
  }

  // The name of each line beside its end; two that end together stand one above the other.
  names(chart) {
    const ends = this.series
      .map((one, place) => ({ text: one.label, stroke: one.stroke, value: this.data[place + 1].findLast((value) => value !== null) }))
      .filter((end) => end.text && end.value !== undefined)
      .map((end) => ({ ...end, y: chart.valToPos(end.value, "y", true) }))
      .sort((a, b) => a.y - b.y);
    const scale = uPlot.pxRatio;
    const pen = chart.ctx;
    pen.save();
    pen.font = `${13 * scale}px system-ui, sans-serif`;
    pen.textBaseline = "middle";
    pen.textAlign = "left";
    pen.fillStyle = this.soft;
    const { left, top, width, height } = chart.bbox;
    for (const [place, y] of apart(ends.map((end) => end.y), NAME * scale, top, top + height).entries())
      pen.fillText(ends[place].text, left + width + 6 * scale, y);
    pen.restore();
  }

  fit() {
    if (this.chart && this.place.clientWidth && this.place.clientWidth !== this.chart.width)
      this.chart.setSize({ width: this.place.clientWidth, height: HEIGHT });
  }
}

// Ascending places, two of them at least so far apart, and all within bounds.
function apart(places, gap, least, most) {
  if (places.length === 2 && places[1] - places[0] < gap) {
    const middle = Math.min(Math.max((places[0] + places[1]) / 2, least + gap / 2), most - gap / 2);
    return [middle - gap / 2, middle + gap / 2];
  }
  return places.map((place) => Math.min(Math.max(place, least), most));
}

function decades(most) {
  return [1, 10, 100, 1000, 10000, 100000].filter((tick) => tick <= most);
}

// The next of 10, 20, 50, 100 and so on: an axis that seldom changes.
function roomy(high) {
  for (let unit = 10; ; unit *= 10)
    for (const times of [1, 2, 5]) if (high <= times * unit * 0.98) return times * unit;
}
