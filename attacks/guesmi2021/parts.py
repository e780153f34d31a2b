"""The list of the paper's tables and figures, and of what is measured beside them."""

from accelsim.attacks.reproduction.parts import Paper, Part

__all__ = ["PAPER"]

_PARTS = (
    Part("table-6", "Accuracy", "accuracies:table_6"),
    Part("table-7", "Energy and delay of float multipliers", "hardware_costs:table_7"),
    Part("table-9", "Energy and delay of 24 x 24 significand multipliers", "hardware_costs:table_9"),
    Part("figure-3", "Noise of Ax-FPM", "noise:figure_3"),
    Part("figure-4", "Convolution against similarity to the filter", "convolution:figure_4"),
    Part("figure-12", "Confidence in clean images", "confidence:figure_12"),
    Part("figure-13", "Noise of bfloat16", "noise:figure_13"),
    Part("figure-15", "Noise of Ax-FPM and HEAP", "noise:figure_15"),
    Part("figure-16", "Heat maps of the last convolution", "convolution:figure_16"),
    Part("figure-8", "White-box DeepFool: L2 distance", "white_box:figure_8"),
    Part("figure-9", "White-box C&W: L2 distance", "white_box:figure_9"),
    Part("figure-10", "White-box DeepFool: MSE and PSNR", "white_box:figure_10"),
    Part("figure-11", "White-box C&W: MSE and PSNR", "white_box:figure_11"),
    Part("table-2", "Transfer, MNIST, minimal-norm examples", "transfer:table_2"),
    Part("fixed-budget-mnist", "Transfer at fixed budgets, MNIST", "transfer:fixed_budget_mnist"),
    Part("adaptive", "Adaptive white-box attacks at fixed budgets", "adaptive:adaptive_mnist"),
    Part("confident-examples", "Transfer of C&W examples by confidence", "transfer:confident_examples"),
    Part("table-8", "Accuracy of LeNet-5; MRED and NMED", "accuracies:table_8"),
    Part("table-10", "Transfer to HEAP and Ax-FPM, MNIST, minimal-norm examples", "transfer:table_10"),
    Part("readings", "Transfer by reading of Ax-FPM, operands and layers", "transfer:readings"),
    Part("table-4", "Black-box attacks, minimal-norm examples", "black_box:table_4"),
    Part("black-box-fixed-budget", "Black-box attacks at fixed budgets", "black_box:fixed_budget_black_box"),
    Part("decision-based", "Attacks by decisions alone: L2 distance", "adaptive:decision_based"),
    Part("fixed-budget-cifar10", "Transfer at fixed budgets, CIFAR-10", "transfer:fixed_budget_cifar10"),
    Part("adaptive-cifar10", "Adaptive attacks at fixed budgets, CIFAR-10", "adaptive:adaptive_cifar10"),
    Part("table-5", "Against defensive quantization, CIFAR-10", "transfer:table_5"),
    Part("table-3", "Transfer, CIFAR-10, minimal-norm examples", "transfer:table_3"),
)

PAPER = Paper("guesmi2021", "Guesmi et al. (2021)", _PARTS)
