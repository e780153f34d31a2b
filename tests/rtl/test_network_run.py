import numpy as np
import pytest
import torch
from torch import nn

from accelsim.accelerator import Accelerator
from accelsim.accumulator import Accumulator
from accelsim.energy_file import EnergyFile
from accelsim.errors import AccelsimError
from accelsim.integer_inference import integer_network
from accelsim.rtl.array_design import ArrayDesign
from accelsim.rtl.catalogue import find_circuit
from accelsim.rtl.network_run import network_engine, run_network
from accelsim.rtl.pe_energy import PeEnergyEstimator
from accelsim.systolic_array import SystolicArray


@pytest.fixture(scope="module")
def case():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(2, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 6, 3, groups=6), nn.ReLU(), nn.Flatten(), nn.Linear(24, 5),
    )  # fmt: skip
    images = torch.rand(11, 2, 8, 8)
    circuit = find_circuit("mul8u_drum_k4")
    network = integer_network(net, circuit.lut(), calibration=images, accumulator=Accumulator(18, "saturate"))
    return network, images, circuit


@pytest.mark.parametrize("dataflow", ["ws", "os", "is"])
def test_engines_agree(case, dataflow):
    network, images, circuit = case
    array = SystolicArray(4, 3, dataflow, Accumulator(18, "saturate"))
    accelerator = Accelerator(array)
    estimator = PeEnergyEstimator(ArrayDesign(array, circuit))
    fast = run_network(network, images, accelerator, estimator)
    slow = run_network(network, images, accelerator, estimator, engine="cycles", operands="uniform")
    np.testing.assert_array_equal(fast.logits, slow.logits)
    np.testing.assert_array_equal(fast.logits, network.run(images))
    assert fast.predictions.tolist() == network.run(images).argmax(axis=1).tolist()
    assert fast.result.cycles == slow.result.cycles
    for mine, uniform in zip(fast.result.layers, slow.result.layers, strict=True):
        assert mine.traffic == uniform.traffic
        assert mine.energy.dram == uniform.energy.dram
        assert mine.energy.multiplier != uniform.energy.multiplier
        assert mine.energy.registers == pytest.approx(uniform.energy.registers, rel=0.5)


def test_energies_of_a_file_replace_those_of_the_operands(case):
    network, images, circuit = case
    array = SystolicArray(4, 3, "ws", Accumulator(18, "saturate"))
    estimator = PeEnergyEstimator(ArrayDesign(array, circuit))
    energies = EnergyFile(pe={"multiplier_fj": 1000.0})
    run = run_network(network, images[:2], Accelerator(array), estimator, energies=energies)
    for each in run.result.layers:
        assert each.energy.multiplier == pytest.approx(each.layer.macs)


def test_unknown_engine():
    with pytest.raises(AccelsimError, match="unknown engine 'slow'; expected fast or cycles"):
        network_engine(SystolicArray(2, 2), "slow")
