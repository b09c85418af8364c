import { createSocket } from 'node:dgram';

/** What a name has: addresses, no such name, or a server that never says. */
export type Answer = { A?: string[]; AAAA?: number[][] } | 'NXDOMAIN' | 'silence';

export interface DnsServer {
  /** For `setServers`. */
  address: string;
  /** Every question, as `TYPE name`. */
  questions: string[];
  close(): Promise<void>;
}

const TYPES: Record<number, 'A' | 'AAAA'> = { 1: 'A', 28: 'AAAA' };
const QUESTION_AT = 12;

/** A name server on loopback that answers as it is told; a name that `answer` does not know does not exist. */
export async function startDnsServer(answer: (name: string) => Answer | undefined): Promise<DnsServer> {
  const socket = createSocket('udp4');
  const questions: string[] = [];
  socket.on('message', (query, from) => {
    const labels: string[] = [];
    let at = QUESTION_AT;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    const code = query.readUInt16BE(at + 1);
    const question = query.subarray(QUESTION_AT, at + 5);
    const name = labels.join('.').toLowerCase();
    const type = TYPES[code] ?? 'A';
    questions.push(`${type} ${name}`);
    const said = answer(name) ?? 'NXDOMAIN';
    if (said === 'silence') return;
    const isMissing = said === 'NXDOMAIN';
    const addresses = isMissing
      ? []
      : type === 'A'
        ? (said.A ?? []).map((address) => address.split('.').map(Number))
        : (said.AAAA ?? []);
    const head = Buffer.from([
      ...query.subarray(0, 2),
      0x81,
      isMissing ? 0x83 : 0x80,
      0,
      1,
      0,
      addresses.length,
      0,
      0,
      0,
      0,
    ]);
    // Each refers back to the name in the question, and may be kept for a second.
    const records = addresses.map((bytes) =>
      Buffer.from([0xc0, QUESTION_AT, 0, code, 0, 1, 0, 0, 0, 1, 0, bytes.length, ...bytes]),
    );
    socket.send(Buffer.concat([head, question, ...records]), from.port, from.address);
  });
  await new Promise<void>((resolve) => {
    socket.bind(0, '127.0.0.1', resolve);
  });
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}
