/**
 * Keeps the transcript of a chat in the file of the notebook: each prompt and its settled answer, as they come to be.
 *
 * It stands in an output of its own, which is not shown while the chat is (styles/chat.css), so nothing is drawn for
 * it, however long it grows.
 */

import { type Fields, isFields, string } from "../fields.ts";
import { KEPT_FOR, type Place, placesWith, VIEW_OF } from "../notebook.ts";
import type { ChatLink } from "./link.ts";

/** How long changes are gathered: longer where there is more to save each time. */
const DELAY_MS = 500;
const CHARACTERS_PER_MS = 1000;
/** How often a turn that runs is kept as far as it has come. */
const RUNNING_MS = 5000;
/** By this element the style finds the output, see glm_notebook/transcript.py. */
const MARK = '<div class="glm-kept"></div>';
const VIEW_MIME = "application/vnd.jupyter.widget-view+json";
const BETWEEN = "\n\n";

/** What is kept of a turn. */
interface Settled {
  readonly markdown: string;
  readonly plain: string;
}

export class Keeper {
  readonly #model: unknown;
  readonly #id: string;
  readonly #link: ChatLink;
  readonly #settled = new Map<string, Settled>();
  readonly #unsubscribe: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Which turn ran when it was last kept, when that was, and what had come of it. */
  #running: { readonly id: string; readonly at: number; readonly settled: Settled } | null = null;
  /** What was saved of the view when the kernel was lost. */
  #lostView: Fields | null = null;
  /** Characters of what was saved last. */
  #length = 0;
  /** Whether something has changed since what is being kept was asked for. */
  #isStale = false;
  #isDisposed = false;

  /** `id` is what the outputs that keep it name the chat by. */
  constructor(model: unknown, id: string, link: ChatLink) {
    this.#model = model;
    this.#id = id;
    this.#link = link;
    this.#unsubscribe = link.subscribe(() => this.#schedule());
    this.#schedule();
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#unsubscribe();
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#isDisposed) return;
    this.#isStale = true;
    const delay = DELAY_MS + this.#length / CHARACTERS_PER_MS;
    this.#timer ??= setTimeout(() => this.#keep(), delay);
  }

  /** Ask for what is not known yet, and save all. One at a time: what changes meanwhile is kept next. */
  async #keep(): Promise<void> {
    this.#isStale = false;
    this.#keepView();
    try {
      if (this.#places.length > 0) await this.#save(this.#link.exchanges.map(({ id }) => id));
    } catch {
      // The kernel cannot be asked now. What is kept stays, and the next change is another occasion.
    }
    this.#timer = undefined;
    if (this.#isStale) this.#schedule();
  }

  /** Without its kernel a view can never be drawn again: where the file is opened, an error would stand in its place. */
  #keepView(): void {
    const { gone } = this.#link;
    if (gone === (this.#lostView !== null)) return;
    for (const { data, save } of placesWith(VIEW_OF, this.#id, this.#model)) {
      const { [VIEW_MIME]: _, ...rest } = data;
      save(gone ? rest : (this.#lostView ?? data));
      this.#lostView = gone ? data : null;
    }
  }

  /** None where the view was settled: the transcript has taken its place. */
  get #places(): readonly Place[] {
    const hasView = placesWith(VIEW_OF, this.#id, this.#model).length > 0;
    return hasView ? placesWith(KEPT_FOR, this.#id, this.#model) : [];
  }

  async #save(ids: readonly string[]): Promise<void> {
    await this.#ask(ids.filter((id) => !this.#settled.has(id)));
    const wanted = new Set(ids);
    for (const id of this.#settled.keys()) if (!wanted.has(id)) this.#settled.delete(id);
    const running = this.#running;
    const kept = ids.flatMap((id) => {
      return this.#settled.get(id) ?? (running?.id === id ? running.settled : []);
    });
    const markdown = [MARK, ...kept.map((one) => one.markdown)].join(BETWEEN);
    this.#length = markdown.length;
    const data = {
      "text/markdown": markdown,
      "text/plain": kept.map(({ plain }) => plain).join(BETWEEN),
    };
    // Sought again: the page may have drawn its outputs anew since the question.
    for (const place of this.#places) place.save(data);
  }

  async #ask(ids: readonly string[]): Promise<void> {
    const isRunning = this.#link.running !== null;
    const sinceKept = performance.now() - (this.#running?.at ?? Number.NEGATIVE_INFINITY);
    if (ids.length === 0 || (ids.length === 1 && isRunning && sinceKept < RUNNING_MS)) return;
    const { turns } = await this.#link.asks.ask("settled", { ids });
    this.#running = null;
    for (const [id, turn] of Object.entries(isFields(turns) ? turns : {})) {
      if (isFields(turn)) this.#take(id, turn);
    }
  }

  #take(id: string, turn: Fields): void {
    const settled = { markdown: string(turn.markdown), plain: string(turn.plain) };
    if (turn.done === true) this.#settled.set(id, settled);
    else this.#running = { id, at: performance.now(), settled };
  }
}
