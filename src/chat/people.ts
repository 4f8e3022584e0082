import { idOf, tenantOf, userKey, type UserKey } from '../base/ids.js';
import type { ConnectRefusal, Departure } from '../cluster/directory.js';
import { closeCode } from '../rpc/close.js';
import { code, RpcError, unauthenticated } from '../rpc/errors.js';
import type { Identity } from '../rpc/identity.js';
import type { Session } from '../rpc/session.js';
import type { Profile, Revocation } from '../store/users.js';
import { admitted, refused } from './admission.js';
import type { People } from './chat.js';
import type { PeopleOptions, SignedIn } from './people-options.js';
import { Profiles } from './profiles.js';
import { remembering } from './remembering.js';
import { RevocationWatch } from './revocations.js';

/** How long a token's revocation is kept where its expiry is not known. */
const tokenRevocationMs = 10 * 365 * 24 * 60 * 60 * 1000;

/** People as calls meet them: admitted from memory, signed in and out, thrown out when revoked. */
export class ChatPeople implements People {
  readonly #options: PeopleOptions;
  readonly #profiles: Profiles;
  readonly #watch: RevocationWatch;
  readonly #present = new Map<Session, SignedIn>();
  readonly #entering = new Set<SignedIn>();
  readonly #turns = new WeakMap<Session, Promise<unknown>>();
  readonly #followed = new WeakSet<Session>();

  constructor(options: PeopleOptions) {
    this.#options = options;
    const { users, clock, log } = options;
    this.#profiles = new Profiles(users, clock);
    this.#watch = new RevocationWatch({
      users, clock, log, revoked: (revocation) => this.#revoked(revocation),
    });
  }

  /** To be awaited before anybody is admitted. */
  start(): Promise<void> {
    return this.#watch.start();
  }

  stop(): void {
    this.#watch.stop();
  }

  async profile(user: UserKey): Promise<Profile | undefined> {
    const known = this.#profiles.peek(user);
    return known === undefined ? this.#profiles.load(user) : known.value;
  }

  admit(identity: Identity): Identity | Promise<Identity> {
    const user = userKey(identity.tenant, identity.user);
    const known = this.#profiles.peek(user);
    const revoked = identity.tokenId === undefined
      ? false : this.#profiles.peekToken(user, identity.tokenId);
    if (known === undefined || revoked === undefined) return this.#admitRead(user, identity);
    return admitted(identity, known.value, revoked);
  }

  signIn(session: Session, identity: Identity): Promise<void> {
    return this.#inTurn(session, () => this.#signIn(session, identity));
  }

  signOut(session: Session): Promise<void> {
    return this.#inTurn(session, async () => {
      session.identify(undefined);
      await this.#leave(session, 'logout', 'signed out');
    });
  }

  async changed(user: UserKey, profile: Profile): Promise<void> {
    this.#profiles.set(user, profile);
    for (const entry of this.#entriesOf(user)) this.#recheck(entry, profile);
    // Every other node reads the profile anew: a revocation of nothing says so within 1 s.
    await this.#options.users.revoke(tenantOf(user), { user: idOf(user) }, 0, 0, false);
  }

  async revoke(
    tenant: string, target: { user: string } | { session: string }, blocked: boolean,
  ): Promise<void> {
    const { users, clock } = this.#options;
    // A block ends by itself what is signed in; its tokens are good again when it is lifted.
    const at = blocked ? 0 : clock.now();
    await users.revoke(
      tenant, 'user' in target ? target : { tokenId: target.session }, at,
      clock.now() + tokenRevocationMs, blocked);
    await this.#watch.poll();
  }

  /** A shard that came back does not take this session back: what was revoked meanwhile counts. */
  refused(user: UserKey, session: string, why: ConnectRefusal): void {
    for (const entry of this.#entriesOf(user)) {
      if (entry.session.id === session) this.#throwOut(entry, refused(why));
    }
  }

  async #admitRead(user: UserKey, identity: Identity): Promise<Identity> {
    const [profile, revoked] = await Promise.all([
      this.profile(user),
      identity.tokenId !== undefined && this.#profiles.loadToken(user, identity.tokenId),
    ]);
    return admitted(identity, profile, revoked);
  }

  /** Signing in and out of one session take effect in the order of the calls. */
  #inTurn<T>(session: Session, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(session) ?? Promise.resolve()).then(work, work);
    this.#turns.set(session, turn);
    return turn;
  }

  async #signIn(session: Session, identity: Identity): Promise<void> {
    const user = userKey(identity.tenant, identity.user);
    const before = this.#present.get(session);
    if (before !== undefined && before.user !== user) {
      throw new RpcError(code.forbidden, 'other_user');
    }
    const allowed = await this.admit(identity);
    if (this.#present.get(session) !== before) throw sessionEnded();
    if (before !== undefined) {
      before.token = identity;
      session.identify(allowed);
      return;
    }
    const since = this.#options.clock.monotonic();
    const entry: SignedIn = { session, user, token: identity, since, refused: undefined };
    this.#entering.add(entry);
    try {
      await this.#connect(entry);
    } finally {
      this.#entering.delete(entry);
    }
    this.#present.set(session, entry);
    this.#follow(session);
    session.identify(allowed);
    this.#options.hub.attach(session, user);
    const { tenant } = identity;
    this.#options.log.info({
      user: identity.user, tenant, session: session.id, transport: session.transport,
      address: session.address,
    }, `${identity.user} signed in`);
    this.#remember(user, identity);
  }

  /** Registers, and takes it back where the session ended or was revoked meanwhile: no ghost. */
  async #connect(entry: SignedIn): Promise<void> {
    const { session, user, token } = entry;
    const { directory } = this.#options;
    const undo = (): Promise<void> => directory.disconnect(user, session.id, 'lost')
      .catch((error: unknown) => this.#failed(error, user));
    let refusal: ConnectRefusal | undefined;
    try {
      refusal = await directory.connect({
        user, session: session.id, issuedAt: token.issuedAt,
        ...(token.tokenId !== undefined && { tokenId: token.tokenId }),
      });
    } catch (error) {
      // It may have been registered all the same.
      void undo();
      throw error;
    }
    if (refusal !== undefined) throw refused(refusal);
    if (entry.refused === undefined && !session.closing) return;
    await undo();
    throw entry.refused ?? sessionEnded();
  }

  #follow(session: Session): void {
    if (this.#followed.has(session)) return;
    this.#followed.add(session);
    session.onEnd(() => void this.#leave(session, 'lost', 'left'));
  }

  async #leave(session: Session, how: Departure, words: string): Promise<void> {
    const entry = this.#present.get(session);
    if (entry === undefined) return;
    this.#present.delete(session);
    const { hub, endWatches, log, clock, directory } = this.#options;
    hub.detach(session);
    endWatches(session);
    const { user, tenant } = entry.token;
    const durationMs = Math.round(clock.monotonic() - entry.since);
    log.info({ user, tenant, session: session.id, durationMs }, `${user} ${words}`);
    await directory.disconnect(entry.user, session.id, how)
      .then(() => this.#options.left?.(entry.user, how))
      .catch((error: unknown) => this.#failed(error, entry.user));
  }

  /** A user who signs in for the first time is known from then on. Behind the answer. */
  #remember(user: UserKey, identity: Identity): void {
    const known = this.#profiles.peek(user)?.value;
    const change = remembering(identity, known, this.#options.remembersRoles ?? false);
    if (change === undefined) return;
    this.#options.users.update(user, change)
      .then(() => this.#profiles.forget(user))
      .catch((error: unknown) => this.#failed(error, user));
  }

  #revoked(revocation: Revocation): void {
    const { tenant, tokenId } = revocation;
    if (revocation.user !== undefined) {
      const user = userKey(tenant, revocation.user);
      this.#profiles.forget(user);
      this.#revokedUser(user, revocation);
      return;
    }
    if (tokenId === undefined) return;
    this.#profiles.tokenRevoked(tenant, tokenId);
    for (const entry of this.#entries()) {
      if (entry.token.tenant !== tenant) continue;
      const { token, session } = entry;
      if (token.tokenId !== tokenId && session.id !== tokenId) continue;
      this.#throwOut(entry, unauthenticated('revoked'));
      // Named by its session: its token must not come back either.
      if (token.tokenId === undefined || token.tokenId === tokenId) continue;
      const until = Math.min(token.expiresAt, revocation.at + tokenRevocationMs);
      this.#options.users
        .revoke(tenant, { tokenId: token.tokenId }, revocation.at, until, false)
        .then(() => this.#watch.poll())
        .catch((error: unknown) => this.#failed(error, entry.user));
    }
  }

  #revokedUser(user: UserKey, revocation: Revocation): void {
    const left: SignedIn[] = [];
    for (const entry of this.#entriesOf(user)) {
      if (revocation.blocked) this.#throwOut(entry, new RpcError(code.forbidden, 'blocked'));
      else if (entry.token.issuedAt < revocation.at) {
        this.#throwOut(entry, unauthenticated('revoked'));
      } else left.push(entry);
    }
    if (left.length === 0) return;
    this.#profiles.load(user).then((profile) => {
      for (const entry of left) this.#recheck(entry, profile);
    }).catch((error: unknown) => this.#failed(error, user));
  }

  /** The profile changed: another role from now on, or none. */
  #recheck(entry: SignedIn, profile: Profile | undefined): void {
    try {
      const allowed = admitted(entry.token, profile, false);
      if (this.#present.get(entry.session) === entry) entry.session.identify(allowed);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      this.#throwOut(entry, error);
    }
  }

  #throwOut(entry: SignedIn, reason: RpcError): void {
    entry.refused = reason;
    if (this.#present.get(entry.session) !== entry) return;
    void this.#leave(entry.session, 'logout', `was thrown out: ${reason.data.reason}`);
    entry.session.close(reason.code === code.rateLimited
      ? closeCode.tooManyConnections : closeCode.forbidden, reason.data.reason);
  }

  *#entries(): Iterable<SignedIn> {
    yield* [...this.#present.values()];
    yield* [...this.#entering];
  }

  *#entriesOf(user: UserKey): Iterable<SignedIn> {
    for (const session of [...this.#options.hub.sessionsOf(user)]) {
      const entry = this.#present.get(session);
      if (entry !== undefined) yield entry;
    }
    for (const entry of [...this.#entering]) if (entry.user === user) yield entry;
  }

  #failed(error: unknown, user: UserKey): void {
    this.#options.log.warn({ err: error, user: idOf(user) }, 'a change of a user is not through');
  }
}

const sessionEnded = (): RpcError => new RpcError(code.cancelled, 'session_ended');
