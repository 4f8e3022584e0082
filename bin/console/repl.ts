import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { Recoverable, start, type REPLServer } from 'node:repl';
import { inspect } from 'node:util';
import { complete, type Known } from './commands.js';
import { evaluate, Incomplete } from './evaluate.js';
import { errorLine, paint, type Line } from './format.js';

/** The console's edge: Node's REPL on a terminal, or fed line by line from a pipe. */
export class Console {
  readonly #colours: boolean;
  readonly #terminal: boolean;
  #repl: REPLServer | undefined;
  /** Texts being evaluated: a pipe's next line waits for them. */
  #running = 0;

  constructor() {
    this.#terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
    // https://no-color.org
    this.#colours = process.stdout.isTTY === true && (process.env['NO_COLOR'] ?? '') === '';
  }

  /** Prints a line without disturbing what is being typed. */
  say(line: Line): void {
    const text = `${paint(line, this.#colours)}\n`;
    if (!this.#terminal || this.#repl === undefined) {
      process.stdout.write(text);
      return;
    }
    process.stdout.write(`\r\u001b[K${text}`);
    this.#repl.displayPrompt(true);
  }

  /** Runs until `.exit` or the end of input. */
  async run(functions: object, known: Known): Promise<void> {
    const input = this.#terminal ? process.stdin : new PassThrough();
    const repl = start({
      prompt: this.#terminal ? '> ' : '',
      input,
      output: this.#terminal ? process.stdout : withoutPrompts(),
      terminal: this.#terminal,
      useColors: this.#colours,
      ignoreUndefined: true,
      preview: false,
      completer: (line: string) => complete(line, known),
      writer: (value) => inspect(value, { colors: this.#colours }),
      eval: (text, context, _file, done) => {
        this.#running += 1;
        evaluate(text, context).then((value) => {
          this.#running -= 1;
          done(null, value);
        }, (fault: unknown) => {
          this.#running -= 1;
          if (fault instanceof Incomplete) return done(new Recoverable(fault), undefined);
          this.say(errorLine(fault));
          done(null, undefined);
        });
      },
    });
    this.#repl = repl;
    Object.assign(repl.context, functions);
    const exited = once(repl, 'exit');
    if (input instanceof PassThrough) await feed(repl, input, () => this.#running > 0);
    await exited;
    this.#repl = undefined;
  }
}

/** Standard output without the dots that ask for the rest of an unfinished text. */
function withoutPrompts(): PassThrough {
  const output = new PassThrough();
  output.on('data', (chunk: Buffer) => {
    process.stdout.write(chunk.toString().replace(/^(?:\.{3,} ?)+/, ''));
  });
  return output;
}

/** Gives a REPL one line at a time, each when the one before was answered. */
async function feed(
  repl: REPLServer, input: PassThrough, busy: () => boolean,
): Promise<void> {
  let ready = (): void => undefined;
  let over = false;
  const display = repl.displayPrompt.bind(repl);
  // Every line ends in a prompt, whether it was a call, a dot command, or half of either; .load
  // shows one before what it loaded was answered.
  repl.displayPrompt = (keepCursor?: boolean) => {
    display(keepCursor);
    if (!busy()) ready();
  };
  repl.on('exit', () => {
    over = true;
    ready();
  });
  for await (const line of createInterface({ input: process.stdin })) {
    const answered = new Promise<void>((resolve) => {
      ready = resolve;
    });
    input.write(`${line}\n`);
    await answered;
    if (over) return;
  }
  input.end();
}
