// Draws each chart from the JSON beside it. The tables hold the same figures without this script.
"use strict";
(function () {
  const root = document.documentElement;
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const paper = matchMedia("print");
  const drawn = [];

  const digits = (value) => String(Number(value.toPrecision(3)));
  // The kinds of axes, as charts/chart.py names them.
  const KINDS = {
    ms: (v) => (v >= 1000 ? digits(v / 1000) + " s" : digits(v) + " ms"),
    tail: (v) => digits4(100 * (1 - Math.pow(10, -v))) + " %",
    rate: (v) => digits(v),
    seconds: (v) => digits(v),
    users: (v) => digits(v),
    profile: (v) => v,
  };
  const TIP = { seconds: " s", rate: " requests/s", users: " users" };

  function digits4(value) {
    return String(Number(value.toFixed(3)));
  }

  function tip(kind, value) {
    return KINDS[kind](value) + (TIP[kind] || "");
  }

  function ink() {
    const style = getComputedStyle(root);
    const read = (name) => style.getPropertyValue(name).trim();
    return {
      ground: read("--ground"),
      ink: read("--ink"),
      soft: read("--soft"),
      line: read("--line"),
      faint: read("--faint"),
      raised: read("--raised"),
    };
  }

  function axis(given, kind, colours) {
    const labels = Object.assign({ formatter: KINDS[kind], color: colours.soft, hideOverlap: true }, given.axisLabel);
    const split = Object.assign({ lineStyle: { color: colours.faint } }, given.splitLine);
    return Object.assign({}, given, {
      axisLabel: labels,
      splitLine: split,
      axisLine: { show: true, onZero: false, lineStyle: { color: colours.line } },
      axisTick: Object.assign({ lineStyle: { color: colours.line } }, given.axisTick),
      minorTick: { show: false },
      nameTextStyle: Object.assign({ color: colours.soft }, given.nameTextStyle),
    });
  }

  function themed(chart, colours) {
    const option = chart.option;
    return {
      animation: false,
      aria: { enabled: true, label: { description: chart.title } },
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: option.grid,
      xAxis: axis(option.xAxis, chart.x, colours),
      yAxis: axis(option.yAxis, chart.y, colours),
      tooltip: tooltip(chart, colours),
      series: option.series.map((line) => series(line, colours)),
    };
  }

  function series(line, colours) {
    const colour = line.itemStyle.color;
    const made = hollow(line, colour, colours);
    if (made.endLabel) {
      made.endLabel = Object.assign({ color: line.reference ? colours.soft : colours.ink }, made.endLabel);
    }
    if (line.reference) {
      made.lineStyle = Object.assign({ color: colours.soft }, made.lineStyle);
    }
    if (line.areaStyle) {
      made.areaStyle = Object.assign({ color: colours.soft }, line.areaStyle);
    }
    made.data = line.data.map((point) => (Array.isArray(point) ? point : item(point, colour, colours)));
    return made;
  }

  // A label of a point is written in ink too: on a pale colour it could not be read.
  function item(point, colour, colours) {
    const made = hollow(point, colour, colours);
    if (made.label) {
      made.label = Object.assign({ color: colours.ink }, made.label);
    }
    return made;
  }

  // The library fills its own empty symbols with white, which glares on a dark page.
  function hollow(thing, colour, colours) {
    const name = thing.symbol || "";
    if (!name.startsWith("empty")) {
      // A full point of a hollow series must not inherit its filling.
      return name && name !== "none"
        ? Object.assign({}, thing, { itemStyle: { color: colour, borderWidth: 0 } })
        : Object.assign({}, thing);
    }
    return Object.assign({}, thing, {
      symbol: name.slice(5).toLowerCase(),
      itemStyle: { color: colours.ground, borderColor: colour, borderWidth: 2 },
    });
  }

  // Built from nodes, not from text: names come from files.
  function tooltip(chart, colours) {
    return {
      trigger: chart.y === "profile" ? "item" : "axis",
      confine: true,
      backgroundColor: colours.raised,
      borderColor: colours.line,
      textStyle: { color: colours.ink, fontSize: 13 },
      axisPointer: { lineStyle: { color: colours.line }, label: { show: false } },
      formatter: (found) => describe(chart, Array.isArray(found) ? found : [found]),
    };
  }

  function describe(chart, points) {
    const box = document.createElement("div");
    const flat = chart.y === "profile";
    const lines = flat ? [] : [tip(chart.x, points[0].value[0])];
    // A band is no figure.
    for (const point of points.filter((one) => !chart.option.series[one.seriesIndex].band)) {
      const kind = flat ? chart.x : chart.y;
      lines.push(point.seriesName + ": " + tip(kind, point.value[flat ? 0 : 1]));
    }
    for (const text of lines) {
      box.appendChild(document.createElement("div")).textContent = text;
    }
    return box;
  }

  // With a view box the drawing can shrink to the paper's width.
  function scalable(place) {
    const svg = place.querySelector("svg");
    if (svg) {
      svg.setAttribute("viewBox", "0 0 " + svg.getAttribute("width") + " " + svg.getAttribute("height"));
    }
  }

  function paint() {
    const colours = ink();
    for (const { place, chart, view } of drawn) {
      view.setOption(themed(chart, colours), { notMerge: true });
      scalable(place);
    }
  }

  function draw(place) {
    const chart = JSON.parse(document.getElementById(place.dataset.island).textContent);
    drawn.push({ place, chart, view: echarts.init(place, null, { renderer: "svg" }) });
  }

  const FOLDED = "details:not([open])";

  // What is folded may have no width: it is drawn when it is opened.
  function unfolded(event) {
    const fresh = [...event.target.querySelectorAll(".chart:empty")].filter((place) => !place.closest(FOLDED));
    fresh.forEach(draw);
    if (fresh.length) {
      paint();
    }
  }

  // A link may lead to what is folded.
  function reveal() {
    const there = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    while (there && there.closest(FOLDED)) {
      there.closest(FOLDED).open = true;
    }
    if (there) {
      there.scrollIntoView();
    }
  }

  function start() {
    root.classList.add("js");
    for (const place of document.querySelectorAll(".chart")) {
      if (!place.closest(FOLDED)) {
        draw(place);
      }
    }
    paint();
    document.addEventListener("toggle", unfolded, true);
    addEventListener("hashchange", reveal);
    if (location.hash) {
      reveal();
    }
    scheme.addEventListener("change", paint);
    paper.addEventListener("change", paint);
    let waiting = 0;
    addEventListener("resize", () => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(() => {
        for (const { place, view } of paper.matches ? [] : drawn) {
          view.resize();
          scalable(place);
        }
      });
    });
  }

  start();
})();
