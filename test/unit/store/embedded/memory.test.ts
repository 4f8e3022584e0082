import { feedConformance } from '../../../conformance/feeds.js';
import { groupConformance } from '../../../conformance/groups.js';
import { roomConformance } from '../../../conformance/rooms.js';
import { userConformance } from '../../../conformance/users.js';
import { openForTest } from './harness.js';

await roomConformance('in memory', openForTest);
await feedConformance('in memory', openForTest);
await userConformance('in memory', openForTest);
await groupConformance('in memory', openForTest);
