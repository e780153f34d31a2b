import pytest

from accelsim import benchmark
from accelsim.benchmark import LayerSize
from accelsim.permute_kernel import available


@pytest.fixture(autouse=True)
def small(monkeypatch):
    sizes = LayerSize("small conv", 2, 3, 4, 3, 5), LayerSize("small linear", 8, 6, 5, 1, 1)
    monkeypatch.setattr(benchmark, "LAYER_SIZES", sizes)


def test_every_engine_on_one_thread_and_on_several(accelsim):
    ended = accelsim("bench", "--threads", 2, "--json")
    assert (ended.code, ended.err) == (0, "")
    content = ended.document
    assert (content["multiplier"], content["threads"], content["a_width"]) == ("random", 2, 8)
    assert (content["permutes_per_second"] is not None) == available()
    running = [each["engine"] for each in content["engines"] if each["refusal"] is None]
    conv, linear = content["products"]
    assert (conv["layer"], conv["channels"], conv["depth"], conv["pixels"]) == ("small conv", 4, 27, 50)
    assert conv["macs"] == 4 * 27 * 50
    assert linear["chosen_engine"] in running
    rates = {(rate["what"], rate["threads"]): rate for rate in conv["rates"]}
    assert set(rates) == {(what, count) for what in ["float32", "loops", *running] for count in (1, 2)}
    rows, loops = rates["rows", 2], rates["loops", 2]
    assert rows["ratio_to_loops"] == pytest.approx(rows["gmacs_per_second"] / loops["gmacs_per_second"])
    assert rates["float32", 1]["ratio_to_float32"] == 1
    assert rows["fraction_of_permute_limit"] is None
    if available():
        share = rates["permute", 1]["gmacs_per_second"] / content["permute_limit_gmacs_per_second"]
        assert rates["permute", 1]["fraction_of_permute_limit"] == pytest.approx(share)
    assert {rate["what"] for rate in content["layers"][0]["rates"]} == {"float32", "layer"}


def test_one_engine_of_one_multiplier(accelsim):
    content = accelsim("bench", "--engine", "rows", "-m", "mul4u_udm", "--threads", 1, "--json").document
    assert (content["multiplier"], content["a_width"], content["layers"]) == ("mul4u_udm", 4, [])
    assert [rate["what"] for rate in content["products"][0]["rates"]] == ["float32", "loops", "rows"]


def test_tables(accelsim):
    lines = accelsim("bench", "--threads", 2).out.splitlines()
    assert lines[0].startswith("random on ")
    (title,) = (line for line in lines if line.startswith("small conv, 2 images (4 x 27 x 50): "))
    assert title.endswith("is chosen")
    heading, *rows = lines[lines.index(title) + 1 :]
    for column in ("1 thread", "2 threads", "x loops", "x float32", "speed-up", "of limit"):
        assert column in heading
    assert [row.split()[0] for row in rows[:3]] == ["float32", "loops", "rows"]
    assert any(line.startswith("small linear, layer") for line in lines)


def test_bad_input(refused, monkeypatch):
    assert "unknown engine 'rosw'; did you mean rows?" in refused("bench", "--engine", "rosw")
    assert "did you mean mul8u_udm" in refused("bench", "-m", "mul8u_umd")
    assert "--threads" in refused("bench", "--threads", 0)
    assert "operands of up to 8" in refused("bench", "-m", "mul12u_exact")
    monkeypatch.setattr("accelsim.gemm_engines.available", lambda: False)
    assert "this CPU has no AVX-512 VBMI" in refused("bench", "--engine", "permute")
