import type { Logger } from '../base/log.js';
import { code, RpcError } from './errors.js';
import { errorText, type MessageId } from './message.js';

/** Where the whole answer of one text goes, once. */
export type Reply = (answer: string | undefined) => void;

/** Where the answer of one message goes: straight out, or into its place in a batch. */
export interface AnswerSlot {
  /**
   * @param answer undefined when there is none to give
   * @param after what must run once the answer is queued
   */
  put(index: number, id: MessageId, answer: string | undefined, after: Afters): void;
}

export type Afters = readonly (() => void)[] | undefined;

/** Runs what waited for an answer to be out; one that fails keeps no other from running. */
export function runAfters(afters: Afters, log: Logger): void {
  if (afters === undefined) return;
  for (const run of afters) {
    try {
      run();
    } catch (err) {
      log.error({ err }, 'what should follow an answer failed');
    }
  }
}

/**
 * The answers of a batch, in the order of its calls (stricter than section 6, which leaves the
 * order open): one array when the last is in, nothing when none has an answer.
 */
export class BatchAnswers implements AnswerSlot {
  readonly #answers: (string | undefined)[];
  readonly #maxBytes: number;
  readonly #reply: Reply;
  readonly #log: Logger;
  #missing: number;
  #bytes = 0;
  #afters: (() => void)[] | undefined;

  /** @param maxBytes of all answers together; 0 for none */
  constructor(calls: number, maxBytes: number, reply: Reply, log: Logger) {
    this.#answers = new Array<string | undefined>(calls).fill(undefined);
    this.#missing = calls;
    this.#maxBytes = maxBytes;
    this.#reply = reply;
    this.#log = log;
  }

  put(index: number, id: MessageId, answer: string | undefined, after: Afters): void {
    if (answer !== undefined) this.#answers[index] = this.#bounded(id, answer);
    if (after !== undefined) (this.#afters ??= []).push(...after);
    this.#missing -= 1;
    if (this.#missing > 0) return;
    const given = this.#answers.filter((text) => text !== undefined);
    // Section 6: an array, also for one answer; nothing at all in place of an empty one.
    this.#reply(given.length === 0 ? undefined : `[${given.join(',')}]`);
    runAfters(this.#afters, this.#log);
  }

  #bounded(id: MessageId, answer: string): string {
    const bytes = Buffer.byteLength(answer) + 1;
    if (this.#maxBytes === 0 || this.#bytes + bytes <= this.#maxBytes) {
      this.#bytes += bytes;
      return answer;
    }
    return errorText(id, new RpcError(code.answerTooLarge, 'batch_answer_too_large', {
      limit: 'maxAnswerBytes',
    }));
  }
}
