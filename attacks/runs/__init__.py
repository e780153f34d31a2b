"""Runs that a file describes: networks to train, attacks on them, and whom to show the examples.

`accelsim.attacks.runs.run` has the same as Python objects; `accelsim run` runs a file.
"""
