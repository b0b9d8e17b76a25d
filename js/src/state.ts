/** What a turn has come to, as a fold over its events: the rules are those of docs/channel.md. No I/O. */

import type { Incoming, Part, PartKind, Snapshot, Status, TurnEvent } from "./wire.ts";

type EventOf<T extends TurnEvent["type"]> = Extract<TurnEvent, { type: T }>;
type Batch = Extract<Incoming, { type: "events" }>;

const STATUS_OF_PART: Readonly<Record<PartKind, Status>> = {
  thinking: "thinking",
  text: "answering",
  tool_call: "calling",
};

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
      return withPart(snapshot, event.index, (part) => named(part, event));
    case "part_ended":
      return withPart(snapshot, event.index, (part) => ({ ...part, endedS: event.atS }));
    case "usage":
      return { ...snapshot, usage: event.usage };
    case "note":
      return { ...snapshot, notes: [...snapshot.notes, event.text] };
    case "restarted":
      return { ...snapshot, parts: [], status: "waiting" };
    case "finished":
      return finished(snapshot, event);
    case "unknown":
      return snapshot;
    default:
      return event satisfies never;
  }
}

function partStarted(snapshot: Snapshot, event: EventOf<"part_started">): Snapshot {
  const part: Part = { kind: event.kind, text: "", startedS: event.atS, endedS: null };
  return {
    ...snapshot,
    parts: [...snapshot.parts, event.kind === "tool_call" ? named(part, event) : part],
    status: STATUS_OF_PART[event.kind],
    firstTokenS: snapshot.firstTokenS ?? event.atS,
  };
}

function finished(snapshot: Snapshot, event: EventOf<"finished">): Snapshot {
  return {
    ...snapshot,
    status: event.status,
    finishReason: event.finishReason,
    error: event.error,
    elapsedS: event.atS,
    parts: snapshot.parts.map((part) => ({ ...part, endedS: part.endedS ?? event.atS })),
  };
}

function named(part: Part, names: { id: string; name: string }): Part {
  return { ...part, id: names.id, name: names.name };
}

/** Change one part. One that does not exist belongs to a kind that this page does not know. */
function withPart(snapshot: Snapshot, index: number, change: (part: Part) => Part): Snapshot {
  return {
    ...snapshot,
    parts: snapshot.parts.map((part, at) => (at === index ? change(part) : part)),
  };
}
