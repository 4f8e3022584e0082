import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Page, PageHandler } from './rpc/pages.js';

/** What of dist/web is served where. */
const files: Readonly<Record<string, string>> = {
  '/': 'index.html', '/admin.js': 'admin.js', '/admin.css': 'admin.css',
  '/widget.js': 'widget.js', '/widget.uk.js': 'widget.uk.js', '/widget.ru.js': 'widget.ru.js',
};
const demoFiles: Readonly<Record<string, string>> = {
  '/demo': 'demo.html', '/demo.js': 'demo.js', '/demo.css': 'demo.css',
};

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8', js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

/**
 * Scripts and styles come as files of this server, nothing is framed, and text can't become HTML:
 * the browser itself refuses it (Trusted Types). Calls go to the host that the page came from, so
 * several nodes stand behind one name.
 */
const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; "
    + "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    + "frame-ancestors 'none'; require-trusted-types-for 'script'",
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
};

/** A file as it is sent, plain and packed; a browser keeps it until its tag changes. */
interface Asset {
  readonly headers: Readonly<Record<string, string>>;
  readonly type: string;
  readonly plain: Uint8Array;
  readonly packed: Uint8Array;
}

function load(name: string, rpcPath: string): Asset {
  const extension = name.slice(name.lastIndexOf('.') + 1);
  const folder = new URL('../web/', import.meta.url);
  const text = readFileSync(new URL(name, folder), 'utf8')
    // In an attribute of the page: the one setting that its scripts need.
    .replaceAll('%RPC_PATH%', rpcPath.replaceAll('&', '&amp;').replaceAll('"', '&quot;'));
  const plain = Buffer.from(text);
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  return {
    type: types[extension] ?? 'application/octet-stream', plain,
    packed: gzipSync(plain, { level: 9 }),
    headers: {
      etag, 'cache-control': 'no-cache', vary: 'Accept-Encoding',
      ...(extension === 'html' ? securityHeaders
        // Pages of others embed the widget.
        : { 'cross-origin-resource-policy': 'cross-origin' }),
    },
  };
}

function pageOf(name: string, rpcPath: string): PageHandler {
  let asset: Asset | undefined;
  return ({ ifNoneMatch, acceptEncoding }): Page => {
    // Read when first asked for: most nodes are never asked.
    const { headers, type, plain, packed } = asset ??= load(name, rpcPath);
    const { etag = '' } = headers;
    if (ifNoneMatch.includes(etag)) return { status: 304, type, headers, body: '' };
    if (!/\bgzip\b/.test(acceptEncoding)) return { type, headers, body: plain };
    return { type, headers: { ...headers, 'content-encoding': 'gzip' }, body: packed };
  };
}

/**
 * The web console at `/`, the chat widget at `/widget.js`, and for development a page of a shop's
 * CRM with the widget on it at `/demo`.
 * @param options `path` of the API, `/rpc` by default; `dev` adds the demonstration
 */
export function webPages(
  options: { readonly path?: string; readonly dev?: boolean },
): Record<string, PageHandler> {
  const served = { ...files, ...(options.dev === true && demoFiles) };
  return Object.fromEntries(Object.entries(served)
    .map(([path, name]) => [path, pageOf(name, options.path ?? '/rpc')]));
}
