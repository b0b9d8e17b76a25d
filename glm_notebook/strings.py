"""The words and numbers of a settled output, in English and Chinese.

Both languages are written, not translated word by word. The live view has the same words in `js/src/strings.ts`;
`tests/contract/footer.json` is what both must give. No I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

UNKNOWN = "–"
"""An unknown number. Never 0, which is a number."""

SEPARATOR = " · "


@dataclass(frozen=True, slots=True)
class Words:
    """What a settled output says in one language. Braces are filled in by `str.format`."""

    seconds: str
    minutes: str
    thought: str
    thought_for: str
    first_token: str
    input: str
    output: str
    cached: str
    thinking: str
    aside: str
    """Around a detail of the item before it."""
    simulated: str
    stopped: str
    interrupted: str
    cut_off: str
    failed: str
    request: str
    more: str
    running: str
    running_shown: str
    waiting: str
    thinking_now: str
    restarted: str
    retry_in: str
    attempt: str
    asking_again: str
    chat: str
    attached: str
    retry_hint: str
    """What to do where the turn was cut off."""
    call_done: str
    call_failed: str
    call_declined: str
    call_stopped: str
    arguments: str
    printed: str
    result: str
    traceback: str
    picture_below: str
    """Where the picture of a tool call is, once the turn has ended."""


ENGLISH = Words(
    seconds="{} s",
    minutes="{} min {} s",
    thought="Thought",
    thought_for="Thought for {}",
    first_token="first token {}",  # noqa: S106 - not a secret: words of the footer
    input="in {}",
    output="out {}",
    cached="{} cached",
    thinking="{} thinking",
    aside=" ({})",
    simulated="Simulated answer, no model was asked",
    stopped="Stopped",
    interrupted="Interrupted",
    cut_off="The connection broke off",
    failed="Failed",
    request="request {}",
    more="… {} more characters",
    running="This turn was still running when the notebook was saved.",
    running_shown="%glm show brings it back.",
    waiting="Waiting for the first token",
    thinking_now="Thinking",
    restarted="the server restarted the answer",
    retry_in="Retry in {}",
    attempt="request {} of {}",
    asking_again="Asking again",
    chat="A chat with {}",
    attached="With {}, about {} tokens",
    retry_hint="%glm retry asks again.",
    call_done="done",
    call_failed="failed",
    call_declined="declined",
    call_stopped="stopped",
    arguments="Arguments",
    printed="Printed",
    result="Result",
    traceback="Traceback",
    picture_below="picture below",
)

CHINESE = Words(
    seconds="{} 秒",
    minutes="{} 分 {} 秒",
    thought="已思考",
    thought_for="已思考 {}",
    first_token="首字 {}",  # noqa: S106 - as above
    input="输入 {}",
    output="输出 {}",
    cached="缓存 {}",
    thinking="思考 {}",
    aside="（{}）",
    simulated="模拟回答，未调用模型",
    stopped="已停止",
    interrupted="已中断",
    cut_off="连接中断",
    failed="失败",
    request="请求 {}",
    more="… 另有 {} 个字符",
    running="保存笔记本时，这一轮对话仍在进行。",
    running_shown="用 %glm show 重新显示。",
    waiting="等待第一个 token",
    thinking_now="思考中",
    restarted="服务器重新开始了回答",
    retry_in="{}后重试",
    attempt="第 {} 次，共 {} 次",
    asking_again="正在重新请求",
    chat="与 {} 的对话",
    attached="附：{}，约 {} 个 token",
    retry_hint="用 %glm retry 重新提问。",
    call_done="完成",
    call_failed="失败",
    call_declined="已拒绝",
    call_stopped="已停止",
    arguments="参数",
    printed="打印内容",
    result="结果",
    traceback="错误回溯",
    picture_below="图片见下方",
)

_CHINESE_NOTES: Mapping[str, str] = {
    ENGLISH.simulated: CHINESE.simulated,
    ENGLISH.restarted: CHINESE.restarted,
    "a damaged piece of the stream was skipped": "跳过了数据流中损坏的一段",
    "the server did not say why the answer ended": "服务器未说明回答为何结束",
    "the model announced a tool call that did not come": "模型声明了工具调用，但没有给出",
    "the thinking used up all the tokens": "思考用完了全部 token",
    "the model gave no answer": "模型没有给出回答",
    "asked again after a wait": "等待后已重新请求",
    "asked again without a thinking switch": "去掉思考开关后已重新请求",
    "asked again with thinking": "开启思考后已重新请求",
    "asked again without thinking": "关闭思考后已重新请求",
    "asked again without a forced tool": "取消强制工具后已重新请求",
    "asked again as a stream": "改为流式输出后已重新请求",
}
"""The notes of a turn, which are made and kept in English."""
_UNCHECKED = " is not in the catalogue; its limits are not checked"
"""Follows the name of a model."""
_CHINESE_UNCHECKED = " 不在模型目录中，未检查其限制"


def words(language: str) -> Words:
    """Return the words of a language tag (BCP 47): Chinese for ``zh…``, else English."""
    return CHINESE if language.lower().split("-")[0].split("_")[0] == "zh" else ENGLISH


def count(number: int | None) -> str:
    """Write a count with groups of three, e.g. ``1,204``."""
    return UNKNOWN if number is None else f"{number:,}"


def duration(seconds: float | None, language: str) -> str:
    """Write a duration: ``0.6 s``, from a minute on ``2 min 5 s``.

    A tie is rounded up, as `Number.prototype.toFixed` does, so that the live view shows the same.
    """
    if seconds is None:
        return UNKNOWN
    tenths = Decimal(seconds).quantize(Decimal("0.1"), ROUND_HALF_UP)
    if tenths < 60:
        return words(language).seconds.format(tenths)
    whole = int(Decimal(seconds).quantize(Decimal(1), ROUND_HALF_UP))
    return words(language).minutes.format(whole // 60, whole % 60)


def note(text: str, language: str) -> str:
    """Return a note of a turn in a language; as it is where it is not known there."""
    if words(language) is not CHINESE:
        return text
    if text.endswith(_UNCHECKED):
        return text.removesuffix(_UNCHECKED) + _CHINESE_UNCHECKED
    return _CHINESE_NOTES.get(text, text)


def footer(snapshot: Mapping[str, Any], language: str) -> str:
    """Write the footer of an ended turn as plain text.

    Parameters
    ----------
    snapshot : mapping
        As in docs/channel.md.
    language : str
        BCP 47 tag.
    """
    say = words(language)
    turn = snapshot["turn"]
    items = [
        turn["model"],
        say.first_token.format(duration(snapshot["first_token_s"], language)),
        duration(snapshot["elapsed_s"], language),
        *_tokens(snapshot["usage"], say),
        snapshot["finish_reason"] or "",
        say.simulated if turn["simulated"] else "",
        *(note(text, language) for text in snapshot["notes"]),
    ]
    return SEPARATOR.join(item for item in items if item)


def _tokens(usage: Mapping[str, int | None] | None, say: Words) -> tuple[str, str]:
    if usage is None:
        return say.input.format(UNKNOWN), say.output.format(UNKNOWN)
    return (
        say.input.format(count(usage["input_tokens"]))
        + _aside(usage["cached_tokens"], say.cached, say),
        say.output.format(count(usage["output_tokens"]))
        + _aside(usage["thinking_tokens"], say.thinking, say),
    )


def _aside(number: int | None, phrase: str, say: Words) -> str:
    """Add a detail; none where there was nothing of it."""
    return "" if number == 0 else say.aside.format(phrase.format(count(number)))
