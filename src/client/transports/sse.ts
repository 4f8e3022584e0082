import { closeCode } from '../../rpc/close.js';
import { isRecord, parseJson } from '../json.js';
import { eventStreamParser, type StreamEvent } from './event-stream.js';
import { Poster } from './http.js';
import {
  TransportError, type OpenTransport, type Target, type TransportHandlers,
} from './transport.js';
import { lostCode } from './websocket.js';

/** The session's id when a value is the notification `session.opened`. */
function openedSession(value: unknown): string | undefined {
  if (!isRecord(value) || value['method'] !== 'session.opened') return undefined;
  const params = value['params'];
  if (!isRecord(params) || typeof params['session'] !== 'string') return undefined;
  return params['session'];
}

/** Asks for the stream; by fetch, since EventSource can't send the token in a header. */
async function requestStream(
  target: Target, signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const response = await fetch(target.url, {
    headers: {
      accept: 'text/event-stream',
      authorization: `Bearer ${target.token}`,
      ...(target.since === undefined ? {} : { 'last-event-id': target.since }),
    },
    signal,
  });
  const type = response.headers.get('content-type') ?? '';
  if (response.status === 200 && type.startsWith('text/event-stream') && response.body !== null) {
    return response.body;
  }
  await response.body?.cancel();
  throw new TransportError(`${target.url} answered ${response.status} to an event stream`);
}

/** Reads to the end; the answer says why it ended. */
async function readStream(
  stream: ReadableStream<Uint8Array>, handlers: TransportHandlers,
  event: (event: StreamEvent) => void,
): Promise<string> {
  const parse = eventStreamParser(event);
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return 'the event stream ended';
      handlers.alive();
      parse(decoder.decode(value, { stream: true }));
    }
  } catch (fault) {
    return `the event stream broke: ${String(fault)}`;
  }
}

/** Events by a stream of their own, calls by POST on its session. */
export const openEventStream: OpenTransport = async (target, handlers, signal) => {
  const over = new AbortController();
  const abort = (): void => over.abort();
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  let poster: Poster | undefined;
  const end = (code: number, reason: string): void => {
    if (over.signal.aborted) return;
    over.abort();
    poster?.close();
    handlers.closed(code, reason);
  };
  try {
    const stream = await requestStream(target, over.signal);
    const session = await new Promise<string>((resolve, reject) => {
      const event = ({ data }: StreamEvent): void => {
        const value = parseJson(data);
        const opened = openedSession(value);
        if (opened !== undefined) resolve(opened);
        else if (value === undefined) end(closeCode.protocol, 'an event that is not JSON');
        else if (!over.signal.aborted) handlers.message(value);
      };
      void readStream(stream, handlers, event).then((reason) => {
        reject(new TransportError(reason));
        end(lostCode, reason);
      });
    });
    // An answered POST says nothing of the stream: only the stream is a sign of life.
    const alive = (): void => undefined;
    poster = new Poster(target, { ...handlers, alive, closed: end }, session);
  } catch (cause) {
    over.abort();
    if (cause instanceof TransportError) throw cause;
    throw new TransportError(`no event stream from ${target.url}`, { cause });
  } finally {
    signal.removeEventListener('abort', abort);
  }
  const open = poster;
  return {
    kind: 'sse',
    send: (frame, ordered) => open.send(frame, ordered),
    refresh: (token) => open.refresh(token),
    close: () => {
      over.abort();
      open.close();
    },
  };
};
