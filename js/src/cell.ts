/** The anywidget module of one turn: a link for each model, a view for each place where it is shown. */

import { Link, type Model } from "./link.ts";
import { pageLanguage } from "./strings.ts";
import { TurnView } from "./ui/view.ts";

type Cleanup = () => void;

/** Keyed by model, so that it makes no difference whether a host evaluates this module once, or for every widget. */
const links = new WeakMap<Model, Link>();

/** The language that the kernel was told to speak, or that of the page. */
function languageOf(model: Model): string {
  const told = model.get("language");
  return typeof told === "string" && told !== "" ? told : pageLanguage();
}

function initialize({ model }: { model: Model }): Cleanup {
  const link = new Link(
    model,
    crypto.getRandomValues(new Uint32Array(4)).join("-"),
    pageLanguage(),
  );
  links.set(model, link);
  return () => link.dispose();
}

function render({ model, el }: { model: Model; el: HTMLElement }): Cleanup {
  const known = links.get(model);
  const dispose = known ? undefined : initialize({ model });
  const link = known ?? (links.get(model) as Link);
  const view = new TurnView(link, languageOf(model));
  el.append(view.root);
  return () => {
    view.dispose();
    dispose?.();
  };
}

export default { initialize, render };
