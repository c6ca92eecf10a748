// What the lanes are drawn with, in the page's colours: they change with light and dark.

const TILE = 7;

export function brushes(pen, colour) {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of("ink"),
    soft: of("soft"),
    line: of("line"),
    raised: of("raised"),
    queue: of("queue"),
    alert: of("alert"),
    hatch: hatched(pen, colour),
  };
}

function hatched(pen, colour) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = TILE;
  const brush = tile.getContext("2d");
  brush.globalAlpha = 0.25;
  brush.fillStyle = colour;
  brush.fillRect(0, 0, TILE, TILE);
  brush.globalAlpha = 1;
  brush.strokeStyle = colour;
  brush.lineWidth = 1.6;
  brush.beginPath();
  for (const offset of [-TILE, 0, TILE]) {
    brush.moveTo(offset - 1, TILE + 1);
    brush.lineTo(offset + TILE + 1, -1);
  }
  brush.stroke();
  return pen.createPattern(tile, "repeat");
}
