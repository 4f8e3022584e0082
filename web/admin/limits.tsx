import type { JSX } from 'preact';
import type { Desk } from './context.js';
import { Notice, Page, useLoaded } from './parts.js';

/** Every bound of the server as it is in force. */
export function Limits({ desk }: { readonly desk: Desk }): JSX.Element {
  const { value, fault } = useLoaded(() => desk.client.call('server.info'));
  const limits: [string, unknown][] = Object.entries(value?.limits ?? {});
  return (
    <Page title="Limits"
      lead="In force on this node; each is set by --limit NAME=VALUE, 0 for none.">
      {fault !== '' && <Notice kind="bad">{fault}</Notice>}
      {value !== undefined && <Notice kind="plain"><b>{value.name} {value.version}</b>, node
        {' '}{value.node}, protocol {value.protocol}</Notice>}
      <section class="card"><table aria-label="Limits">
        <thead><tr><th>Limit</th><th>Value</th></tr></thead>
        <tbody>{limits.map(([name, limit]) => (
          <tr key={name}><td><code>{name}</code></td>
            <td class="num">{limit === 0 ? 'none' : Number(limit).toLocaleString('en')}</td></tr>
        ))}</tbody>
      </table></section>
    </Page>
  );
}
