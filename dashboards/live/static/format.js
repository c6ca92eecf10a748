// Figures as a class reads them from the back of the room: two or three digits and a unit.

export function ms(value) {
  if (value === null || value === undefined) return "–";
  if (value >= 9950) return `${(value / 1000).toFixed(0)} s`;
  if (value >= 995) return `${(value / 1000).toFixed(1)} s`;
  return value >= 9.95 ? `${value.toFixed(0)} ms` : `${value === 1 ? 1 : value.toFixed(1)} ms`;
}

export function rate(value) {
  if (value === null || value === undefined) return "–";
  return `${value >= 99.5 || value % 1 === 0 ? value.toFixed(0) : value.toFixed(1)}/s`;
}

export function count(value) {
  return value === null || value === undefined ? "–" : value.toFixed(0);
}

export function share(value) {
  if (value === null || value === undefined) return "–";
  return `${(100 * value).toFixed(0)} %`;
}

export const FIGURES = {
  p50_ms: ms,
  p99_ms: ms,
  bystander_ms: ms,
  answered_rps: rate,
  failed_rps: rate,
  in_flight: count,
  queued: count,
  occupancy: share,
  hold_ms: ms,
  cpu: share,
};

export function expected(name, value) {
  // Of some requests theory says nothing.
  if (value === undefined) return "";
  if (name === "capacity_rps") return `at most ${rate(value)}`;
  return value === null ? "expected to grow" : `expected ${ms(value)}`;
}
