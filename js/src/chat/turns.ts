/** The turns of a chat, and what can be done with them. No I/O. */

import type { Turn } from "../turn.ts";
import { isEnd, type Snapshot } from "../wire.ts";

/** A prompt and its turn. */
export interface Exchange {
  readonly id: string;
  readonly turn: Turn;
  /** The prompt as this page knows it until the turn tells. */
  readonly sent: string;
  /** Since when it is in the list, of `performance.now()`. */
  readonly sinceMs: number;
}

/** The prompt of an exchange. */
export function promptOf({ turn, sent }: Exchange): string {
  return turn.snapshot?.turn.prompt ?? sent;
}

/** The answer of a turn, as the model has written it. */
export function answerOf({ turn }: Exchange): string {
  return pieces(turn.snapshot).join("\n\n");
}

/** Whether there is something of an answer. */
export function hasAnswer({ turn }: Exchange): boolean {
  return pieces(turn.snapshot).length > 0;
}

/** Whether a turn ended otherwise than well, and can be asked again. */
export function canRetry(turn: Turn | undefined): boolean {
  const status = turn?.snapshot?.status;
  return status !== undefined && isEnd(status) && status !== "complete";
}

/** Whether a turn ended in the middle of its answer: what came last is a piece of it. */
export function canContinue(turn: Turn | undefined): boolean {
  const snapshot = turn?.snapshot;
  const last = snapshot?.parts.at(-1);
  if (!snapshot || last?.kind !== "text" || !/\S/.test(last.text)) return false;
  const isFull = snapshot.status === "complete" && snapshot.finishReason === "length";
  return isFull || ["stopped", "interrupted", "cut_off"].includes(snapshot.status);
}

function pieces(snapshot: Snapshot | null): string[] {
  const texts = snapshot?.parts.filter(({ kind }) => kind === "text") ?? [];
  return texts.map(({ text }) => text).filter((text) => /\S/.test(text));
}
