import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { record, records, text, type Desk } from './context.js';
import { Notice, Page, useLoaded, when } from './parts.js';

const said = (value: unknown): string =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '');

/** Who did what: sign-ins, refusals, blocks, imports, changes of roles. */
export function Audit({ desk }: { readonly desk: Desk }): JSX.Element {
  const [pages, setPages] = useState<readonly string[]>([]);
  const [query, setQuery] = useState('');
  const page = pages.at(-1);
  const { value, fault, again } = useLoaded(async () => record(await desk.client.call(
    'audit.list', { limit: 200, ...page !== undefined && { page } })));
  const entries = Object.values(value ?? {}).map(records).find((rows) => rows.length > 0) ?? [];
  const lines = entries.map(({ at, user, by, action, event, ...more }) => ({
    at, who: text(by) || text(user), what: text(action) || text(event),
    more: Object.entries({ ...(text(by) !== '' && { user }), ...more })
      .filter(([, one]) => one !== undefined)
      .map(([name, one]) => `${name}: ${said(one)}`).join(', '),
  }));
  const found = lines.filter(({ who, what, more }) =>
    `${who}\n${what}\n${more}`.toLowerCase().includes(query.toLowerCase()));
  const next = text(value?.['page']);
  const turn = (to: readonly string[]): void => {
    setPages(to);
    queueMicrotask(() => void again());
  };
  return (
    <Page title="Audit" lead="Who did what, the newest first; no texts of messages, no tokens."
      tools={<button type="button" class="quiet" onClick={again}>Refresh</button>}>
      {fault !== '' && <Notice kind="bad">{fault}</Notice>}
      <div class="filters"><input type="search" placeholder="Filter" aria-label="Filter the log"
        value={query} onInput={(event) => setQuery(event.currentTarget.value)} /></div>
      <section class="card"><table aria-label="Audit log">
        <thead><tr><th>When</th><th>Who</th><th>What</th><th>More</th></tr></thead>
        <tbody>{found.map(({ at, who, what, more }, i) => (
          <tr key={i}><td>{when(at)}</td><td><b>{who}</b></td>
            <td><span class="tag">{what}</span></td>
            <td><small>{more}</small></td></tr>))}</tbody>
      </table></section>
      <div class="filters">
        <button type="button" class="quiet" disabled={pages.length === 0}
          onClick={() => turn(pages.slice(0, -1))}>Newer</button>
        <button type="button" class="quiet" disabled={next === ''}
          onClick={() => turn([...pages, next])}>Older</button></div>
    </Page>
  );
}
