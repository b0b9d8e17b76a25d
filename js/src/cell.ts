/** The anywidget module of one turn: a link for each model, a view for each place where it is shown. */

import type { Model } from "./comm.ts";
import { Link } from "./link.ts";
import { languageOf, pageId } from "./page.ts";
import { spreadTypesetting, typesetterOf } from "./settling.ts";
import { pageLanguage, wordsOf } from "./strings.ts";
import { TurnView } from "./ui/view.ts";
import { isEnd } from "./wire.ts";

type Cleanup = () => void;

/** Keyed by model, so that it makes no difference whether a host evaluates this module once, or for every widget. */
const links = new WeakMap<Model, Link>();

function initialize({ model }: { model: Model }): Cleanup {
  const link = new Link(model, pageId(), pageLanguage());
  links.set(model, link);
  return () => link.dispose();
}

/** A turn may have ended before its view is drawn, and a view is not in the page yet when it is drawn. */
function spreadAtEnd(link: Link, model: Model, el: HTMLElement): Cleanup {
  const typesetter = typesetterOf(model);
  if (!typesetter) return () => {};
  const check = () => {
    if (!link.snapshot || !isEnd(link.snapshot.status)) return;
    unsubscribe();
    if (el.isConnected) spreadTypesetting(el, typesetter);
    else requestAnimationFrame(() => spreadTypesetting(el, typesetter));
  };
  const unsubscribe = link.subscribe(check);
  check();
  return unsubscribe;
}

function render({ model, el }: { model: Model; el: HTMLElement }): Cleanup {
  const known = links.get(model);
  const dispose = known ? undefined : initialize({ model });
  const link = known ?? (links.get(model) as Link);
  const view = new TurnView(link, wordsOf(languageOf(model)));
  el.append(view.root);
  const stopWaiting = spreadAtEnd(link, model, el);
  return () => {
    stopWaiting();
    view.dispose();
    dispose?.();
  };
}

export default { initialize, render };
