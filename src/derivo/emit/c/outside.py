"""What a C text lets be called from outside: arrays in and out, and runs of steps."""

from __future__ import annotations

from collections.abc import Iterable

from derivo.emit.c.layout import block
from derivo.emit.c.place import Module, size_text
from derivo.emit.plan.computation import Computation
from derivo.emit.plan.items import is_literal
from derivo.emit.plan.layout import (
    Layout,
    Line,
    Number,
    Panels,
    layout_of,
    origin,
)

TAKE_MEMORY = """
/* Each array begins at a cache line and has room for whole panels. */
static real *take_memory(char **at, long length) {
    real *array = (real *)*at;
    *at += ((length + PANEL + LANES) * (long)sizeof(real) + 63) / 64 * 64;
    return array;
}
"""
OUTSIDE = """
/* Make room for steps of these sizes, sorted by name; NULL without memory. */
struct step *step_open(const long *sizes) {
    struct step *s;
    const size_t head = (sizeof *s + 63) / 64 * 64;
    struct step measure;
    memset(&measure, 0, sizeof measure);
    set_sizes(&measure, sizes);
    const size_t size = (size_t)(place_arrays(&measure, (char *)64) - (char *)64);
    char *memory = aligned_alloc(64, head + size);
    if (!memory) return NULL;
    memset(memory, 0, head + size);
    s = (struct step *)memory;
    set_sizes(s, sizes);
    place_arrays(s, memory + head);
    return s;
}
void step_close(struct step *s) { free(s); }
/* Tell what was noted since the last question: 1 for an index beyond its axis. */
int step_out_of_range(void) {
    return __atomic_exchange_n(&out_of_range, 0, __ATOMIC_RELAXED);
}

/* The system may begin a thread on the core of the one that starts it, and leave it
   there for longer than a run takes: such a thread goes to another one. */
static int core(void) {
#ifdef __linux__
    return sched_getcpu();
#else
    return -1;
#endif
}
static void leave(int taken) {
#ifdef __linux__
    const pthread_t self = pthread_self();
    cpu_set_t all, others;
    if (taken < 0 || taken >= CPU_SETSIZE || taken != core()) return;
    if (pthread_getaffinity_np(self, sizeof all, &all)) return;
    others = all;
    CPU_CLR(taken, &others);
    if (!CPU_COUNT(&others)) return;
    pthread_setaffinity_np(self, sizeof others, &others);
    pthread_setaffinity_np(self, sizeof all, &all);
#endif
    (void)taken;
}
/* The steps of a run that one thread makes. */
struct worker {
    struct step *base, own;
    struct member member;
    int *go;  /* how many threads there are, once that is known */
    int core;  /* of the thread that starts the others */
    long rows, batch, from, to, step_number, failed;
    double loss, total;
};
static void *work(void *given) {
    struct worker *w = given;
    struct step *s = &w->own;
    struct member *me = &w->member;
    if (me->thread) leave(w->core);
    while (!(me->threads = __atomic_load_n(w->go, __ATOMIC_ACQUIRE))) sched_yield();
    *s = *w->base;
    for (long k = w->from; k < w->to; ++k) {
        const int64_t *order = w->base->order;
        const long first = k * w->batch, left = w->rows - first;
        const long rows = left < w->batch ? left : w->batch;
        s->first = first;
        s->order = order ? order + first : NULL;
        set_rows(s, rows);
        begin_step(s, (double)(w->step_number + k));
        const int fine = make_step(s, me);
        w->loss = loss_of(s);
        if (!fine) {
            w->failed = k;
            break;
        }
        w->total += w->loss * (double)rows;
    }
    return NULL;
}

/* Make steps from..to - 1 of an epoch over rows in `order` (NULL: as they come).
   Gives the number of the step whose loss is not finite, or -1; loss[0] grows by the
   sum of loss times rows, loss[1] is the last loss. Results do not depend on the number
   of threads. */
long step_run(struct step *s, const int64_t *order, long rows, long batch, long from,
              long to, long step_number, int threads, double *loss) {
    struct team team;
    pthread_t others[MOST_THREADS];
    int started = 1, go = 0;
    const int here = core();
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    memset(&team, 0, sizeof team);
    struct worker *workers = malloc((size_t)threads * sizeof *workers);
    if (!workers) return -2;
    s->order = order;
    if (s->is_changed) begin_run(s);
    s->is_changed = 0;
    for (int p = 0; p < threads; ++p)
        workers[p] = (struct worker){
            .base = s, .member = {.team = &team, .thread = p}, .go = &go, .core = here,
            .rows = rows, .batch = batch, .from = from, .to = to,
            .step_number = step_number, .failed = -1};
    for (; started < threads; ++started)
        if (pthread_create(&others[started], NULL, work, workers + started)) break;
    __atomic_store_n(&go, started, __ATOMIC_RELEASE);
    work(workers);
    for (int p = 1; p < started; ++p) pthread_join(others[p], NULL);
    *s = workers[0].own;
    loss[0] += workers[0].total;
    loss[1] = workers[0].loss;
    const long failed = workers[0].failed;
    free(workers);
    return failed;
}
"""
APPLY = """
/* One step on rows as they come; its first output goes to `to`. */
void step_apply(struct step *s, const real *from, long rows, int threads, real *to) {
    double loss[2] = {0, 0};
    step_give(s, 0, from);
    step_run(s, NULL, rows, rows, 0, 1, 1, threads, loss);
    step_take(s, 0, to);
}
"""
CALL = """
/* A call of a function: arguments in, results out, each where it lies; what is NULL
   stays where it is. Gives what `step_run` gives. */
long step_call(struct step *s, const real *const *from, int arguments, int threads,
               real *const *to, int results) {
    double loss[2] = {0, 0};
    for (int k = 0; k < arguments; ++k)
        if (from[k]) step_put(s, k, from[k]);
    const long failed = step_run(s, NULL, 1, 1, 0, 1, 1, threads, loss);
    for (int k = 0; k < results; ++k)
        if (to[k]) step_take(s, k, to[k]);
    return failed;
}
"""
ASK = """
/* Say which function computes what has no form here. It is given the number of the
   value, where operands and result lie, row by row (a number as a double), and how many
   rows the step has; it tells whether it failed. */
void step_ask(struct step *s, int (*ask)(int value, void **arrays, long rows)) {
    s->ask_numpy = ask;
    *s->is_lost = 0;
}
"""


def movers(computation: Computation, module: Module) -> str:
    """Write how arrays come in and go out, each by its number among its kind."""
    names = module.arrays
    put, get, out = [], [], []
    for k, node in enumerate(computation.kept):
        name, layout = names[node], layout_of(node.spec.shape)
        if isinstance(layout, Number):
            put.append(f"case {k}: s->{name} = *from; break;")
            get.append(f"case {k}: *to = (real)s->{name}; break;")
        else:
            size = sides(layout, module)
            put.append(f"case {k}: pack(s->{name}, from, {size}); break;")
            get.append(f"case {k}: unpack(s->{name}, to, {size}); break;")
    for k, node in enumerate(computation.outputs):
        source = origin(node)
        if is_literal(source):
            continue  # the caller knows it
        name, layout = names[source], layout_of(source.spec.shape)
        if isinstance(layout, Number):
            out.append(f"case {k}: *to = (real)s->{name}; break;")
        else:
            out.append(
                f"case {k}: unpack(s->{name}, to, {sides(layout, module)}); break;"
            )
    give = [
        f"case {k}: s->{names[n]}_all = from; break;"
        for k, n in enumerate(computation.batches)
    ]
    numbers = [f"case {k}: s->{names[n]} = value; break;"
               for k, n in enumerate(computation.numbers)]  # fmt: skip
    return "\n".join([
        _switch("step_put", "const real *from", put, before=["s->is_changed = 1;"]),
        _switch("step_get", "real *to", get),
        _switch("step_take", "real *to", out),
        _switch("step_give", "const real *from", give),
        _switch("step_number_is", "double value", numbers),
    ])  # fmt: skip


def sides(layout: Layout, module: Module) -> str:
    """Give rows, columns and width of a panel, for packing."""
    if isinstance(layout, Line):
        return f"1, {size_text(layout.length, 's->')}, {module.target.widest}"
    assert isinstance(layout, Panels)  # noqa: S101
    rows, cols = (size_text(d, "s->") for d in (layout.rows, layout.cols))
    return f"{rows}, {cols}, {module.target.width(layout.cols)}"


def _switch(
    name: str, argument: str, cases: list[str], before: Iterable[str] = ()
) -> str:
    given = argument.rpartition(" ")[2].lstrip("*")
    lines = [*before, "switch (k) {", *cases, "}", f"(void)s, (void){given};"]
    if not cases:
        lines = [f"(void)s, (void)k, (void){given};"]
    return block(f"void {name}(struct step *s, int k, {argument})", lines)
