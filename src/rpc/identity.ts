/** Who is calling, as a verified token says. Immutable: a refresh puts a new one in its place. */
export interface Identity {
  /** `sub` of the token. */
  readonly user: string;
  readonly tenant: string;
  /** Role as the token says; where the store knows the user, its role wins. */
  readonly role: string;
  readonly name?: string;
  readonly login?: string;
  readonly groups: readonly string[];
  /** `iat` in milliseconds since 1970; 0 when the token has none (protocol.md, session.revoke). */
  readonly issuedAt: number;
  /** `exp` in milliseconds since 1970; Infinity for API keys and development tokens. */
  readonly expiresAt: number;
  /** `jti`, by which a single session is revoked. */
  readonly tokenId?: string;
  readonly kind: 'jwt' | 'apiKey' | 'dev' | 'app';
}

/**
 * Turns a bearer token into an identity.
 * @throws RpcError 401 `invalid` or `expired`; -32009 when keys cannot be had at all
 */
export type TokenVerifier = (token: string) => Identity | Promise<Identity>;
