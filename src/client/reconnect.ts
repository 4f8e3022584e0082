import { afterClose, closeCode } from '../rpc/close.js';
import { code } from '../rpc/errors.js';
import { fullJitterMs, type Random } from './backoff.js';
import type { ClientErrorReason } from './errors.js';
import type { TransportKind } from './transports/transport.js';

/** The client's choices; all times in milliseconds. */
export interface ReconnectSettings {
  /** Best first; the later ones are for networks that block the earlier. */
  readonly transports: readonly [TransportKind, ...TransportKind[]];
  readonly baseMs: number;
  readonly maxMs: number;
  /** A connection that held this long clears the failures before it. */
  readonly stableMs: number;
  /** After this long on a lesser transport, the next reconnect tries the best again. */
  readonly upgradeMs: number;
}

/** Where a reconnecting client stands. Values only: {@link next} makes the following one. */
export interface Reconnect {
  readonly settings: ReconnectSettings;
  /** As the application gave them; never empty. */
  readonly urls: readonly [string, ...string[]];
  /** As the server named them at the last sign-in. */
  readonly nodes: readonly string[];
  readonly url: string;
  readonly transport: TransportKind;
  /** The transport that was last online. */
  readonly worked: TransportKind | undefined;
  /** Failures in succession, for the back-off. */
  readonly failures: number;
  /** Attempts in succession that never got online. */
  readonly unopened: number;
  /** Refused tokens in succession. */
  readonly refusals: number;
}

export type Happening =
  /** Could not be opened: blocked, nobody there, or silent. */
  | { readonly type: 'failed' }
  /** The sign-in was answered with an error. */
  | {
    readonly type: 'refused'; readonly code: number; readonly retryAfterMs?: number;
    /** Whether asking for a token again can give another. */
    readonly tokenMayChange: boolean;
  }
  | { readonly type: 'online'; readonly nodes: readonly string[] }
  | {
    readonly type: 'closed'; readonly code: number; readonly onlineMs: number;
    readonly retryAfterMs?: number;
  }
  /** The server is draining; this client's own moment to come back is after `afterMs`. */
  | { readonly type: 'moved'; readonly to?: string; readonly afterMs: number };

export type Next =
  | { readonly do: 'connect'; readonly delayMs: number }
  | { readonly do: 'stop'; readonly reason: ClientErrorReason }
  | { readonly do: 'stay' };

export function startReconnect(
  urls: readonly [string, ...string[]], settings: ReconnectSettings,
): Reconnect {
  return {
    settings, urls, nodes: [], url: urls[0], transport: settings.transports[0],
    worked: undefined, failures: 0, unopened: 0, refusals: 0,
  };
}

/** Attempts on the transport that worked before, until the lesser ones are tried. */
const loyalAttempts = 3;
/** Fresh tokens that may be refused in succession. */
const maxRefusals = 3;

const allUrls = (state: Reconnect): readonly [string, ...string[]] => {
  const [first, ...rest] = new Set([...state.urls, ...state.nodes]);
  return [first ?? state.urls[0], ...rest];
};

/** The URL after the present one, in a circle of those given and those named by the server. */
function otherUrl(state: Reconnect): string {
  const urls = allUrls(state);
  return urls[(urls.indexOf(state.url) + 1) % urls.length] ?? urls[0];
}

/** The doubling counts rounds over all URLs: a second node is tried without waiting longer. */
function backoffMs(state: Reconnect, random: Random): number {
  const round = Math.floor(state.failures / allUrls(state).length);
  return fullJitterMs(round, state.settings.baseMs, state.settings.maxMs, random);
}

function failed(state: Reconnect, random: Random): readonly [Reconnect, Next] {
  const { transports } = state.settings;
  const loyal = state.worked !== undefined && state.unopened < loyalAttempts;
  const lesser = loyal ? undefined : transports[transports.indexOf(state.transport) + 1];
  if (lesser !== undefined) {
    return [{ ...state, transport: lesser }, { do: 'connect', delayMs: 0 }];
  }
  const after = {
    ...state,
    url: otherUrl(state),
    transport: loyal ? state.worked ?? transports[0] : transports[0],
    failures: state.failures + 1,
    unopened: state.unopened + 1,
  };
  return [after, { do: 'connect', delayMs: backoffMs(state, random) }];
}

function refused(
  state: Reconnect, happening: Happening & { type: 'refused' }, random: Random,
): readonly [Reconnect, Next] {
  switch (happening.code) {
    case code.unauthenticated: {
      const after = { ...state, refusals: state.refusals + 1, failures: state.failures + 1 };
      if (!happening.tokenMayChange || after.refusals >= maxRefusals) {
        return [after, { do: 'stop', reason: 'unauthenticated' }];
      }
      return [after, { do: 'connect', delayMs: backoffMs(state, random) }];
    }
    case code.forbidden:
      return [state, { do: 'stop', reason: 'forbidden' }];
    case code.conflict:
      return [state, { do: 'stop', reason: 'too_many_connections' }];
    case code.methodNotFound:
    case code.invalidParams:
    case code.invalidRequest:
      return [state, { do: 'stop', reason: 'protocol' }];
    default: {
      const after = { ...state, url: otherUrl(state), failures: state.failures + 1 };
      const delayMs = (happening.retryAfterMs ?? 0) + backoffMs(state, random);
      return [after, { do: 'connect', delayMs }];
    }
  }
}

const stopReason = (received: number): ClientErrorReason => {
  if (received === closeCode.forbidden) return 'forbidden';
  return received === closeCode.tooManyConnections ? 'too_many_connections' : 'protocol';
};

function closed(
  state: Reconnect, happening: Happening & { type: 'closed' }, random: Random,
): readonly [Reconnect, Next] {
  if (afterClose(happening.code) === 'stop') {
    return [state, { do: 'stop', reason: stopReason(happening.code) }];
  }
  const stable = happening.onlineMs >= state.settings.stableMs;
  const leaving = happening.code === closeCode.goingAway || happening.code === closeCode.restart;
  const before = { ...state, failures: stable ? 0 : state.failures };
  const after = {
    ...before,
    url: leaving ? otherUrl(state) : state.url,
    transport: happening.onlineMs >= state.settings.upgradeMs
      ? state.settings.transports[0] : state.worked ?? state.transport,
    failures: before.failures + 1,
  };
  const delayMs = (happening.retryAfterMs ?? 0) + backoffMs(before, random);
  return [after, { do: 'connect', delayMs }];
}

/**
 * What to do after something happened to the connection. Pure: (state, event, random) → next.
 * Close codes are obeyed as rpc/close.ts says.
 */
export function next(
  state: Reconnect, happening: Happening, random: Random,
): readonly [Reconnect, Next] {
  switch (happening.type) {
    case 'failed':
      return failed(state, random);
    case 'refused':
      return refused(state, happening, random);
    case 'online': {
      const after = {
        ...state, nodes: happening.nodes, worked: state.transport, unopened: 0, refusals: 0,
      };
      return [after, { do: 'stay' }];
    }
    case 'closed':
      return closed(state, happening, random);
    case 'moved':
      return [
        { ...state, url: happening.to ?? otherUrl(state) },
        { do: 'connect', delayMs: happening.afterMs },
      ];
  }
}
