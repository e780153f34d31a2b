"""The experiments of Shrestha and Großmann on direct attacks on quantized networks (ASTESJ 9(6), 2024).

"On Adversarial Robustness of Quantized Neural Networks Against Direct Attacks", Advances in Science,
Technology and Engineering Systems Journal 9(6), 30-46, 2024. `accelsim.attacks.shrestha2024.parts` lists
them; `accelsim reproduce shrestha2024` runs them.
"""
