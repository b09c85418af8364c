import { request as httpRequest, type Server } from 'node:http';
import { connect, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';

import type { EgressDecision } from '../../../network/egress-decision.ts';
import type { NetworkPolicy } from '../../../network/policy.ts';
import { createPublicHosts } from '../../../network/public-hosts.ts';
import { createSessionProxy } from '../session-proxy.ts';

export interface LabProxy {
  server: Server;
  port: number;
  decisions: EgressDecision[];
  lookups: string[];
}

/** Proxies of sessions for tests, and the servers behind them. */
export interface ProxyLab {
  /** The port of a server on loopback. */
  listen(server: Server | TcpServer): Promise<number>;
  /** A proxy whose names are given, one answer after the other; `127.0.0.1` counts as public, so that it reaches the test's own servers. */
  proxy(policy: NetworkPolicy, names?: Record<string, string[][]>, speakMs?: number): Promise<LabProxy>;
  close(): void;
}

export function createProxyLab(): ProxyLab {
  const open: (Server | TcpServer)[] = [];
  const listen = async (server: Server | TcpServer): Promise<number> => {
    open.push(server);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return (server.address() as AddressInfo).port;
  };
  return {
    listen,
    async proxy(policy, names = {}, speakMs = 30_000) {
      const decisions: EgressDecision[] = [];
      const lookups: string[] = [];
      const server = createSessionProxy({
        policy,
        speakMs,
        hosts: createPublicHosts({
          privateNetworks: ['127.0.0.1'],
          lookup: (host) => {
            lookups.push(host);
            const answers = names[host] ?? [['127.0.0.1']];
            return Promise.resolve((answers.length > 1 ? answers.shift() : answers[0]) ?? []);
          },
        }),
        asker: 'session',
        decided: (decision) => decisions.push(decision),
      });
      return { server, port: await listen(server), decisions, lookups };
    },
    close() {
      for (const server of open.splice(0)) {
        server.close();
        if ('closeAllConnections' in server) server.closeAllConnections();
      }
    },
  };
}

/** What comes back for raw bytes, until the other side ends. */
export function exchange(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    let seen = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1').on('data', (text: string) => {
      seen += text;
    });
    socket.on('error', () => resolve(seen));
    socket.on('close', () => resolve(seen));
  });
}

/** A tunnel through a proxy, which has been opened. */
export function openTunnel(port: number, target: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest({ port, host: '127.0.0.1', method: 'CONNECT', path: target, agent: false });
    asked.once('connect', (answer, socket) => {
      socket.on('error', () => {});
      if (answer.statusCode === 200) resolve(socket);
      else reject(new Error(`the tunnel was refused: ${answer.statusCode}`));
    });
    asked.once('error', reject);
    asked.end();
  });
}
