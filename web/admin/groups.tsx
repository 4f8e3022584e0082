import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { allOf, number, reasonOf, record, text, type Desk } from './context.js';
import { Notice, Page, Sure, useLoaded } from './parts.js';

interface Group {
  readonly group: string;
  readonly title: string;
  readonly active: boolean;
  readonly members: number;
}

const groupOf = (row: Record<string, unknown>): Group => ({
  group: text(row['group']), title: text(row['title']), active: row['active'] !== false,
  members: Array.isArray(row['members']) ? row['members'].length : number(row['members']),
});

interface Acting {
  readonly desk: Desk;
  /** Calls, says what went wrong, and reads the list again. */
  readonly act: (method: string, params: object) => Promise<void>;
}

/** Who is in a group: the users that name it, wherever they came from. */
function Members({ desk, act, group }: Acting & { readonly group: string }): JSX.Element {
  const [added, setAdded] = useState('');
  const { value = [], fault, again } = useLoaded(async () => {
    const users = await allOf(desk.client, 'user.list', { limit: 500 }, 'users');
    return users.filter(({ groups }) => Array.isArray(groups) && groups.includes(group));
  });
  const change = async (method: string, users: readonly string[]): Promise<void> => {
    await act(method, { group, users });
    await again();
  };
  return (
    <div class="members">
      {fault !== '' && <Notice kind="bad">{fault}</Notice>}
      <ul>{value.map((row) => (
        <li key={text(row['user'])}><b>{text(row['login']) || text(row['user'])}</b>
          {' '}{text(row['name'])}
          {desk.may('group.removeUsers') && <button type="button" class="quiet"
            onClick={() => change('group.removeUsers', [text(row['user'])])}>Remove</button>}
        </li>))}
        {value.length === 0 && <li>Nobody yet</li>}
      </ul>
      {desk.may('group.addUsers') && <form class="filters" onSubmit={(event) => {
        event.preventDefault();
        void change('group.addUsers', added.split(/[\s,]+/).filter((one) => one !== ''));
        setAdded('');
      }}>
        <input aria-label={`Users to add to ${group}`} placeholder="User ids to add" value={added}
          onInput={(event) => setAdded(event.currentTarget.value)} />
        <button type="submit" class="quiet" disabled={added.trim() === ''}>Add</button></form>}
    </div>
  );
}

function GroupRow({ desk, act, group }: Acting & { readonly group: Group }): JSX.Element {
  const [open, setOpen] = useState(false);
  const [title, setTitle] = useState<string>();
  const update = (change: object): Promise<void> =>
    act('group.update', { group: group.group, ...change });
  return (
    <>
      <tr>
        <td>{title === undefined ? <b>{group.title || group.group}</b>
          : <input value={title} aria-label={`Title of ${group.group}`}
            onInput={(event) => setTitle(event.currentTarget.value)} />}
          <br /><small>{group.group}</small></td>
        <td><button type="button" class="quiet" aria-expanded={open}
          onClick={() => setOpen(!open)}>{group.members} members</button></td>
        <td>{group.active ? <span class="tag good">active</span>
          : <span class="tag">inactive</span>}</td>
        <td class="acts">{desk.may('group.update') && (title === undefined ? <>
          <button type="button" class="quiet" onClick={() => setTitle(group.title)}>Rename</button>
          <button type="button" class="quiet" onClick={() => update({ active: !group.active })}>
            {group.active ? 'Deactivate' : 'Activate'}</button>
          {desk.may('group.delete') && <Sure label="Delete" question="Delete it?"
            act={() => act('group.delete', { group: group.group })} />}
        </> : <>
          <button type="button" class="main" onClick={() => {
            void update({ title });
            setTitle(undefined);
          }}>Save</button>
          <button type="button" class="quiet" onClick={() => setTitle(undefined)}>Cancel</button>
        </>)}</td>
      </tr>
      {open && <tr><td colSpan={4}><Members desk={desk} act={act} group={group.group} /></td></tr>}
    </>
  );
}

/** Mailing groups: made, renamed, switched off; the count opens who is in them. */
export function Groups({ desk }: { readonly desk: Desk }): JSX.Element {
  const [name, setName] = useState('');
  const [said, say] = useState('');
  const { value = [], fault, again } = useLoaded(async () =>
    (await allOf(desk.client, 'group.list', {}, 'groups')).map(groupOf));
  const act = async (method: string, params: object): Promise<void> => {
    try {
      record(await desk.client.call(method, params));
      say('');
    } catch (error) {
      say(reasonOf(error));
    }
    await again();
  };
  const create = desk.may('group.create') && <form class="filters" onSubmit={(event) => {
    event.preventDefault();
    const title = name.trim();
    void act('group.create', { group: title.toLowerCase().replaceAll(/\s+/g, '-'), title });
    setName('');
  }}>
    <input aria-label="Title of a new group" placeholder="New group" value={name}
      onInput={(event) => setName(event.currentTarget.value)} />
    <button type="submit" class="main" disabled={name.trim() === ''}>Create</button></form>;
  return (
    <Page title="Groups" tools={create}
      lead="One message to a group is a direct message to each of its members.">
      {[fault, said].map((one) => one !== '' && <Notice kind="bad" key={one}>{one}</Notice>)}
      <section class="card"><table aria-label="Groups">
        <thead><tr><th>Group</th><th>Members</th><th>State</th><th /></tr></thead>
        <tbody>{value.map((group) => (
          <GroupRow key={group.group} desk={desk} act={act} group={group} />))}</tbody>
      </table></section>
    </Page>
  );
}
