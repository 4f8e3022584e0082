import { closeSync, openSync, readSync } from 'node:fs';
import { SettingsError } from '../../src/config.js';
import { firstLine } from '../../src/store/transfer-lines.js';
import { importUsers } from './import.js';
import { run as load } from './load.js';
import { isOn, textFlag, words, type Verb } from './verb.js';

/** Whether a file is an export: its first line says so. */
function isExport(file: string): boolean {
  if (file === '-') return true;
  const descriptor = openSync(file, 'r');
  try {
    const begin = Buffer.alloc(firstLine.length);
    readSync(descriptor, begin);
    return begin.toString() === firstLine;
  } finally {
    closeSync(descriptor);
  }
}

/** An export goes into a store that nobody has open, users into a server that runs. */
export const run: Verb = async (given) => {
  const [file] = words(given, 1);
  if (file === undefined) throw new SettingsError('data import needs a file');
  if (isExport(file)) return load(given);
  const token = textFlag(given, 'token') ?? process.env['RINGPOST_TOKEN'];
  if (token === undefined) throw new SettingsError('data import needs --token of an admin');
  const from = Number(textFlag(given, 'from') ?? 1);
  if (!Number.isSafeInteger(from)) throw new SettingsError('--from must be a line of the file');
  return importUsers({
    file, token, from,
    url: textFlag(given, 'url') ?? process.env['RINGPOST_URL'] ?? 'http://127.0.0.1:8080/rpc',
    overwrite: isOn(given, 'overwrite'), json: isOn(given, 'json'),
  });
};
