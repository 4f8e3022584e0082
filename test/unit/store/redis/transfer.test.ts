import type { Test } from 'tap';
import { openFolder } from '../../../../src/store/embedded/open.js';
import { EmbeddedTransfer } from '../../../../src/store/embedded/transfer.js';
import { openPlace } from '../../../../src/data-place.js';
import {
  transferConformance, type TransferEnd, type TransferEndFactory,
} from '../../../conformance/transfer.js';
import { startRedises } from '../../../helpers/redis.js';
import { temporaryFolder } from '../../../helpers/server.js';

const onDisk = async (t: Test): Promise<TransferEnd> => {
  const data = temporaryFolder(t);
  return {
    server: { data },
    open: async (window) => new EmbeddedTransfer(await openFolder(data), window),
  };
};

const onShards = (count: number): TransferEndFactory => async (t) => {
  const servers = await startRedises(count);
  t.teardown(() => Promise.all(servers.map((server) => server.close())));
  const redis = servers.map(({ url }, n) => `s${n}=${url}`);
  return {
    server: { redis },
    open: ({ keyWindowMs, nowMs }) => openPlace(redis.join(','), true, keyWindowMs, nowMs),
  };
};

await transferConformance('one node to a cluster', [onDisk, onShards(2)]);
await transferConformance('a cluster to one node', [onShards(1), onDisk]);
