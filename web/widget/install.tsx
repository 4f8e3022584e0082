import { render } from 'preact';
import { createClient } from '../../src/client/index.js';
import { Kept } from './kept.js';
import { Model } from './model.js';
import { View } from './view.js';
import styles from './widget.css';
import type { Words } from './words-en.js';

export interface WidgetOptions {
  /** The server's one URL; by default `/rpc` where the script came from. */
  readonly url?: string;
  /** A token, or what gets one whenever it is needed. */
  readonly token: string | (() => string | Promise<string>);
  /** Changes to the dictionary, or another one. */
  readonly words?: Partial<Words>;
}

export interface Widget {
  /** Unfolds it, or folds it. */
  fold(folded: boolean): void;
  /** Takes it off the page and signs off. */
  close(): void;
}

const script = document.currentScript;
const source = script instanceof HTMLScriptElement ? script.src : location.href;

/** The number of unread messages before the page's own title. */
function titled(unread: number): void {
  const plain = document.title.replace(/^\(\d+\) /, '');
  const title = unread > 0 ? `(${unread}) ${plain}` : plain;
  if (document.title !== title) document.title = title;
}

/** Puts the widget on the page. */
function open(options: WidgetOptions, language: string, dictionary: Words): Widget {
  const url = new URL(options.url ?? '/rpc', source).href;
  const kept = new Kept(`ringpost ${url}`);
  const { cursor } = kept;
  const client = createClient({
    url, token: options.token, ...cursor !== undefined && { position: { cursor } },
  });
  const words = { ...dictionary, ...options.words };
  const host = document.createElement('ringpost-chat');
  host.lang = language;
  const root = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  root.adoptedStyleSheets = [sheet];
  document.body.append(host);

  let drawn = true;
  const draw = (): void => {
    drawn = true;
    titled(model.unread);
    render(<View model={model} words={words} />, root);
  };
  // Whatever happens in one turn is drawn once.
  const changed = (): void => {
    if (drawn) queueMicrotask(draw);
    drawn = false;
  };
  const model = new Model(client, kept, changed);
  const save = (): void => kept.save(client.position.cursor);
  addEventListener('pagehide', save);
  draw();
  return {
    fold: (folded) => model.set({ folded }),
    close() {
      save();
      removeEventListener('pagehide', save);
      render(null, root);
      host.remove();
      titled(0);
      client.close();
    },
  };
}

/**
 * Makes `ringpost.open(options)`, and opens where the script's tag says how: `data-token`, or
 * `data-token-function`, the name of a global function that gets one; `data-url`.
 */
export function install(language: string, dictionary: Words): void {
  const start = (options: WidgetOptions): Widget => open(options, language, dictionary);
  Object.assign(window, { ringpost: { open: start } });
  const { token, tokenFunction, url } = script?.dataset ?? {};
  const found: unknown = tokenFunction === undefined ? token : Reflect.get(window, tokenFunction);
  if (typeof found !== 'string' && typeof found !== 'function') return;
  const given = (): Widget => start({
    token: typeof found === 'string' ? found : async () => String(await found()),
    ...url !== undefined && { url },
  });
  if (document.readyState === 'loading') addEventListener('DOMContentLoaded', given);
  else given();
}
