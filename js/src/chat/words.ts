/** The words around a chat, in English and Chinese. Both are written, not translated word by word. No I/O. */

import { isChinese } from "../strings.ts";

/** What the chat says in one language. Braces are filled in, in order. */
export interface ChatWords {
  /** The name of the chat, for a screen reader. */
  readonly chat: string;
  readonly conversation: string;
  readonly yourPrompt: string;
  readonly prompt: string;
  readonly placeholder: string;
  readonly send: string;
  /** Instead of `send` while a turn runs. */
  readonly enqueue: string;
  readonly sendHint: string;
  readonly stopHint: string;
  readonly queued: string;
  readonly sending: string;
  readonly takeBack: string;
  readonly takeBackOf: string;
  readonly busy: string;
  readonly gone: string;
  readonly retry: string;
  readonly latest: string;
  readonly settings: string;
  readonly model: string;
  readonly thinking: string;
  readonly thinkingAuto: string;
  readonly on: string;
  readonly off: string;
  readonly tools: string;
  /** Shown where nothing has been asked: without tools, and with them. */
  readonly empty: string;
  readonly emptyWithTools: string;
  /** Between two names. */
  readonly comma: string;
}

const ENGLISH: ChatWords = {
  chat: "Chat",
  conversation: "Conversation",
  yourPrompt: "Your prompt",
  prompt: "Prompt",
  placeholder: "Write a prompt",
  send: "Send",
  enqueue: "Queue",
  sendHint: "Enter sends, Shift+Enter breaks the line",
  stopHint: "Esc stops",
  queued: "Queued",
  sending: "Sending",
  takeBack: "Take back",
  takeBackOf: "Take back: {}",
  busy: "The kernel is busy; this will be sent when it is free.",
  gone: "The kernel can no longer be reached. The conversation stays here, to read and to copy, until the page is closed.",
  retry: "Retry",
  latest: "Jump to latest",
  settings: "Settings of the chat",
  model: "Model",
  thinking: "Thinking",
  thinkingAuto: "auto",
  on: "on",
  off: "off",
  tools: "Tools",
  empty: "Ask a question.",
  emptyWithTools: "Ask a question. The model can call {}.",
  comma: ", ",
};

const CHINESE: ChatWords = {
  chat: "对话",
  conversation: "对话记录",
  yourPrompt: "你的提问",
  prompt: "提问",
  placeholder: "输入问题",
  send: "发送",
  enqueue: "排队",
  sendHint: "按回车发送，Shift+回车换行",
  stopHint: "按 Esc 停止",
  queued: "排队中",
  sending: "发送中",
  takeBack: "撤回",
  takeBackOf: "撤回：{}",
  busy: "内核正忙，空闲后自动发送。",
  gone: "无法再连接内核。对话会保留到页面关闭为止，可以阅读和复制。",
  retry: "重试",
  latest: "跳到最新",
  settings: "对话设置",
  model: "模型",
  thinking: "思考",
  thinkingAuto: "自动",
  on: "开",
  off: "关",
  tools: "工具",
  empty: "请提问。",
  emptyWithTools: "请提问。模型可以调用 {}。",
  comma: "、",
};

/** Return the words of a language tag (BCP 47): Chinese for `zh…`, else English. */
export function chatWordsOf(language: string): ChatWords {
  return isChinese(language) ? CHINESE : ENGLISH;
}
