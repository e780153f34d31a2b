import torch

from accelsim.attacks import build_attack, craft, craft_minimal


def test_first_of_the_budgets_that_fools(source, images, labels):
    examples = craft_minimal(build_attack("min-fgm-linf", levels=20, largest=0.5), source, images, labels)
    expected = torch.full((40,), torch.inf)
    with torch.no_grad():
        for level in range(20, 0, -1):
            shown = craft("fgm-linf", source, images, labels, 0.5 * level / 20)
            expected[source(shown).argmax(dim=1) != labels] = 0.5 * level / 20
        expected[source(images).argmax(dim=1) != labels] = 0
    assert torch.equal(examples.fools, expected < torch.inf)
    found = examples.fools & (expected > 0)
    assert found.sum() > 20
    # pixels at the end of their range move less than the budget
    assert (examples.norms[found] <= expected[found] + 1e-6).all()
    torch.testing.assert_close(
        examples.images[found],
        torch.cat(
            [
                craft("fgm-linf", source, images[i : i + 1], labels[i : i + 1], expected[i].item())
                for i in found.nonzero().flatten().tolist()
            ]
        ),
        atol=1e-6,
        rtol=0,
    )


def test_parameters_reach_the_attack():
    adversary = build_attack("min-pgd-l2", steps=7, levels=5).construct()
    assert (adversary.attack.steps, adversary.levels, adversary.largest) == (7, 5, 10.0)
