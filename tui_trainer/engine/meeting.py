"""How threads run a program: they stay in compiled code from batch to batch, and need Python's lock for nothing in between.

Where they have to wait for each other they watch a counter, for a handful of microseconds, and then offer their core to others between two
looks. All arguments are numbers and addresses.
"""

from numpy import isfinite

from tui_trainer.engine.native import atomic_add, atomic_load, atomic_store, call, doubles, inlined, integers, invoke
from tui_trainer.engine.places import (
    APART,
    CORRECT_AT,
    COUNT,
    DONE,
    GIVE_WAY,
    JUDGE,
    LOSSES_AT,
    MEET,
    MEETINGS,
    ORDER,
    PARKED,
    ROWS,
    SAMPLES,
    SAMPLES_AT,
    SCALARS,
    SCALARS_AT,
    SCALARS_SIZE,
    STEPS,
    TABLES,
    THREADS,
    WIDTH,
)

PATIENCE = 4000
"""Looks at a counter before the core is offered to others."""

IDLE = 3000
"""Offers of the core before a thread without work goes back to Python, where waiting costs nothing."""

SIGNATURES = {
    "work": "int64(int64, int64, int64, int64, int64)",
    "serve": "int64(int64, int64, int64, int64, int64, int64)",
    "wait": "void(int64, int64, int64)",
    "order": "void(int64, int64)",
}


@inlined
def _meet(counters: int, thread: int, threads: int, give_way: int) -> None:
    """Wait until all threads are here."""
    places = integers(counters)
    number = atomic_load(places, THREADS + APART * thread + MEETINGS) + 1
    atomic_store(places, THREADS + APART * thread + MEETINGS, number)
    looks = 0
    for other in range(threads):
        while atomic_load(places, THREADS + APART * other + MEETINGS) < number:
            looks += 1
            if looks > PATIENCE:
                call(give_way)


def work(job_at: int, counters: int, step_at: int, thread: int, threads: int) -> int:
    """Run the thread's program for the job's steps, and return how many were trained: all, or those before a loss that is not finite."""
    job, step = integers(job_at), integers(step_at)
    instructions, length = job[TABLES + 2 * thread], job[TABLES + 2 * thread + 1]
    table = integers(instructions)
    for number in range(job[STEPS]):
        step[SAMPLES] = job[SAMPLES_AT] + 8 * number * job[ROWS]
        step[SCALARS] = job[SCALARS_AT] + 4 * number * job[SCALARS_SIZE]
        for index in range(length):
            row = WIDTH * index
            operation = table[row]
            if operation == MEET:
                if threads > 1:
                    _meet(counters, thread, threads, job[GIVE_WAY])
            elif operation == JUDGE:
                losses, correct, total, right = doubles(table[row + 2]), integers(table[row + 3]), 0.0, 0
                for chunk in range(table[row + 1]):
                    total += losses[chunk]
                    right += correct[chunk]
                if thread == 0:
                    doubles(job[LOSSES_AT])[number] = total
                    integers(job[CORRECT_AT])[number] = right
                if table[row + 4] != 0 and not isfinite(total):
                    return number
            else:
                invoke(operation, instructions + 8 * (row + 1), step_at)
    return job[STEPS]


_work = inlined(work)


def serve(job_at: int, counters: int, step_at: int, thread: int, seen: int, give_way: int) -> int:
    """Do what is ordered, until nothing has been for a while; return the last order seen."""
    places = integers(counters)
    idle = looks = 0
    while True:
        ordered = atomic_load(places, ORDER)
        if ordered == seen:
            looks += 1
            if looks > PATIENCE:
                call(give_way)
                idle += 1
            if idle > IDLE:
                atomic_store(places, THREADS + APART * thread + PARKED, 1)
                # An order that was given in between is not missed.
                if atomic_load(places, ORDER) == seen:
                    return seen
                atomic_store(places, THREADS + APART * thread + PARKED, 0)
                idle = 0
        else:
            seen = ordered
            if thread < seen % COUNT:
                _work(job_at, counters, step_at, thread, seen % COUNT)
                atomic_add(places, DONE, 1)
            looks = idle = 0


def wait(counters: int, count: int, give_way: int) -> None:
    """Until so many threads have done their work."""
    looks = 0
    while atomic_load(integers(counters), DONE) != count:
        looks += 1
        if looks > PATIENCE:
            call(give_way)


def order(counters: int, value: int) -> None:
    """Give an order, for the other threads to see."""
    atomic_store(integers(counters), ORDER, value)
