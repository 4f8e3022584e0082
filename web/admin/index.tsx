import { render, type FunctionComponent, type JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Api } from './api.js';
import { Audit } from './audit.js';
import { openDesk, reasonOf, type Desk } from './context.js';
import { Groups } from './groups.js';
import { Limits } from './limits.js';
import { Live } from './live.js';
import { Notice } from './parts.js';
import { Users } from './users.js';

interface Place {
  readonly title: string;
  readonly page: FunctionComponent<{ readonly desk: Desk }>;
  /** Without this method the page has nothing to show. */
  readonly needs: string;
}

const places: Readonly<Record<string, Place>> = {
  live: { title: 'Live', page: Live, needs: 'server.stats' },
  users: { title: 'Users', page: Users, needs: 'user.list' },
  groups: { title: 'Groups', page: Groups, needs: 'group.list' },
  audit: { title: 'Audit', page: Audit, needs: 'audit.list' },
  limits: { title: 'Limits', page: Limits, needs: 'server.info' },
  api: { title: 'API', page: Api, needs: 'rpc.discover' },
};

/** Whoever may sign in may see these. */
const forAll = new Set(['rpc.discover', 'server.info']);

/** The token stays in this tab and goes with it. */
const storage = 'ringpost token';

function SignIn({ url, opened }: {
  readonly url: string; readonly opened: (desk: Desk) => void;
}): JSX.Element {
  const [token, setToken] = useState(sessionStorage.getItem(storage) ?? '');
  const [fault, setFault] = useState('');
  const [busy, setBusy] = useState(false);
  const open = async (with_: string): Promise<void> => {
    setBusy(true);
    try {
      const desk = await openDesk(url, with_);
      sessionStorage.setItem(storage, with_);
      opened(desk);
    } catch (error) {
      sessionStorage.removeItem(storage);
      setFault(reasonOf(error));
      setBusy(false);
    }
  };
  useEffect(() => { if (token !== '') void open(token); }, []);
  return (
    <main class="sign-in"><form class="card" onSubmit={(event) => {
      event.preventDefault();
      void open(token.trim());
    }}>
      <h1>ringpost</h1><p>For administrators and supervisors.</p>
      <label>Token<input name="token" type="password" autocomplete="off" required value={token}
        onInput={(event) => setToken(event.currentTarget.value)} /></label>
      <small>On a server in --dev, <code>admin:admin</code> is one.</small>
      {fault !== '' && <Notice kind="bad">{fault}</Notice>}
      <button type="submit" class="main" disabled={busy}>Sign in</button>
    </form></main>
  );
}

const here = (): string => location.hash.slice(1);

function Shell({ desk, leave }: {
  readonly desk: Desk; readonly leave: () => void;
}): JSX.Element {
  const [name, setName] = useState(here());
  const [state, setState] = useState(desk.client.state);
  useEffect(() => {
    const moved = (): void => setName(here());
    addEventListener('hashchange', moved);
    const off = desk.client.on('state', (change) => setState(change.state));
    return () => {
      removeEventListener('hashchange', moved);
      off();
    };
  }, [desk]);
  const shown = Object.entries(places)
    .filter(([, { needs }]) => desk.may(needs) || forAll.has(needs));
  const [id, place] = shown.find(([one]) => one === name) ?? shown[0] ?? [];
  const CurrentPage = place?.page;
  return (
    <div class="shell">
      <aside>
        <strong>ringpost</strong>
        <nav aria-label="Console">{shown.map(([one, { title }]) => (
          <a key={one} href={`#${one}`} aria-current={one === id ? 'page' : undefined}>{title}</a>
        ))}</nav>
        <p><b>{desk.me}</b><br /><small>{desk.role}</small></p>
        <button type="button" class="quiet" onClick={leave}>Sign out</button>
      </aside>
      <main>
        {state !== 'online' && <Notice kind="bad">No connection. Trying again…</Notice>}
        {CurrentPage !== undefined && <CurrentPage key={id} desk={desk} />}
      </main>
    </div>
  );
}

function Console({ url }: { readonly url: string }): JSX.Element {
  const [desk, setDesk] = useState<Desk>();
  if (desk === undefined) return <SignIn url={url} opened={setDesk} />;
  return <Shell desk={desk} leave={() => {
    sessionStorage.removeItem(storage);
    desk.client.logout().catch(() => undefined).finally(() => desk.client.close());
    setDesk(undefined);
  }} />;
}

const root = document.querySelector<HTMLElement>('#console');
if (root !== null) {
  root.textContent = '';
  render(<Console url={new URL(root.dataset['url'] ?? '/rpc', location.href).href} />, root);
}
