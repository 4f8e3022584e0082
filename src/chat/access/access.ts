import type { Identity } from '../../rpc/identity.js';
import type { Interceptor } from '../../rpc/method.js';
import type { Chat, RoomView } from '../chat.js';
import { choosesTargets, decide, rulesOf, type Decision, type Target } from './decide.js';
import type { Policy } from './policy.js';

/** The rules in force, as handlers ask them. */
export class Access {
  readonly policy: Policy;

  constructor(policy: Policy) {
    this.policy = policy;
  }

  /** The decision with its rule, for access.explain. */
  explain(
    caller: Pick<Identity, 'user' | 'role'>, method: string, room?: RoomView | null,
    target?: Target,
  ): Decision {
    return decide(this.policy, {
      caller, method,
      ...(room === undefined ? {} : { room }),
      ...(target === undefined ? {} : { target }),
    });
  }

  /** @throws RpcError 403 or 404 where the rules refuse */
  check(
    caller: Pick<Identity, 'user' | 'role'>, method: string, room?: RoomView | null,
    target?: Target,
  ): void {
    const { error } = this.explain(caller, method, room, target);
    if (error !== undefined) throw error;
  }

  /**
   * The room, for a call on it.
   * @throws RpcError 404 where it is not there or the caller may not know of it, 403 where the
   *   caller may not do this with it
   */
  room(
    caller: Pick<Identity, 'user' | 'role'>, method: string, view: RoomView | undefined,
    target?: Target,
  ): RoomView {
    this.check(caller, method, view ?? null, target);
    if (view === undefined) throw new Error('a room that is not there was allowed');
    return view;
  }

  /** Whether the roles of those whom this caller writes to matter. */
  choosesTargets(caller: Pick<Identity, 'role'>): boolean {
    return choosesTargets(this.policy, caller.role);
  }

  /** Whether the caller's role administers. */
  administers(caller: Pick<Identity, 'role'>): boolean {
    return rulesOf(this.policy, caller.role).administers;
  }
}

/**
 * What a role may not call at all is refused before its handler runs. Methods on rooms decide
 * again with the room in hand.
 * @param open names of methods that answer without an identity
 */
export function accessInterceptor(access: Access, open: ReadonlySet<string>): Interceptor<Chat> {
  const { rooms, roles } = access.policy;
  return (next) => {
    // Without a room and a target only the role counts, and the policy does not change: who is
    // let in by it once always is. Roles that it does not name are not kept: there is no end.
    const allowed = new Set<string>();
    let exempt: boolean | undefined;
    return (call, params) => {
      exempt ??= open.has(call.method) || Object.hasOwn(rooms, call.method);
      if (!exempt) {
        const { identity } = call;
        if (!allowed.has(identity.role)) {
          access.check(identity, call.method);
          if (Object.hasOwn(roles, identity.role)) allowed.add(identity.role);
        }
      }
      return next(call, params);
    };
  };
}
