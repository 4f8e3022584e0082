import type { RoomKey, UserKey } from '../../base/ids.js';
import type { Delivery, ForwardItem } from '../feeds.js';
import { ByteReader, type ByteWriter } from './bytes.js';
import { corrupted, kindNumber, kinds } from './entry-codec.js';

const flag = { large: 1, subject: 2, key: 4 } as const;

/** What one publication carries of an item; see {@link Delivery}. */
export type Item = Delivery['item'];

/**
 * An item as forward.lua reads it, and passes on as it is: it reads numbers and names in front and
 * never looks into the event, so that no JSON text is parsed or made on the way.
 */
export function packItem(to: ByteWriter, item: Item | ForwardItem): ByteWriter {
  return to.u32(item.seq).u32(item.count).u48(item.at).u32(item.version)
    .u8(kindNumber[item.kind])
    .u8((item.large ? flag.large : 0) | (item.subject === undefined ? 0 : flag.subject)
      | (item.key === undefined ? 0 : flag.key))
    .text(item.room).text(item.epoch).text(item.by).text(item.subject ?? '').text(item.key ?? '')
    .text(item.event.method).longText(item.event.params);
}

function readItem(reader: ByteReader): Item {
  const [seq, count, at, version] = [reader.u32(), reader.u32(), reader.u48(), reader.u32()];
  const kind = kinds[reader.u8() - 1];
  if (kind === undefined) throw corrupted('publication');
  const flags = reader.u8();
  const [room, epoch, by, subject, key, method] = [
    reader.text(), reader.text(), reader.text(), reader.text(), reader.text(), reader.text(),
  ];
  return {
    room: room as RoomKey, epoch, seq, kind, count, at, by, version,
    ...(flags & flag.subject ? { subject } : {}), event: { method, params: reader.longText() },
    ...(flags & flag.key ? { key } : {}), large: (flags & flag.large) !== 0,
  };
}

/**
 * What a feed publication says, in the order in which the feeds took it in: for the subscriber,
 * behind the header that cluster/keys.ts describes.
 * @param body of a publication whose first byte is `F`, without type and number
 */
export function decodeDeliveries(body: Buffer): Delivery[] {
  const reader = new ByteReader(body);
  const deliveries: Delivery[] = [];
  while (!reader.ended) {
    reader.u32();
    const item = readItem(reader);
    const users = Array.from({ length: reader.u32() }, () => ({
      user: reader.text() as UserKey, epoch: reader.text(), n: reader.u32(),
      unread: reader.u32(), total: reader.u32(),
    }));
    deliveries.push({ item, users });
  }
  return deliveries;
}
