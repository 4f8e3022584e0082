import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { CallError } from '../../src/client/index.js';
import { reasonOf, type Desk, type MethodDoc } from './context.js';
import { Page } from './parts.js';

/** Params as a person begins them: those of the example, or the needed ones empty. */
const draftOf = ({ params, example }: MethodDoc): string => {
  const needed = params.filter(({ required }) => required).map(({ name }) => [name, '']);
  return JSON.stringify({ ...Object.fromEntries(needed), ...example }, null, 2);
};

function Try({ desk, method }: { readonly desk: Desk; readonly method: MethodDoc }): JSX.Element {
  const [draft, setDraft] = useState(draftOf(method));
  const [answer, setAnswer] = useState<{ readonly good: boolean; readonly text: string }>();
  const call = async (): Promise<void> => {
    const began = performance.now();
    const took = (): string => `${(performance.now() - began).toFixed(0)} ms\n`;
    try {
      const params: unknown = JSON.parse(draft);
      const result = await desk.client.call(method.name, Object(params));
      setAnswer({ good: true, text: took() + JSON.stringify(result, null, 2) });
    } catch (fault) {
      const text = fault instanceof CallError
        ? `${took()}${fault.code} ${fault.message}` : reasonOf(fault);
      setAnswer({ good: false, text });
    }
  };
  return (
    <section class="card try">
      <h2><code>{method.name}</code></h2><p>{method.summary}</p>
      {method.params.length > 0 && <table><tbody>{method.params.map(({ name, required, type }) => (
        <tr key={name}><td><code>{name}{required ? '' : '?'}</code></td>
          <td><small>{type}</small></td></tr>))}</tbody></table>}
      <textarea rows={6} spellcheck={false} aria-label={`Params of ${method.name}`} value={draft}
        onInput={(event) => setDraft(event.currentTarget.value)} />
      <button type="button" class="main" onClick={call}>Call</button>
      {answer !== undefined && <pre class={answer.good ? 'answer' : 'answer bad'} role="status">
        {answer.text}</pre>}
    </section>
  );
}

/** Every method as the server describes it, and a place to try it. */
export function Api({ desk }: { readonly desk: Desk }): JSX.Element {
  const [query, setQuery] = useState('');
  const [name, setName] = useState('server.info');
  const found = desk.methods.filter((one) =>
    `${one.name} ${one.summary}`.toLowerCase().includes(query.toLowerCase()));
  const chosen = desk.methods.find((one) => one.name === name) ?? desk.methods[0];
  return (
    <Page title="API" lead="What rpc.discover says, and a place to try it. Calls here are real.">
      <div class="api">
        <nav aria-label="Methods">
          <input type="search" placeholder="Find a method" aria-label="Find a method" value={query}
            onInput={(event) => setQuery(event.currentTarget.value)} />
          {found.map((one) => (
            <button type="button" key={one.name} class="quiet" title={one.summary}
              aria-current={one.name === chosen?.name}
              onClick={() => setName(one.name)}>{one.name}</button>))}
        </nav>
        {chosen !== undefined && <Try key={chosen.name} desk={desk} method={chosen} />}
      </div>
    </Page>
  );
}
