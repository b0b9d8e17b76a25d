from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from glm_notebook.inert_text import visible
from glm_notebook.messages import Message
from glm_notebook.record import TURN_MIME, Timing, TurnRecord
from glm_notebook.settle import (
    CALL_MAX,
    OUTPUT_MAX,
    PLAIN_MAX,
    ending,
    pictures,
    progress,
    running,
    settle,
)
from glm_notebook.strings import footer, words
from tests.test_inert_markdown import COMMONMARK, HOSTILE, harm, jupyterlab

RECORD = TurnRecord(
    id="t-1",
    conversation="default",
    endpoint="dashscope.aliyuncs.com",
    protocol="openai",
    model="glm-5",
    status="complete",
    timing=Timing("2026-11-23T20:48:00Z", 0.61, 14.2, 12.29),
    messages=(Message("user", "Hi"), Message("assistant", "Hello")),
)
ERROR = {
    "kind": "AuthenticationError",
    "message": "The key was refused (401).",
    "remedy": "Set another key.",
    "status": 401,
    "code": "invalid_api_key",
    "request_id": "1111-2222",
}


def part(kind: str, text: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "text": text, "started_s": 0.6, "ended_s": 12.9} | more


def call(arguments: str, name: str = "describe", **more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {"state": "writing", "run_s": None, "outputs": [], "result": None}
    return part("tool_call", arguments, id="call_1", name=name, **{**fields, **more})


def ended(text: str, *outputs: tuple[str, str], traceback: str = "", state: str = "done") -> Any:
    """What a call has that ran."""
    return {
        "state": state,
        "run_s": 12.8,
        "outputs": [{"mime": mime, "data": data} for mime, data in outputs],
        "result": {"text": text, "traceback": traceback},
    }


def snapshot(*parts: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "version": 1,
        "seq": 9,
        "turn": {
            "id": "t-1",
            "model": "glm-5",
            "endpoint": "dashscope.aliyuncs.com",
            "conversation": "default",
            "simulated": False,
            "prompt": "Hi",
        },
        "status": "complete",
        "parts": list(parts),
        "usage": {
            "input_tokens": 1204,
            "cached_tokens": 800,
            "output_tokens": 2113,
            "thinking_tokens": 0,
        },
        "finish_reason": "stop",
        "first_token_s": 0.61,
        "elapsed_s": 14.2,
        "error": None,
        "retry": None,
        "notes": [],
    }
    return whole | changes


def markdown(*parts: Mapping[str, Any], language: str = "en", **changes: Any) -> str:
    return str(settle(snapshot(*parts, **changes), RECORD, language=language)["text/markdown"])


def test_the_bundle_of_a_turn() -> None:
    bundle = settle(snapshot(part("thinking", "Hm.\nYes."), part("text", "It is **4.2**.")), RECORD)
    assert bundle == {
        "text/markdown": "<details><summary>Thought for 12.3 s</summary>\n"
        '<blockquote class="mathjax_ignore tex2jax_ignore">Hm.<br>Yes.</blockquote>\n</details>\n\n'
        "It is **4.2**.\n\n"
        "<p><small>glm-5 · first token 0.6 s · 14.2 s · in 1,204 (800 cached) · out 2,113 · stop</small></p>\n",
        "text/plain": "It is **4.2**.\n\n"
        "glm-5 · first token 0.6 s · 14.2 s · in 1,204 (800 cached) · out 2,113 · stop",
        TURN_MIME: RECORD.to_json(),
    }


def test_the_record_can_be_read_back() -> None:
    bundle = json.loads(json.dumps(settle(snapshot(part("text", "x")), RECORD)))
    assert TurnRecord.from_json(bundle[TURN_MIME]) == RECORD


def test_thinking_is_folded_and_shown_as_text() -> None:
    text = markdown(part("thinking", "\n# No heading\n\n- `a` < $b$\n  **c**\n"))
    html = COMMONMARK.render(text)
    assert "<h1>" not in html
    assert "# No heading<br><br>\n- " in html
    assert "<br>\u00a0\u00a0**c**</blockquote>" in html
    assert "\n\n" not in text[: text.index("</details>")]


@pytest.mark.parametrize(
    ("ended_s", "language", "title"),
    [
        (12.9, "en", "Thought for 12.3 s"),
        (None, "en", "Thought"),
        (125.6, "zh-CN", "已思考 2 分 5 秒"),
        (None, "zh", "已思考"),
    ],
)
def test_the_fold_says_how_long_the_model_thought(
    ended_s: float | None, language: str, title: str
) -> None:
    thought = part("thinking", "x", ended_s=ended_s)
    assert f"<summary>{title}</summary>" in markdown(thought, language=language)


def test_parts_keep_their_order() -> None:
    text = markdown(part("text", "one"), part("thinking", "two"), call("{}"), part("text", "three"))
    places = [text.index(word) for word in ("one", "two", "describe()", "three", "glm-5")]
    assert places == sorted(places)


def test_empty_parts_are_left_out_but_a_call_is_not() -> None:
    text = markdown(part("thinking", " \n"), part("text", ""), call(""))
    assert "details" not in text
    assert text.startswith("<p><code>describe()</code></p>\n\n<p><small>")


@pytest.mark.parametrize(
    ("arguments", "name", "shown"),
    [
        (
            '{"df": "sales", "columns": ["price", null]}',
            "describe",
            'describe(df="sales", columns=["price", null])',
        ),
        ('{"城市": "北京"}', "天气", '天气(城市="北京")'),
        ("", "now", "now()"),
        ("[1, 2]", "f", "f([1, 2])"),
        ('{"a": ', "f", 'f({"a": )'),
        ("{}", "", "–()"),
    ],
)
def test_a_call_is_written_as_in_python(arguments: str, name: str, shown: str) -> None:
    html = COMMONMARK.render(markdown(call(arguments, name)))
    escaped = shown.replace("[", "&#91;").replace("]", "&#93;")
    assert f"<p><code>{escaped}</code></p>" in html


def test_a_long_call_is_cut() -> None:
    text = markdown(call(json.dumps({"text": "x" * 1000})))
    shown = text[len("<p><code>describe(") : text.index(")</code>")]
    assert len(shown) == CALL_MAX
    assert shown.endswith("x…")


@pytest.mark.parametrize(
    ("status", "language", "says"),
    [
        ("stopped", "en", "Stopped"),
        ("interrupted", "en", "Interrupted"),
        ("failed", "en", "Failed"),
        ("stopped", "zh-CN", "已停止"),
        ("interrupted", "zh-CN", "已中断"),
        ("failed", "zh-CN", "失败"),
    ],
)
def test_an_end_that_is_not_complete_is_said(status: str, language: str, says: str) -> None:
    bundle = settle(snapshot(part("text", "So far"), status=status), RECORD, language=language)
    assert f"So far\n\n<p><strong>{says}</strong></p>\n\n<p><small>" in bundle["text/markdown"]
    assert f"So far\n\n{says}\n\nglm-5" in bundle["text/plain"]


@pytest.mark.parametrize(
    ("language", "says", "hint"),
    [
        ("en", "The connection broke off", "· %glm retry asks again."),
        ("zh-CN", "连接中断", "· 用 %glm retry 重新提问。"),
    ],
)
def test_a_cut_turn_offers_to_ask_again(language: str, says: str, hint: str) -> None:
    bundle = settle(snapshot(part("text", "So"), status="cut_off"), RECORD, language=language)
    assert f"<p><strong>{says}</strong> {hint}</p>" in bundle["text/markdown"]
    assert f"So\n\n{says} {hint}\n\nglm-5" in bundle["text/plain"]


RETRY = {
    "message": "Busy <b>now</b> (429).",
    "attempt": 2,
    "attempts": 3,
    "at_s": 1.0,
    "delay_s": 4.0,
}


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "Busy &lt;b&gt;now&lt;/b&gt; (429). Retry in 4.0 s · request 2 of 3"),
        ("zh-CN", "Busy &lt;b&gt;now&lt;/b&gt; (429). 4.0 秒后重试 · 第 2 次，共 3 次"),
    ],
)
def test_a_turn_that_waits_to_be_sent_again_says_why_and_how_long(language: str, line: str) -> None:
    waiting = snapshot(status="retrying") | {"retry": RETRY}
    assert f"<p><em>{line}</em></p>" in progress(waiting, language=language)["text/markdown"]


def test_a_complete_end_is_not_said() -> None:
    assert "<strong>" not in markdown(part("text", "x"))


def test_a_failure_says_what_happened_and_what_to_do() -> None:
    bundle = settle(snapshot(status="failed", error=ERROR), RECORD)
    says = "Failed: The key was refused (401). Set another key. (request 1111-2222)"
    cause, remedy = says.split("). ", 1)
    assert f"<p><strong>{cause}).</strong> {remedy}</p>" in bundle["text/markdown"]
    assert bundle["text/plain"].startswith(f"{says}\n\nglm-5")


def test_a_failure_may_know_less() -> None:
    error = ERROR | {"remedy": "", "request_id": None}
    assert "<p><strong>Failed: The key was refused (401).</strong></p>" in markdown(
        status="failed", error=error
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_footer_is_that_of_the_live_view(language: str) -> None:
    whole = snapshot(part("text", "x"), notes=["restarted & so on"], usage=None)
    bundle = settle(whole, RECORD, language=language)
    said = footer(whole, language)
    assert bundle["text/plain"].endswith(said)
    assert f"<p><small>{said.replace('&', '&amp;')}</small></p>\n" in bundle["text/markdown"]


def test_a_long_answer_is_cut_in_plain_text_only() -> None:
    bundle = settle(snapshot(part("text", "word " * 1000)), RECORD)
    assert "… 3,999 more characters" in bundle["text/plain"]
    assert len(bundle["text/plain"]) < PLAIN_MAX + 200
    assert bundle["text/markdown"].count("word") == 1000


# --- hostile ---------------------------------------------------------------------------------------------------------


def folded(html: str) -> list[str]:
    """Return what a page of ours must not hold: the fold is ours, and none may be open at its end."""
    assert html.count("<details>") == html.count("</details>")
    assert html.count("<summary>") == html.count("<details>")
    return harm(html.replace("<details>", "").replace("<summary>", ""))


def test_a_call_shows_how_it_ended_and_folds_what_came_of_it() -> None:
    done = call('{"a": 1}', **ended("42", ("text/plain", "printed\n\n here")))
    text = markdown(done)
    assert text.startswith(
        "<details><summary><code>describe(a=1)</code> · done · 0.1 s</summary>\n"
    )
    assert "<small>Printed</small>" in text
    assert '<pre class="mathjax_ignore tex2jax_ignore">printed<br><br> here</pre>' in text
    assert "<small>Result</small>" in text
    assert ">42</pre>" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("state", "language", "word"),
    [
        ("failed", "en", "failed"),
        ("declined", "en", "declined"),
        ("stopped", "zh-CN", "已停止"),
        ("done", "zh-CN", "完成"),
    ],
)
def test_a_call_ends_in_a_word(state: str, language: str, word: str) -> None:
    bundle = settle(snapshot(call("{}", **ended("x", state=state))), RECORD, language=language)
    assert f"</code> · {word} · " in bundle["text/markdown"]


def test_a_call_that_came_to_nothing_is_a_line() -> None:
    assert "<p><code>describe()</code></p>" in markdown(call("{}"))


def test_long_output_says_how_much_is_left_out() -> None:
    text = markdown(call("{}", **ended("x" * (OUTPUT_MAX + 1234))))
    assert "… 1,234 more characters" in text
    assert len(text) < OUTPUT_MAX + 1500


def test_pictures_of_tools_are_outputs_of_their_own() -> None:
    png, svg = ("image/png", "iVBO"), ("image/svg+xml", "<svg/>")
    whole = snapshot(call("{}", **ended("x", png, ("text/plain", "t"), svg)), part("text", "y"))
    assert pictures(whole) == [{"image/png": "iVBO"}, {"image/svg+xml": "<svg/>"}]
    text = settle(whole, RECORD)["text/markdown"]
    assert "iVBO" not in text
    assert " · done · 0.1 s · picture below</summary>" in text


@pytest.mark.parametrize("name", HOSTILE)
def test_no_part_of_a_turn_does_anything(name: str) -> None:
    text = HOSTILE[name]
    whole = snapshot(
        part("thinking", text),
        part("text", text),
        call(text, text),
        call(json.dumps({text: text}), "f"),
        call(
            "{}", "f", **ended(text, ("text/plain", text), ("text/markdown", text), traceback=text)
        ),
        part("text", text),
        status="failed",
        error=ERROR | {"message": text, "remedy": text, "request_id": text},
        notes=[text],
        finish_reason=text,
    )
    whole["turn"]["model"] = text
    bundle = settle(whole, replace(RECORD, model=text))
    for render in (COMMONMARK.render, markdown2html_mistune, jupyterlab):
        html = render(bundle["text/markdown"])
        assert folded(html) == []
        assert html.rstrip().endswith("</small></p>")
        assert html.count("<small>") == (4 if text.strip() else 1)
    assert bundle["text/plain"] == visible(bundle["text/plain"])
    json.dumps(bundle, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize("name", HOSTILE)
def test_no_turn_that_still_runs_does_anything(name: str) -> None:
    text = HOSTILE[name]
    bundle = progress(snapshot(part("thinking", text), part("text", text), status="answering"))
    for render in (COMMONMARK.render, markdown2html_mistune, jupyterlab):
        assert folded(render(bundle["text/markdown"])) == []


# --- size -----------------------------------------------------------------------------------------------------------

TEXTS = {
    "english": "The medians differ by a factor of **two**, which `describe` shows; see [the docs](https://a.example).\n\n",
    "chinese": "各组的**中位数**相差一倍，见 `describe` 的结果：价格（元）为 4.2，数量为 3.9。\n\n",
    "thinking": "The user wants the median by group. First I should check whether df['price'] has gaps…\n",
    "code": "```python\nif a < b and c[0] > d['x']:\n    print(f'<b>{x!r}</b>')  # & so on\n```\n\n",
    "table": "| group | median | `n` |\n|---|--:|--:|\n| a | 4.2 | 120 |\n| b | 3.9 | 98 |\n\n",
    "formulas": "With $\\mu = \\frac{1}{n}\\sum_i x_i$ it follows that\n\n$$\n\\sigma^2 \\le \\mu^2\n$$\n\n",
    "list": "1. First `load` it\n   ```python\n   df = load()\n   ```\n2. Then\n   - group\n   - count\n\n",
}


@pytest.mark.parametrize("kind", ["thinking", "text"])
@pytest.mark.parametrize("name", TEXTS)
def test_what_is_saved_is_about_as_large_as_the_text(name: str, kind: str) -> None:
    text = TEXTS[name] * (20_000 // len(TEXTS[name]))
    bundle = settle(snapshot(part(kind, text)), RECORD)
    saved = len(
        json.dumps(
            bundle["text/markdown"].splitlines(keepends=True), indent=1, ensure_ascii=False
        ).encode()
    )
    assert saved <= 2.2 * len(text.encode()) + 2000


def test_what_is_saved_with_the_record_is_about_twice_the_text() -> None:
    thinking, answer = TEXTS["thinking"] * 300, TEXTS["chinese"] * 100
    record = replace(RECORD, messages=(Message("assistant", answer, thinking=thinking),))
    bundle = settle(snapshot(part("thinking", thinking), part("text", answer)), record)
    saved = {
        mime: one.splitlines(keepends=True) if isinstance(one, str) else one
        for mime, one in bundle.items()
    }
    size = len(json.dumps(saved, indent=1, ensure_ascii=False).encode())
    assert size <= 2.2 * len((thinking + answer).encode()) + PLAIN_MAX * 3 + 2000


# --- before the end --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_notebook_that_is_saved_while_a_turn_runs_says_so(language: str) -> None:
    bundle = running(snapshot(status="answering"), language=language)
    assert bundle["text/plain"].startswith(words(language).running)
    assert "`%glm show`" in bundle["text/markdown"]


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([], "<p><em>Waiting for the first token …</em></p>\n"),
        ([part("thinking", "x", ended_s=None)], "</details>\n\n<p><em>Thinking …</em></p>\n"),
        ([part("text", "x", ended_s=None)], "x\n"),
    ],
)
def test_a_turn_that_runs_says_what_it_does(parts: list[dict[str, Any]], says: str) -> None:
    bundle = progress(snapshot(*parts, status="answering"))
    assert bundle["text/markdown"].endswith(says)
    assert "glm-5" not in bundle["text/markdown"]


def test_what_follows_a_turn_that_was_written_out() -> None:
    whole = snapshot(part("text", "x"), status="stopped")
    assert ending(whole, RECORD) == {
        "text/plain": f"Stopped\n{footer(whole, 'en')}",
        TURN_MIME: RECORD.to_json(),
    }
