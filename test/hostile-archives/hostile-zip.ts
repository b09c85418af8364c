import { crc32, deflateRawSync } from 'node:zlib';

/** One entry of a zip archive, with every lie that an archive can tell. */
export interface ZipEntry {
  name: string | Buffer;
  content?: Buffer | string;
  /** Unix mode, type included. */
  mode?: number;
  flags?: number;
  method?: number;
  /** What the table of contents says instead of the truth. */
  listed?: { name?: string; size?: number; packed?: number; crc?: number; method?: number };
  /** The offset of an earlier entry whose content this one claims. */
  at?: number;
  extra?: Buffer;
}

/** Writes a zip archive byte by byte. `count` is the number of entries that its end claims. */
export function hostileZip(entries: readonly ZipEntry[], options: { count?: number } = {}): Buffer {
  const parts: Buffer[] = [];
  const listing: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const content = Buffer.from(entry.content ?? '');
    const method = entry.method ?? 8;
    const packed = method === 8 ? deflateRawSync(content) : content;
    const name = Buffer.from(entry.name);
    const flags = entry.flags ?? 0x800;
    const crc = crc32(content);
    if (entry.at === undefined) {
      const header = Buffer.alloc(30);
      header.writeUInt32LE(0x04034b50, 0);
      header.writeUInt16LE(20, 4);
      header.writeUInt16LE(flags, 6);
      header.writeUInt16LE(method, 8);
      header.writeUInt32LE(crc, 14);
      header.writeUInt32LE(packed.length, 18);
      header.writeUInt32LE(content.length, 22);
      header.writeUInt16LE(name.length, 26);
      parts.push(header, name, packed);
    }
    const { listed } = entry;
    const listedName = listed?.name === undefined ? name : Buffer.from(listed.name);
    const extra = entry.extra ?? Buffer.alloc(0);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE((3 << 8) | 20, 4);
    central.writeUInt16LE(20, 6);
    central.writeUInt16LE(flags, 8);
    central.writeUInt16LE(listed?.method ?? method, 10);
    central.writeUInt32LE(listed?.crc ?? crc, 16);
    central.writeUInt32LE(listed?.packed ?? packed.length, 20);
    central.writeUInt32LE(listed?.size ?? content.length, 24);
    central.writeUInt16LE(listedName.length, 28);
    central.writeUInt16LE(extra.length, 30);
    central.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 38);
    central.writeUInt32LE(entry.at ?? offset, 42);
    listing.push(central, listedName, extra);
    if (entry.at === undefined) offset += 30 + name.length + packed.length;
  }
  const table = Buffer.concat(listing);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  const count = options.count ?? entries.length;
  end.writeUInt16LE(Math.min(count, 0xfffe), 8);
  end.writeUInt16LE(Math.min(count, 0xfffe), 10);
  end.writeUInt32LE(table.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, table, end]);
}

/** The same, with the 64-bit end that a million entries need; it claims `count` of them. */
export function hostileZip64(entries: readonly ZipEntry[], count: number): Buffer {
  const plain = hostileZip(entries, { count: 0 });
  const body = plain.subarray(0, -22);
  const end = plain.subarray(-22);
  const wide = Buffer.alloc(56);
  wide.writeUInt32LE(0x06064b50, 0);
  wide.writeBigUInt64LE(44n, 4);
  wide.writeUInt16LE(45, 12);
  wide.writeUInt16LE(45, 14);
  wide.writeBigUInt64LE(BigInt(count), 24);
  wide.writeBigUInt64LE(BigInt(count), 32);
  wide.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40);
  wide.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(body.length), 8);
  locator.writeUInt32LE(1, 16);
  const last = Buffer.from(end);
  last.writeUInt16LE(0xffff, 8);
  last.writeUInt16LE(0xffff, 10);
  last.writeUInt32LE(0xffffffff, 12);
  last.writeUInt32LE(0xffffffff, 16);
  return Buffer.concat([body, wide, locator, last]);
}
