import pytest
from bench_figures import Figures, quantile, shown, slope


def test_a_single_measurement_is_its_own_spread() -> None:
    """There is nothing else to say of it."""
    assert Figures.of([5.0]) == Figures(5.0, 5.0, 5.0)


def test_figures_hold_the_median_and_the_tenths() -> None:
    """An outlier moves neither far."""
    assert Figures.of([*range(1, 11), 1000]) == Figures(6.0, 2.0, 10.0)


@pytest.mark.parametrize(
    ("value", "text"), [(0.123, "0.12"), (12.34, "12.3"), (1234.5, "1,234"), (3.0, "3")]
)
def test_a_number_has_the_digits_it_deserves(value: float, text: str) -> None:
    """More would be noise that looks like knowledge."""
    assert shown(value) == text


def test_a_quantile_of_few_is_the_longest_of_them() -> None:
    """It must not run over the end."""
    assert quantile([3.0, 1.0, 2.0], 0.99) == 3.0


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0, 2.0])
def test_a_slope_is_the_power_with_which_a_curve_grows(power: float) -> None:
    """That is what tells how a cost grows with the tree."""
    assert slope([(x, 3 * x**power) for x in (10, 100, 1000)]) == pytest.approx(power)


def test_a_single_size_has_no_slope() -> None:
    """A quick run may have come no further."""
    assert slope([(10, 1.0), (10, 2.0)]) is None
