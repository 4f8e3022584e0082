import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { userKey } from '../../../src/base/ids.js';
import { blankProfile } from '../../../src/chat/admission.js';
import { callCenterPolicy } from '../../../src/chat/access/policy.js';
import { directRoomId } from '../../../src/chat/direct.js';
import { createRig, type Rig, type RigClient } from '../../helpers/chat-rig.js';

// docs/access.md says what the call centre's rules give: every method called for real, by each
// role, with every kind of target. `UPDATE_DOCS=1` writes it anew.
const page = 'docs/access.md';
const roles = ['admin', 'supervisor', 'operator'] as const;
type Role = (typeof roles)[number];

const users: Readonly<Record<string, string>> = {
  'an admin': 'Ada', 'a supervisor': 'Sam', 'an operator': 'Olga', 'nobody known': 'Nobody',
};
const rooms = [
  'a group, as a member', 'a group of others', 'a channel of others',
  'a dialog with a supervisor', 'a dialog with an operator',
] as const;

interface Desk {
  readonly rig: Rig;
  readonly caller: RigClient;
  roomOf(target: string): string;
}

async function become(rig: Rig, user: string, role: string): Promise<void> {
  const key = userKey('default', user);
  const profile = await rig.chat.store.users.update(key, (before) =>
    ({ ...before ?? blankProfile(user), role }));
  if (profile !== undefined) await rig.chat.people.changed(key, profile);
}

async function desk(role: Role): Promise<Desk> {
  const rig = await createRig({ policy: callCenterPolicy });
  for (const [user, as] of [['Ada', 'admin'], ['Sam', 'supervisor'], ['Olga', 'supervisor'],
    ['Me', role]] as const) await become(rig, user, as);
  const ada = await rig.connect('Ada');
  await rig.connect('Olga');
  const sam = await rig.connect('Sam');
  const caller = await rig.connect('Me');
  await ada.call('room.create', { room: 'mine', members: ['Me'] });
  await ada.call('room.create', { room: 'theirs', members: ['Sam'] });
  await ada.call('room.create', { room: 'news', kind: 'channel' });
  await ada.call('group.create', { group: 'night' });
  const dialogs = new Map<string, string>();
  for (const user of ['Sam', 'Olga']) {
    dialogs.set(user, directRoomId('Me', user));
    await caller.call('room.direct', { user });
  }
  for (const room of ['mine', 'theirs', 'news']) {
    await ada.call('message.send', { room, text: 'a' });
  }
  await sam.call('message.send', { room: dialogs.get('Sam'), text: 'a' });
  await become(rig, 'Olga', 'operator');
  const ids = ['mine', 'theirs', 'news', dialogs.get('Sam'), dialogs.get('Olga')];
  return { rig, caller, roomOf: (target) => ids[rooms.findIndex((r) => r === target)] ?? '' };
}

/** What one call came to: `yes`, `seen` or `hidden`, or the refusal. */
async function outcome(desk: Desk, method: string, params: object): Promise<string> {
  try {
    const result = Object(await desk.caller.call(method, params));
    if (!method.startsWith('presence.')) return 'yes';
    const [presence] = Object.values(Object(result.users));
    return Object(presence).online === true ? 'seen' : 'hidden';
  } catch (error) {
    const { code, data } = Object(error);
    if (typeof code !== 'number') throw error;
    // What is refused for another reason than a right was let through by the rules.
    return [401, 403, 404].includes(code) ? `${code} ${data.reason}` : 'yes';
  }
}

/** The targets of a method, from its schema, and its params for each. */
function targetsOf(
  method: string, names: readonly string[], example: object,
): [string, (desk: Desk) => object][] {
  const { page: _, ...base }: Record<string, unknown> = { ...example };
  const fixed = { ...base, ...(names.includes('group') && { group: 'night' }) };
  const seq = names.includes('seq') ? { seq: 2 } : {};
  if (Object.hasOwn(callCenterPolicy.rooms, method)) {
    return rooms.map((target) => [target, (desk) => ({
      ...fixed, ...seq, room: desk.roomOf(target),
    })]);
  }
  const [one, many] = [names.includes('user'), names.includes('users')];
  // Rows of an import and members of a group are no one that the caller turns to.
  if (method === 'user.import' || method.startsWith('group.') || (!one && !many)) {
    return [['', () => fixed]];
  }
  return Object.entries(users).map(([target, user]) =>
    [target, () => ({ ...fixed, ...(one ? { user } : { users: [user] }) })]);
}

const head = `# Who may do what in a call centre

The rules of \`--policy call-center\`, as they were found by calling every method as each role with
every kind of target (test/unit/chat/access-matrix.test.ts, which fails when this page is out of
date). \`yes\`: the rules let the call through. \`404\`: word for word what a target that is not
there is answered with. \`hidden\`: looks like somebody never seen. \`access.explain\` names
the rule. In \`user.update\` a supervisor may give neither \`role\` nor \`active\`.

| method | target | ${roles.join(' | ')} |
|---|---|${roles.map(() => '---').join('|')}|
`;

t.test('docs/access.md is what each role gets from every method', async (t) => {
  const first = await createRig();
  const methods = [...first.registry.methods];
  await first.close();
  const lines: string[] = [];
  for (const { method: { name, example }, names } of methods) {
    // Needs a token of its own, or a subscription made before: nothing that a role decides.
    if (name === 'session.authenticate' || name === 'feed_unsubscribe') continue;
    for (const [target, params] of targetsOf(name, names, Object(example.params))) {
      const cells: string[] = [];
      for (const role of roles) {
        const at = await desk(role);
        cells.push(await outcome(at, name, params(at)));
        await at.rig.close();
      }
      lines.push(`| ${name} | ${target} | ${cells.join(' | ')} |`);
    }
  }
  const text = `${head}${lines.join('\n')}\n`;
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(page, text);
  t.equal(readFileSync(page, 'utf8'), text, 'UPDATE_DOCS=1 writes it anew');
});

t.test('an operator gets nothing beyond what the page gives to them', async (t) => {
  const rows = readFileSync(page, 'utf8').split('\n').filter((line) => /^\| \w/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const operator = (method: string, target = ''): string | undefined =>
    rows.find((row) => row[1] === method && row[2] === target)?.[5];
  for (const method of ['room.create', 'group.create', 'group.broadcast', 'user.import']) {
    t.equal(operator(method), '403 role', method);
  }
  t.equal(operator('room.direct', 'an operator'), '403 target');
  t.equal(operator('room.direct', 'a supervisor'), 'yes');
  t.equal(operator('message.send', 'a dialog with an operator'), '403 target');
  t.equal(operator('message.send', 'a group of others'), '404 not_found');
  t.equal(operator('presence.query', 'an operator'), 'hidden');
  t.equal(operator('user.block', 'an operator'), '403 role');
});
