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
  // What is sent along with a prompt, and what it names.
  readonly token: string;
  readonly tokens: string;
  readonly attach: string;
  readonly attachHint: string;
  readonly attachments: string;
  readonly drop: string;
  readonly remove: string;
  readonly removeOf: string;
  readonly needsText: string;
  readonly pastedHint: string;
  readonly tooLarge: string;
  readonly tooMuch: string;
  readonly notText: string;
  readonly objects: string;
  readonly notDefined: string;
  readonly completions: string;
  // Settings that are seldom made.
  readonly more: string;
  readonly budget: string;
  readonly budgetHint: string;
  readonly budgetWrong: string;
  readonly temperature: string;
  readonly temperatureHint: string;
  readonly temperatureWrong: string;
  readonly system: string;
  readonly systemHint: string;
  // The meter.
  readonly contextUsed: string;
  readonly contextTokens: string;
  readonly contextOf: string;
  readonly contextFull: string;
  readonly contextFullHint: string;
  readonly estimated: string;
  readonly costHint: string;
  // Taking the chat out.
  readonly export: string;
  readonly notebook: string;
  readonly copyChat: string;
  readonly chatCopied: string;
  readonly chatNotCopied: string;
  readonly exportWaits: string;
  // The history.
  readonly copyPrompt: string;
  readonly copyAnswer: string;
  readonly edit: string;
  readonly editPrompt: string;
  readonly editHint: string;
  /** Said while a prompt can be written anew and not sent. */
  readonly editWaits: string;
  readonly cancel: string;
  readonly delete: string;
  /** Instead of `delete` until it is pressed again. */
  readonly deleteSure: string;
  readonly deleteTurn: string;
  readonly deleteAgain: string;
  readonly regenerate: string;
  readonly continueAnswer: string;
  readonly earlier: string;
  readonly later: string;
  readonly version: string;
  readonly sentAlong: string;
  readonly busyChange: string;
  // Formulas.
  readonly notTypeset: string;
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
  // What is sent along with a prompt, and what it names.
  token: "≈ 1 token",
  tokens: "≈ {} tokens",
  attach: "Attach",
  attachHint: "Attach text files; they can be dropped on the chat too",
  attachments: "Attachments",
  drop: "Drop files to attach them",
  remove: "Remove",
  removeOf: "Remove {}",
  needsText: "Write what to do with the attachment, then send",
  pastedHint: "Attached what was pasted. Ctrl+Shift+V pastes it as text.",
  tooLarge:
    "{} is larger than 2 MB. Read it in a cell, and name the result in the prompt: {{ name }}.",
  tooMuch:
    "{} is too much for one prompt. Remove another attachment, or send it with the next prompt.",
  notText:
    "{} is not a text file. Read it in a cell, and name the result in the prompt: {{ name }}.",
  objects: "Objects in the prompt",
  notDefined: "not defined; sent as written",
  completions: "Objects of the kernel",
  // Settings that are seldom made.
  more: "Settings",
  budget: "Thinking budget, tokens",
  budgetHint: "no limit",
  budgetWrong: "A whole number from 1 on, or nothing for no limit.",
  temperature: "Temperature",
  temperatureHint: "the service's",
  temperatureWrong: "A number from 0 to 2, or nothing for the service's own.",
  system: "System prompt",
  systemHint: "What holds for every answer",
  // The meter.
  contextUsed: "Context used",
  contextTokens: "Context: {} tokens used",
  contextOf: "Context: {} of {} tokens used",
  contextFull: "Context {} % full",
  contextFullHint: ". Delete turns, or begin a new chat.",
  estimated: "{} est.",
  costHint: "Cost of the chat so far, estimated from list prices",
  // Taking the chat out.
  export: "Export",
  notebook: "Notebook",
  copyChat: "Copy conversation",
  chatCopied: "The conversation is in the clipboard.",
  chatNotCopied:
    "The browser does not let the page copy. The conversation is selected: press Ctrl+C.",
  exportWaits: "The kernel is busy; the file is saved when it is free.",
  // The history.
  copyPrompt: "Copy prompt",
  copyAnswer: "Copy answer",
  edit: "Edit",
  editPrompt: "Edit prompt",
  editHint: "Enter sends, Shift+Enter breaks the line, Esc cancels",
  editWaits: "Wait for the turn to end",
  cancel: "Cancel",
  delete: "Delete",
  deleteSure: "Delete?",
  deleteTurn: "Delete prompt and answer",
  deleteAgain: "Delete? Press again to delete prompt and answer",
  regenerate: "Regenerate",
  continueAnswer: "Continue",
  earlier: "Earlier version",
  later: "Later version",
  version: "Version {} of {}",
  sentAlong: "Sent with the prompt",
  busyChange: "The kernel is busy; this will be done when it is free.",
  // Formulas.
  notTypeset: "This formula cannot be typeset; it is shown as it was written.",
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
  // What is sent along with a prompt, and what it names.
  token: "约 1 token",
  tokens: "约 {} token",
  attach: "附件",
  attachHint: "添加文本文件，也可以直接拖到对话中",
  attachments: "附件",
  drop: "松开即可添加文件",
  remove: "移除",
  removeOf: "移除 {}",
  needsText: "请先写明如何处理附件，再发送",
  pastedHint: "粘贴的内容已作为附件添加。按 Ctrl+Shift+V 可粘贴为文本。",
  tooLarge: "{} 超过 2 MB。请在单元格中读取，再在提问中用 {{ 变量名 }} 引用。",
  tooMuch: "{} 超出了一次提问能附带的大小。请移除其他附件，或随下一次提问发送。",
  notText: "{} 不是文本文件。请在单元格中读取，再在提问中用 {{ 变量名 }} 引用。",
  objects: "提问中的对象",
  notDefined: "未定义，将原样发送",
  completions: "内核中的对象",
  // Settings that are seldom made.
  more: "设置",
  budget: "思考上限（token）",
  budgetHint: "不限",
  budgetWrong: "请输入不小于 1 的整数，留空表示不限。",
  temperature: "温度",
  temperatureHint: "由服务决定",
  temperatureWrong: "请输入 0 到 2 之间的数，留空则由服务决定。",
  system: "系统提示词",
  systemHint: "对每次回答都有效的要求",
  // The meter.
  contextUsed: "已用上下文",
  contextTokens: "上下文：已用 {} token",
  contextOf: "上下文：已用 {}，共 {} token",
  contextFull: "上下文已用 {}%",
  contextFullHint: "。请删除一些轮次，或新建对话。",
  estimated: "约 {}",
  costHint: "本次对话至今的费用，按目录价估算",
  // Taking the chat out.
  export: "导出",
  notebook: "笔记本",
  copyChat: "复制整个对话",
  chatCopied: "对话已复制到剪贴板。",
  chatNotCopied: "浏览器不允许页面复制。对话已选中，请按 Ctrl+C。",
  exportWaits: "内核正忙，空闲后会保存文件。",
  // The history.
  copyPrompt: "复制提问",
  copyAnswer: "复制回答",
  edit: "编辑",
  editPrompt: "编辑提问",
  editHint: "按回车发送，Shift+回车换行，Esc 取消",
  editWaits: "本轮结束后才能发送",
  cancel: "取消",
  delete: "删除",
  deleteSure: "删除？",
  deleteTurn: "删除提问和回答",
  deleteAgain: "删除？再按一次，删除提问和回答",
  regenerate: "重新生成",
  continueAnswer: "继续",
  earlier: "上一版",
  later: "下一版",
  version: "第 {} 版，共 {} 版",
  sentAlong: "随提问发送",
  busyChange: "内核正忙，空闲后自动执行。",
  // Formulas.
  notTypeset: "此公式无法排版，显示的是原文。",
};

/** Return the words of a language tag (BCP 47): Chinese for `zh…`, else English. */
export function chatWordsOf(language: string): ChatWords {
  return isChinese(language) ? CHINESE : ENGLISH;
}
