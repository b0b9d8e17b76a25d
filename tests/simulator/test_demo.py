"""What the built-in scenario says of the example table is true, and its code runs."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from matplotlib.cbook import get_sample_data

from glm_notebook.simulator.scenario import demo

pd: Any = import_module("pandas")
ANSWERS = {rule.matcher.contains: rule.answer_text for rule in demo().rules}
CHECKS = ANSWERS["what to check before I compute with it"]
GROWTH = ANSWERS["the yearly growth from a first and a last price"]
LOGARITHMS = ANSWERS["用对数收益率怎么算年均增长率"]
TOGETHER = ANSWERS["how to test whether Apple and Microsoft move together"]


@pytest.fixture(scope="module")
def stocks() -> Any:
    path = get_sample_data("Stocks.csv", asfileobj=False)
    return pd.read_csv(path, comment="#", parse_dates=["Date"], index_col="Date")


def run(answer: str, **names: Any) -> dict[str, Any]:
    """Run the Python of an answer, and return its names."""
    (code,) = re.findall(r"```python\n(.*?)```", answer, re.DOTALL)
    exec(code, names)  # noqa: S102 - it is ours
    return names


def test_the_table_of_columns(stocks: Any) -> None:
    rows = [line.strip("| ").split(" | ") for line in CHECKS.splitlines() if line[:1] == "|"]
    said = {
        column: (first, int(prices))
        for columns, first, prices in rows[2:]
        for column in columns.split(", ")
    }
    assert said == {
        name: (f"{column.first_valid_index():%B %Y}", column.count())
        for name, column in stocks.items()
    }


def test_what_there_is_to_check(stocks: Any) -> None:
    done, empty, repeated = re.findall(r"- \[.\] (.*)", CHECKS)
    assert "dates ascend" in done
    assert stocks.index.is_monotonic_increasing
    assert stocks.index.is_unique
    without = stocks.isna().all(axis=1).sum()
    assert f"{without} of the {len(stocks)} rows" in empty
    first, second = stocks.index[-2:]
    assert f"{first.day} and {second:%-d %B %Y}" in repeated
    assert stocks.iloc[-2].equals(stocks.iloc[-1])


def test_the_yearly_growth(stocks: Any) -> None:
    (call,) = re.findall(r"`(yearly_growth\(.*?\))`", GROWTH)
    names = run(GROWTH, stocks=stocks)
    growth = eval(call, names)  # noqa: S307 - it is ours
    assert f"gives {growth:.3f}: **{growth:.1%} a year**".replace("%", " %") in GROWTH
    assert run(LOGARITHMS, stocks=stocks)["growth"] == pytest.approx(growth)
    assert f"约 {growth:.1%}" in LOGARITHMS


def test_whether_two_shares_move_together(stocks: Any) -> None:
    prices = stocks.loc["2000":, ["AAPL", "MSFT"]].dropna()
    returns = prices.pct_change().dropna().to_numpy()
    assert rf"$\rho \approx {np.corrcoef(returns.T)[0, 1]:.2f}$" in TOGETHER
    low, high = map(float, re.findall(r"from about (\S+) to (\d\.\d+)", TOGETHER)[0])
    assert low < run(TOGETHER, returns=returns, np=np)["rho"] < high


def test_what_a_page_can_render_is_shown() -> None:
    said = "\n".join([CHECKS, GROWTH, LOGARITHMS, TOGETHER])
    for shape in (r"^\| --- ", r"^- \[x\] ", r"^- \[ \] ", r"^\$\$.*\$\$$", r"[^$]\$\w[^$]*\$[^$]"):
        assert re.search(shape, said, re.MULTILINE)
