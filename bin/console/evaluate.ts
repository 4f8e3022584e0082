import { Script, type Context } from 'node:vm';

/** More lines are needed before the text means anything. */
export class Incomplete extends Error {
  override readonly name = 'Incomplete';
}

const unfinished = /^(Unexpected end of input|Unterminated template literal)/;

function compile(text: string): Script {
  try {
    return new Script(text, { filename: 'console' });
  } catch (fault) {
    if (!(fault instanceof SyntaxError)) throw fault;
    if (unfinished.test(fault.message)) throw new Incomplete(fault.message);
    if (!/\bawait\b/.test(text)) throw fault;
    return new Script(`(async () => (${text.trim().replace(/;$/, '')}\n))()`,
      { filename: 'console' });
  }
}

/**
 * Runs a text of the console and waits for what it answers.
 * @throws Incomplete, or whatever the text throws
 */
export async function evaluate(text: string, context: Context): Promise<unknown> {
  const result: unknown = compile(text).runInContext(context);
  return result;
}
