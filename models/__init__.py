"""Data sets, networks, training and trained weights."""

from accelsim.models.accuracy import accuracy_percent, correct_count
from accelsim.models.checkpoints import load_checkpoint, save_checkpoint
from accelsim.models.dataset import Dataset, calibration_images
from accelsim.models.datasets import dataset_names, load_dataset
from accelsim.models.hardware import HARDWARE_VERSIONS, hardware_version
from accelsim.models.networks import build_network, network_names
from accelsim.models.pretrained import named_network, trained_network
from accelsim.models.recipe import AdversarialRecipe, Recipe, adversarial_recipe, default_recipe
from accelsim.models.training import TrainedNetwork, train, weights_sha256

__all__ = [
    "HARDWARE_VERSIONS",
    "AdversarialRecipe",
    "Dataset",
    "Recipe",
    "TrainedNetwork",
    "accuracy_percent",
    "adversarial_recipe",
    "build_network",
    "calibration_images",
    "correct_count",
    "dataset_names",
    "default_recipe",
    "hardware_version",
    "load_checkpoint",
    "load_dataset",
    "named_network",
    "network_names",
    "save_checkpoint",
    "train",
    "trained_network",
    "weights_sha256",
]
