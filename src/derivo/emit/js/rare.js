// What fewer programs need of the runtime: a page that calls none of it does not hold it.
Object.assign(R, (() => {
  const { ALL, add, added, along, array, at, best, broadcast, broadcastTo, fold } = R;
  const { gather, less, made, map, mod, more, places, range, reshape, rint } = R;
  const { scatter, size, slice, strides, view, wrap } = R;
  const isNumber = (v) => v === v;
  const wide = (shape, rank) => [...Array(rank - shape.length).fill(1), ...shape];

  // Index notation: all operands are laid out along all letters, multiplied, summed.
  function einsum(subscripts, ...xs) {
    const [left, result] = subscripts.split("->"), terms = left.split(",");
    const letters = [...new Set(result + terms.join(""))], sizes = {};
    const each = (k, f) => [...terms[k]].forEach((c, a) => f(c, wrap(xs[k]).shape[a], a));
    xs.forEach((_, k) => each(k, (c, d) => { if ((sizes[c] ?? 1) === 1) sizes[c] = d; }));
    const parts = xs.map((x, k) => {
      const own = strides(wrap(x).shape), steps = letters.map(() => 0);
      each(k, (c, d, a) => { if (d > 1) steps[letters.indexOf(c)] += own[a]; });
      return view(x, letters.map((c) => sizes[c]), steps);
    });
    const product = parts.reduce((p, q) => map((u, v) => u * v, p, q));
    const summed = range(letters.length).slice([...result].length);
    return summed.length ? along(product, summed, false, add) : product;
  }
  function kron(a, b) {
    const rank = Math.max(a.shape.length, b.shape.length);
    const [p, q] = [wide(a.shape, rank), wide(b.shape, rank)];
    const [u, v] = [reshape(a, p.flatMap((d) => [d, 1])), reshape(b, q.flatMap((d) => [1, d]))];
    return reshape(map((x, y) => x * y, u, v), p.map((d, k) => d * q[k]));
  }
  // Sums of products, one operand slid along the other on every axis.
  function convolve(a, v, mode = "full") {
    const full = a.shape.map((d, k) => d + v.shape[k] - 1);
    const out = new Float64Array(size(full)), steps = strides(full);
    const from = places(a.shape, steps), by = places(v.shape, steps);
    from.forEach((p, i) => by.forEach((q, j) => { out[p + q] += a.data[i] * v.data[j]; }));
    const inner = full.map((_, k) => [v.shape[k] - 1, a.shape[k], null]);
    return mode === "valid" ? slice(array(full, out), inner) : array(full, out);
  }

  // Lines along one axis, each replaced by another of the same or any length.
  function lines(x, axis, length, each) {
    x = wrap(x);
    const a = at(axis ?? 0, x.shape.length), own = strides(x.shape);
    const shape = x.shape.map((d, k) => (k === a ? length : d)), steps = strides(shape);
    const out = new Float64Array(size(shape)), line = new Float64Array(x.shape[a]);
    const first = (s) => s.map((d, k) => (k === a ? 1 : d));
    const to = places(first(shape), steps);
    places(first(x.shape), own).forEach((s, k) => {
      for (let i = 0; i < line.length; i++) line[i] = x.data[s + i * own[a]];
      each(line).forEach((v, i) => { out[to[k] + i * steps[a]] = v; });
    });
    return array(shape, out);
  }
  const same = (each) => (x, axis) =>
    lines(x, axis, x.shape[at(axis ?? 0, x.shape.length)], each);
  const run = (step) => same((line) => {
    const out = Float64Array.from(line);
    for (let i = 1; i < out.length; i++) out[i] = step(out[i - 1], out[i]);
    return out;
  });
  const order = (p, q) => (p !== p) - (q !== q) || p - q;
  const argsort = same((line) =>
    range(line.length).sort((i, j) => order(line[i], line[j]) || i - j));
  const sorted = (line) => Float64Array.from(line).sort(order);
  function quantile(x, q, axis, keep, method, place, skip = false) {
    const part = {
      lower: Math.floor, higher: Math.ceil, nearest: rint,
      midpoint: (p) => (Math.floor(p) + Math.ceil(p)) / 2,
    }[method] ?? ((p) => p);
    return along(x, axis, keep, (line) => {
      const row = sorted(skip ? line.filter(isNumber) : line), n = row.length;
      if (!n || row.some((v) => !isNumber(v))) return NaN;
      const p = part(Math.min(Math.max(place(q, n), 0), n - 1)), low = Math.floor(p);
      return low === p ? row[p] : row[low] + (row[low + 1] - row[low]) * (p - low);
    });
  }

  function alongAxis(shape, indices, axis) {
    const own = strides(shape), steps = strides(indices.shape);
    return Array.from(indices.data, (v, k) => shape.reduce((s, n, a) => {
      const here = Math.floor(k / steps[a]) % indices.shape[a];
      return s + own[a] * (a === axis ? at(v, n) : here);
    }, 0));
  }
  const takeAlong = (x, indices, axis) => array(indices.shape,
    Float64Array.from(alongAxis(x.shape, indices, axis), (p) => x.data[p]));
  const addAlong = (g, indices, shape, axis) =>
    added(g, indices.shape, alongAxis(shape, indices, axis), shape);

  const band = (x, keep) =>
    map((v, d) => (keep(d) ? v : 0), x, made(x.shape.slice(-2), (i, j) => j - i));
  function corner(n, axis, keep) {
    const found = [];
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) if (keep(j - i)) found.push(axis ? j : i);
    return made([found.length], (i) => found[i]);
  }
  function diagonal(x, k) {
    const own = strides(x.shape), rank = x.shape.length, [n, m] = x.shape.slice(-2);
    const length = Math.max(0, Math.min(n + Math.min(k, 0), m - Math.max(k, 0)));
    const first = Math.max(-k, 0) * own[rank - 2] + Math.max(k, 0);
    const shape = [...x.shape.slice(0, -2), length];
    return view(x, shape, [...own.slice(0, -2), own[rank - 2] + 1], first);
  }
  function fromDiagonal(x, shape, k) {
    const rank = x.shape.length - 1;
    const from = (low) => made([x.shape[rank]], (p) => p + Math.max(low, 0));
    return scatter(x, [from(-k), from(k)], [...x.shape.slice(0, -1), ...shape], rank);
  }

  // Where each place of a padded axis comes from; -1 for what is filled in.
  function source(mode, p, n) {
    if (mode === "constant") return p < 0 || p >= n ? -1 : p;
    if (mode === "edge") return Math.min(Math.max(p, 0), n - 1);
    if (mode === "wrap") return mod(p, n);
    const twice = mode === "symmetric", period = twice ? 2 * n : Math.max(2 * n - 2, 1);
    return Math.min(mod(p, period), period - mod(p, period) - twice);
  }
  const pad = (x, widths, mode, value) => widths.reduce((y, [before, after], a) => {
    const n = y.shape[a];
    const from = range(n + before + after).map((k) => source(mode, k - before, n));
    const each = (line) => from.map((p) => (p < 0 ? value : line[p]));
    return lines(y, a, from.length, each);
  }, x);
  const roll = (x, shift, axis) => [].concat(shift).reduce((y, s, k) => {
    const turn = (line) => line.map((_, i) => line[mod(i - s, line.length)]);
    return same(turn)(y, [].concat(axis)[k]);
  }, x);
  const longer = (x, axis, n, from) => lines(x, axis, x.shape[axis ?? 0] * n, (line) =>
    range(line.length * n).map((i) => line[from(i, line.length)]));

  function bisect(row, v, right) {
    let k = 0;
    while (k < row.length && (row[k] < v || (right && row[k] === v))) k++;
    return k;
  }
  const interp = (x, { data: xp }, { data: fp }) => map((v) => {
    const k = bisect(xp, v, true), n = xp.length;
    if (k === 0 || k === n) return fp[k ? n - 1 : 0];
    const slope = (fp[k] - fp[k - 1]) / (xp[k] - xp[k - 1]);
    return fp[k - 1] + slope * (v - xp[k - 1]);
  }, x);
  function nanToNum(v, nan, high, low) {
    if (v !== v) return nan;
    if (Math.abs(v) < Infinity) return v;
    return v > 0 ? high ?? Number.MAX_VALUE : low ?? -Number.MAX_VALUE;
  }

  // What is written into an array: `place` holds, for each part, where it goes.
  const numbered = (x) => array(x.shape, Float64Array.from(range(size(x.shape))));
  function written(x, value, place) {
    const { shape, data } = wrap(place), own = wrap(broadcastTo(value, shape)).data;
    const out = Float64Array.from(x.data);
    data.forEach((p, i) => { out[p] = own[i]; });
    return array(x.shape, out);
  }

  return {
    addAlong, argsort, convolve, diagonal, einsum, fromDiagonal, interp, kron, nanToNum,
    pad, quantile, roll, takeAlong,
    put: (x, value, index) => written(x, value, slice(numbered(x), index)),
    putAt: (x, value, indices, axis) => written(x, value, gather(numbered(x), indices, axis)),
    arange: (n) => made([n], (i) => i), eye: (n, m, k) => made([n, m], (i, j) => j - i === k),
    triuIndices: (n, k, axis) => corner(n, axis, (d) => d >= k),
    trilIndices: (n, k, axis) => corner(n, axis, (d) => d <= k),
    correlate: (a, v, mode) => convolve(a, slice(v, [[null, null, -1]]), mode),
    oneHot: (labels, n) => map((l, k) => at(l, n) === k,
      reshape(labels, [...wrap(labels).shape, 1]), made([n], (i) => i)),
    triu: (x, k) => band(x, (d) => d >= k), tril: (x, k) => band(x, (d) => d <= k),
    trace: (x, k) => along(diagonal(x, k), null, false, add),
    repeat: (x, n, axis) => longer(x, axis, n, (i) => Math.floor(i / n)),
    tile: (x, reps) => reps.reduce((y, n, a) => longer(y, a, n, (i, m) => i % m), x),
    nanmax: fold((line) => best(more)(line.filter(isNumber))),
    nanmin: fold((line) => best(less)(line.filter(isNumber))),
    cumsum: run((p, v) => p + v), cumprod: run((p, v) => p * v),
    cummax: run((p, v) => (v > p || v !== v ? v : p)),
    cummin: run((p, v) => (v < p || v !== v ? v : p)), sort: same(sorted),
    roundTo: (v, digits) => rint(v * 10 ** digits) / 10 ** digits,
    searchsorted: ({ data }, v, side) => map((u) => bisect(data, u, side === "right"), v),
  };
})());
