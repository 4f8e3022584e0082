import { roomConformance } from '../../../conformance/rooms.js';
import { openForTest } from './harness.js';

await roomConformance('in memory', openForTest);
