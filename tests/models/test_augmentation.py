import torch

from accelsim.models.augmentation import cropped_and_flipped


def test_every_image_is_one_of_its_crops_or_their_mirror_images() -> None:
    images = torch.rand(300, 2, 6, 7)
    before = images.clone()
    moved = cropped_and_flipped(images, torch.Generator().manual_seed(1))
    assert torch.equal(images, before)
    assert moved.shape == images.shape
    padded = torch.zeros(300, 2, 14, 15)
    padded[:, :, 4:10, 4:11] = images
    found = {}
    for number, (image, crop) in enumerate(zip(padded, moved, strict=True)):
        found[number] = {
            (top, left, mirrored)
            for top in range(9)
            for left in range(9)
            for mirrored in (False, True)
            if torch.equal(crop.flip(2) if mirrored else crop, image[:, top : top + 6, left : left + 7])
        }
        assert found[number], number
    seen = {place for places in found.values() for place in places}
    assert {top for top, _, _ in seen} == {left for _, left, _ in seen} == set(range(9))
    mirrored = sum(flag for ((_, _, flag),) in found.values())
    assert 110 < mirrored < 190  # of 300; three standard deviations are 26


def test_the_choices_follow_the_generator() -> None:
    images = torch.rand(20, 1, 8, 8)
    first, again, other = (
        cropped_and_flipped(images, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
