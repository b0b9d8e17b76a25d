/**
 * The words and numbers of the view, in English and Chinese. Both are written, not translated word by word.
 *
 * What a settled output says too is in `glm_notebook/strings.py` as well; `tests/contract/footer.json` is what both must
 * give. No I/O.
 */

import type { Snapshot, Usage } from "./wire.ts";

/** An unknown number. Never 0, which is a number. */
export const UNKNOWN = "–";

export const SEPARATOR = " · ";

/** What the view says in one language. Braces are filled in, in order. */
export interface Words {
  readonly seconds: string;
  readonly minutes: string;
  readonly thought: string;
  readonly thoughtFor: string;
  readonly firstToken: string;
  readonly input: string;
  readonly output: string;
  readonly cached: string;
  readonly thinkingTokens: string;
  /** Around a detail of the item before it. */
  readonly aside: string;
  readonly simulated: string;
  readonly stopped: string;
  readonly interrupted: string;
  readonly cutOff: string;
  readonly failed: string;
  readonly request: string;
  readonly waiting: string;
  readonly thinking: string;
  readonly answering: string;
  readonly calling: string;
  readonly complete: string;
  readonly stoppedAfter: string;
  readonly stop: string;
  readonly stopping: string;
  /** Said when Stop has not been heard: the turn may be in a cell that blocks. */
  readonly stopUnheard: string;
  readonly gone: string;
  readonly copy: string;
  readonly copied: string;
  readonly notCopied: string;
  /** The name of the view, for a screen reader. */
  readonly answerOf: string;
}

const ENGLISH: Words = {
  seconds: "{} s",
  minutes: "{} min {} s",
  thought: "Thought",
  thoughtFor: "Thought for {}",
  firstToken: "first token {}",
  input: "in {}",
  output: "out {}",
  cached: "{} cached",
  thinkingTokens: "{} thinking",
  aside: " ({})",
  simulated: "Simulated answer, no model was asked",
  stopped: "Stopped",
  interrupted: "Interrupted",
  cutOff: "The connection broke off",
  failed: "Failed",
  request: "request {}",
  waiting: "Waiting",
  thinking: "Thinking",
  answering: "Answering",
  calling: "Calling a tool",
  complete: "Complete",
  stoppedAfter: "Stopped after {} tokens",
  stop: "Stop",
  stopping: "Stopping…",
  stopUnheard: "The kernel has not heard Stop yet. Press the notebook's own ■ to interrupt it.",
  gone: "The kernel can no longer be reached. What has come so far stays here until the page is closed.",
  copy: "Copy",
  copied: "Copied",
  notCopied: "Press Ctrl+C",
  answerOf: "Answer of {}",
};

const CHINESE: Words = {
  seconds: "{} 秒",
  minutes: "{} 分 {} 秒",
  thought: "已思考",
  thoughtFor: "已思考 {}",
  firstToken: "首字 {}",
  input: "输入 {}",
  output: "输出 {}",
  cached: "缓存 {}",
  thinkingTokens: "思考 {}",
  aside: "（{}）",
  simulated: "模拟回答，未调用模型",
  stopped: "已停止",
  interrupted: "已中断",
  cutOff: "连接中断",
  failed: "失败",
  request: "请求 {}",
  waiting: "等待中",
  thinking: "思考中",
  answering: "回答中",
  calling: "正在调用工具",
  complete: "已完成",
  stoppedAfter: "已停止，共输出 {} 个 token",
  stop: "停止",
  stopping: "正在停止…",
  stopUnheard: "内核尚未收到停止请求。请按笔记本自带的 ■ 中断内核。",
  gone: "无法再连接内核。已收到的内容会保留到页面关闭为止。",
  copy: "复制",
  copied: "已复制",
  notCopied: "请按 Ctrl+C",
  answerOf: "{} 的回答",
};

/** Return the words of a language tag (BCP 47): Chinese for `zh…`, else English. */
export function wordsOf(language: string): Words {
  return language.toLowerCase().split(/[-_]/)[0] === "zh" ? CHINESE : ENGLISH;
}

/** Fill in the braces of a phrase. */
export function fill(phrase: string, ...values: readonly string[]): string {
  let next = 0;
  return phrase.replace(/\{\}/g, () => values[next++] ?? "");
}

/** Write a count with groups of three, e.g. `1,204`: in both languages the same. */
export function count(number: number | null): string {
  return number === null ? UNKNOWN : number.toLocaleString("en-US");
}

/** Write a duration: `0.6 s`, from a minute on `2 min 5 s`. */
export function duration(seconds: number | null, say: Words): string {
  if (seconds === null) return UNKNOWN;
  const tenths = seconds.toFixed(1);
  return Number(tenths) < 60 ? fill(say.seconds, tenths) : minutes(Number(seconds.toFixed(0)), say);
}

/** Write the time on a running clock, which shows whole seconds that are over. */
export function clock(seconds: number, say: Words): string {
  const whole = Math.floor(Math.max(0, seconds));
  return whole < 60 ? fill(say.seconds, String(whole)) : minutes(whole, say);
}

function minutes(whole: number, say: Words): string {
  return fill(say.minutes, String(Math.floor(whole / 60)), String(whole % 60));
}

/** Write the footer of an ended turn. */
export function footer(snapshot: Snapshot, say: Words): string {
  return [
    snapshot.turn.model,
    fill(say.firstToken, duration(snapshot.firstTokenS, say)),
    duration(snapshot.elapsedS, say),
    ...tokens(snapshot.usage, say),
    snapshot.finishReason ?? "",
    snapshot.turn.simulated ? say.simulated : "",
    ...snapshot.notes,
  ]
    .filter(Boolean)
    .join(SEPARATOR);
}

/** Write the footer of a turn that runs: no more than what is worth a look meanwhile. */
export function runningFooter(snapshot: Snapshot, elapsedS: number, say: Words): string {
  return [
    snapshot.turn.model,
    // Until the first token, the waiting line has the clock.
    snapshot.firstTokenS === null ? "" : clock(elapsedS, say),
    snapshot.turn.simulated ? say.simulated : "",
    ...snapshot.notes,
  ]
    .filter(Boolean)
    .join(SEPARATOR);
}

function tokens(usage: Usage | null, say: Words): string[] {
  if (usage === null) return [fill(say.input, UNKNOWN), fill(say.output, UNKNOWN)];
  return [
    fill(say.input, count(usage.inputTokens)) + aside(usage.cachedTokens, say.cached, say),
    fill(say.output, count(usage.outputTokens)) +
      aside(usage.thinkingTokens, say.thinkingTokens, say),
  ];
}

/** Add a detail; none where there was nothing of it. */
function aside(number: number | null, phrase: string, say: Words): string {
  return number === 0 ? "" : fill(say.aside, fill(phrase, count(number)));
}

/** How a turn ended. */
export interface Ending {
  readonly said: string;
  /** What to do, and what to quote; may be empty. */
  readonly remedy: string;
}

/** Say how the turn ended, where it did not simply complete. */
export function ending(snapshot: Snapshot, say: Words): Ending | null {
  switch (snapshot.status) {
    case "stopped":
      return { said: stopped(snapshot.usage?.outputTokens ?? null, say), remedy: "" };
    case "interrupted":
      return { said: say.interrupted, remedy: "" };
    case "cut_off":
      return { said: say.cutOff, remedy: "" };
    case "failed":
      return failed(snapshot, say);
    default:
      return null;
  }
}

function stopped(outputTokens: number | null, say: Words): string {
  return outputTokens === null ? say.stopped : fill(say.stoppedAfter, count(outputTokens));
}

function failed({ error }: Snapshot, say: Words): Ending {
  if (error === null) return { said: say.failed, remedy: "" };
  const request = error.requestId ? fill(say.aside, fill(say.request, error.requestId)) : "";
  return { said: `${say.failed}: ${error.message}`, remedy: error.remedy + request };
}

/** Return the language of the page: that of the notebook application, else that of the browser. */
export function pageLanguage(): string {
  return document.documentElement.lang || navigator.language || "en";
}
