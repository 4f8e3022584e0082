import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { feedConformance } from '../../../conformance/feeds.js';
import type { StoreFactory } from '../../../conformance/harness.js';
import { groupConformance } from '../../../conformance/groups.js';
import { roomConformance } from '../../../conformance/rooms.js';
import { userConformance } from '../../../conformance/users.js';
import { openForTest } from './harness.js';

const root = mkdtempSync(join(tmpdir(), 'ringpost-'));
t.teardown(() => rmSync(root, { recursive: true }));
let folders = 0;

const onDisk: StoreFactory = (limits) => openForTest(limits, { path: join(root, `${++folders}`) });

await roomConformance('on disk', onDisk);
await feedConformance('on disk', onDisk);
await userConformance('on disk', onDisk);
await groupConformance('on disk', onDisk);
