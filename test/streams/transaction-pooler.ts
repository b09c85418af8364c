import { createServer, type AddressInfo, type Socket } from 'node:net';
import { Client } from 'pg';

/** A pooler as PgBouncer is one in transaction mode: each transaction of a client may run on another server session. */
export interface TransactionPooler {
  url: string;
  close(): Promise<void>;
}

const READY = 'Z'.charCodeAt(0);
const IDLE = 'I'.charCodeAt(0);

/** Shares `sessions` server sessions between its clients, the one that was free longest first. */
export async function startTransactionPooler(
  serverUrl: string,
  sessions: number,
): Promise<TransactionPooler> {
  const clients: Client[] = [];
  const free: Socket[] = [];
  const waiting: (() => void)[] = [];
  for (let index = 0; index < sessions; index++) {
    const client = new Client({ connectionString: serverUrl });
    client.on('error', () => undefined);
    await client.connect();
    clients.push(client);
    free.push(rawSocketOf(client));
  }
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    let mine: Socket | null = null;
    let greeted = false;
    let pending: Buffer[] = [];
    const release = () => {
      if (mine) free.push(mine);
      mine?.removeAllListeners('data');
      mine = null;
      waiting.shift()?.();
    };
    const forward = () => {
      if (pending.length === 0) return;
      mine ??= take();
      if (!mine) {
        waiting.push(forward);
        return;
      }
      for (const chunk of pending) mine.write(chunk);
      pending = [];
    };
    const take = () => {
      const session = free.shift() ?? null;
      let rest = Buffer.alloc(0);
      session?.on('data', (chunk: Buffer) => {
        socket.write(chunk);
        rest = Buffer.concat([rest, chunk]);
        while (rest.length >= 5 && rest.length > rest.readUInt32BE(1)) {
          const done = rest[0] === READY && rest[5] === IDLE;
          rest = rest.subarray(rest.readUInt32BE(1) + 1);
          if (done) release();
        }
      });
      return session;
    };
    socket.on('data', (chunk) => {
      if (!greeted) {
        greeted = true;
        socket.write(greeting());
        return;
      }
      if (chunk[0] === 'X'.charCodeAt(0)) {
        socket.end();
        return;
      }
      pending.push(chunk);
      forward();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `postgres://anybody@127.0.0.1:${port}/any`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      for (const client of clients) rawSocketOf(client).destroy();
    },
  };
}

/** AuthenticationOk, BackendKeyData with a made-up number, ReadyForQuery. */
function greeting(): Buffer {
  const message = (type: string, body: Buffer) => {
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeUInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  return Buffer.concat([
    message('R', Buffer.from([0, 0, 0, 0])),
    message('K', Buffer.from([0x7f, 0, 0, 1, 0, 0, 0, 1])),
    message('Z', Buffer.from('I')),
  ]);
}

/** The socket of an authenticated connection, taken from under the library. */
function rawSocketOf(client: Client): Socket {
  const { connection } = client as Client & { connection: { stream: Socket } };
  connection.stream.removeAllListeners('data');
  return connection.stream;
}
