// The playground: choices from the address, points and weights to begin with.
const PROGRAM = (() => {
  const choices = JSON.parse($("#choices").textContent);
  const asked = new URLSearchParams(location.search), chosen = {};
  for (const [name, { values, usual }] of Object.entries(choices)) {
    if (!values) continue;
    const wish = asked.get(name);
    chosen[name] = values.some(([v]) => v === wish) ? wish : usual;
  }
  const seed = Number(asked.get("seed")) || 1;
  const key = `${chosen.layers} ${chosen.activation} ${chosen.loss}`;
  const template = $(`template[data-network="${key}"]`);
  document.body.prepend(template.content.cloneNode(true));

  // Numbers between 0 and 1, the same for the same seed (mulberry32, Tommy Ettinger 2017).
  function drawing(from) {
    let state = from;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let t = Math.imul(state ^ (state >>> 15), 1 | state);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  }
  const uniform = drawing(seed * 7919);
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());

  // --- points of the plane, each with its class ------------------------------------------
  const around = (radius, angle) => [radius * Math.cos(angle), radius * Math.sin(angle)];
  const sets = {
    circle: (c) => around(c ? 0.55 * Math.sqrt(uniform()) : 1 + 0.3 * uniform(), 2 * Math.PI * uniform()),
    xor: (c) => {
      const [a, b] = [0.12 + 1.1 * uniform(), 0.12 + 1.1 * uniform()], up = uniform() < 0.5 ? 1 : -1;
      return [a * up, b * up * (c ? -1 : 1)];
    },
    clouds: (c) => [(c ? 0.65 : -0.65) + 0.3 * normal(), (c ? 0.65 : -0.65) + 0.3 * normal()],
    spiral: (c, k, n) => {
      const t = k / n;
      const [u, v] = around(0.15 + 1.15 * t, 5 * t + (c ? Math.PI : 0));
      return [u + 0.03 * normal(), v + 0.03 * normal()];
    },
  };
  function points() {
    if (chosen.data === "own") {
      const listed = (asked.get("points") || "").split(";").map((p) => p.split(",").map(Number));
      const own = listed.filter((p) => p.length === 3 && p.every(Number.isFinite));
      return own.length ? own : [[-0.7, -0.4, 0], [0.7, 0.4, 1], [-0.4, 0.6, 0], [0.5, -0.6, 1]];
    }
    const each = chosen.data === "spiral" ? 40 : 20;
    return Array.from({ length: 2 * each }, (_, k) => {
      const c = k % 2;
      return [...sets[chosen.data](c, Math.floor(k / 2), each), c];
    });
  }

  // --- what the window is given -------------------------------------------------------------
  const stage = $("#model"), model = JSON.parse(stage.textContent);
  const found = points(), classes = chosen.loss === "cross_entropy" ? 2 : 1;
  const give = (name, shape, data) => { model.arguments[model.names[name]] = { shape, data }; };
  give("x", [found.length, 2], found.flatMap(([u, v]) => [u, v]));
  give("t", [found.length, classes], found.flatMap(([, , c]) => (classes === 2 ? [1 - c, c] : [c])));
  model.sizes[model.plane.size] = found.length;
  const last = Number(chosen.layers) + 1;
  for (let k = 1; k <= last; k++) {
    const rows = k === 1 ? 2 : Number(chosen.width), columns = k === last ? classes : Number(chosen.width);
    // Scaled as He et al. (2015) and Glorot and Bengio (2010) do, by the number of inputs.
    const scale = Math.sqrt((chosen.activation === "relu" ? 2 : 1) / rows);
    give(`w${k}`, [rows, columns], Array.from({ length: rows * columns }, () => scale * normal()));
    give(`b${k}`, [columns], Array(columns).fill(0));
  }
  model.rule = chosen.rule;
  model.mode = "train";
  stage.textContent = JSON.stringify(model);

  // --- the choices, as they are seen ----------------------------------------------------------
  function again(changed) {
    const next = new URLSearchParams({ ...chosen, seed, ...changed });
    if (next.get("data") === "own") {
      const { x, t } = window.derivo.values;
      next.set("points", x.map(([u, v], k) => [u.toFixed(2), v.toFixed(2), Math.round(t[k][t[k].length - 1])].join(",")).join(";"));
    }
    location.href = `${location.pathname}?${next}`;
  }
  const bar = html("nav", { id: "choose" });
  for (const [name, { label, values }] of Object.entries(choices)) {
    if (!values) continue;
    const options = values.map(([value, text]) => html("option", { value, textContent: text, selected: value === chosen[name] }));
    const select = html("select", { id: `choose-${name}` }, options);
    select.addEventListener("change", () => again({ [name]: select.value }));
    bar.append(html("label", {}, [label, select]));
  }
  bar.append(button(choices.again, () => again({ seed: seed + 1 }), { id: "again" }));
  $("#top").after(bar);
  return { ...PROGRAMS[key](), rules: RULES };
})();
