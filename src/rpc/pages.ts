import type { Metrics } from '../base/metrics.js';
import type { Logger } from '../base/log.js';
import { endHead, refuse, statusLine } from './head.js';
import type { HttpRequest, HttpResponse, TemplatedApp } from './uws.js';

/** What a page is asked for. */
export interface PageRequest {
  readonly path: string;
  /** Without its question mark; '' when there is none. */
  readonly query: string;
  /** Header If-None-Match; '' when there is none. */
  readonly ifNoneMatch: string;
  /** Header Accept-Encoding; '' when there is none. */
  readonly acceptEncoding: string;
}

export interface Page {
  /** HTTP status; 200 where absent. */
  readonly status?: number;
  /** Media type. */
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Answers GET and HEAD of one path beside the API. */
export type PageHandler = (request: PageRequest) => Page | Promise<Page>;

/** Whether calls can be served, and whatever else is worth saying about it. */
export interface Readiness {
  readonly ready: boolean;
  readonly [more: string]: unknown;
}

const json = (status: number, body: unknown): Page => ({
  status,
  type: 'application/json',
  headers: { 'cache-control': 'no-store' },
  body: JSON.stringify(body),
});

/** /healthz: the process is alive, whatever becomes of its stores. */
export const healthPage: PageHandler = () => json(200, { status: 'ok' });

/** /readyz: 200 while calls can be served, else 503; with what the server says of itself. */
export const readyPage = (ready: () => Readiness | Promise<Readiness>): PageHandler =>
  async () => {
    const readiness = await ready();
    return json(readiness.ready ? 200 : 503, readiness);
  };

/** /metrics, for Prometheus. */
export const metricsPage = (metrics: Metrics): PageHandler => async () => ({
  type: metrics.registry.contentType,
  body: await metrics.registry.metrics(),
});

/** Puts pages on an app: GET and HEAD, 405 for anything else. */
export function servePages(
  app: TemplatedApp, pages: Readonly<Record<string, PageHandler>>, log: Logger,
): void {
  for (const [path, handler] of Object.entries(pages)) {
    app.get(path, (response, request) => serve(handler, path, response, request, log, true));
    app.head(path, (response, request) => serve(handler, path, response, request, log, false));
    app.any(path, (response) => refuseMethod(response, 'GET, HEAD', false));
  }
}

/** 405, and which methods there are. */
export function refuseMethod(response: HttpResponse, allow: string, toHead: boolean): void {
  refuse(response, { status: 405, reason: 'method', headers: { allow }, toHead });
}

function serve(
  handler: PageHandler, path: string, response: HttpResponse, request: HttpRequest, log: Logger,
  withBody: boolean,
): void {
  let aborted = false;
  response.onAborted(() => { aborted = true; });
  // The request is gone when this returns.
  const asked: PageRequest = {
    path,
    query: request.getQuery(),
    ifNoneMatch: request.getHeader('if-none-match'),
    acceptEncoding: request.getHeader('accept-encoding'),
  };
  const answer = async (): Promise<Page> => handler(asked);
  answer().then((page) => {
    if (!aborted) write(response, page, withBody);
  }, (error: unknown) => {
    log.error({ err: error, path }, 'a page failed');
    if (!aborted) refuse(response, { status: 500, reason: 'internal' });
  });
}

function write(response: HttpResponse, page: Page, withBody: boolean): void {
  response.cork(() => {
    response.writeStatus(statusLine(page.status ?? 200));
    response.writeHeader('content-type', page.type);
    response.writeHeader('x-content-type-options', 'nosniff');
    for (const [name, value] of Object.entries(page.headers ?? {})) {
      response.writeHeader(name, value);
    }
    // No length either: it would be that of the page (RFC 9110, 15.4.5).
    if (page.status === 304) response.endWithoutBody();
    else if (withBody) response.end(page.body);
    else endHead(response, page.body);
  });
}
