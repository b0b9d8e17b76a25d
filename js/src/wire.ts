/**
 * The messages of docs/channel.md as types. What comes in is checked here, and here only snake_case becomes camelCase.
 * No I/O.
 */

import {
  type Fields,
  isFields,
  isOneOf,
  list,
  number,
  numberOrNull,
  string,
  stringOrNull,
} from "./fields.ts";
import { readTurnInfo, type TurnInfo } from "./turn-info.ts";

export type PartKind = Part["kind"];
export type End = "complete" | "stopped" | "interrupted" | "cut_off" | "failed";
export type Status = "waiting" | "retrying" | "thinking" | "answering" | "calling" | End;

interface PartBase {
  readonly text: string;
  readonly startedS: number;
  readonly endedS: number | null;
}

export interface ProsePart extends PartBase {
  readonly kind: "thinking" | "text";
}

export type CallState =
  | "writing"
  | "queued"
  | "asking"
  | "waiting"
  | "running"
  | "done"
  | "failed"
  | "declined"
  | "stopped";

/** A tool call. Its text is its arguments, and it ends with its function, not with them. */
export interface CallPart extends PartBase {
  readonly kind: "tool_call";
  readonly id: string;
  readonly name: string;
  readonly state: CallState;
  /** When its function was entered. */
  readonly runS: number | null;
  readonly outputs: readonly Output[];
  readonly result: Result | null;
}

export type Part = ProsePart | CallPart;

/** What a tool printed or displayed, of any type. */
export interface Output {
  readonly mime: string;
  /** Base64 of a picture; else a text. */
  readonly data: string;
}

export interface Result {
  /** What the model is told. */
  readonly text: string;
  readonly traceback: string;
}

export interface Usage {
  readonly inputTokens: number | null;
  readonly cachedTokens: number | null;
  readonly outputTokens: number | null;
  readonly thinkingTokens: number | null;
}

export interface Failure {
  readonly kind: string;
  readonly message: string;
  readonly remedy: string;
  readonly status: number | null;
  readonly code: string | null;
  readonly requestId: string | null;
}

/** A request that is sent again, `delayS` after `atS`. */
export interface Retry {
  /** What failed. */
  readonly message: string;
  /** Number of the request that will be sent, of at most `attempts`. */
  readonly attempt: number;
  readonly attempts: number;
  readonly atS: number;
  readonly delayS: number;
}

export interface Snapshot {
  readonly version: number;
  readonly seq: number;
  readonly turn: TurnInfo;
  readonly status: Status;
  readonly parts: readonly Part[];
  readonly usage: Usage | null;
  readonly finishReason: string | null;
  readonly firstTokenS: number | null;
  readonly elapsedS: number | null;
  readonly error: Failure | null;
  readonly retry: Retry | null;
  readonly notes: readonly string[];
}

export type TurnEvent =
  | { type: "part_started"; kind: PartKind; atS: number; id: string; name: string }
  | { type: "delta"; index: number; text: string }
  | { type: "tool_named"; index: number; id: string; name: string }
  | { type: "part_ended"; index: number; atS: number }
  | { type: "tool_state"; index: number; state: CallState; atS: number }
  | { type: "tool_output"; index: number; output: Output }
  | { type: "tool_result"; index: number; result: Result }
  | { type: "round"; atS: number }
  | { type: "usage"; usage: Usage }
  | { type: "note"; text: string }
  | { type: "restarted"; kept: number }
  | ({ type: "retrying" } & Retry)
  | { type: "retried" }
  | {
      type: "finished";
      status: End;
      finishReason: string | null;
      error: Failure | null;
      atS: number;
    }
  | { type: "unknown" };

/** A snapshot and the age of its turn at that moment. */
export interface State {
  readonly nowS: number;
  readonly snapshot: Snapshot;
}

export type Incoming =
  | { type: "events"; seq: number; nowS: number; events: readonly TurnEvent[] }
  | ({ type: "snapshot" } & State)
  | { type: "pinned" };

export type Outgoing =
  | { type: "ready"; page: string; language: string }
  | { type: "snapshot_request" }
  | { type: "stop" }
  | CallRequest;

/** What the reader asks of one tool call. */
export type CallRequest =
  | { type: "approve"; index: number; always: boolean }
  | { type: "decline"; index: number; reason: string }
  | { type: "stop_call"; index: number };

const KINDS: readonly PartKind[] = ["thinking", "text", "tool_call"];
const CALL_ENDS: readonly CallState[] = ["done", "failed", "declined", "stopped"];
const CALL_STATES: readonly CallState[] = [
  "writing",
  "queued",
  "asking",
  "waiting",
  "running",
  ...CALL_ENDS,
];
const ENDS: readonly End[] = ["complete", "stopped", "interrupted", "cut_off", "failed"];
const STATUSES: readonly Status[] = [
  "waiting",
  "retrying",
  "thinking",
  "answering",
  "calling",
  ...ENDS,
];

/** Tell whether a turn with this status has ended. */
export function isEnd(status: Status): status is End {
  return (ENDS as readonly Status[]).includes(status);
}

/** Tell whether a tool call in this state has ended. */
export function isCallEnd(state: CallState): boolean {
  return CALL_ENDS.includes(state);
}

/** Return a message of the kernel, or `null` for what this page does not know. */
export function readMessage(data: unknown): Incoming | null {
  if (!isFields(data)) return null;
  switch (data.type) {
    case "events":
      return readBatch(data);
    case "snapshot": {
      const state = readState(data);
      return state && { type: "snapshot", ...state };
    }
    case "pinned":
      return { type: "pinned" };
    default:
      return null;
  }
}

/** Return the value of the synced trait `state`, or `null` if it holds none. */
export function readState(data: unknown): State | null {
  if (!isFields(data)) return null;
  const snapshot = readSnapshot(data.snapshot);
  return snapshot && { nowS: number(data.now_s), snapshot };
}

/** Return a snapshot, or `null` if it is none. */
export function readSnapshot(data: unknown): Snapshot | null {
  if (!isFields(data) || typeof data.seq !== "number" || !isOneOf(STATUSES, data.status)) {
    return null;
  }
  return {
    version: number(data.version),
    seq: data.seq,
    turn: readTurnInfo(data.turn),
    status: data.status,
    parts: list(data.parts).map(readPart),
    usage: readUsage(data.usage),
    finishReason: stringOrNull(data.finish_reason),
    firstTokenS: numberOrNull(data.first_token_s),
    elapsedS: numberOrNull(data.elapsed_s),
    error: readFailure(data.error),
    retry: isFields(data.retry) ? readRetry(data.retry) : null,
    notes: list(data.notes).map(string),
  };
}

/** Return an event; one that this page does not know, or cannot read, has the type `unknown`. */
export function readEvent(data: unknown): TurnEvent {
  const type = isFields(data) ? string(data.type) : "";
  const reader = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  return (isFields(data) && reader?.(data)) || { type: "unknown" };
}

const READERS: Readonly<Record<string, ((data: Fields) => TurnEvent | null) | undefined>> = {
  part_started: (data) =>
    isOneOf(KINDS, data.kind)
      ? {
          type: "part_started",
          kind: data.kind,
          atS: number(data.at_s),
          id: string(data.id),
          name: string(data.name),
        }
      : null,
  delta: (data) => ({ type: "delta", index: number(data.index), text: string(data.text) }),
  tool_named: (data) => ({
    type: "tool_named",
    index: number(data.index),
    id: string(data.id),
    name: string(data.name),
  }),
  part_ended: (data) => ({ type: "part_ended", index: number(data.index), atS: number(data.at_s) }),
  tool_state: (data) =>
    isOneOf(CALL_STATES, data.state)
      ? {
          type: "tool_state",
          index: number(data.index),
          state: data.state,
          atS: number(data.at_s),
        }
      : null,
  tool_output: (data) =>
    isFields(data.output)
      ? { type: "tool_output", index: number(data.index), output: readOutput(data.output) }
      : null,
  tool_result: (data) => {
    const result = readResult(data.result);
    return result && { type: "tool_result", index: number(data.index), result };
  },
  round: (data) => ({ type: "round", atS: number(data.at_s) }),
  usage: (data) => {
    const usage = readUsage(data.usage);
    return usage && { type: "usage", usage };
  },
  note: (data) => ({ type: "note", text: string(data.text) }),
  restarted: (data) => ({ type: "restarted", kept: number(data.kept) }),
  retrying: (data) => ({ type: "retrying", ...readRetry(data) }),
  retried: () => ({ type: "retried" }),
  finished: (data) =>
    isOneOf(ENDS, data.status)
      ? {
          type: "finished",
          status: data.status,
          finishReason: stringOrNull(data.finish_reason),
          error: readFailure(data.error),
          atS: number(data.at_s),
        }
      : null,
};

function readBatch(data: Fields): Incoming | null {
  if (typeof data.seq !== "number" || !Array.isArray(data.events)) return null;
  return {
    type: "events",
    seq: data.seq,
    nowS: number(data.now_s),
    events: data.events.map(readEvent),
  };
}

function readPart(data: unknown): Part {
  const fields = isFields(data) ? data : {};
  const base = {
    text: string(fields.text),
    startedS: number(fields.started_s),
    endedS: numberOrNull(fields.ended_s),
  };
  if (fields.kind === "tool_call") return { kind: fields.kind, ...base, ...readCall(fields) };
  return { kind: fields.kind === "thinking" ? "thinking" : "text", ...base };
}

/** An old kernel tells no more of a call than its name. */
function readCall(fields: Fields): Omit<CallPart, "kind" | keyof PartBase> {
  return {
    id: string(fields.id),
    name: string(fields.name),
    state: isOneOf(CALL_STATES, fields.state) ? fields.state : "writing",
    runS: numberOrNull(fields.run_s),
    outputs: list(fields.outputs).map(readOutput),
    result: readResult(fields.result),
  };
}

function readOutput(data: unknown): Output {
  const fields = isFields(data) ? data : {};
  return { mime: string(fields.mime), data: string(fields.data) };
}

function readResult(data: unknown): Result | null {
  if (!isFields(data)) return null;
  return { text: string(data.text), traceback: string(data.traceback) };
}

function readUsage(data: unknown): Usage | null {
  if (!isFields(data)) return null;
  return {
    inputTokens: numberOrNull(data.input_tokens),
    cachedTokens: numberOrNull(data.cached_tokens),
    outputTokens: numberOrNull(data.output_tokens),
    thinkingTokens: numberOrNull(data.thinking_tokens),
  };
}

function readFailure(data: unknown): Failure | null {
  if (!isFields(data)) return null;
  return {
    kind: string(data.kind),
    message: string(data.message),
    remedy: string(data.remedy),
    status: numberOrNull(data.status),
    code: stringOrNull(data.code),
    requestId: stringOrNull(data.request_id),
  };
}

function readRetry(data: Fields): Retry {
  return {
    message: string(data.message),
    attempt: number(data.attempt),
    attempts: number(data.attempts),
    atS: number(data.at_s),
    delayS: number(data.delay_s),
  };
}
