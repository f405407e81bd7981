import pytest
from bench.report.figures import Figures, quantile, shown, slope


def test_a_single_measurement_is_its_own_spread() -> None:
    """There is no other value to take the percentiles from."""
    assert Figures.of([5.0]) == Figures(5.0, 5.0, 5.0)


def test_figures_are_the_median_and_the_outer_tenths() -> None:
    """An outlier changes none of them much."""
    assert Figures.of([*range(1, 11), 1000]) == Figures(6.0, 2.0, 10.0)


@pytest.mark.parametrize(
    ("value", "text"), [(0.123, "0.12"), (12.34, "12.3"), (1234.5, "1,234"), (3.0, "3")]
)
def test_a_number_has_as_many_digits_as_fit_its_size(value: float, text: str) -> None:
    """More digits would only be noise."""
    assert shown(value) == text


def test_a_high_quantile_of_few_values_is_the_largest() -> None:
    """The index must not be out of range."""
    assert quantile([3.0, 1.0, 2.0], 0.99) == 3.0


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 2.0])
def test_a_slope_is_the_exponent_of_growth(exponent: float) -> None:
    """It says how a cost grows with the tree."""
    assert slope([(x, 3 * x**exponent) for x in (10, 100, 1000)]) == pytest.approx(exponent)


def test_a_single_size_has_no_slope() -> None:
    """A quick run may have measured only one size."""
    assert slope([(10, 1.0), (10, 2.0)]) is None
