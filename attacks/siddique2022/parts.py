"""The list of the paper's figures and tables, and of what is measured beside them."""

from accelsim.attacks.reproduction.parts import Paper, Part

__all__ = ["PAPER"]

PAPER = Paper(
    "siddique2022",
    "Siddique and Hoque (2022)",
    (
        Part("figure-4d", "LeNet-5 under FGM (l2)", "figures:figure_4d"),
        Part("figure-4c", "LeNet-5 under FGM (linf)", "figures:figure_4c"),
        Part("figure-6a", "LeNet-5 under contrast reduction (l2)", "figures:figure_6a"),
        Part("figure-4b", "LeNet-5 under BIM (l2)", "figures:figure_4b"),
        Part("figure-4a", "LeNet-5 under BIM (linf)", "figures:figure_4a"),
        Part("figure-5b", "LeNet-5 under PGD (linf)", "figures:figure_5b"),
        Part("figure-5a", "LeNet-5 under PGD (l2)", "figures:figure_5a"),
        Part("figure-5d", "LeNet-5 under uniform noise (linf)", "figures:figure_5d"),
        Part("figure-5c", "LeNet-5 under uniform noise (l2)", "figures:figure_5c"),
        Part("figure-6b", "LeNet-5 under Gaussian noise (l2)", "figures:figure_6b"),
        Part("figure-8", "LeNet-5 quantized and in float32", "figures:figure_8"),
        Part("claims", "The four claims, tested on ours", "claimed:claims"),
        Part("figure-1", "FFNN and LeNet-5 under PGD and contrast reduction", "figures:figure_1"),
        Part("table-2", "Transfer between networks, BIM (linf) at 0.05", "transfer:table_2"),
        Part("arithmetic", "LeNet-5 in other number formats, BIM (linf)", "formats:arithmetic"),
        Part("readings", "What the paper leaves open, tried", "readings:readings"),
        Part("figure-7a", "AlexNet under contrast reduction (l2)", "figures:figure_7a"),
        Part("figure-7b", "AlexNet under Gaussian noise (l2)", "figures:figure_7b"),
        Part("figure-7c", "AlexNet under uniform noise (l2)", "figures:figure_7c"),
        Part("figure-7d", "AlexNet under uniform noise (linf)", "figures:figure_7d"),
    ),
)
