from hypothesis import given
from hypothesis import strategies as st

from accelsim.rtl.comparison import pareto_front


def test_front():
    points = [(0, 9), (1, 5), (2, 5), (3, 6), (4, 1), (4, 2), (5, 0)]
    assert pareto_front(points) == [True, True, False, False, True, False, True]


def test_equal_points_share_their_place():
    assert pareto_front([(1, 1), (1, 1), (2, 2)]) == [True, True, False]
    assert pareto_front([]) == []


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12))
def test_front_falls_and_covers(points):
    front = [point for point, best in zip(points, pareto_front(points), strict=True) if best]
    distinct = sorted(set(front))
    assert [cost for _, cost in distinct] == sorted({cost for _, cost in distinct}, reverse=True)
    assert all(any(x <= a and y <= b for x, y in front) for a, b in points)
