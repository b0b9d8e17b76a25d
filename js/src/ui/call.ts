/** A tool call as text: on one line, as `glm_notebook/settle.py` writes it, and its arguments in full. No DOM. */

import { visible } from "../markdown/visible.ts";
import { clock, duration, fill, SEPARATOR, UNKNOWN, type Words } from "../strings.ts";
import { type CallPart, isCallEnd } from "../wire.ts";

/** Most characters of the arguments on one line. */
const CALL_MAX = 200;
/** A value is broken into lines where it is longer than this, */
const LINE_MAX = 72;
/** and not deeper than this. */
const DEPTH_MAX = 4;
/** No clock is shown for what is hardly a wait. */
const SHOWN_S = 0.5;

/** A string's inside, or a number. */
const ATOM = /"((?:[^"\\]|\\.)*)"|-?\d[\d.eE+-]*/g;
/** Marks what was a string, a key as well. */
const STRING = "'";
/** Marks what was a number. */
const NUMBER = "#";

/** Return how a call fares, and for how long it has, or did. */
export function callState(call: CallPart, ageS: number, say: Words): string {
  const word = say.states[call.state];
  const time = isCallEnd(call.state) ? ranFor(call, say) : running(call, ageS, say);
  return time ? word + SEPARATOR + time : word;
}

function ranFor({ runS, endedS }: CallPart, say: Words): string {
  return runS === null || endedS === null ? "" : duration(Math.max(0, endedS - runS), say);
}

function running({ state, runS, startedS }: CallPart, ageS: number, say: Words): string {
  const sinceS = state === "running" ? runS : state === "writing" ? startedS : null;
  if (sinceS === null || ageS - sinceS < SHOWN_S) return "";
  return clock(ageS - sinceS, say);
}

/** Return what a screen reader is told when a call has come to its state; empty for what is not worth a word. */
export function callNews({ state, name }: CallPart, say: Words): string {
  const called = visible(name) || UNKNOWN;
  if (state === "writing" || state === "queued") return "";
  return state === "asking" ? fill(say.asks, called) : `${called}: ${say.states[state]}`;
}

/** Tell whether the model has written all of a call's arguments. */
export function isWritten({ state, endedS }: CallPart): boolean {
  return state !== "writing" || endedS !== null;
}

/** Write the arguments as Python would, or as they came where they are no JSON object, or not complete. */
export function callText(json: string, isComplete: boolean): string {
  const written = isComplete ? inPython(json) : json;
  if (written.length > CALL_MAX) return `${written.slice(0, CALL_MAX - 1)}…`;
  return isComplete ? written : `${written}…`;
}

/** Write complete arguments in full, as JSON in lines; as they came where they are no JSON object. */
export function argumentsText(json: string): string {
  return fromJson(json, (values) => pretty(values, 0)) ?? json;
}

function inPython(json: string): string {
  const write = (values: Values) => items(values).map(([k, v]) => `${k.slice(1)}=${dumps(v)}`);
  return fromJson(json || "{}", (values) => write(values).join(", ")) ?? json;
}

type Values = Record<string, unknown>;

/** Write an object; undefined where it is none, or nested so deep that the stack ends before it does. */
function fromJson(json: string, write: (values: Values) => string): string | undefined {
  try {
    JSON.parse(json); // or it throws
    const value: unknown = JSON.parse(json.replace(ATOM, marked));
    return isObject(value) ? write(value) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Make a number a string, and mark both kinds: as a number, `1.0` would become `1`, and a large one another. The mark
 * on a key keeps `"1"` in its place too.
 */
function marked(atom: string, inside: string | undefined): string {
  return inside === undefined ? `"${NUMBER}${atom}"` : `"${STRING}${inside}"`;
}

/** Write a value as `json.dumps` does, which sets a space after commas and colons. */
function dumps(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(dumps).join(", ")}]`;
  if (isObject(value))
    return `{${items(value)
      .map(([k, v]) => keyed(k, dumps(v)))
      .join(", ")}}`;
  if (typeof value !== "string") return String(value);
  return value.startsWith(NUMBER) ? value.slice(1) : JSON.stringify(value.slice(1));
}

function pretty(value: unknown, depth: number): string {
  const short = dumps(value);
  const isLong = depth === 0 || short.length > LINE_MAX;
  if (!isLong || depth > DEPTH_MAX || typeof value !== "object" || value === null) return short;
  const lines = Array.isArray(value)
    ? value.map((one) => pretty(one, depth + 1))
    : items(value as Values).map(([k, v]) => keyed(k, pretty(v, depth + 1)));
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const indent = "  ".repeat(depth);
  return `${open}\n${lines.map((line) => `${indent}  ${line}`).join(",\n")}\n${indent}${close}`;
}

function keyed(key: string, written: string): string {
  return `${JSON.stringify(key.slice(1))}: ${written}`;
}

function items(values: Values): [key: string, value: unknown][] {
  return Object.entries(values);
}

function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
