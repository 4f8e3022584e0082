/** One server-sent event. */
export interface StreamEvent {
  /** `event:`; `message` when absent. */
  readonly event: string;
  readonly data: string;
  /** The last `id:` seen so far. */
  readonly id: string | undefined;
}

/**
 * A parser of `text/event-stream`, fed with text as it comes.
 * Source: WHATWG HTML, 9.2.6 "Interpreting an event stream".
 * @param dispatch called for each whole event that has data
 */
export function eventStreamParser(dispatch: (event: StreamEvent) => void): (text: string) => void {
  let rest = '';
  let event = '';
  let data: string[] = [];
  let id: string | undefined;
  let first = true;

  const endEvent = (): void => {
    if (data.length > 0) dispatch({ event: event || 'message', data: data.join('\n'), id });
    event = '';
    data = [];
  };
  const take = (line: string): void => {
    if (line === '') return endEvent();
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id' && !value.includes('\0')) id = value;
  };
  return (text) => {
    rest += first ? text.replace(/^\uFEFF/, '') : text;
    first = first && text === '';
    for (;;) {
      const end = /\r\n|\n|\r/.exec(rest);
      // A lone CR at the very end may be the first half of CR LF.
      if (end === null || (end[0] === '\r' && end.index === rest.length - 1)) return;
      const line = rest.slice(0, end.index);
      rest = rest.slice(end.index + end[0].length);
      take(line);
    }
  };
}
