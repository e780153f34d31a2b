"""The experiments of Guesmi et al., "Defensive Approximation: Securing CNNs using Approximate Computing".

ASPLOS 2021. `accelsim.attacks.guesmi2021.parts` lists them; `accelsim reproduce guesmi2021` runs them.
"""
