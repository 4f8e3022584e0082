import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { number, reasonOf, record, records, text, type Desk } from './context.js';
import { Notice } from './parts.js';
import { planOf, rowsOf, type Plan } from './import-plan.js';
import type { User } from './users.js';

/** Rows that one call takes. */
const rowsPerCall = 300;

function Preview({ plan }: { readonly plan: Plan }): JSX.Element {
  const shown = plan.rows.filter(({ change }) => change !== 'unchanged');
  return (
    <>
      <Notice kind="plain"><b>{plan.created}</b> new, <b>{plan.updated}</b> changed,
        {' '}<b>{plan.unchanged}</b> as they are, <b>{plan.wrong}</b> wrong</Notice>
      {shown.length > 0 && <div class="scroll"><table aria-label="What will change">
        <thead><tr><th>Line</th><th>User</th><th>Change</th><th>What</th></tr></thead>
        <tbody>{shown.slice(0, 200).map(({ line, user, change, what }) => (
          <tr key={line}><td class="num">{line}</td><td>{user}</td>
            <td><span class={`tag ${change === 'wrong' ? 'bad' : 'good'}`}>{change}</span></td>
            <td>{what}</td></tr>))}</tbody>
      </table></div>}
    </>
  );
}

/** Takes users from JSON or CSV; shows first what would change. */
export function ImportUsers({ desk, users, done }: {
  readonly desk: Desk; readonly users: readonly User[]; readonly done: () => Promise<void>;
}): JSX.Element {
  const [source, setSource] = useState('');
  const [overwrite, setOverwrite] = useState(false);
  const [said, say] = useState<{ readonly kind: 'good' | 'bad'; readonly text: string }>();
  let plan: Plan | undefined;
  let fault = '';
  try {
    plan = source.trim() === '' ? undefined : planOf(rowsOf(source), users);
  } catch (error) {
    fault = reasonOf(error);
  }
  const run = async (rows: readonly object[]): Promise<void> => {
    const sum = { created: 0, updated: 0, unchanged: 0 };
    const refused: string[] = [];
    try {
      for (let from = 0; from < rows.length; from += rowsPerCall) {
        const answer = record(await desk.client.call(
          'user.import', {
            users: rows.slice(from, from + rowsPerCall), ...overwrite && { overwrite },
          }));
        sum.created += number(answer['created']);
        sum.updated += number(answer['updated']);
        sum.unchanged += number(answer['unchanged']);
        refused.push(...records(answer['errors']).map(({ user, index, reason }) =>
          `${text(user) || `row ${from + number(index) + 1}`}: ${text(reason)}`));
      }
      const { created, updated, unchanged } = sum;
      const all = [
        `${created} created`, `${updated} updated`, `${unchanged} unchanged`, ...refused,
      ];
      say({ kind: refused.length > 0 ? 'bad' : 'good', text: all.join(', ') });
      setSource('');
      await done();
    } catch (error) {
      say({ kind: 'bad', text: reasonOf(error) });
    }
  };
  return (
    <section class="card import"><h2>Import users</h2>
      <p>JSON (an array) or CSV with a header line: user, login, name, surname, role, groups,
        active. Groups in one cell are set apart by blanks.</p>
      <input type="file" accept=".json,.csv,.jsonl" aria-label="File with users"
        onChange={async (event) => setSource(await event.currentTarget.files?.[0]?.text() ?? '')} />
      <textarea rows={6} aria-label="Users to import" value={source} placeholder={
        'user,login,name,role,groups,active\nu17,iryna,Iryna,operator,shop evening,true'}
        onInput={(event) => setSource(event.currentTarget.value)} />
      {fault !== '' && <Notice kind="bad">{fault}</Notice>}
      {said !== undefined && <Notice kind={said.kind}>{said.text}</Notice>}
      {plan !== undefined && <Preview plan={plan} />}
      <p><label><input type="checkbox" checked={overwrite}
        onChange={(event) => setOverwrite(event.currentTarget.checked)} /> Take role and state from
        here too where they were set in this console</label></p>
      <button type="button" class="main" disabled={plan === undefined || plan.good.length === 0}
        onClick={() => run(plan?.good ?? [])}>Import {plan?.good.length ?? 0} users</button>
    </section>
  );
}
