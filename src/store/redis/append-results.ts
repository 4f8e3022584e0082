import type { Reply } from '../../cluster/shard-port.js';
import type { LogEntry } from '../entry.js';
import type { AppendOp, AppendResult } from '../rooms.js';
import { listOf, numberOf, textOf } from './shard-calls.js';

/** Statuses of append.lua by their number. */
const refusals = [undefined, undefined, 'stale', 'conflict', 'exists', 'missing', 'full'] as const;

interface Base {
  readonly seq: number;
  readonly at: number;
  readonly by: string;
  readonly count: number;
  readonly key?: string;
}

/**
 * What append.lua answered of a group, in the contract's words. The entries are not sent back:
 * they are what was asked for, numbered.
 */
export function resultsOf(ops: readonly AppendOp[], answer: readonly Reply[]): AppendResult[] {
  const epoch = textOf(answer[0]);
  return ops.map((op, index) => resultOf(op, listOf(answer[index + 1]), epoch));
}

function resultOf(op: AppendOp, answer: readonly Reply[], epoch: string): AppendResult {
  const status = numberOf(answer[0]);
  if (status === 1) {
    return { status: 'duplicate', seq: numberOf(answer[1]), at: numberOf(answer[2]), epoch };
  }
  const refusal = refusals[status];
  if (refusal !== undefined) return { status: refusal };
  const [, seq, at, version, count, first, added] = answer;
  const base: Base = {
    seq: numberOf(seq), at: numberOf(at), by: op.by, count: numberOf(count),
    ...(op.call.given ? { key: op.call.key } : {}),
  };
  return {
    status: 'ok', seq: base.seq, at: base.at, epoch, version: numberOf(version),
    entries: entriesOf(op, base, typeof first === 'number' ? first : 0, added ?? []),
  };
}

/**
 * @param base of the last entry
 * @param flag of create and add: whether `large` followed; of others: whether anything changed
 */
function entriesOf(op: AppendOp, base: Base, flag: number, added: Reply): LogEntry[] {
  switch (op.kind) {
    case 'create': {
      const { title, history } = op;
      const entry: LogEntry = {
        ...base, seq: base.seq - flag, kind: 'create', room: op.room,
        ...(title === undefined ? {} : { title }), members: [...new Set(op.members)],
        ...(history === undefined ? {} : { history }),
      };
      return flag === 0 ? [entry] : [entry, { ...base, kind: 'large' }];
    }
    case 'message':
      return [{
        ...base, kind: 'message', ...(op.text === undefined ? {} : { text: op.text }),
        ...(op.body === undefined ? {} : { body: op.body }),
        ...(op.replyTo === undefined ? {} : { replyTo: op.replyTo }),
      }];
    case 'edit':
      return [{ ...base, kind: 'edit', target: op.target, text: op.text }];
    case 'delete':
      return [{ ...base, kind: 'delete', target: op.target }];
    case 'add': {
      const users = listOf(added).map(textOf);
      const first = base.seq - users.length - flag + 1;
      const entries: LogEntry[] = users.map((user, index) =>
        ({ ...base, seq: first + index, kind: 'add', user }));
      if (flag > 0) entries.push({ ...base, kind: 'large' });
      return entries;
    }
    case 'remove':
      return flag === 0 ? [] : [{ ...base, kind: 'remove', user: op.user }];
    case 'title':
      return flag === 0 ? []
        : [{ ...base, kind: 'title', ...(op.title === undefined ? {} : { title: op.title }) }];
    case 'purge':
      return [{ ...base, kind: 'purge' }];
  }
}
