// A cluster node as a process of its own, for faults that stop or kill one. Arguments: node id,
// then the shards. Prints a line for each thing that a test waits for; each line that it reads is
// the name of a user to connect.
import { createInterface } from 'node:readline';
import { openNode, sessionOf } from './cluster.js';

const [, , node = '', ...shards] = process.argv;
const opened = await openNode({ shards, node });
const say = (text: string): void => { process.stdout.write(`${text}\n`); };
say('ready');

let fenced = 0;
let superseded = false;
setInterval(() => {
  for (const shard of opened.told.fenced.slice(fenced)) say(`fenced ${shard}`);
  fenced = opened.told.fenced.length;
  if (!superseded && opened.told.superseded > 0) {
    superseded = true;
    say('superseded');
  }
}, 5);

createInterface(process.stdin).on('line', (name) => {
  opened.directory.connect(sessionOf(name)).then(
    (refusal) => { say(`${name} ${refusal ?? 'online'}`); },
    (error: unknown) => { say(`${name} ${error instanceof Error ? error.message : 'failed'}`); });
});
