import pytest
import torch
from torch import nn

from accelsim.attacks.network import CheckedNetwork, check_images
from accelsim.errors import AccelsimError


class Answer(nn.Module):
    """Answers what a function makes of the images."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, images):
        return self.function(images)


def test_answers_as_the_network_does(source, images):
    checked = CheckedNetwork(source, "it", images[:1])
    assert checked.classes == 3
    assert torch.equal(checked(images), source(images))


def test_counts_correct_answers_in_batches(source, images, labels):
    checked = CheckedNetwork(source, "it", images[:1])
    expected = torch.tensor([index % 8 != 0 for index in range(40)])
    for batch_size in (1, 7, 40, 100):
        assert torch.equal(checked.classifies_correctly(images, labels, batch_size), expected)
    assert checked.classifies_correctly(images[:0], labels[:0], 5).shape == (0,)


def test_training_mode(source, images):
    source[1].train()
    with pytest.raises(AccelsimError, match=r"the net is in training mode; call its eval\(\)"):
        CheckedNetwork(source, "the net", images[:1])


def test_other_device(images):
    with pytest.raises(AccelsimError, match="the net is on meta and the images on cpu"):
        CheckedNetwork(nn.Linear(3, 3, device="meta").eval(), "the net", images[:1])


def test_images_that_do_not_fit(source):
    with pytest.raises(AccelsimError, match=r"the net does not accept images of shape \(1, 9, 9\)") as caught:
        CheckedNetwork(source, "the net", torch.zeros(1, 1, 9, 9))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "error", [TypeError("two\nlines"), KeyError("x"), IndexError(), AssertionError("no")]
)
def test_network_that_fails_in_its_own_way(images, error):
    def fail(images):
        raise error

    expected = rf"the net does not accept images of shape \(1, 6, 6\): {type(error).__name__}: "
    with pytest.raises(AccelsimError, match=expected) as caught:
        CheckedNetwork(Answer(fail).eval(), "the net", images[:1])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda images: images,
            r"answers \(1, 1, 6, 6\) to 1 images; expected logits of shape \(1, classes\)",
        ),
        (lambda images: images.sum(), r"answers \(\) to 1 images"),
        (lambda images: (images, images), "answers tuple to 1 images"),
        (lambda images: images.flatten(1) * torch.nan, "answers NaN logits to 1 of 1 images"),
    ],
)
def test_what_is_no_classifier(images, function, message):
    with pytest.raises(AccelsimError, match=f"the net {message}"):
        CheckedNetwork(Answer(function).eval(), "the net", images[:1])


def test_nan_of_some_images(images):
    network = CheckedNetwork(
        Answer(lambda x: (x.flatten(1) - 0.9).sqrt()[:, :1] + 0 * x.flatten(1)).eval(),
        "it",
        torch.ones(1, 1, 2, 2),
    )
    some = torch.ones(5, 1, 2, 2)
    some[3] = 0
    with pytest.raises(AccelsimError, match="it answers NaN logits to 1 of 5 images"):
        network(some)


@pytest.mark.parametrize(
    ("pixels", "classes", "message"),
    [
        (torch.zeros(0, 1, 2, 2), torch.zeros(0, dtype=torch.int64), "there are no images"),
        (torch.zeros(2, 1, 2, 2, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64), "type torch.uint8"),
        (torch.full((2, 4), 1.01), torch.zeros(2, dtype=torch.int64), "from 1.01 to 1.01"),
        (torch.full((2, 4), -0.01), torch.zeros(2, dtype=torch.int64), "from -0.01 to -0.01"),
        (torch.full((2, 4), torch.nan), torch.zeros(2, dtype=torch.int64), "from nan to nan"),
        (torch.zeros(2, 4), torch.zeros(3, dtype=torch.int64), r"labels have shape \(3,\)"),
        (torch.zeros(2, 4), torch.zeros(2), "type torch.float32"),
        (torch.zeros(2, 4), torch.tensor([0, -1]), "label -1"),
        (torch.zeros(2, 4), torch.zeros(2, dtype=torch.int64, device="meta"), "labels are on meta"),
    ],
)
def test_bad_images_and_labels(pixels, classes, message):
    with pytest.raises(AccelsimError, match=message):
        check_images(pixels, classes)
