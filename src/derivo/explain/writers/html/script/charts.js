// Tables and charts of the card.
const moments = $$(".moment");
function table(side, id) {
  const x = array(side, id);
  if (x === undefined || !isSeen(side, id)) return [];
  const { data } = parts(x), { rows, columns, wide } = shownOf(x), most = largest(data);
  if (rows.length * columns.length > 80) return [note(`${label(side, id)}: ${parts(x).shape.join(" × ")}`)];
  const lines = rows.map((r) => html("tr", {}, columns.map((c) => {
    const v = data[r * wide + c], hue = v < 0 ? "--neg" : "--pos";
    const td = html("td", { textContent: short(v), tabIndex: 0, title: longer(v) });
    td.style.background = `color-mix(in srgb, var(${hue}) ${Math.round(6 + (38 * Math.abs(v)) / most)}%, transparent)`;
    td.place = { side, id, index: r * wide + c };
    return td;
  })));
  return [html("table", { className: "cells" }, [html("tbody", {}, lines)])];
}

// How much room there is for a chart; to ask for it would lay the page out every time.
const WIDE = window.matchMedia ? matchMedia("(min-width: 62.5rem)") : { matches: true };
const room = {};
function measure() {
  room.isWide = WIDE.matches;
  room.width = Math.min(480, (room.isWide ? 0.4 : 1) * innerWidth - 46);
}
measure();
function chart(low, high, bottom, top, width = room.width, height = 135) {
  const flatness = top - bottom < 1e-12 ? 1 : 0;
  const [b, t] = [bottom - flatness, top + flatness];
  const px = (x) => 42 + ((width - 52) * (x - low)) / (high - low || 1);
  const py = (y) => height - 20 - ((height - 32) * (y - b)) / (t - b);
  const svg = make("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, width, height, preserveAspectRatio: "xMinYMid", role: "img" });
  svg.append(make("line", { class: "axis", x1: 42, y1: height - 20, x2: width - 10, y2: height - 20 }),
    make("line", { class: "axis", x1: 42, y1: 12, x2: 42, y2: height - 20 }));
  const write = (x, y, text, anchor) => {
    const element = make("text", { x, y, "text-anchor": anchor });
    element.textContent = text;
    svg.append(element);
  };
  write(42, height - 6, short(low), "start"); write(width - 10, height - 6, short(high), "end");
  write(38, height - 18, short(b), "end"); write(38, 18, short(t), "end");
  const path = (points, kind) => {
    const d = points.filter(([, y]) => Number.isFinite(y)).map(([x, y], k) => `${k ? "L" : "M"}${px(x).toFixed(1)} ${py(y).toFixed(1)}`).join("");
    svg.append(make("path", { class: kind, d }));
  };
  const dot = (x, y, kind = "dot") => { if (Number.isFinite(y)) svg.append(make("circle", { class: kind, cx: px(x), cy: py(y), r: 4 })); };
  return { svg, path, dot, b, t };
}
// The piece of the tangent that lies in the chart.
const tangent = (x, y, slope, low, high, c) => {
  const [from, to] = slope ? [c.b, c.t].map((edge) => x + (edge - y) / slope).sort((a, b) => a - b) : [low, high];
  return [Math.max(low, from), Math.min(high, to)].map((u) => [u, y + slope * (u - x)]);
};
