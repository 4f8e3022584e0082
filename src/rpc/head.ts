import { STATUS_CODES } from 'node:http';
import { unauthenticated } from './errors.js';
import type { HttpRequest, HttpResponse } from './uws.js';

/**
 * What a request's headers say that this server reads, copied at once: the request itself is gone
 * when its handler returns.
 */
export class Head {
  authorization = '';
  origin = '';
  accept = '';
  contentType = '';
  contentEncoding = '';
  /** '' when there is none. */
  contentLength = '';
  chunked = false;
  /** Two lengths, or a length and a coding: two readers would see two bodies (RFC 9112, 6.3). */
  conflicting = false;
  forwardedFor = '';
  session = '';
  deadlineMs = '';
  lastEventId = '';
  upgrade = '';
  webSocketKey = '';
  webSocketVersion = '';
  webSocketProtocol = '';

  constructor(request: HttpRequest) {
    // One pass with one shared function: a look-up by name walks all headers again, and only
    // walking them shows a second Content-Length, which the library lets through.
    reading = this;
    request.forEach(read);
    if (this.chunked && this.contentLength !== '') this.conflicting = true;
  }
}

let reading: Head;

function read(name: string, value: string): void {
  const head = reading;
  switch (name) {
    case 'content-length':
      if (head.contentLength !== '') head.conflicting = true;
      head.contentLength = value;
      if (!/^\d{1,15}$/.test(value)) head.conflicting = true;
      break;
    case 'content-type': head.contentType = value; break;
    case 'authorization': head.authorization = value; break;
    case 'origin': head.origin = value; break;
    case 'accept': head.accept = value; break;
    case 'transfer-encoding': head.chunked = true; break;
    case 'content-encoding': head.contentEncoding = value; break;
    case 'x-forwarded-for':
      head.forwardedFor += head.forwardedFor === '' ? value : `,${value}`;
      break;
    case 'ringpost-session': head.session = value; break;
    case 'ringpost-deadline-ms': head.deadlineMs = value; break;
    case 'last-event-id': head.lastEventId = value; break;
    case 'upgrade': head.upgrade = value; break;
    case 'sec-websocket-key': head.webSocketKey = value; break;
    case 'sec-websocket-version': head.webSocketVersion = value; break;
    case 'sec-websocket-protocol': head.webSocketProtocol = value; break;
    default:
  }
}

/**
 * The bearer token of an Authorization header; undefined when there is none at all.
 * @throws RpcError 401 `invalid` for another scheme (RFC 6750, 2.1)
 */
export function bearerToken(authorization: string): string | undefined {
  if (authorization === '') return undefined;
  if (authorization.startsWith('Bearer ')) return authorization.slice(7).trim();
  const token = /^bearer +(\S.*)$/i.exec(authorization)?.[1];
  if (token === undefined) throw unauthenticated('invalid');
  return token.trim();
}

const jsonTypes = new Set(['application/json', 'application/json-rpc', 'application/jsonrequest']);

/** Whether a body's media type is one of JSON, in UTF-8 (RFC 8259, 8.1). */
export function isJsonType(contentType: string): boolean {
  if (contentType === 'application/json') return true;
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  if (!jsonTypes.has(type.trim())) return false;
  return parameters.every((parameter) => {
    const [name = '', value = ''] = parameter.trim().split('=');
    return name !== 'charset' || /^"?utf-?8"?$/.test(value);
  });
}

/** A status line's number and words. */
export const statusLine = (status: number): string => `${status} ${STATUS_CODES[status] ?? ''}`;

export interface Refusal {
  readonly status: number;
  /** A word in snake_case that tells the cases of one status apart. */
  readonly reason: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The rest of what the caller sends can't be told apart from a next request. */
  readonly closeConnection?: boolean;
  /** Asked by HEAD, whose answer has no body. */
  readonly toHead?: boolean;
}

/** Answers a transport fault. The response must be open; nothing may have been written. */
export function refuse(response: HttpResponse, refusal: Refusal, origin = ''): void {
  response.cork(() => {
    response.writeStatus(statusLine(refusal.status));
    writeOrigin(response, origin);
    for (const [name, value] of Object.entries(refusal.headers ?? {})) {
      response.writeHeader(name, value);
    }
    response.writeHeader('content-type', 'application/json');
    const error = STATUS_CODES[refusal.status] ?? 'Refused';
    const body = JSON.stringify({ error, reason: refusal.reason });
    if (refusal.toHead === true) endHead(response, body);
    else response.end(body, refusal.closeConnection ?? false);
  });
}

/**
 * Ends the answer to a HEAD. The library's own way of naming a length leaves the response open,
 * waiting for that many bytes.
 */
export function endHead(response: HttpResponse, body: string | Uint8Array): void {
  response.writeHeader('content-length', String(Buffer.byteLength(body)));
  response.endWithoutBody();
}

/** Lets the page that asked read the answer; call only for an allowed origin. */
export function writeOrigin(response: HttpResponse, origin: string): void {
  if (origin === '') return;
  response.writeHeader('access-control-allow-origin', origin);
  response.writeHeader('vary', 'Origin');
}
