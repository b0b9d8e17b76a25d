/**
 * The view of a prompt and its turn. Of a long chat only what comes near to what is seen is drawn in full: until then an
 * exchange is its prompt, and room for its turn.
 */

import type { Words } from "../strings.ts";
import { element } from "../ui/dom.ts";
import type { Enrich } from "../ui/parts.ts";
import { TurnView } from "../ui/view.ts";
import { Actions, type ActionsHost } from "./actions.ts";
import { Branches, type Step } from "./branches.ts";
import { Editor, type EditorState } from "./editor.ts";
import { PromptView } from "./prompt.ts";
import { answerOf, type Exchange, hasAnswer, promptOf } from "./turns.ts";

/** A guess at the room that a turn will take, in pixels. */
const LINE = 22;
const LINE_CHARACTERS = 80;
const FRAME = 60;
/** Turns of another branch come by themselves: one that has not come by then is asked for. */
const COMES_MS = 1000;

/** What an exchange is shown with, and what the reader asks of it. */
export interface ExchangeHost extends ActionsHost {
  /** The words of the turn. */
  readonly say: Words;
  /** Called with every block of an answer that does not change any more. */
  readonly enrich?: Enrich | undefined;
  /** What can be done with an exchange now. */
  stateOf(exchange: Exchange): ExchangeState;
  /** Ask again, and go on with an answer that was cut off. */
  retry(): void;
  resume(): void;
  regenerate(exchange: Exchange): void;
  edit(exchange: Exchange, text: string): void;
  select(turn: string): void;
  remove(exchange: Exchange): void;
}

export interface ExchangeState extends EditorState {
  /** Of the last one alone. */
  readonly canRetry: boolean;
  readonly canContinue: boolean;
  /** Ids of the turn and those beside it, if there are any. */
  readonly versions: readonly string[];
}

/** What is there of a turn that is drawn in full. */
interface Drawn {
  readonly turn: TurnView;
  readonly ofPrompt: Actions;
  readonly ofAnswer: Actions;
  readonly branches: Branches;
  /** Shows what can be done. */
  update(state: ExchangeState): void;
}

export class ExchangeView {
  readonly root = element("div", "glm-exchange");
  readonly exchange: Exchange;
  readonly #host: ExchangeHost;
  readonly #prompt: PromptView;
  #drawn: Drawn | null = null;
  #editor: Editor | null = null;
  #edit: HTMLButtonElement | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(exchange: Exchange, host: ExchangeHost) {
    this.exchange = exchange;
    this.#host = host;
    this.#prompt = new PromptView(host.words);
    this.root.append(this.#prompt.block);
    this.#reserve();
    this.#prompt.update(exchange);
  }

  /** Whether the turn has told what it is. */
  get isKnown(): boolean {
    return this.exchange.turn.snapshot !== null;
  }

  /** What is written in the editor, and would be lost with it. */
  get unsent(): string {
    const text = this.#editor?.text ?? "";
    return text === promptOf(this.exchange).trim() ? "" : text;
  }

  /** Draw the turn, from now on. */
  show(): void {
    if (this.#drawn) return;
    this.#drawn = this.#draw();
    const { turn, ofPrompt, ofAnswer } = this.#drawn;
    const { block, attachments } = this.#prompt;
    block.after(attachments, ofPrompt.root, turn.root, ofAnswer.root);
    this.update();
    this.#reserve();
    if (!this.isKnown) this.#await();
  }

  /** The turn has told what it is. */
  know(): void {
    this.#prompt.update(this.exchange);
    this.update();
    this.#reserve();
  }

  /** Show what can be done now. */
  update(): void {
    if (!this.#drawn) return;
    const state = this.#host.stateOf(this.exchange);
    this.#editor?.update(state);
    this.#drawn.update(state);
  }

  /** The step to another version that has the focus. */
  stepOf(focused: Element | null): Step | null {
    return this.#drawn?.branches.stepOf(focused) ?? null;
  }

  /** Move the focus to the step to another version. */
  focusStep(step: Step): void {
    this.#drawn?.branches.focus(step);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#drawn?.turn.dispose();
    this.#drawn?.ofPrompt.dispose();
    this.#drawn?.ofAnswer.dispose();
    this.root.remove();
  }

  /** Keep room for a turn until it is known and drawn. */
  #reserve(): void {
    const isThere = this.#drawn && this.isKnown;
    this.root.style.minHeight = isThere ? "" : `${guess(this.exchange)}px`;
  }

  #await(): void {
    const { turn, sinceMs } = this.exchange;
    const leftMs = Math.max(0, sinceMs + COMES_MS - performance.now());
    this.#timer = setTimeout(() => {
      if (!this.isKnown) turn.request();
    }, leftMs);
  }

  #draw(): Drawn {
    const host = this.#host;
    const turn = new TurnView(this.exchange.turn, host.say, host.enrich);
    const branches = new Branches(host.words, (id) => host.select(id));
    const prompt = this.#makePromptActions();
    const answer = this.#makeAnswerActions(turn, branches);
    const update = (state: ExchangeState) => {
      prompt.update(state);
      answer.update(state);
      branches.update(this.exchange.id, state.versions, state.canChange);
    };
    return { turn, branches, ofPrompt: prompt.actions, ofAnswer: answer.actions, update };
  }

  #makePromptActions() {
    const { words, remove } = this.#host;
    const actions = new Actions(this.#host);
    actions.root.classList.add("glm-of-prompt");
    const text = () => promptOf(this.exchange);
    actions.addCopy(words.copyPrompt, { text, shown: () => this.#prompt.block });
    const edit = actions.add(words.edit, words.editPrompt, () => this.#beginEdit());
    const take = actions.addDelete(() => remove(this.exchange));
    this.#edit = edit;
    const update = ({ canChange, isGone }: ExchangeState) => {
      actions.root.hidden = this.#editor !== null;
      edit.hidden = isGone;
      take.hidden = isGone;
      take.disabled = !canChange;
    };
    return { actions, update };
  }

  #makeAnswerActions(turn: TurnView, branches: Branches) {
    const { words, retry, resume, regenerate } = this.#host;
    const actions = new Actions(this.#host);
    const goOn = actions.add(words.continueAnswer, words.continueAnswer, resume);
    const again = actions.add(words.retry, words.retry, retry);
    goOn.className = "glm-continue";
    again.className = "glm-retry";
    actions.root.append(branches.root);
    const text = () => answerOf(this.exchange);
    const copy = actions.addCopy(words.copyAnswer, { text, shown: () => turn.parts });
    const anew = actions.add(words.regenerate, words.regenerate, () => regenerate(this.exchange));
    const update = ({ canChange, canRetry, canContinue, isGone }: ExchangeState) => {
      again.hidden = !canRetry;
      goOn.hidden = !canContinue;
      copy.hidden = !hasAnswer(this.exchange);
      anew.hidden = isGone || canRetry || !this.isKnown;
      anew.disabled = !canChange;
    };
    return { actions, update };
  }

  #beginEdit(): void {
    const host = this.#host;
    const editor = new Editor(host.words, host.stateOf(this.exchange), {
      send: (text) => host.edit(this.exchange, text),
      cancel: () => this.#endEdit(),
    });
    this.#editor = editor;
    this.#prompt.block.hidden = true;
    this.#prompt.block.after(editor.root);
    editor.begin(promptOf(this.exchange));
    this.update();
  }

  #endEdit(): void {
    this.#editor?.root.remove();
    this.#editor = null;
    this.#prompt.block.hidden = false;
    this.update();
    this.#edit?.focus({ preventScroll: true });
  }
}

function guess({ turn }: Exchange): number {
  const parts = turn.snapshot?.parts ?? [];
  const shown = parts.filter(({ kind }) => kind === "text");
  const length = shown.reduce((sum, { text }) => sum + text.length, 0);
  return FRAME + LINE * Math.ceil(length / LINE_CHARACTERS);
}
