"""Jobs of the tests of processes, in a module that these can import."""

import os
import time

from accelsim.errors import AccelsimError


def count(amount, state):
    """Add to what the process keeps."""
    state.append(amount)
    return os.getpid(), sum(state)


def doubled(tensor, state):
    return 2 * tensor


def fail(message, state):
    raise AccelsimError(message)


def closure(amount, state):
    return lambda: amount


def sleep(seconds, state):
    time.sleep(seconds)
    return seconds
