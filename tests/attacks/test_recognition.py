import numpy as np
import pytest
import torch

from accelsim.attacks.recognition import correlations, recognisable, resemblance_of_others
from accelsim.models import load_dataset


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits").test_subset(200)


def test_correlation_is_pearsons(digits):
    images, _ = digits
    expected = [
        np.corrcoef(first.flatten(), second.flatten())[0, 1]
        for first, second in zip(images[:20], images[20:40], strict=True)
    ]
    np.testing.assert_allclose(correlations(images[:20], images[20:40]), expected, atol=1e-6)
    grey = torch.full_like(images[:3], 0.5)
    assert correlations(grey, images[:3]).tolist() == [0, 0, 0]


def test_resemblance_is_the_median_over_pairs_of_other_classes(digits):
    images, labels = (each[:30] for each in digits)
    pairs = [
        np.corrcoef(images[a].flatten(), images[b].flatten())[0, 1]
        for a in range(30)
        for b in range(a)
        if labels[a] != labels[b]
    ]
    assert resemblance_of_others(images, labels) == pytest.approx(np.median(pairs), abs=0.01)


def test_noise_is_not_recognisable_and_a_noisy_digit_is(digits):
    images, labels = digits
    least = resemblance_of_others(images, labels)
    noise = torch.rand(images.shape, generator=torch.Generator().manual_seed(0))
    assert not recognisable(noise, images, least).float().mean() > 0.1
    assert recognisable(torch.lerp(images, noise, 0.4), images, least).all()
    others = recognisable(images.roll(1, 0), images, least)[labels.roll(1) != labels]
    assert 0.3 < others.float().mean() < 0.7, "a picture of something else: as often as not"
