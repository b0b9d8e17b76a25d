/**
 * The words and numbers of the view, in English and Chinese. Both are written, not translated word by word.
 *
 * What a settled output says too is in `glm_notebook/strings.py` as well; `tests/contract/footer.json` is what both must
 * give. No I/O.
 */

import type { CallState, Snapshot, Usage } from "./wire.ts";

/** An unknown number. Never 0, which is a number. */
export const UNKNOWN = "–";

export const SEPARATOR = " · ";

/** What the view says in one language. Braces are filled in, in order. */
export interface Words {
  /** As a BCP 47 tag. */
  readonly language: "en" | "zh";
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
  readonly retryIn: string;
  readonly attempt: string;
  readonly askingAgain: string;
  /** What to do where the turn was cut off. */
  readonly retryHint: string;
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
  /** How a tool call fares. */
  readonly states: Readonly<Record<CallState, string>>;
  readonly arguments: string;
  readonly printed: string;
  readonly result: string;
  readonly traceback: string;
  /** Stands for a picture that cannot be seen. */
  readonly pictureOf: string;
  /** Stands for an output of a type that is not shown. */
  readonly notShown: string;
  readonly stopCall: string;
  readonly asks: string;
  readonly approve: string;
  /** For the rest of the conversation. */
  readonly approveAlways: string;
  readonly decline: string;
  readonly reason: string;
  readonly reasonHint: string;
  /** Said when an answer to a question, or the Stop of one call, has not been heard. */
  readonly unheard: string;
}

const ENGLISH: Words = {
  language: "en",
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
  retryIn: "Retry in {}",
  attempt: "request {} of {}",
  askingAgain: "Asking again",
  retryHint: "%glm retry asks again.",
  stop: "Stop",
  stopping: "Stopping…",
  stopUnheard: "The kernel has not heard Stop yet. Press the notebook's own ■ to interrupt it.",
  gone: "The kernel can no longer be reached. What has come so far stays here until the page is closed.",
  copy: "Copy",
  copied: "Copied",
  notCopied: "Press Ctrl+C",
  answerOf: "Answer of {}",
  states: {
    writing: "writing",
    queued: "queued",
    asking: "asks for approval",
    waiting: "waiting for the kernel",
    running: "running",
    done: "done",
    failed: "failed",
    declined: "declined",
    stopped: "stopped",
  },
  arguments: "Arguments",
  printed: "Printed",
  result: "Result",
  traceback: "Traceback",
  pictureOf: "Picture made by {}",
  notShown: "not shown here: {}",
  stopCall: "Stop {}",
  asks: "The tool {} asks for approval",
  approve: "Approve",
  approveAlways: "Approve always",
  decline: "Decline",
  reason: "Reason for declining {}",
  reasonHint: "Reason, if any; Enter sends it",
  unheard: "The kernel has not heard this yet.",
};

const CHINESE: Words = {
  language: "zh",
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
  retryIn: "{}后重试",
  attempt: "第 {} 次，共 {} 次",
  askingAgain: "正在重新请求",
  retryHint: "用 %glm retry 重新提问。",
  stop: "停止",
  stopping: "正在停止…",
  stopUnheard: "内核尚未收到停止请求。请按笔记本自带的 ■ 中断内核。",
  gone: "无法再连接内核。已收到的内容会保留到页面关闭为止。",
  copy: "复制",
  copied: "已复制",
  notCopied: "请按 Ctrl+C",
  answerOf: "{} 的回答",
  states: {
    writing: "正在写参数",
    queued: "排队中",
    asking: "请求批准",
    waiting: "等待内核",
    running: "运行中",
    done: "完成",
    failed: "失败",
    declined: "已拒绝",
    stopped: "已停止",
  },
  arguments: "参数",
  printed: "打印内容",
  result: "结果",
  traceback: "错误回溯",
  pictureOf: "{} 生成的图片",
  notShown: "此处不显示：{}",
  stopCall: "停止 {}",
  asks: "工具 {} 请求批准",
  approve: "批准",
  approveAlways: "始终批准",
  decline: "拒绝",
  reason: "拒绝 {} 的理由",
  reasonHint: "理由（可不填），按回车发送",
  unheard: "内核尚未收到。",
};

/** The notes that the kernel makes, which it sends in English, in Chinese. */
const CHINESE_NOTES: ReadonlyMap<string, string> = new Map([
  [ENGLISH.simulated, CHINESE.simulated],
  ["a damaged piece of the stream was skipped", "跳过了数据流中损坏的一段"],
  ["the server restarted the answer", "服务器重新开始了回答"],
  ["the server did not say why the answer ended", "服务器未说明回答为何结束"],
  ["the model announced a tool call that did not come", "模型声明了工具调用，但没有给出"],
  ["the thinking used up all the tokens", "思考用完了全部 token"],
  ["the model gave no answer", "模型没有给出回答"],
  ["asked again after a wait", "等待后已重新请求"],
  ["asked again without a thinking switch", "去掉思考开关后已重新请求"],
  ["asked again with thinking", "开启思考后已重新请求"],
  ["asked again without thinking", "关闭思考后已重新请求"],
  ["asked again without a forced tool", "取消强制工具后已重新请求"],
  ["asked again as a stream", "改为流式输出后已重新请求"],
]);
/** Follows the name of a model. */
const UNCHECKED = " is not in the catalogue; its limits are not checked";
const CHINESE_UNCHECKED = " 不在模型目录中，未检查其限制";

/** Return the words of a language tag (BCP 47): Chinese for `zh…`, else English. */
export function wordsOf(language: string): Words {
  return isChinese(language) ? CHINESE : ENGLISH;
}

/** Tell whether a language tag is one of Chinese. */
export function isChinese(language: string): boolean {
  return language.toLowerCase().split(/[-_]/)[0] === "zh";
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

/** Return a note of the kernel in the language of the words, or as it is where it is not known. */
function note(text: string, say: Words): string {
  if (say.language !== "zh") return text;
  if (text.endsWith(UNCHECKED)) return text.slice(0, -UNCHECKED.length) + CHINESE_UNCHECKED;
  return CHINESE_NOTES.get(text) ?? text;
}

/** Write the footer of an ended turn. */
export function footer(snapshot: Snapshot, say: Words): string {
  return [
    snapshot.turn.model,
    fill(say.firstToken, duration(snapshot.firstTokenS, say)),
    duration(snapshot.elapsedS, say),
    ...tokens(snapshot.usage, say),
    snapshot.finishReason ?? "",
    ...remarks(snapshot, say),
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
    ...remarks(snapshot, say),
  ]
    .filter(Boolean)
    .join(SEPARATOR);
}

function remarks({ turn, notes }: Snapshot, say: Words): string[] {
  return [turn.simulated ? say.simulated : "", ...notes.map((text) => note(text, say))];
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
      return { said: say.stopped, remedy: "" };
    case "interrupted":
      return { said: say.interrupted, remedy: "" };
    case "cut_off":
      return { said: say.cutOff, remedy: say.retryHint };
    case "failed":
      return failed(snapshot, say);
    default:
      return null;
  }
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
