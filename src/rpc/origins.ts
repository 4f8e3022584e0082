const loopbackOrigin = /^https?:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/;

/**
 * Which web pages may call: an exact list, since every test that is looser (a suffix, a prefix)
 * has let somebody else's page in. Callers that are no browser send no Origin and are not asked.
 */
export class OriginPolicy {
  readonly #origins: ReadonlySet<string>;
  readonly #dev: boolean;

  /**
   * @param origins scheme, host and port as a browser sends them, such as `https://a.example`
   * @param dev whether any page of this very machine may call too
   */
  constructor(origins: readonly string[], dev: boolean) {
    this.#origins = new Set(origins.map((origin) => origin.toLowerCase()));
    this.#dev = dev;
  }

  /** @param origin the header's value; '' when there is none. `null` is an origin like others. */
  allows(origin: string): boolean {
    if (origin === '' || this.#origins.has(origin)) return true;
    return this.#dev && loopbackOrigin.test(origin);
  }
}

/** Request headers that pages may set: what the protocol has and nothing else. */
export const corsRequestHeaders =
  'Authorization, Content-Type, ringpost-session, ringpost-deadline-ms, Last-Event-ID';
