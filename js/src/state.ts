/** What a turn has come to, as a fold over its events: the rules are those of docs/channel.md. No I/O. */

import {
  type CallPart,
  type Incoming,
  isCallEnd,
  type Output,
  type Part,
  type PartKind,
  type Snapshot,
  type Status,
  type TurnEvent,
} from "./wire.ts";

type EventOf<T extends TurnEvent["type"]> = Extract<TurnEvent, { type: T }>;
type Batch = Extract<Incoming, { type: "events" }>;

const STATUS_OF_PART: Readonly<Record<PartKind, Status>> = {
  thinking: "thinking",
  text: "answering",
  tool_call: "calling",
};

const TEXT = "text/plain";

/** Return the snapshot after one event. The one given is not changed. */
export function fold(snapshot: Snapshot, event: TurnEvent): Snapshot {
  return { ...applied(snapshot, event), seq: snapshot.seq + 1 };
}

/**
 * Return the snapshot after a batch, from its first unknown event on; the same one if all were known; `null` if events
 * before it are missing.
 */
export function applyBatch(snapshot: Snapshot, batch: Batch): Snapshot | null {
  const known = snapshot.seq + 1 - batch.seq;
  return known < 0 ? null : batch.events.slice(known).reduce(fold, snapshot);
}

function applied(snapshot: Snapshot, event: TurnEvent): Snapshot {
  switch (event.type) {
    case "part_started":
      return partStarted(snapshot, event);
    case "delta":
      return withPart(snapshot, event.index, (part) => ({ ...part, text: part.text + event.text }));
    case "tool_named":
      return withCall(snapshot, event.index, (call) => named(call, event));
    case "part_ended":
      return withPart(snapshot, event.index, (part) => ({ ...part, endedS: event.atS }));
    case "tool_state":
      return withCall(snapshot, event.index, (call) => inState(call, event));
    case "tool_output":
      return withCall(snapshot, event.index, (call) => withOutput(call, event.output));
    case "tool_result":
      return withCall(snapshot, event.index, (call) => ({ ...call, result: event.result }));
    case "round":
      return { ...snapshot, status: "waiting" };
    case "usage":
      return { ...snapshot, usage: event.usage };
    case "note":
      return { ...snapshot, notes: [...snapshot.notes, event.text] };
    case "restarted":
      return { ...snapshot, parts: snapshot.parts.slice(0, event.kept), status: "waiting" };
    case "retrying":
      return retrying(snapshot, event);
    case "retried":
      return { ...snapshot, status: "waiting", retry: null };
    case "finished":
      return finished(snapshot, event);
    case "unknown":
      return snapshot;
    default:
      return event satisfies never;
  }
}

function partStarted(snapshot: Snapshot, event: EventOf<"part_started">): Snapshot {
  return {
    ...snapshot,
    parts: [...snapshot.parts, begun(event)],
    status: STATUS_OF_PART[event.kind],
    retry: null,
    firstTokenS: snapshot.firstTokenS ?? event.atS,
  };
}

function begun({ kind, atS, id, name }: EventOf<"part_started">): Part {
  const base = { text: "", startedS: atS, endedS: null };
  if (kind !== "tool_call") return { kind, ...base };
  return { kind, ...base, id, name, state: "writing", runS: null, outputs: [], result: null };
}

function retrying(snapshot: Snapshot, event: EventOf<"retrying">): Snapshot {
  const { type: _, ...retry } = event;
  return { ...snapshot, status: "retrying", retry };
}

function finished(snapshot: Snapshot, event: EventOf<"finished">): Snapshot {
  return {
    ...snapshot,
    status: event.status,
    finishReason: event.finishReason,
    error: event.error,
    elapsedS: event.atS,
    retry: null,
    parts: snapshot.parts.map((part) => ended(part, event.atS)),
  };
}

/** End what has not ended: a call whose function has not come to its own end was stopped. */
function ended(part: Part, atS: number): Part {
  const endedS = part.endedS ?? atS;
  if (part.kind !== "tool_call" || isCallEnd(part.state)) return { ...part, endedS };
  return { ...part, endedS, state: "stopped" };
}

function named(call: CallPart, { id, name }: EventOf<"tool_named">): CallPart {
  return { ...call, id, name };
}

function inState(call: CallPart, { state, atS }: EventOf<"tool_state">): CallPart {
  return {
    ...call,
    state,
    runS: state === "running" ? atS : call.runS,
    endedS: isCallEnd(state) ? atS : call.endedS,
  };
}

/** Text that follows text goes on with it; all else is a new output. */
function withOutput(call: CallPart, output: Output): CallPart {
  const last = call.outputs.at(-1);
  if (last?.mime !== TEXT || output.mime !== TEXT) {
    return { ...call, outputs: [...call.outputs, output] };
  }
  const joined = { mime: TEXT, data: last.data + output.data };
  return { ...call, outputs: [...call.outputs.slice(0, -1), joined] };
}

/** Change a tool call. */
function withCall(
  snapshot: Snapshot,
  index: number,
  change: (call: CallPart) => CallPart,
): Snapshot {
  return withPart(snapshot, index, (part) => (part.kind === "tool_call" ? change(part) : part));
}

/** Change one part. One that does not exist belongs to a kind that this page does not know. */
function withPart(snapshot: Snapshot, index: number, change: (part: Part) => Part): Snapshot {
  return {
    ...snapshot,
    parts: snapshot.parts.map((part, at) => (at === index ? change(part) : part)),
  };
}
