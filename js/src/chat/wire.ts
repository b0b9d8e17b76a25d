/** The messages of docs/chat.md as types. What comes in is checked here. No I/O. */

import { type Fields, isFields, list, number, numberOrNull, string } from "../fields.ts";
import {
  type Incoming as FromTurn,
  readMessage,
  readState,
  type State,
  type Outgoing as ToTurn,
} from "../wire.ts";

/** A prompt that waits for the running turn. */
export interface Queued {
  readonly id: string;
  readonly text: string;
  readonly attachments?: readonly Attachment[];
}

/** Something that is sent along with a prompt. */
export interface Attachment {
  readonly name: string;
  readonly text: string;
}

/** How much of what can be had is used. `null` is unknown. */
export interface Meter {
  /** Tokens of the history, as far as the server has counted them. */
  readonly context: number | null;
  /** Tokens that the model takes in all. */
  readonly window: number | null;
  /** What all turns together have cost, an estimate. */
  readonly cost: number | null;
  /** Of the cost, by ISO 4217. */
  readonly currency: string;
}

/** The list of a chat: what is in a turn is told apart from it. */
export interface List {
  readonly rev: number;
  /** Ids of the turns, from the first to the head. */
  readonly turns: readonly string[];
  readonly queue: readonly Queued[];
  /** Of a turn that has others beside it: the ids of all of them, in the order in which they were begun. */
  readonly branches: ReadonlyMap<string, readonly string[]>;
  readonly meter: Meter;
}

/** What a page begins with. */
export interface ChatState extends List {
  readonly snapshots: ReadonlyMap<string, State>;
  /** Names of the tools that can be called. */
  readonly tools: readonly string[];
}

/** Why a prompt could not be sent. */
export interface Refusal extends Queued {
  readonly message: string;
  readonly remedy: string;
}

export type FromChat =
  | ({ type: "chat" } & List)
  | { type: "turn"; id: string; message: FromTurn }
  | { type: "turns"; snapshots: ReadonlyMap<string, State> }
  | ({ type: "refused" } & Refusal)
  | { type: "pinned" };

export type ToChat =
  | { type: "send"; id: string; text: string; attachments?: readonly Attachment[] }
  | { type: "unqueue"; id: string }
  | { type: "stop" }
  | { type: "retry" }
  | { type: "edit"; id: string; turn: string; text: string }
  | { type: "regenerate"; turn: string }
  | { type: "continue" }
  | { type: "select"; turn: string }
  | { type: "delete"; turn: string }
  | { type: "turn"; id: string; message: ToTurn };

/** Return a message of the kernel, or `null` for what this page does not know. */
export function readChatMessage(data: Fields): FromChat | null {
  switch (data.type) {
    case "chat":
      return { type: "chat", ...readList(data, list(data.turns)) };
    case "turn": {
      const message = readMessage(data.message);
      return message && { type: "turn", id: string(data.id), message };
    }
    case "turns":
      return { type: "turns", snapshots: readSnapshots(list(data.turns).filter(isFields)) };
    case "refused":
      return { type: "refused", ...readRefusal(data) };
    case "pinned":
      return { type: "pinned" };
    default:
      return null;
  }
}

/** Return the value of the synced trait `state`, or `null` if it holds none. */
export function readChatState(data: unknown): ChatState | null {
  if (!isFields(data) || typeof data.rev !== "number") return null;
  const turns = list(data.turns).filter(isFields);
  const ids = turns.map(({ id }) => id);
  return { ...readList(data, ids), snapshots: readSnapshots(turns), tools: strings(data.tools) };
}

/** Return the texts of a list. */
export function strings(data: unknown): readonly string[] {
  return list(data).map(string).filter(Boolean);
}

function readSnapshots(turns: readonly Fields[]): ReadonlyMap<string, State> {
  const snapshots = new Map<string, State>();
  for (const turn of turns) {
    const state = readState(turn);
    if (state) snapshots.set(string(turn.id), state);
  }
  return snapshots;
}

/** No turn is in a list twice. */
function readList(data: Fields, ids: readonly unknown[]): List {
  return {
    rev: number(data.rev),
    turns: [...new Set(strings(ids))],
    queue: list(data.queue).filter(isFields).map(readQueued),
    branches: readBranches(data.branches),
    meter: readMeter(data.meter),
  };
}

function readBranches(data: unknown): ReadonlyMap<string, readonly string[]> {
  const branches = new Map<string, readonly string[]>();
  for (const [id, ids] of Object.entries(isFields(data) ? data : {})) {
    if (strings(ids).includes(id)) branches.set(id, strings(ids));
  }
  return branches;
}

function readMeter(data: unknown): Meter {
  const meter = isFields(data) ? data : {};
  return {
    context: numberOrNull(meter.context),
    window: numberOrNull(meter.window),
    cost: numberOrNull(meter.cost),
    currency: string(meter.currency),
  };
}

function readQueued(data: Fields): Queued {
  const attachments = list(data.attachments).filter(isFields).map(readAttachment);
  const prompt = { id: string(data.id), text: string(data.text) };
  return attachments.length ? { ...prompt, attachments } : prompt;
}

function readAttachment(data: Fields): Attachment {
  return { name: string(data.name), text: string(data.text) };
}

function readRefusal(data: Fields): Refusal {
  return { ...readQueued(data), message: string(data.message), remedy: string(data.remedy) };
}
