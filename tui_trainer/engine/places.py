"""What compiled code and its callers agree on: where each number stands."""

WIDTH = 16
"""Numbers of an instruction: an operation's address and its arguments."""

MEET, JUDGE = 0, 1
"""In place of an address: wait for all threads; add up the loss, and end where it is not finite."""

SAMPLES, SCALARS = 0, 1
"""What a step brings: the addresses of its samples' indices and of its scalars."""

SHRINK, DECAY, FLUSH, FIRST = 0, 1, 2, 3
"""Among the scalars: weight decay's factor and addend, whether to flush what is negligible, and the first of the optimizer's own."""

MOST_SCALARS = FIRST + 13

# Counters, each in a cache line of its own: orders, and how many threads are done; for each thread its meetings in this order, and
# whether it waits in Python.
ORDER, DONE, THREADS = 0, 16, 32
MEETINGS, PARKED = 0, 16
APART = 32
"""Numbers from one thread's counters to the next one's."""

COUNT = 1024
"""An order is its number times COUNT, and how many threads it is for."""

STEPS, ROWS, SAMPLES_AT, SCALARS_AT, SCALARS_SIZE, LOSSES_AT, CORRECT_AT, GIVE_WAY, TABLES = range(9)
"""A job: what all its threads read. From TABLES on each thread has its instructions' address and their number."""
