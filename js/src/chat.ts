/** The anywidget module of a chat: a link for each model, a view for each place where it is shown. */

import { Keeper } from "./chat/keeper.ts";
import { ChatLink } from "./chat/link.ts";
import { ChatView } from "./chat/view.ts";
import type { Model } from "./comm.ts";
import { isFields, string } from "./fields.ts";
import { languageOf, pageId } from "./page.ts";
import { pageLanguage } from "./strings.ts";

type Cleanup = () => void;

/** Keyed by model, so that it makes no difference whether a host evaluates this module once, or for every widget. */
const links = new WeakMap<Model, ChatLink>();

function initialize({ model }: { model: Model }): Cleanup {
  const link = new ChatLink(model, pageId(), pageLanguage());
  links.set(model, link);
  const keeper = new Keeper(model, idOf(model), link);
  return () => {
    keeper.dispose();
    link.dispose();
  };
}

/** What the outputs name the chat by that keep its transcript. */
function idOf(model: Model): string {
  const state = model.get("state");
  return isFields(state) ? string(state.id) : "";
}

function render({ model, el }: { model: Model; el: HTMLElement }): Cleanup {
  const known = links.get(model);
  const dispose = known ? undefined : initialize({ model });
  const link = known ?? (links.get(model) as ChatLink);
  let view = new ChatView(link, languageOf(model));
  el.append(view.root);
  const translate = () => {
    const { draft } = view;
    view.dispose();
    view = new ChatView(link, languageOf(model));
    el.append(view.root);
    view.draft = draft;
  };
  model.on("change:language", translate);
  return () => {
    model.off("change:language", translate);
    view.dispose();
    dispose?.();
  };
}

export default { initialize, render };
