import type { JSX, TargetedKeyboardEvent } from 'preact';
import { DialogView } from './dialog-view.js';
import { hueOf, initialsOf, timeOf } from './format.js';
import type { Model, Row, Tab } from './model.js';
import type { Words } from './words-en.js';

export interface Seen {
  readonly model: Model;
  readonly words: Words;
}

export const Icon = ({ path }: { readonly path: string }): JSX.Element => (
  <svg viewBox="0 0 24 24" aria-hidden="true"><path d={path} /></svg>
);

export const Picture = ({ name, online }: {
  readonly name: string; readonly online?: boolean | undefined;
}): JSX.Element => (
  <span class="pic" aria-hidden="true" style={{ '--hue': hueOf(name) }}>
    {initialsOf(name)}
    {online !== undefined && <i class={online ? 'dot on' : 'dot'} />}
  </span>
);

const lineOf = ({ last, group, login }: Row, { model, words }: Seen): string => {
  if (group !== undefined) return group.active ? words.broadcast : words.off;
  if (last === undefined) return login;
  const text = last.deleted === true ? words.deleted : last.text ?? '…';
  return last.from === model.me ? `${words.you}: ${text}` : text;
};

const Badge = ({ count }: { readonly count: number }): JSX.Element | null =>
  count === 0 ? null : <b class="badge">{count}</b>;

function Entry({ row, ...seen }: Seen & { readonly row: Row }): JSX.Element {
  const { model, words } = seen;
  const { online, unread, name, last } = row;
  const state = online === undefined ? '' : online ? words.online : words.away;
  const fresh = model.fresh.has(row.id) ? ' fresh' : '';
  return (
    <li>
      <button type="button" class={`row${unread > 0 ? ' new' : ''}${fresh}`}
        disabled={row.group?.active === false} onClick={() => model.show(row)}
        // Ended, it may begin again with the next message.
        onAnimationEnd={() => model.fresh.delete(row.id)}>
        <Picture name={name} online={online} />
        <span class="who">
          <span class="name"><bdi>{name}</bdi>
            {last !== undefined && <time>{timeOf(last.at, Date.now())}</time>}</span>
          <span class="line"><span dir="auto">{lineOf(row, seen)}</span>
            <Badge count={unread} /></span>
        </span>
        <span class="sr">{state}{unread > 0 && `, ${words.unread}: ${unread}`}</span>
      </button>
    </li>
  );
}

function Tabs({ model, words }: Seen): JSX.Element {
  const tabs: Tab[] = ['recent', 'all', 'unread'];
  if (model.groups !== undefined) tabs.push('groups');
  // Arrows walk, and choose (ARIA Authoring Practices, tabs).
  const walk = ({ key, currentTarget }: TargetedKeyboardEvent<HTMLElement>): void => {
    const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
    const ahead = currentTarget.matches(':dir(rtl)') ? -step : step;
    const to = (tabs.indexOf(model.tab) + ahead + tabs.length) % tabs.length;
    const [tab, button] = [tabs[to], currentTarget.children[to]];
    if (step === 0 || tab === undefined || !(button instanceof HTMLElement)) return;
    model.set({ tab });
    button.focus();
  };
  return (
    <div role="tablist" aria-label={words.lists} onKeyDown={walk}>
      {tabs.map((tab) => (
        <button type="button" role="tab" id={tab} key={tab} aria-controls="list"
          aria-selected={model.tab === tab} tabIndex={model.tab === tab ? 0 : -1}
          onClick={() => model.set({ tab, query: '' })}>
          {words[tab]}
        </button>
      ))}
    </div>
  );
}

function List(seen: Seen): JSX.Element {
  const { model, words } = seen;
  const { shown } = model;
  return (
    <>
      <input type="search" class="find" placeholder={words.find} aria-label={words.find}
        value={model.query} onInput={(event) => model.set({ query: event.currentTarget.value })} />
      <Tabs {...seen} />
      <ul id="list" role="tabpanel" aria-labelledby={model.tab}>
        {shown.map((row) => <Entry key={row.id} row={row} {...seen} />)}
        {shown.length === 0 && <li class="empty">{words.nobody}</li>}
      </ul>
    </>
  );
}

function Header(seen: Seen): JSX.Element {
  const { model, words } = seen;
  const { folded, alert, unread } = model;
  const label = folded ? words.unfold : words.fold;
  const flash = folded && alert !== undefined;
  return (
    <button type="button" class={flash ? 'head flash' : 'head'} aria-expanded={!folded}
      onClick={() => model.set({ folded: !folded })}>
      <Icon path="M3 4h18v13H9l-5 4v-4H3z" />
      <span class="title" dir="auto">
        {flash ? <><b>{alert.name}</b> {lineOf(alert, seen)}</> : words.title}
      </span>
      <Badge count={unread} />
      <i class="fold"><Icon path={folded ? 'M6 15l6-6 6 6' : 'M6 9l6 6 6-6'} /></i>
      <span class="sr">{label}{unread > 0 && `, ${words.unread}: ${unread}`}</span>
    </button>
  );
}

function Elsewhere(seen: Seen): JSX.Element | null {
  const { model, words } = seen;
  const row = model.open === undefined ? undefined : model.elsewhere;
  return row === undefined ? null : (
    <button type="button" class="elsewhere" onClick={() => model.show(row)}>
      <b>{words.notRead}</b> <bdi>{row.name}</bdi>: <span dir="auto">{lineOf(row, seen)}</span>
    </button>
  );
}

/** The whole widget, from what the model knows now. */
export function View(seen: Seen): JSX.Element {
  const { model, words } = seen;
  const { dialog, folded, refused } = model;
  const away = refused ? words.refused
    : model.connection === 'online' ? '' : words.offline;
  const escape = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || folded) return;
    model.set(dialog === undefined ? { folded: true } : { open: undefined });
  };
  return (
    <section class={folded ? 'box folded' : 'box'} aria-label={words.title} onKeyDown={escape}>
      <Header {...seen} />
      {!folded && (
        <div class="body">
          {away !== '' && <p class="away" role="status">{away}</p>}
          <Elsewhere {...seen} />
          {dialog === undefined ? <List {...seen} />
            : <DialogView key={model.open} dialog={dialog} {...seen} />}
        </div>
      )}
      <span class="sr" role="status">
        {model.alert !== undefined && `${model.alert.name}: ${lineOf(model.alert, seen)}`}
      </span>
    </section>
  );
}
