"""The experiments of A. Siddique and K. A. Hoque, "Is Approximation Universally Defensive ...?".

DATE 2022. `accelsim.attacks.siddique2022.parts` lists them; `accelsim reproduce siddique2022` runs them.
"""
