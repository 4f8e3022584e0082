import type { Alerts } from './base/alerts.js';
import type { Clock } from './base/clock.js';
import type { IdSource } from './base/ids.js';
import type { Limits } from './base/limits.js';
import type { Logger } from './base/log.js';
import type { Policy } from './chat/access/policy.js';
import type { TokenVerifier } from './rpc/identity.js';
import type { PageHandler } from './rpc/pages.js';
import type { OpenBackend } from './backend.js';

/** A back end's key: who calls under it, and as what. */
export interface ApiKeyOption {
  readonly key: string;
  readonly user: string;
  /** `admin` where absent: keys belong to back ends. */
  readonly role?: string;
  readonly tenant?: string;
}

/** What {@link createServer} takes; everything has a default but who may sign in. */
export interface ServerOptions {
  /** Folder of the embedded store; `./data` by default. `false` keeps everything in memory. */
  readonly data?: string | false;
  /** Shards in place of the embedded store, `URL` or `NAME=URL` each, the same on every node. */
  readonly redis?: readonly string[];
  /** Another backend in place of both. */
  readonly backend?: OpenBackend;

  /**
   * The application's own users: turns a bearer token into an identity, or throws
   * (`unauthenticated`). In place of secret, publicKey, jwks and dev.
   */
  readonly verify?: TokenVerifier;
  /** Secret that tokens are signed with (HS256). */
  readonly secret?: string;
  /** Public key, as PEM text. */
  readonly publicKey?: string;
  /** URL of the issuer's keys. */
  readonly jwks?: string;
  readonly issuer?: string;
  readonly audience?: string;
  readonly apiKeys?: readonly ApiKeyOption[];
  /** Any `NAME` or `NAME:ROLE` is a token; listens on loopback only. */
  readonly dev?: boolean;
  /** `known`: users never seen may not be named. */
  readonly users?: 'any' | 'known';
  readonly policy?: Policy;

  /** `/rpc` by default. */
  readonly path?: string;
  /** Where clients reach this node, when it is not what it listens on. */
  readonly publicUrl?: string;
  /** Web pages that may call, exactly. */
  readonly origins?: readonly string[];
  /** Addresses or networks of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies?: readonly string[];
  /** Files in PEM. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Pages beside the API, by path; `/healthz`, `/readyz` and `/metrics` are there already. */
  readonly pages?: Readonly<Record<string, PageHandler>>;
  /** Whether `/metrics` is served; true by default. */
  readonly metrics?: boolean;
  /** Whether the web console (`/`) and the widget (`/widget.js`) are served; true by default. */
  readonly console?: boolean;
  /** Several processes share the port (SO_REUSEPORT). */
  readonly reusePort?: boolean;

  /** This node's id; a random one by default. */
  readonly node?: string;
  /** Changes to the shipped limits, by name. */
  readonly limits?: Readonly<Partial<Limits>>;
  /** Silent by default. */
  readonly log?: Logger;
  readonly alerts?: Alerts;
  readonly clock?: Clock;
  readonly ids?: IdSource;
  /** This node's id was taken by another process: it must stop. */
  readonly superseded?: () => void;
}
