/** What a turn is known by: the `turn` of a snapshot. No I/O. */

import { type Fields, isFields, list, numberOrNull, string } from "./fields.ts";

export interface TurnInfo {
  readonly id: string;
  readonly model: string;
  readonly endpoint: string;
  readonly conversation: string;
  readonly simulated: boolean;
  readonly prompt: string;
  /** As on the wire: not there where there are none. */
  readonly attachments?: readonly Attached[];
}

/** What was sent along with a prompt: a file, or an object of the kernel. */
export interface Attached {
  readonly name: string;
  /** `file`, or what the object is. */
  readonly kind: string;
  /** An estimate; `null` is unknown. */
  readonly tokens: number | null;
  /** The beginning of its text. */
  readonly excerpt: string;
}

/** Read it from a snapshot. */
export function readTurnInfo(data: unknown): TurnInfo {
  const fields = isFields(data) ? data : {};
  const attachments = list(fields.attachments).filter(isFields).map(readAttached);
  return {
    id: string(fields.id),
    model: string(fields.model),
    endpoint: string(fields.endpoint),
    conversation: string(fields.conversation),
    simulated: fields.simulated === true,
    prompt: string(fields.prompt),
    ...(attachments.length > 0 && { attachments }),
  };
}

function readAttached(data: Fields): Attached {
  return {
    name: string(data.name),
    kind: string(data.kind) || "file",
    tokens: numberOrNull(data.tokens),
    excerpt: string(data.excerpt),
  };
}
