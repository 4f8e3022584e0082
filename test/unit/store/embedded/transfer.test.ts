import type { Test } from 'tap';
import type { Kv } from '../../../../src/store/embedded/kv.js';
import { MemoryKv } from '../../../../src/store/embedded/kv-memory.js';
import { openFolder } from '../../../../src/store/embedded/open.js';
import { EmbeddedTransfer } from '../../../../src/store/embedded/transfer.js';
import { transferConformance, type TransferEnd } from '../../../conformance/transfer.js';
import { temporaryFolder } from '../../../helpers/server.js';

const onDisk = async (t: Test): Promise<TransferEnd> => {
  const data = temporaryFolder(t);
  return {
    server: { data },
    open: async (window) => new EmbeddedTransfer(await openFolder(data), window),
  };
};

const inMemory = async (): Promise<TransferEnd> => {
  const memory = new MemoryKv();
  // Closed it forgets, and here it is to be opened again.
  const kv: Kv = {
    get: (key) => memory.get(key),
    range: (from, to, options) => memory.range(from, to, options),
    commit: (writes) => memory.commit(writes),
    close: async () => {},
  };
  return { open: async (window) => new EmbeddedTransfer(kv, window) };
};

await transferConformance('disk to memory to disk', [onDisk, inMemory, onDisk]);
