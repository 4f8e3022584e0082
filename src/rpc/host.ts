import type { Identity } from './identity.js';
import type { Session } from './session.js';

/**
 * What the transports ask of the application about identities, since rpc itself knows no users.
 * Transports verify a token first (TokenVerifier) and then ask here.
 */
export interface SessionHost {
  /**
   * Whether a verified identity may call at all: blocked, inactive, revoked. Answers the identity
   * to use, its role and groups replaced by what the store knows. Answers at once when it can:
   * every HTTP call passes here.
   * @throws RpcError 401 `revoked`, 403 `blocked`
   */
  admit(identity: Identity): Identity | Promise<Identity>;

  /**
   * Signs a pushing session in whose token came with the upgrade or the SSE request: admits,
   * registers it and calls `session.identify`. Calls of the session wait until it resolves.
   * @throws RpcError as {@link admit}, and 429 `tooManyConnections`
   */
  signIn(session: Session, identity: Identity): Promise<void>;

  /**
   * An SSE stream has opened and `signIn` was done: open its feed from `Last-Event-ID`, if given.
   */
  streamOpened(session: Session, lastEventId: string | undefined): Promise<void>;
}
