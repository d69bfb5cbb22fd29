"use strict";
// A small runtime for arrays. An array is {shape, data}, its numbers row by row in
// float64; a value without axes is a plain number. Nothing is changed in place.
const R = (() => {
  const size = (shape) => shape.reduce((n, d) => n * d, 1);
  const wrap = (x) => (x.data ? x : { shape: [], data: Float64Array.of(x) });
  const array = (shape, data) => (shape.length ? { shape, data } : data[0]);
  const at = (axis, rank) => (axis < 0 ? axis + rank : axis);
  const range = (n) => Array.from({ length: n }, (_, k) => k);
  const ALL = [null, null, null];

  function strides(shape) {
    const steps = shape.map(() => 1);
    for (let a = shape.length - 2; a >= 0; a--) steps[a] = steps[a + 1] * shape[a + 1];
    return steps;
  }

  // Where the elements of an array lie in another one: `steps` apart along each axis.
  function places(shape, steps, first = 0) {
    const found = new Int32Array(size(shape));
    if (found.length) found[0] = first;
    let n = 1;
    for (let a = shape.length - 1; a >= 0 && found.length; a--) {
      for (let k = 1; k < shape[a]; k++)
        for (let i = 0; i < n; i++) found[k * n + i] = found[i] + k * steps[a];
      n *= shape[a];
    }
    return found;
  }
  function view(x, shape, steps, first) {
    const { data } = wrap(x);
    return array(shape, Float64Array.from(places(shape, steps, first), (p) => data[p]));
  }

  function broadcast(shapes) {
    const rank = Math.max(0, ...shapes.map((s) => s.length));
    return range(rank).map((a) => {
      const sizes = shapes.map((s) => s[a - rank + s.length] ?? 1);
      return sizes.find((d) => d !== 1) ?? 1;
    });
  }
  function broadcastTo(x, shape) {
    x = wrap(x);
    const extra = shape.length - x.shape.length, own = strides(x.shape);
    if (!extra && shape.every((d, a) => d === x.shape[a])) return array(shape, x.data);
    const copied = (a) => a < extra || x.shape[a - extra] === 1;
    return view(x, shape, shape.map((_, a) => (copied(a) ? 0 : own[a - extra])));
  }

  // A function of numbers, element by element.
  function map(f, ...given) {
    const shape = broadcast(given.map((x) => wrap(x).shape));
    const parts = given.map((x) => wrap(broadcastTo(x, shape)).data);
    const n = size(shape), out = new Float64Array(n), [a, b] = parts;
    if (parts.length === 1) for (let i = 0; i < n; i++) out[i] = f(a[i]);
    else if (parts.length === 2) for (let i = 0; i < n; i++) out[i] = f(a[i], b[i]);
    else for (let i = 0; i < n; i++) out[i] = f(...parts.map((p) => p[i]));
    return array(shape, out);
  }

  // Lines along some axes: `each(line)` gives the number that stands for one.
  function along(x, axis, keep, each) {
    x = wrap(x);
    const rank = x.shape.length, own = strides(x.shape);
    const axes = axis === null ? range(rank) : [].concat(axis).map((a) => at(a, rank));
    const rest = range(rank).filter((a) => !axes.includes(a));
    const pick = (list, which) => which.map((a) => list[a]);
    const starts = places(pick(x.shape, rest), pick(own, rest));
    const inner = places(pick(x.shape, axes), pick(own, axes));
    const line = new Float64Array(inner.length);
    const data = Float64Array.from(starts, (s) => {
      for (let i = 0; i < line.length; i++) line[i] = x.data[s + inner[i]];
      return each(line);
    });
    const kept = x.shape.map((d, a) => (axes.includes(a) ? 1 : d));
    return array(keep ? kept : pick(x.shape, rest), data);
  }
  const fold = (each) => (x, axis = null, keep = false) => along(x, axis, keep, each);
  function add(line) {
    let sum = 0;
    for (const v of line) sum += v;
    return sum;
  }
  // What is not a number counts as the largest and as the smallest, as in NumPy.
  const best = (better) => (line) => line[place(better)(line)];
  const place = (better) => (line) => {
    let m = 0;
    for (let k = 1; k < line.length; k++) {
      const isFirst = line[m] === line[m];
      if (isFirst && (better(line[k], line[m]) || line[k] !== line[k])) m = k;
    }
    return m;
  };
  const more = (a, b) => a > b, less = (a, b) => a < b;

  function transpose(x, axes) {
    const own = strides(x.shape);
    return view(x, axes.map((a) => x.shape[a]), axes.map((a) => own[a]));
  }
  const reshape = (x, shape) => array(shape, wrap(x).data);

  // The product of matrices, of stacks of them and of vectors: NumPy's @.
  function matmul(a, b) {
    const left = a.shape.length > 1, right = b.shape.length > 1;
    const [m, k] = left ? a.shape.slice(-2) : [1, a.shape[0]];
    const n = right ? b.shape[b.shape.length - 1] : 1;
    const stack = broadcast([a.shape.slice(0, -2), b.shape.slice(0, -2)]);
    const p = left ? broadcastTo(a, [...stack, m, k]).data : a.data;
    const q = right ? broadcastTo(b, [...stack, k, n]).data : b.data;
    const out = new Float64Array(size(stack) * m * n);
    for (let s = 0; s < size(stack); s++)
      for (let i = 0; i < m; i++)
        for (let l = 0; l < k; l++) {
          const v = p[(left ? s * m * k : 0) + i * k + l];
          const row = (right ? s * k * n : 0) + l * n, to = (s * m + i) * n;
          for (let j = 0; j < n; j++) out[to + j] += v * q[row + j];
        }
    return array([...stack, ...(left ? [m] : []), ...(right ? [n] : [])], out);
  }

  // Parts of arrays. An entry of an index is a place, or [start, stop, step].
  function cuts(shape, index) {
    const own = strides(shape), kept = [], steps = [];
    let first = 0;
    index.forEach((entry, a) => {
      const n = shape[a];
      if (!Array.isArray(entry)) {
        first += at(entry, n) * own[a];
        return;
      }
      const step = entry[2] ?? 1, low = step < 0 ? -1 : 0, high = n + low;
      const end = (p, usual) =>
        p === null ? usual : Math.min(Math.max(at(p, n), low), high);
      const start = end(entry[0], step < 0 ? high : 0);
      kept.push(Math.max(0, Math.ceil((end(entry[1], step < 0 ? low : n) - start) / step)));
      steps.push(step * own[a]);
      first += start * own[a];
    });
    return [kept, steps, first];
  }
  const slice = (x, index) => view(x, ...cuts(x.shape, index));
  const row = (x, k) => slice(x, x.shape.map((_, a) => (a ? ALL : k)));

  // What stands in `x`, added up at places of an array of zeros.
  function added(x, from, found, shape) {
    const out = new Float64Array(size(shape)), { data } = wrap(broadcastTo(x, from));
    found.forEach((p, i) => { out[p] += data[i]; });
    return array(shape, out);
  }
  function embed(x, shape, index) {
    const [kept, steps, first] = cuts(shape, index);
    return added(x, kept, places(kept, steps, first), shape);
  }
  // The places that integer arrays pick, on the axes from `axis` on.
  function picked(shape, indices, axis) {
    const own = strides(shape), end = axis + indices.length;
    const common = broadcast(indices.map((i) => wrap(i).shape));
    const wide = indices.map((i) => wrap(broadcastTo(i, common)).data);
    const before = places(shape.slice(0, axis), own), found = [];
    const after = places(shape.slice(end), own.slice(end));
    const step = (w, k, a) => at(w[k], shape[a]) * own[a];
    for (const p of before)
      for (let k = 0; k < size(common); k++) {
        const here = wide.reduce((s, w, j) => s + step(w, k, axis + j), p);
        for (const q of after) found.push(here + q);
      }
    return [[...shape.slice(0, axis), ...common, ...shape.slice(end)], found];
  }
  function gather(x, indices, axis) {
    const [shape, found] = picked(x.shape, indices, axis);
    return array(shape, Float64Array.from(found, (p) => x.data[p]));
  }
  const scatter = (g, indices, shape, axis) => added(g, ...picked(shape, indices, axis), shape);

  const total = (parts) => parts.reduce((p, q) => map((u, v) => u + v, p, q));
  function concatenate(parts, axis) {
    const shape = [...parts[0].shape];
    shape[axis] = add(parts.map((p) => p.shape[axis]));
    let start = 0;
    return total(parts.map((p) => {
      const stop = start + p.shape[axis];
      const index = shape.map((_, a) => (a === axis ? [start, stop, null] : ALL));
      start = stop;
      return embed(p, shape, index);
    }));
  }
  function stack(parts, axis = 0) {
    const { shape } = wrap(parts[0]);
    const wide = [...shape.slice(0, axis), 1, ...shape.slice(axis)];
    return concatenate(parts.map((p) => reshape(p, wide)), axis);
  }
  // An array by a function of the place.
  function made(shape, f) {
    const steps = strides(shape);
    const place = (k) => steps.map((s, a) => Math.floor(k / s) % shape[a]);
    return array(shape, Float64Array.from(range(size(shape)), (k) => f(...place(k))));
  }

  // A loop over time: a step gets the carries, this step's rows and the fixed values,
  // and gives the next carries, and what is kept of it.
  function scan(length, reverse, carries, rows, fixed, step) {
    const kept = [], running = range(length);
    for (const t of reverse ? running.reverse() : running) {
      [carries, kept[t]] = step(carries, rows.map((x) => row(x, t)), fixed);
    }
    const all = (k) => kept.map((own) => own[k]);
    return { carries, kept, stack: (k) => stack(all(k)), total: (k) => total(reverse ? all(k).reverse() : all(k)) };
  }

  // Functions of numbers that JavaScript has not, or in another way.
  function mod(a, b) {
    const r = a % b;
    return r && r < 0 !== b < 0 ? r + b : r;
  }
  function rint(v) {
    const low = Math.floor(v), rest = v - low;
    return rest === 0.5 ? 2 * Math.round(low / 2) : low + (rest > 0.5);
  }
  const isNegative = (v) => v < 0 || Object.is(v, -0);
  const numbers = {
    mod, rint, isNegative, remainder: (a, b) => a % b,
    floorDivide: (a, b) => rint((a - mod(a, b)) / b),
    copySign: (a, b) => (isNegative(a) === isNegative(b) ? a : -a),
    logAddExp: (a, b) =>
      a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b))),
    fmax: (a, b) => (a !== a || b > a ? b : a),
    fmin: (a, b) => (a !== a || b < a ? b : a),
    clip: (v, low, high) => (v > high || low > high ? high : v < low ? low : v),
  };
  // An array as nested lists, as it is written.
  const nested = (x) =>
    x.data ? range(x.shape[0]).map((k) => nested(row(x, k))) : Number(x);

  return {
    ...numbers, ALL, add, along, array, at, broadcast, broadcastTo, concatenate, embed,
    fold, gather, make: (shape, data) => array(shape, Float64Array.from(data)), made, map,
    matmul, nested, places, range, reshape, row, scan, scatter, size, slice, stack,
    strides, total, transpose, view, wrap, added, best, less, more,
    full: (shape, value) => made(shape, () => value),
    sum: fold(add), mean: fold((line) => add(line) / line.length),
    max: fold(best(more)), min: fold(best(less)),
    argmax: fold(place(more)), argmin: fold(place(less)),
    any: fold((line) => line.some((v) => v)), all: fold((line) => line.every((v) => v)),
    countNonzero: fold((line) => line.filter((v) => v).length),
    prod: fold((line) => line.reduce((p, v) => p * v, 1)),
  };
})();
