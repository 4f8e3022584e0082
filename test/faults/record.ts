/** What clients of a workload did and saw, in the order in which each of them did. */
export type Event =
  | { readonly kind: 'send'; readonly client: string; readonly room: string; readonly key: string }
  | {
    readonly kind: 'ack'; readonly client: string; readonly room: string; readonly key: string;
    readonly seq: number; readonly epoch: string;
  }
  /** Refused for good: it must never be seen. A lost answer is no refusal, it is sent again. */
  | { readonly kind: 'refused'; readonly client: string; readonly room: string;
    readonly key: string; readonly code: number }
  /** A message on the feed. Its text is its key, so that it names its sending. */
  | {
    readonly kind: 'saw'; readonly client: string; readonly room: string; readonly seq: number;
    readonly epoch: string; readonly text: string; readonly cursor: string | undefined;
  }
  /** The feed was opened, at a place or from then on: no part of any promise, for whoever asks
   * how a finding came about. */
  | { readonly kind: 'opened'; readonly client: string; readonly since: string | undefined;
    readonly url: string }
  /** The feed could not go on: what came before need not be continued. */
  | { readonly kind: 'reset'; readonly client: string };

export interface HistoryMessage {
  readonly seq: number;
  readonly text: string;
}

/** What is there at the end, read from the server when all is quiet. */
export interface FinalRoom {
  readonly room: string;
  readonly epoch: string;
  readonly members: readonly string[];
  /** All of it, ascending. */
  readonly messages: readonly HistoryMessage[];
}

export interface Record {
  readonly events: readonly Event[];
  readonly rooms: readonly FinalRoom[];
}
