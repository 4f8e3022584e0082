import { RpcError, code, notFound } from '../../rpc/errors.js';
import type { RoomView } from '../chat.js';
import type { MethodPattern, Policy, RoleRules, Who } from './policy.js';

/** Who asks: as the identity in force says. */
export interface Caller {
  readonly user: string;
  readonly role: string;
}

/** Whom or what a call is about, beside the room. */
export interface Target {
  /** The user that the call names. */
  readonly user?: string;
  /** That user's role, where the call writes to them. */
  readonly role?: string;
  /** Who wrote the message that the call names. */
  readonly author?: string;
  /** Names of the params that are given: some may be withheld from a role. */
  readonly gives?: readonly string[];
}

export interface Question {
  readonly caller: Caller;
  readonly method: string;
  /** The room as the caller's membership stands; null where it is not there. */
  readonly room?: RoomView | null;
  readonly target?: Target;
}

export interface Decision {
  readonly allowed: boolean;
  /** The rule that decided, by its place in the policy: `open/rooms/room.update/group/owner`. */
  readonly rule: string;
  /** What the call is answered with; absent when allowed. */
  readonly error?: RpcError;
}

function covers(patterns: readonly MethodPattern[], method: string): string | undefined {
  return patterns.find((pattern) => pattern === '*' || pattern === method
    || (pattern.endsWith('.*') && method.startsWith(pattern.slice(0, -1))));
}

/** Calls that reach the others of a room. */
const writing: ReadonlySet<string> = new Set(['message.send', 'message.edit', 'message.typing']);

const refused = (rule: string, error: RpcError): Decision => ({ allowed: false, rule, error });

const forbidden = (reason: string): RpcError => new RpcError(code.forbidden, reason);

const nameOf = (policy: Policy, role: string): string =>
  (Object.hasOwn(policy.roles, role) ? role : policy.defaultRole);

/** The rules of a role; of the default where the policy does not name it. */
export function rulesOf(policy: Policy, role: string): RoleRules {
  const rules = policy.roles[nameOf(policy, role)];
  if (rules === undefined) throw new RangeError(`policy ${policy.name} lacks its default role`);
  return rules;
}

function holds(who: Who, question: Question, room: RoomView, administers: boolean): boolean {
  const { caller, target } = question;
  switch (who) {
    case 'anyone':
      return true;
    case 'member':
      return room.member !== undefined;
    case 'owner':
      return room.head.owner === caller.user;
    case 'author':
      return target?.author === caller.user;
    case 'self':
      return target?.user === caller.user;
    case 'administrator':
      return administers;
  }
}

function decideRoom(policy: Policy, question: Question, administers: boolean): Decision {
  const { method, room } = question;
  const base = `${policy.name}/rooms/${method}`;
  // G11: word for word the same, whether it is not there or none of the caller's business.
  if (room === undefined || room === null || room.head.purged) {
    return refused(`${base}/absent`, notFound());
  }
  const { kind } = room.head;
  if (kind !== 'channel' && room.member === undefined) {
    return refused(`${base}/${kind}/outsider`, notFound());
  }
  for (const who of policy.rooms[method]?.[kind] ?? []) {
    if (holds(who, question, room, administers)) {
      return { allowed: true, rule: `${base}/${kind}/${who}` };
    }
  }
  return refused(`${base}/${kind}`, forbidden('not_allowed'));
}

/**
 * The one place where it is decided who may do what (G11). Pure: a function of the policy and of
 * what is known of the caller, the room and the target.
 * @returns the decision with the rule that made it; `error` answers the call when refused
 */
export function decide(policy: Policy, question: Question): Decision {
  const { caller, method, target } = question;
  const role = rulesOf(policy, caller.role);
  const base = `${policy.name}/roles/${nameOf(policy, caller.role)}`;
  const except = covers(role.except, method);
  if (except !== undefined) return refused(`${base}/except/${except}`, forbidden('role'));
  const calls = covers(role.calls, method);
  if (calls === undefined) return refused(`${base}/calls`, forbidden('role'));
  const withheld = role.withheld?.[method]?.find((name) => target?.gives?.includes(name));
  if (withheld !== undefined) {
    return refused(`${base}/withheld/${method}/${withheld}`, forbidden('role'));
  }
  if (Object.hasOwn(policy.rooms, method)) {
    const decision = decideRoom(policy, question, role.administers);
    if (!decision.allowed) return decision;
    const { writesIn } = role;
    const kind = question.room?.head.kind;
    if (writing.has(method) && kind !== undefined && writesIn?.includes(kind) === false) {
      return refused(`${base}/writesIn`, forbidden('role'));
    }
    if (writes(policy, caller.role, target?.role)) return decision;
    return refused(`${base}/writesTo`, forbidden('target'));
  }
  if (!writes(policy, caller.role, target?.role)) {
    return refused(`${base}/writesTo`, forbidden('target'));
  }
  return { allowed: true, rule: `${base}/calls/${calls}` };
}

/** Whether one role may write to another; without a target role nobody is written to. */
export function writes(policy: Policy, role: string, target: string | undefined): boolean {
  if (target === undefined) return true;
  const { writesTo } = rulesOf(policy, role);
  return writesTo.includes('*') || writesTo.includes(nameOf(policy, target));
}

/** Whether roles of targets matter to this role at all: if not, nobody has to look them up. */
export const choosesTargets = (policy: Policy, role: string): boolean =>
  !rulesOf(policy, role).writesTo.includes('*');
