/** Questions of the page, each of which the kernel answers once. */

import { type Fields, isFields, string } from "./fields.ts";
import { pageId } from "./page.ts";

/** Why a question has no answer. */
export class Refused extends Error {
  /** What to do about it; empty where nothing is known. */
  readonly remedy: string;

  constructor(message: string, remedy = "") {
    super(message);
    this.name = "Refused";
    this.remedy = remedy;
  }
}

interface Waiting {
  resolve(body: Fields): void;
  reject(error: Refused): void;
}

export class Asks {
  readonly #send: (message: object) => void;
  readonly #waiting = new Map<string, Waiting>();

  /** `send` brings a message to the kernel. */
  constructor(send: (message: object) => void) {
    this.#send = send;
  }

  /** Ask for something. Rejects with a `Refused`. */
  ask(what: string, fields: Fields = {}): Promise<Fields> {
    const id = pageId();
    const answer = new Promise<Fields>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    this.#send({ type: "ask", id, what, ...fields });
    return answer;
  }

  /** Take in a message of the kernel. Tells whether it was an answer, to whichever page. */
  hear(message: Fields): boolean {
    if (message.type !== "reply") return false;
    const id = string(message.id);
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (isFields(message.error)) waiting?.reject(refused(message.error));
    else waiting?.resolve(isFields(message.body) ? message.body : {});
    return true;
  }

  /** Nobody will answer any more. */
  lose(): void {
    for (const { reject } of this.#waiting.values()) reject(new Refused("gone"));
    this.#waiting.clear();
  }
}

function refused({ message, remedy }: Fields): Refused {
  return new Refused(string(message), string(remedy));
}
