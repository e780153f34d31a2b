def test_a_run_from_a_file(accelsim, tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(
        "train:\n- {name: full, network: lenet5, epochs: 1}\n"
        "attack:\n- {attack: fgm-linf, budget: 0.3}\ntransfer: [full]\nimages: 5\n"
    )
    ended = accelsim("run", file, "--json")
    assert ended.code == 0
    folder = tmp_path / "small"
    assert (folder / "runs.json").read_text() == ended.out
    assert [part["part"] for part in ended.document["parts"]] == ["train", "attack", "transfer"]
    assert ended.document["parts"][2]["pictures"] == [str(folder / "transfer.png")]
    text = accelsim("run", file, "-q").out
    assert "adversarial_accuracy_percent" in text
    assert "paper" not in text


def test_refusals(refused, tmp_path):
    file = tmp_path / "wrong.yaml"
    file.write_text("tarin: []\n")
    assert (
        refused("run", file) == f"accelsim: {file}, line 1: the file has no key tarin; did you mean train?\n"
    )
    assert "cannot read" in refused("run", tmp_path / "none.yaml")
    assert list(tmp_path.iterdir()) == [file]
