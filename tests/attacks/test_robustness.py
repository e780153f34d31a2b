import copy

import numpy as np
import pytest
import torch
from foolbox import PyTorchModel
from torch import nn

from accelsim.attacks import (
    ATTACKS,
    attack_names,
    build_attack,
    craft,
    evaluate_robustness,
    robustness,
    wilson_interval,
)
from accelsim.errors import AccelsimError

BUDGETS = [0, 0.1, 1.0]


def rows(table, **columns):
    """Return the rows with these values as tuples, in an order of their own."""
    frame = table.frame
    for column, value in columns.items():
        frame = frame[frame[column] == value]
    return sorted(frame.itertuples(index=False, name=None))


def count(victim, images, labels):
    """Count correct answers, one image at a time."""
    with torch.no_grad():
        return sum(
            int(victim(image[None]).argmax()) == int(label)
            for image, label in zip(images, labels, strict=True)
        )


def test_counts_equal_a_plain_loop_over_foolbox(source, victims, images, labels):
    attacks = ["fgm-l2", "bim-linf", "cr-l2"]
    table = evaluate_robustness(source, victims, attacks, BUDGETS, images, labels, batch_size=7)
    model = PyTorchModel(source, bounds=(0, 1), device="cpu")
    expected = []
    for attack in attacks:
        for budget in BUDGETS:
            shown = images
            if budget:
                _, shown, _ = ATTACKS[attack].construct()(model, images, labels, epsilons=budget)
            for name, victim in victims.items():
                correct = count(victim, shown, labels)
                low, high = wilson_interval(correct, 40)
                expected.append(
                    (
                        attack,
                        attack.split("-")[1],
                        budget,
                        name,
                        40,
                        correct,
                        correct * 2.5,
                        100 * low,
                        100 * high,
                    )
                )
    assert [tuple(row) for row in table.frame.to_numpy()] == expected
    assert len({row[5] for row in expected}) > 5, "the toy victims say too little"


@pytest.mark.parametrize("attack", attack_names("fixed-budget"))
def test_replays_what_was_crafted_on_the_source(attack, source, victims, images, labels):
    table = evaluate_robustness(source, victims, [attack], [0.5], images, labels, seed=3, batch_size=16)
    shown = craft(attack, source, images, labels, 0.5, 3, batch_size=16)
    assert list(table.frame["correct"]) == [count(victim, shown, labels) for victim in victims.values()]


def test_budget_zero_is_the_clean_accuracy(source, victims, images, labels):
    table = evaluate_robustness(source, victims, attack_names("fixed-budget"), [0], images, labels)
    for name, victim in victims.items():
        assert {row[5] for row in rows(table, victim=name)} == {count(victim, images, labels)}
    assert {row[6] for row in rows(table, victim="same")} == {100 * 35 / 40}


def test_neither_order_nor_company_changes_a_cell(source, victims, images, labels):
    attacks = ["rau-linf", "pgd-linf", "rag-l2"]
    table = evaluate_robustness(source, victims, attacks, [0.1, 0.4, 0], images, labels, seed=7)
    fewer = {name: victims[name] for name in ("far", "same")}
    reordered = evaluate_robustness(source, fewer, attacks[::-1], [0, 0.4, 0.1], images, labels, seed=7)
    for name in fewer:
        assert rows(reordered, victim=name) == rows(table, victim=name)
    alone = evaluate_robustness(
        source, {"near": victims["near"]}, ["pgd-linf"], [0.4], images, labels, seed=7
    )
    assert rows(alone) == rows(table, victim="near", attack="pgd-linf", budget=0.4)


def test_examples_are_crafted_once_for_all_victims(source, victims, images, labels, monkeypatch):
    crafted = []
    monkeypatch.setattr(
        robustness, "craft", lambda *args, **kwargs: crafted.append(args[4]) or craft(*args, **kwargs)
    )
    evaluate_robustness(source, victims, ["fgm-l2", "cr-l2"], [0.1, 0.2], images, labels)
    assert crafted == [0.1, 0.2, 0.1, 0.2]


def test_same_attack_with_other_parameters_stands_beside_it(source, images, labels):
    pair = ["bim-l2", build_attack("bim-l2", steps=20)]
    table = evaluate_robustness(source, {"same": source}, pair, [0.5], images, labels)
    assert table.attacks == ["bim-l2", "bim-l2 steps=20"]


def test_larger_budgets_break_the_source(source, images, labels):
    table = evaluate_robustness(source, {"same": source}, ["pgd-linf"], [0, 0.02, 0.1, 0.5], images, labels)
    correct = list(table.frame["correct"])
    assert correct == sorted(correct, reverse=True)
    assert correct[0] == 35
    assert correct[-1] == 0


def test_progress_bar_is_silent_where_stderr_is_no_terminal(source, images, labels, capfd):
    evaluate_robustness(source, {"same": source}, ["fgm-l2"], [0.1], images, labels, progress=True)
    assert capfd.readouterr() == ("", "")


def test_bad_lists(source, victims, images, labels):
    def evaluate(victims=victims, attacks=("fgm-l2",), budgets=(0.1,)):
        return evaluate_robustness(source, victims, attacks, budgets, images, labels)

    with pytest.raises(AccelsimError, match="no victim is given"):
        evaluate(victims={})
    with pytest.raises(AccelsimError, match="no attack is given"):
        evaluate(attacks=[])
    with pytest.raises(AccelsimError, match="no budget is given"):
        evaluate(budgets=[])
    with pytest.raises(AccelsimError, match="attack fgm has no norm l1; there is fgm-l2"):
        evaluate(attacks=["fgm-l1"])
    with pytest.raises(AccelsimError, match="attack fgm-l2 is listed 2 times"):
        evaluate(attacks=["fgm-l2", "bim-l2", "fgm-l2"])
    with pytest.raises(AccelsimError, match="budget 0.1 is listed 2 times"):
        evaluate(budgets=[0.1, 0.10])
    with pytest.raises(AccelsimError, match="budget -1 is out of range"):
        evaluate(budgets=[0, -1])
    with pytest.raises(AccelsimError, match="budget nan is out of range"):
        evaluate(budgets=[float("nan")])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"attacks": "fgm-l2"}, r"attacks is 'fgm-l2'; expected a list, such as \[\"fgm-l2\"\]"),
        ({"attacks": [3]}, "attacks holds 3; expected names, or what build_attack returns"),
        ({"budgets": 0.1}, r"budgets is 0.1; expected a list, such as \[0, 0.1\]"),
        ({"budgets": "0.1"}, "budgets is '0.1'; expected a list"),
        ({"victims": []}, "victims is a list; expected a mapping of names to networks"),
        ({"victims": {"a": 3}}, "victim a is a int; expected a torch.nn.Module"),
        ({"source": "lenet5"}, "the source network is a str; expected a torch.nn.Module"),
        ({"batch_size": 2.5}, "batch size 2.5 is out of range; expected a whole number from 1 up"),
        ({"seed": 1.5}, "seed is 1.5; expected a whole number"),
        ({"images": np.zeros((40, 1, 6, 6))}, "images are a ndarray; expected a torch.Tensor"),
        ({"images": torch.tensor(0.5)}, "images are a single number; expected a torch.Tensor"),
        ({"labels": [0] * 40}, "labels are a list; expected a torch.Tensor"),
    ],
)
def test_arguments_of_another_type(source, victims, images, labels, arguments, message):
    given = {
        "source": source, "victims": victims, "attacks": ["fgm-l2"], "budgets": [0.1], "images": images,
        "labels": labels, **arguments,
    }  # fmt: skip
    with pytest.raises(AccelsimError, match=message):
        evaluate_robustness(**given)


def test_any_iterable_of_attacks_and_budgets(source, images, labels):
    listed = evaluate_robustness(source, {"same": source}, ["fgm-l2", "cr-l2"], [0, 0.5], images, labels)
    drawn = evaluate_robustness(
        source, {"same": source}, iter(["fgm-l2", "cr-l2"]), np.array([0, 0.5]), images, labels
    )
    assert rows(drawn) == rows(listed)


def test_bad_images(source, victims, images, labels):
    for some, message in (
        (images[:0], "no images"),
        (images + 1, "pixels range from"),
        (images[:3], "labels have"),
    ):
        with pytest.raises(AccelsimError, match=message):
            evaluate_robustness(source, victims, ["fgm-l2"], [0.1], some, labels)


def test_victim_with_other_classes(source, images, labels):
    other = nn.Sequential(nn.Flatten(), nn.Linear(36, 4)).eval()
    with pytest.raises(AccelsimError, match="victim other has 4 classes and the source network 3"):
        evaluate_robustness(source, {"other": other}, ["fgm-l2"], [0.1], images, labels)


def test_victim_that_answers_nan_under_attack_only(source, images, labels):
    class Fragile(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = copy.deepcopy(source)

        def forward(self, pixels):
            return (
                self.network(pixels)
                * torch.where(pixels.flatten(1).min(dim=1).values == 0, torch.nan, 1)[:, None]
            )

    with pytest.raises(AccelsimError, match="victim fragile answers NaN logits to"):
        evaluate_robustness(source, {"fragile": Fragile().eval()}, ["fgm-linf"], [0.5], images, labels)


def test_victim_in_training_mode(source, images, labels):
    dropout = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(36, 3))
    with pytest.raises(AccelsimError, match="victim dropout is in training mode"):
        evaluate_robustness(source, {"dropout": dropout}, ["fgm-l2"], [0.1], images, labels)
