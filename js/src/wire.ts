/**
 * The messages of docs/channel.md as types. What comes in is checked here, and here only snake_case becomes camelCase.
 * No I/O.
 */

export type PartKind = "thinking" | "text" | "tool_call";
export type End = "complete" | "stopped" | "interrupted" | "cut_off" | "failed";
export type Status = "waiting" | "thinking" | "answering" | "calling" | End;

export interface Part {
  readonly kind: PartKind;
  /** Of a tool call only. */
  readonly id?: string;
  /** Of a tool call only. */
  readonly name?: string;
  readonly text: string;
  readonly startedS: number;
  readonly endedS: number | null;
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

export interface TurnInfo {
  readonly id: string;
  readonly model: string;
  readonly endpoint: string;
  readonly conversation: string;
  readonly simulated: boolean;
  readonly prompt: string;
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
  readonly notes: readonly string[];
}

export type TurnEvent =
  | { type: "part_started"; kind: PartKind; atS: number; id: string; name: string }
  | { type: "delta"; index: number; text: string }
  | { type: "tool_named"; index: number; id: string; name: string }
  | { type: "part_ended"; index: number; atS: number }
  | { type: "usage"; usage: Usage }
  | { type: "note"; text: string }
  | { type: "restarted" }
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
  | { type: "stop" };

type Fields = Readonly<Record<string, unknown>>;

const KINDS: readonly string[] = ["thinking", "text", "tool_call"];
const ENDS: readonly string[] = ["complete", "stopped", "interrupted", "cut_off", "failed"];
const STATUSES: readonly string[] = ["waiting", "thinking", "answering", "calling", ...ENDS];

/** Tell whether a turn with this status has ended. */
export function isEnd(status: Status): status is End {
  return ENDS.includes(status);
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
  if (!isFields(data) || typeof data.seq !== "number" || !isOneOf<Status>(STATUSES, data.status)) {
    return null;
  }
  return {
    version: number(data.version),
    seq: data.seq,
    turn: readTurn(data.turn),
    status: data.status,
    parts: list(data.parts).map(readPart),
    usage: readUsage(data.usage),
    finishReason: stringOrNull(data.finish_reason),
    firstTokenS: numberOrNull(data.first_token_s),
    elapsedS: numberOrNull(data.elapsed_s),
    error: readFailure(data.error),
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
    isOneOf<PartKind>(KINDS, data.kind)
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
  usage: (data) => {
    const usage = readUsage(data.usage);
    return usage && { type: "usage", usage };
  },
  note: (data) => ({ type: "note", text: string(data.text) }),
  restarted: () => ({ type: "restarted" }),
  finished: (data) =>
    isOneOf<End>(ENDS, data.status)
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

function readTurn(data: unknown): TurnInfo {
  const fields = isFields(data) ? data : {};
  return {
    id: string(fields.id),
    model: string(fields.model),
    endpoint: string(fields.endpoint),
    conversation: string(fields.conversation),
    simulated: fields.simulated === true,
    prompt: string(fields.prompt),
  };
}

function readPart(data: unknown): Part {
  const fields = isFields(data) ? data : {};
  const kind = isOneOf<PartKind>(KINDS, fields.kind) ? fields.kind : "text";
  return {
    kind,
    ...(kind === "tool_call" ? { id: string(fields.id), name: string(fields.name) } : {}),
    text: string(fields.text),
    startedS: number(fields.started_s),
    endedS: numberOrNull(fields.ended_s),
  };
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

function isFields(data: unknown): data is Fields {
  return typeof data === "object" && data !== null && !Array.isArray(data);
}

function isOneOf<T extends string>(known: readonly string[], data: unknown): data is T {
  return typeof data === "string" && known.includes(data);
}

function list(data: unknown): readonly unknown[] {
  return Array.isArray(data) ? data : [];
}

function string(data: unknown): string {
  return typeof data === "string" ? data : "";
}

function stringOrNull(data: unknown): string | null {
  return typeof data === "string" ? data : null;
}

function number(data: unknown): number {
  return typeof data === "number" ? data : 0;
}

function numberOrNull(data: unknown): number | null {
  return typeof data === "number" ? data : null;
}
