/** A tool call: one line that says what is called and how it fares; folded below it, what went in and what came out. */

import { visible } from "../markdown/visible.ts";
import { fill, UNKNOWN, type Words } from "../strings.ts";
import { type CallPart, type CallRequest, isCallEnd, type Part, type Result } from "../wire.ts";
import { Question } from "./asking.ts";
import { argumentsText, callState, callText, isWritten } from "./call.ts";
import { element, setText } from "./dom.ts";
import { Outputs, scrollingText } from "./outputs.ts";
import type { PartHost, PartView, Surroundings } from "./parts.ts";
import { PlainText } from "./plain.ts";

/** Longer arguments are written out below the line. */
const LINE_MAX = 60;

export class CallCard implements PartView {
  readonly root = element("div", "glm-call");
  readonly #index: number;
  readonly #host: PartHost;
  readonly #say: Words;
  readonly #fold = element("details", "glm-card");
  readonly #summary = element("summary");
  readonly #code = element("code");
  readonly #state = element("span", "glm-state");
  readonly #stop = element("button", "glm-stop-call");
  readonly #unheard = element("p", "glm-unheard");
  readonly #body = element("div", "glm-body");
  readonly #arguments: Arguments;
  readonly #outputs: Outputs;
  #call: CallPart | null = null;
  #isMore = false;
  #question: Question | null = null;
  #hasResult = false;
  /** Whether the reader has opened or closed it by hand: then it is theirs. */
  #isTheirs = false;

  constructor(index: number, host: PartHost) {
    this.#index = index;
    this.#host = host;
    this.#say = host.say;
    this.#arguments = new Arguments(this.#say);
    this.#outputs = new Outputs(this.#say);
    this.#build();
  }

  #build(): void {
    this.#code.dir = "ltr";
    this.#summary.append(this.#code, this.#state);
    this.#summary.addEventListener("click", () => {
      this.#isTheirs = true;
    });
    this.#stop.type = "button";
    this.#stop.textContent = this.#say.stop;
    this.#stop.hidden = true;
    this.#stop.addEventListener("click", () =>
      this.#request({ type: "stop_call", index: this.#index }),
    );
    this.#unheard.hidden = true;
    this.#unheard.setAttribute("role", "status");
    this.#body.append(this.#arguments.root, this.#outputs.root);
    this.#fold.append(this.#summary, this.#body);
    this.root.append(this.#fold, this.#stop, this.#unheard);
  }

  update(part: Part, { ageS, isRunning, deadline }: Surroundings): boolean {
    if (part.kind !== "tool_call") return false;
    setText(this.#state, callState(part, ageS, this.#say));
    // A call may be long, and other parts go on.
    if (part !== this.#call || this.#isMore) this.#show(part, deadline);
    this.#showControls(part, isRunning);
    this.#open(part);
    return this.#isMore;
  }

  #show(call: CallPart, deadline: number): void {
    this.#call = call;
    this.root.dataset.state = call.state;
    const written = callText(call.text, isWritten(call));
    setText(this.#code, visible(`${call.name || UNKNOWN}(${written})`));
    this.#arguments.update(call);
    const isOver = isCallEnd(call.state);
    this.#isMore = this.#outputs.update(call, isOver, deadline);
    if (isOver) this.#showResult(call);
  }

  /** With outputs to see, the result stays folded: it is for the model. */
  #showResult({ result, outputs }: CallPart): void {
    if (result === null || this.#hasResult) return;
    this.#hasResult = true;
    this.#body.append(...sections(result, outputs.length === 0, this.#say));
  }

  #showControls(call: CallPart, isRunning: boolean): void {
    const asked = this.#host.calls.of(this.#index);
    const name = visible(call.name) || UNKNOWN;
    const isUnheard = asked?.isUnheard ?? false;
    const isAsking = isRunning && call.state === "asking";
    if ((this.#question && !isAsking) || (!this.#unheard.hidden && !isUnheard)) {
      this.#host.beforeFold();
    }
    const isStoppable = isRunning && call.state !== "writing" && !isCallEnd(call.state);
    if (!isStoppable) this.#keepFocus(this.#stop);
    this.#stop.hidden = !isStoppable;
    this.#stop.disabled = asked?.type === "stop_call";
    this.#stop.setAttribute("aria-label", fill(this.#say.stopCall, name));
    this.root.classList.toggle("glm-stoppable", isStoppable);
    setText(this.#unheard, isUnheard ? this.#say.unheard : "");
    this.#unheard.hidden = !isUnheard;
    if (isAsking) this.#ask(name, asked !== undefined);
    else this.#endAsking();
  }

  /** The question opens the card, also if the reader has closed it: it cannot be answered unseen. */
  #ask(name: string, isAnswered: boolean): void {
    const isNew = this.#question === null;
    this.#question ??= new Question(this.#index, name, this.#say, (request) =>
      this.#request(request),
    );
    this.#question.update(isAnswered);
    if (!isNew) return;
    this.#outputs.root.before(this.#question.root);
    if (!this.#fold.open) this.#isTheirs = false;
    this.#fold.open = true;
    this.#question.takeFocus();
  }

  #endAsking(): void {
    if (this.#question === null) return;
    this.#keepFocus(this.#question.root);
    this.#question.root.remove();
    this.#question = null;
  }

  /** By itself it is open for a question, and once there is something to see. */
  #open({ outputs }: CallPart): void {
    if (!this.#isTheirs) this.#fold.open = this.#question !== null || outputs.length > 0;
  }

  /** What can be pressed is disabled by it, or soon gone. */
  #request(request: CallRequest): void {
    this.#keepFocus(this.#stop);
    if (this.#question) this.#keepFocus(this.#question.root);
    this.#host.calls.ask(request);
  }

  /** What is disabled or hidden loses the focus: it goes to the line of this call, not to the top of the page. */
  #keepFocus(within: HTMLElement): void {
    if (!within.contains(document.activeElement)) return;
    this.#summary.focus({ preventScroll: true });
  }
}

/** Long arguments in full: as they come, and then in lines. */
class Arguments {
  readonly root: HTMLElement;
  #text: PlainText;
  #isWritten = false;

  constructor(say: Words) {
    this.root = scrollingText(say.arguments);
    this.root.hidden = true;
    this.#text = new PlainText(this.root, "ltr");
  }

  update(call: CallPart): void {
    this.root.hidden = call.text.length <= LINE_MAX;
    if (this.root.hidden || this.#isWritten) return;
    this.#isWritten = isWritten(call);
    if (this.#isWritten) this.#writeOut(call.text);
    else this.#text.grow(call.text);
  }

  #writeOut(json: string): void {
    this.root.replaceChildren();
    this.#text = new PlainText(this.root, "ltr");
    this.#text.grow(argumentsText(json));
    this.#text.end();
    this.root.scrollTop = 0;
  }
}

function sections({ text, traceback }: Result, isOpen: boolean, say: Words): HTMLElement[] {
  const texts = [
    [say.result, text],
    [say.traceback, traceback],
  ] as const;
  return texts.filter(([, one]) => one).map(([label, one]) => section(label, one, isOpen));
}

function section(label: string, text: string, isOpen: boolean): HTMLElement {
  const root = element("details", "glm-section");
  root.open = isOpen;
  const pre = scrollingText(label);
  const plain = new PlainText(pre, "ltr");
  plain.grow(text);
  plain.end();
  pre.scrollTop = 0;
  root.append(element("summary", "", label), pre);
  return root;
}
