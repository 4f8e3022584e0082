import type { PartRecord, TransferRecord, TransferTarget, UnitRecord } from './transfer.js';

/** Parts written in one go. */
const partsAtOnce = 500;

export interface Copied {
  units: number;
  /** Units that were there already, from a copy that was interrupted. */
  skipped: number;
  /** Log and feed entries, the skipped ones too. */
  entries: number;
}

const isUnit = (record: TransferRecord): record is UnitRecord =>
  record.type === 'room' || record.type === 'user' || record.type === 'token'
  || record.type === 'tableRow';

/** One unit on its way: its parts go in their order, several units side by side. */
class Job {
  #chain: Promise<void>;
  #wanted = false;
  #parts: PartRecord[] = [];

  constructor(
    private readonly unit: UnitRecord, private readonly target: TransferTarget,
    private readonly copied: Copied,
  ) {
    this.#chain = target.begin(unit).then((wanted) => { this.#wanted = wanted; });
    // Whoever awaits the job learns of the error; until then nobody does.
    this.#chain.catch(() => undefined);
  }

  /** Resolves at once, or when a full batch has gone: so memory stays bounded. */
  async add(part: PartRecord): Promise<void> {
    if (part.type === 'entry' || part.type === 'feedEntry') this.copied.entries += 1;
    this.#parts.push(part);
    if (this.#parts.length < partsAtOnce) return;
    this.#send();
    await this.#chain;
  }

  async end(): Promise<void> {
    this.#send();
    await this.#chain;
    if (this.#wanted) await this.target.end(this.unit);
    else this.copied.skipped += 1;
    this.copied.units += 1;
  }

  /** Resolves when what was sent is done, or has failed. */
  async idle(): Promise<void> {
    await this.#chain.catch(() => undefined);
  }

  #send(): void {
    const parts = this.#parts;
    this.#parts = [];
    if (parts.length === 0) return;
    this.#chain = this.#chain.then(async () => {
      if (this.#wanted) await this.target.add(this.unit, parts);
    });
    this.#chain.catch(() => undefined);
  }
}

/**
 * Copies records into a target. Interrupted at any instant it may be run again: what is whole is
 * passed over, what is half there is written anew.
 * @param progress told of the state after each unit; must not keep it
 * @throws TransferConflict where the target holds another room or user under a name
 */
export async function copyRecords(
  records: AsyncIterable<TransferRecord>, target: TransferTarget,
  progress: (copied: Readonly<Copied>) => void = () => undefined,
): Promise<Copied> {
  const copied: Copied = { units: 0, skipped: 0, entries: 0 };
  const running = new Set<Promise<void>>();
  let failed: { error: unknown } | undefined;
  let job: Job | undefined;
  const finish = async (ended: Job | undefined): Promise<void> => {
    if (ended === undefined) return;
    const done = ended.end().then(() => progress(copied), (error: unknown) => {
      failed ??= { error };
    }).finally(() => running.delete(done));
    running.add(done);
    if (running.size >= target.concurrency) await Promise.race(running);
  };
  try {
    for await (const record of records) {
      if (failed !== undefined) break;
      if (isUnit(record)) {
        await finish(job);
        job = new Job(record, target, copied);
      } else if (job === undefined) {
        throw new Error(`a record of type ${record.type} stands before its room or user`);
      } else {
        await job.add(record);
      }
    }
    if (failed === undefined) await finish(job);
  } catch (error) {
    failed ??= { error };
  }
  // Nothing is under way any more when this ends, well or not: it may be run again at once.
  await job?.idle();
  await Promise.all(running);
  if (failed !== undefined) throw failed.error;
  await target.flush();
  return copied;
}
