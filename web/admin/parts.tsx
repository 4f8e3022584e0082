import type { ComponentChildren, JSX } from 'preact';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { reasonOf } from './context.js';

export const Notice = ({ kind, children }: {
  readonly kind: 'good' | 'bad' | 'plain'; readonly children: ComponentChildren;
}): JSX.Element => (
  <p class={`notice ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>{children}</p>
);

export const Page = ({ title, lead, tools, children }: {
  readonly title: string; readonly lead: string; readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
}): JSX.Element => (
  <>
    <header class="page"><div><h1>{title}</h1><p>{lead}</p></div>
      <div class="tools">{tools}</div></header>
    {children}
  </>
);

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly fault: string;
  readonly again: () => Promise<void>;
}

/** Asks once, again on demand, and every `everyMs` where that is given. */
export function useLoaded<T>(ask: () => Promise<T>, everyMs = 0): Loaded<T> {
  const [state, setState] = useState<{ readonly value?: T; readonly fault: string }>({ fault: '' });
  const latest = useRef(ask);
  latest.current = ask;
  const again = useCallback(async () => {
    try {
      const value = await latest.current();
      setState({ value, fault: '' });
    } catch (fault) {
      setState((before) => ({ ...before, fault: reasonOf(fault) }));
    }
  }, []);
  useEffect(() => {
    void again();
    if (everyMs === 0) return undefined;
    const timer = setInterval(() => void again(), everyMs);
    return () => clearInterval(timer);
  }, [again, everyMs]);
  return { value: state.value, fault: state.fault, again };
}

const [width, height] = [240, 56];

/** A line over the last samples, with its newest value. */
export function Chart({ title, values, unit = '' }: {
  readonly title: string; readonly values: readonly number[]; readonly unit?: string;
}): JSX.Element {
  const most = Math.max(1, ...values) * 1.15;
  const step = width / Math.max(1, values.length - 1);
  const points = values.map((value, i) =>
    `${(i * step).toFixed(1)},${(height - (value / most) * height).toFixed(1)}`);
  const last = values.at(-1);
  const said = last === undefined ? '–' : last.toLocaleString('en', { maximumFractionDigits: 1 });
  return (
    <figure class="chart">
      <figcaption>{title}<b>{said}<small> {unit}</small></b></figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img"
        aria-label={`${title}: ${said} ${unit}`}>
        {points.length > 1 && <>
          <polygon points={`0,${height} ${points.join(' ')} ${width},${height}`} />
          <polyline points={points.join(' ')} />
        </>}
      </svg>
    </figure>
  );
}

/** Asks before what can't be taken back by a click. */
export function Sure({ label, question, act }: {
  readonly label: string; readonly question: string; readonly act: () => Promise<void>;
}): JSX.Element {
  const [asking, setAsking] = useState(false);
  if (!asking) {
    return (
      <button type="button" class="quiet bad" onClick={() => setAsking(true)}>{label}</button>
    );
  }
  return (
    <span class="sure">{question}
      <button type="button" class="danger" onClick={() => {
        setAsking(false);
        void act();
      }}>Yes</button>
      <button type="button" class="quiet" onClick={() => setAsking(false)}>No</button></span>
  );
}

export const when = (at: unknown): string =>
  typeof at === 'number' ? new Date(at).toLocaleString('en-GB') : '';
