from matplotlib.image import imread

NAMES = ["mul4u_exact", "mul4u_trunc_k2", "mul4u_udm"]


def test_table_and_picture(accelsim, tmp_path):
    path = tmp_path / "plane.png"
    ended = accelsim("multipliers", "compare", *NAMES, "--operations", 200, "--plot", path)
    assert ended.code == 0
    assert [line.split()[0] for line in ended.out.splitlines()[1:4]] == NAMES
    assert ended.out.splitlines()[1].endswith("*")
    assert imread(path).shape == (720, 1080, 4)
    assert f"picture: {path}" in ended.out
    assert "caution" not in ended.out


def test_json(accelsim):
    document = accelsim(
        "multipliers", "compare", *NAMES, "--error", "ep", "--cost", "area", "--operations", 100, "--json"
    ).document
    assert (document["error"], document["cost"], document["plot"]) == ("ep", "area", None)
    entries = {entry["name"]: entry for entry in document["multipliers"]}
    assert list(entries) == NAMES
    points = {name: (entry["errors"]["ep_percent"], entry["area_um2"]) for name, entry in entries.items()}
    for name, (error, cost) in points.items():
        beaten = any(e <= error and c <= cost and (e, c) != (error, cost) for e, c in points.values())
        assert entries[name]["on_front"] is not beaten


def test_other_widths_are_told(accelsim, tmp_path):
    path = tmp_path / "plane.png"
    names = ["mul4u_exact", "mul4u_udm", "mul4s_exact", "mul6u_trunc_k2"]
    ended = accelsim("multipliers", "compare", *names, "--operations", 50, "--plot", path)
    (line,) = [line for line in ended.out.splitlines() if line.startswith("caution: ")]
    assert "(those of mul4u_exact, mul4s_exact, mul6u_exact): errors are in percent of each one's own" in line
    told = accelsim("multipliers", "compare", *names, "--operations", 50, "--json").document["caution"]
    assert line == f"caution: {told}"
    assert (
        accelsim("multipliers", "compare", *NAMES, "--operations", 50, "--json").document["caution"] is None
    )


def test_bad_input(refused, tmp_path):
    line = refused("multipliers", "compare", *NAMES, "--plot", tmp_path / "plane.pdf")
    assert "cannot draw into plane.pdf: the name must end in .png" in line
    assert "cannot write" in refused("multipliers", "compare", *NAMES, "--plot", "/dev/null/plane.png")
    assert "none" in refused("multipliers", "compare", "none")
