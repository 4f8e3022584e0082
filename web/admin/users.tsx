import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { allOf, reasonOf, record, text, type Desk } from './context.js';
import { ImportUsers } from './import.js';
import { Notice, Page, Sure, useLoaded, when } from './parts.js';

export interface User {
  readonly user: string;
  readonly login: string;
  readonly name: string;
  readonly surname: string;
  readonly role: string;
  readonly groups: readonly string[];
  readonly active: boolean;
  readonly blocked: boolean;
  readonly lastSeen: unknown;
}

export const userOf = (row: Record<string, unknown>): User => ({
  user: text(row['user']), login: text(row['login']), name: text(row['name']),
  surname: text(row['surname']), role: text(row['role']),
  groups: Array.isArray(row['groups']) ? row['groups'].map(text) : [],
  active: row['active'] !== false, blocked: row['blocked'] === true, lastSeen: row['lastSeen'],
});

const rowsShown = 200;

interface RowProps {
  readonly desk: Desk;
  readonly user: User;
  readonly roles: readonly string[];
  readonly changed: (user: User) => void;
  readonly say: (fault: string) => void;
}

function EditRow({ desk, user, roles, changed, say, end }: RowProps & {
  readonly end: () => void;
}): JSX.Element {
  const [role, setRole] = useState(user.role);
  const [active, setActive] = useState(user.active);
  const save = async (): Promise<void> => {
    try {
      changed(userOf(record(await desk.client.call('user.update', {
        user: user.user, active, ...role !== '' && { role },
      }))));
      end();
    } catch (fault) {
      say(reasonOf(fault));
    }
  };
  return (
    <tr class="editing">
      <Who user={user} />
      <td><input list="roles" value={role} aria-label={`Role of ${user.user}`}
        onInput={(event) => setRole(event.currentTarget.value)} />
        <datalist id="roles">{roles.map((one) => <option key={one} value={one} />)}</datalist></td>
      <td>{user.groups.join(', ')}</td>
      <td><label class="check"><input type="checkbox" checked={active}
        aria-label={`${user.user} is active`}
        onChange={(event) => setActive(event.currentTarget.checked)} /> active</label></td>
      <td>{when(user.lastSeen)}</td>
      <td class="acts"><button type="button" class="main" onClick={save}>Save</button>
        <button type="button" class="quiet" onClick={end}>Cancel</button></td>
    </tr>
  );
}

const Who = ({ user }: { readonly user: User }): JSX.Element => (
  <td><b>{[user.name, user.surname].filter((part) => part !== '').join(' ') || user.user}</b>
    <br /><small>{user.login || user.user}</small></td>
);

function UserRow(props: RowProps): JSX.Element {
  const { desk, user, changed, say } = props;
  const [editing, setEditing] = useState(false);
  if (editing) return <EditRow {...props} end={() => setEditing(false)} />;
  const set = async (method: 'user.block' | 'user.unblock'): Promise<void> => {
    try {
      await desk.client.call(method, { user: user.user });
      changed({ ...user, blocked: method === 'user.block' });
    } catch (fault) {
      say(reasonOf(fault));
    }
  };
  return (
    <tr>
      <Who user={user} />
      <td>{user.role === '' ? <small>by token</small> : <span class="tag">{user.role}</span>}</td>
      <td>{user.groups.join(', ')}</td>
      <td>{user.blocked ? <span class="tag bad">blocked</span>
        : user.active ? <span class="tag good">active</span>
          : <span class="tag">inactive</span>}</td>
      <td>{when(user.lastSeen)}</td>
      <td class="acts">
        {desk.may('user.role') && <button type="button" class="quiet"
          onClick={() => setEditing(true)}>Edit</button>}
        {user.user !== desk.me && desk.may('user.block') && (user.blocked
          ? <button type="button" class="quiet" onClick={() => set('user.unblock')}>Unblock</button>
          : <Sure label="Block" question="Close every session?" act={() => set('user.block')} />)}
      </td>
    </tr>
  );
}

function matches(user: User, query: string, role: string): boolean {
  if (role !== '' && user.role !== role) return false;
  const all = [user.user, user.login, user.name, user.surname, user.role, ...user.groups];
  return all.join('\n').toLowerCase().includes(query.trim().toLowerCase());
}

/** Everybody the server knows: found, edited in the row, blocked, imported. */
export function Users({ desk }: { readonly desk: Desk }): JSX.Element {
  const [query, setQuery] = useState('');
  const [role, setRole] = useState('');
  const [said, say] = useState('');
  const [importing, setImporting] = useState(false);
  const [edits, setEdits] = useState<ReadonlyMap<string, User>>(new Map());
  const { value, fault, again } = useLoaded(async () => {
    const rows = await allOf(desk.client, 'user.list', { limit: 500 }, 'users');
    setEdits(new Map());
    return rows.map(userOf);
  });
  const users = (value ?? []).map((user) => edits.get(user.user) ?? user);
  const roles = [...new Set(['admin', 'supervisor', 'operator', 'user',
    ...users.map((user) => user.role)])].filter((one) => one !== '');
  const found = users.filter((user) => matches(user, query, role));
  const changed = (user: User): void => {
    say('');
    setEdits((before) => new Map(before).set(user.user, user));
  };
  const tools = desk.may('user.import') && <button type="button" class="main"
    onClick={() => setImporting(!importing)}>Import…</button>;
  return (
    <Page title="Users" tools={tools}
      lead="Who was seen or imported. A role or state set here wins over the token's.">
      {[fault, said].map((one) => one !== '' && <Notice kind="bad" key={one}>{one}</Notice>)}
      {importing && <ImportUsers desk={desk} users={users} done={again} />}
      <div class="filters">
        <input type="search" placeholder="Filter by login, name, role or group"
          aria-label="Filter users" value={query}
          onInput={(event) => setQuery(event.currentTarget.value)} />
        <select aria-label="Role" value={role}
          onChange={(event) => setRole(event.currentTarget.value)}>
          <option value="">every role</option>
          {roles.map((one) => <option key={one}>{one}</option>)}</select>
        <span>{found.length} of {users.length}</span>
      </div>
      <section class="card"><table aria-label="Users">
        <thead><tr><th>User</th><th>Role</th><th>Groups</th><th>State</th><th>Last seen</th><th />
        </tr></thead>
        <tbody>{found.slice(0, rowsShown).map((user) => (
          <UserRow key={user.user} {...{ desk, user, roles, changed, say }} />))}</tbody>
      </table></section>
      {found.length > rowsShown
        && <Notice kind="plain">The first {rowsShown} are shown: filter to find others.</Notice>}
    </Page>
  );
}
