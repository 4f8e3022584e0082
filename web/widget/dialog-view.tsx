import { Component, type JSX } from 'preact';
import type { Dialog, Message, Pending } from './dialog.js';
import { lengthOf, timeOf } from './format.js';
import { Icon, Picture, type Seen } from './view.js';

type Props = Seen & { readonly dialog: Dialog };

/** From here on the space left is worth saying. */
const nearLimit = 100;
/** So near to an end of the scrolled list counts as there, in pixels. */
const nearPx = 80;

interface BubbleProps extends Props {
  readonly message: Message;
  readonly previous: Message | undefined;
}

function Bubble({ message, previous, dialog, model, words }: BubbleProps): JSX.Element {
  const { at, deleted, editedAt, from, text } = message;
  const own = from === model.me;
  const read = own && dialog.isRead(message);
  return (
    <li class={own ? 'own' : 'their'}>
      <div class={deleted === true ? 'bubble gone' : 'bubble'}>
        {previous?.from !== from && !own && <b class="author"><bdi>{model.nameOf(from)}</bdi></b>}
        {own && <span class="sr">{words.you}: </span>}
        <p dir="auto">{deleted === true ? words.deleted : text ?? JSON.stringify(message.body)}</p>
        <small>
          {editedAt !== undefined && `${words.edited} `}
          <time>{timeOf(at, Date.now())}</time>
          {own && <i class={read ? 'mark read' : 'mark'} role="img"
            aria-label={read ? words.read : words.accepted}>{read ? '✓✓' : '✓'}</i>}
        </small>
      </div>
    </li>
  );
}

const Waiting = ({ pending, dialog, words }: Props & {
  readonly pending: Pending;
}): JSX.Element => (
  <li class="own">
    <div class={pending.failed || pending.came ? 'bubble' : 'bubble waits'}>
      <p dir="auto">{pending.text}</p>
      {pending.failed
        ? <button type="button" onClick={() => dialog.again(pending)}>{words.failed}</button>
        : <small>{pending.came === undefined ? words.sending : [
          `${words.sent}: ${pending.came.sent}`, `${words.skipped}: ${pending.came.skipped}`,
        ].join(', ')}</small>}
    </div>
  </li>
);

/** The messages; scrolled from the end, so that older ones come in without a jump. */
class Log extends Component<Props> {
  #element: HTMLElement | null = null;

  override componentDidMount(): void {
    this.#look();
    document.addEventListener('visibilitychange', this.#look);
  }

  override componentDidUpdate(): void {
    this.#look();
  }

  override componentWillUnmount(): void {
    document.removeEventListener('visibilitychange', this.#look);
  }

  // Scrolled backwards from 0, the end, in a reversed column.
  readonly #look = (): void => {
    const element = this.#element;
    if (element === null) return;
    const { dialog } = this.props;
    const fromEnd = -element.scrollTop;
    if (fromEnd < nearPx && document.visibilityState === 'visible') dialog.seen();
    const above = element.scrollHeight - element.clientHeight - fromEnd;
    if (above < nearPx) void dialog.older();
  };

  override render(): JSX.Element {
    const { dialog, words } = this.props;
    const { messages, pending, more } = dialog;
    return (
      // Scrollable by keyboard too.
      <div class="log" role="log" tabIndex={0} onScroll={this.#look}
        ref={(element: HTMLElement | null) => { this.#element = element; }}>
        <ol>
          {messages.map((message, i) => (
            <Bubble key={message.seq} message={message} previous={messages[i - 1]}
              {...this.props} />
          ))}
          {pending.map((one) => <Waiting key={one.key} pending={one} {...this.props} />)}
        </ol>
        {messages.length + pending.length === 0 && (!more || dialog.room === undefined)
          && <p class="empty">{words.nothing}</p>}
      </div>
    );
  }
}

/** One conversation: who, the messages, and where one writes. */
export class DialogView extends Component<Props> {
  #input: HTMLTextAreaElement | null = null;

  override componentDidMount(): void {
    this.#input?.focus();
  }

  readonly #send = (event: Event): void => {
    event.preventDefault();
    const { dialog, model } = this.props;
    const text = dialog.draft.trim();
    if (text === '' || lengthOf(text) > model.maxText) return;
    dialog.draft = '';
    void dialog.send(text);
    this.#input?.focus();
  };

  readonly #key = (event: KeyboardEvent): void => {
    // Enter that ends the choice of a character is no Enter.
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) this.#send(event);
  };

  override render(): JSX.Element {
    const { dialog, model, words } = this.props;
    const row = model.row(model.open ?? '');
    const name = row?.name ?? '';
    const left = model.maxText - lengthOf(dialog.draft);
    const { typist } = dialog;
    const state = typist !== undefined ? `${model.nameOf(typist)} ${words.typing}`
      : row?.online === undefined ? '' : row.online ? words.online : words.away;
    return (
      <>
        <div class="bar">
          <button type="button" class="icon" aria-label={words.back}
            onClick={() => model.set({ open: undefined })}><Icon path="M15 6l-6 6 6 6" /></button>
          <Picture name={name} online={row?.online} />
          <span class="who"><span class="name"><bdi>{name}</bdi></span>
            <span class={typist === undefined ? 'state' : 'state typing'} role="status">
              {state}</span></span>
        </div>
        <Log {...this.props} />
        <form class="write" onSubmit={this.#send}>
          <textarea dir="auto" rows={1} value={dialog.draft} placeholder={words.write}
            aria-label={words.write} aria-describedby="left" aria-invalid={left < 0}
            ref={(element: HTMLTextAreaElement | null) => { this.#input = element; }}
            onKeyDown={this.#key}
            onInput={(event) => {
              dialog.draft = event.currentTarget.value;
              dialog.typing();
              this.setState({});
            }} />
          <button type="submit" class="icon send" aria-label={words.send}
            disabled={left < 0 || dialog.draft.trim() === ''}>
            <Icon path="M4 12l16-8-6 16-3-7z" /></button>
          <span id="left" class={left < 0 ? 'left over' : 'left'}>
            {left < nearLimit || model.maxText < 1_000 ? `${words.left}: ${left}` : ''}</span>
        </form>
      </>
    );
  }
}
