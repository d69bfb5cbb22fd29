"""What every C text begins with: vectors, blocks of products, threads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """The machine that text is written for.

    Attributes
    ----------
    single
        float32 rather than float64.
    bytes
        Of a vector register: 16, 32 or 64.
    for_one_row
        All panels are two registers wide. A product of one row with a panel is a chain
        of sums in each register, and two chains take no longer than one.
    """

    single: bool
    bytes: int = 32
    for_one_row: bool = False

    @property
    def lanes(self) -> int:
        """Elements in a register."""
        return self.bytes // (4 if self.single else 8)

    @property
    def widest(self) -> int:
        """Columns of a wide panel: two registers."""
        return 2 * self.lanes

    def width(self, cols: object) -> int:
        """Give the width of the panels of a matrix: what wastes less."""
        is_odd = isinstance(cols, int) and -(-cols // self.lanes) % 2 == 1
        if is_odd and not self.for_one_row:
            return self.lanes
        return self.widest


_TYPES = """
#define INLINE static inline __attribute__((always_inline))
#define OWN static __attribute__((noinline))
typedef {real} real;
/* A register of elements, and one of truths: all bits set for true. */
#define REGISTER \\
    __attribute__((vector_size({bytes}), aligned(sizeof(real)), may_alias))
typedef real vec REGISTER;
typedef {integer} mask REGISTER;
enum {{ LANES = {lanes} }};

INLINE vec load(const real *from) {{ return *(const vec *)from; }}
INLINE void store(real *to, vec value) {{ *(vec *)to = value; }}
INLINE vec splat(real x) {{ return x - (vec){{0}}; }}
INLINE vec pick(mask m, vec a, vec b) {{
    return (vec)((m & (mask)a) | (~m & (mask)b));
}}
INLINE vec ones(mask m) {{ return (vec)(m & (mask)splat(1)); }}
INLINE mask mask_of(int truth) {{ return (mask){{0}} - (truth != 0); }}
/* True in the first n lanes. */
INLINE mask first_lanes(long n) {{
    const mask lane = {{{counting}}};
    return lane < ({integer})(n < LANES ? n : LANES);
}}
/* The nearest whole numbers, of numbers that are not large, and back: of a number that
   is so large, the last bits are the whole numbers. */
INLINE mask nearest(vec x) {{ return (mask)(x + {magic}) - (mask)splat({magic}); }}
INLINE vec as_real(mask n) {{ return (vec)(n + (mask)splat({magic})) - {magic}; }}
/* An index: a negative one counts from behind, one beyond the axis is noted. */
static int out_of_range;  /* 1: an index, 2: a whole number */
INLINE long index_within(long at, long n) {{
    if (at >= -n && at < n) return at < 0 ? at + n : at;
    __atomic_store_n(&out_of_range, 1, __ATOMIC_RELAXED);
    return 0;
}}
INLINE long larger(long a, long b) {{ return a > b ? a : b; }}
INLINE long smaller(long a, long b) {{ return a < b ? a : b; }}
/* The lanes n places further on. */
INLINE vec rotated(vec v, int n) {{
#ifdef __clang__
    vec value;
    for (int l = 0; l < LANES; ++l) value[l] = v[(l + n) % LANES];
    return value;
#else
    const mask lane = {{{counting}}};
    return __builtin_shuffle(v, (lane + n) & (LANES - 1));
#endif
}}
INLINE real sum_lanes(vec v) {{
    for (int l = LANES / 2; l; l /= 2) v += rotated(v, l);
    return v[0];
}}
/* Add a block to a sum; what rounding loses is carried along (Kahan 1965). */
INLINE void add_block(vec *sum, vec *lost, vec block) {{
    const vec term = block - *lost, next = *sum + term;
    *lost = pick(next - next == 0, (next - *sum) - term, splat(0));
    *sum = next;
}}

/* sum[r][q] += a[r][k] * b[k][q] for k from 0 to count - 1. */
INLINE void multiply(int rows, int parts, long count, const real *restrict a,
                     long next_row, long next, const real *restrict b,
                     vec sum[restrict][2]) {{
    for (long k = 0; k < count; ++k) {{
        vec right[2];
#pragma GCC unroll 2
        for (int q = 0; q < parts; ++q) right[q] = load(b + (k * parts + q) * LANES);
#pragma GCC unroll 16
        for (int r = 0; r < rows; ++r) {{
            const vec left = splat(a[r * next_row + k * next]);
#pragma GCC unroll 2
            for (int q = 0; q < parts; ++q) sum[r][q] += left * right[q];
        }}
    }}
}}
INLINE void clear(int rows, vec sum[restrict][2]) {{
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) sum[r][0] = sum[r][1] = splat(0);
}}

/* Have the rows of a block brought nearer that will be asked for soon. */
INLINE void fetch(int rows, long width, const real *from) {{
#pragma GCC unroll 32
    for (long at = 0; at < rows * width; at += 64 / (long)sizeof(real))
        __builtin_prefetch(from + at);
}}

/* A matrix row by row into panels, and back. */
static void pack(real *to, const real *from, long rows, long cols, long width) {{
    for (long j = 0; j < cols; j += width) {{
        const size_t size = (size_t)smaller(width, cols - j) * sizeof(real);
        for (long i = 0; i < rows; ++i)
            memcpy(to + j * rows + i * width, from + i * cols + j, size);
    }}
}}
static void unpack(const real *from, real *to, long rows, long cols, long width) {{
    for (long i = 0; i < rows; ++i)
        for (long j = 0; j < cols; j += width)
            memcpy(to + i * cols + j, from + j * rows + i * width,
                   (size_t)smaller(width, cols - j) * sizeof(real));
}}
/* LANES rows of as many numbers, turned in registers: halves of squares change places,
   of ever smaller squares (Eklundh 1972). */
INLINE void turn_square(const real *from, long next, real *to, long to_next) {{
    const mask lane = {{{counting}}};
    vec row[LANES];
#pragma GCC unroll 16
    for (int r = 0; r < LANES; ++r) row[r] = load(from + r * next);
#pragma GCC unroll 4
    for (int h = LANES / 2; h; h /= 2)
#pragma GCC unroll 16
        for (int r = 0; r < LANES; ++r) {{
            if (r & h) continue;
            const vec a = row[r], b = row[r + h];
            const mask is_right = (lane & h) != 0;
            row[r] = pick(is_right, rotated(b, LANES - h), a);
            row[r + h] = pick(is_right, b, rotated(a, h));
        }}
#pragma GCC unroll 16
    for (int r = 0; r < LANES; ++r) store(to + r * to_next, row[r]);
}}
/* Panels of a matrix, and the rows i0 to i1 - 1 of it, into panels of its transpose.
   Both may be parts of matrices with more rows: all_rows, to_rows. */
OWN void turn(const real *from, real *to, long all_rows, long to_rows, long cols,
                 long width, long to_width, long i0, long i1) {{
    for (long i = i0; i < i1; i += LANES)
        for (long j = 0; j < cols; j += LANES) {{
            const real *square = from + j / width * width * all_rows + j % width;
            real *turned = to + i / to_width * to_width * to_rows + i % to_width;
            square += i * width;
            turned += j * to_width;
            if (i + LANES <= i1 && j + LANES <= cols) {{
                turn_square(square, width, turned, to_width);
                continue;
            }}
            for (long l = 0; l < LANES && j + l < cols; ++l)
                for (long k = 0; k < LANES && i + k < i1; ++k)
                    turned[l * to_width + k] = square[k * width + l];
        }}
}}
"""
_THREADS = """
/* Threads work through a phase in parts, several for each of them. One that is done
   with its own helps the others, so that none waits long for one that the system holds
   up. What a part computes does not depend on who does it. */
enum { MOST_THREADS = 64, PARTS = 4 };
struct team {
    int waiting, turn;
    struct { long taken; char apart[56]; } parts_of[MOST_THREADS];
};
struct member {
    struct team *team;
    int thread, threads, turn;
    long before;  /* how often each thread's parts were asked for in earlier phases */
};
/* Wait for each other: the last one to come lets all go on. */
static void meet(struct member *me) {
    if (me->threads == 1) return;
    struct team *team = me->team;
    const int next = me->turn = !me->turn;
    if (__atomic_add_fetch(&team->waiting, 1, __ATOMIC_ACQ_REL) == me->threads) {
        team->waiting = 0;
        __atomic_store_n(&team->turn, next, __ATOMIC_RELEASE);
        return;
    }
    for (int spins = 0; __atomic_load_n(&team->turn, __ATOMIC_ACQUIRE) != next; ++spins)
        if (spins > 2000) sched_yield(); else PAUSE;
}
struct step;
/* Do a phase together, in so many parts for each thread. */
static void together(void (*phase)(const struct step *s, long part, long parts),
                     const struct step *s, long each, struct member *me) {
    const int threads = me->threads;
    if (threads == 1) {
        phase(s, 0, 1);
        return;
    }
    for (int k = 0; k < threads; ++k) {
        const int of = (me->thread + k) % threads;
        long *taken = &me->team->parts_of[of].taken, part;
        while ((part = __atomic_fetch_add(taken, 1, __ATOMIC_RELAXED) - me->before) <
               each)
            phase(s, of * each + part, threads * each);
    }
    /* Each thread was told once that nothing is left. */
    me->before += each + threads;
    meet(me);
}
/* Where a part begins: so many rows together that no two write to one register. */
INLINE long share(long length, long together, long part, long parts) {
    const long groups = (length + together - 1) / together;
    const long at = groups * part / parts * together;
    return at < length ? at : length;
}
/* Rows go through blocks of products best a panel's width together, unless threads
   would have nothing to do. */
INLINE long rows_together(long length, long parts) {
    return length * PARTS < PANEL * parts ? LANES : PANEL;
}
"""


def runtime(target: Target) -> list[str]:
    """Give the head of a text, in blocks."""
    single = target.single
    types = _TYPES.format(
        real="float" if single else "double",
        integer="int32_t" if single else "int64_t",
        bytes=target.bytes,
        lanes=target.lanes,
        magic="12582912.0f" if single else "6755399441055744.0",
        counting=", ".join(map(str, range(target.lanes))),
    )
    head = [
        "#define _GNU_SOURCE",
        "#include <math.h>",
        "#include <pthread.h>",
        "#include <sched.h>",
        "#include <stdint.h>",
        "#include <stdlib.h>",
        "#include <string.h>",
        "#include <time.h>",
        f"#define SQRT {'sqrtf' if single else 'sqrt'}",
        f"#define PANEL {target.widest}",
        "#if defined(__x86_64__)",
        "#define PAUSE __builtin_ia32_pause()",
        "#else",
        "#define PAUSE ((void)0)",
        "#endif",
    ]
    return ["\n".join(head), types.strip(), _THREADS.strip()]
