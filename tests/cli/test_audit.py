import pandas as pd


def test_files_and_document_agree(accelsim, checkpoints, tmp_path):
    few = ["--images", 20, "-b", "0.1", "--steps", 3, "--queries", 5, "-o", tmp_path / "out"]
    ended = accelsim("audit", checkpoints["ffnn"], "-m", "mul4u_udm", "--layers", "linear", *few, "--json")
    assert (ended.code, ended.err) == (0, "")
    content = ended.document
    assert (tmp_path / "out" / "audit.json").read_text() == ended.out
    assert pd.read_csv(content["csv"]).to_dict("records") == content["curves"]
    assert (tmp_path / "out" / "audit.png").read_bytes().startswith(b"\x89PNG")
    assert set(content["verdict"]) == {"soundness", "comparison", "statement"}
    assert len(content["flags"]) == 16
    about = content["provenance"]
    assert about["multiplier"] == "mul4u_udm"
    assert set(about["hardware"].values()) == {"mul4u_udm"}
    assert about["exact_weights_sha256"] == about["weights_sha256"]
    lines = accelsim("audit", checkpoints["ffnn"], *few).out.splitlines()
    assert lines[0] == f"{checkpoints['ffnn']}, 20 test images of digits, linf"
    assert any(line.startswith("deterministic") and "passed" in line for line in lines)
    assert lines[-1] == f"evidence  {tmp_path / 'out' / 'audit.json'}"


def test_refusals(refused, checkpoints, tmp_path):
    out = ["-o", tmp_path / "out"]
    assert "no network or weights 'lenet6'; did you mean lenet5" in refused("audit", "lenet6", *out)
    assert "there is no checkpoint none.safetensors" in refused("audit", "none.safetensors", *out)
    assert "budget 1.5 is out of range" in refused("audit", checkpoints["ffnn"], "-b", "1.5", *out)
    assert "axfpm" in refused("audit", checkpoints["ffnn"], "-m", "axfpm_author", *out)
    assert "not in the range x>=1" in refused("audit", checkpoints["ffnn"], "--images", 0, *out)
    assert not (tmp_path / "out").exists()
