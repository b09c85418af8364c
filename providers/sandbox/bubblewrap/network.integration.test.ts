import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { NetworkPolicy } from '../../network/policy.ts';
import { readHello, type Hello } from '../egress/server-name.ts';
import { createSandboxLab } from '../testing/sandbox-lab.ts';
import { detectCgroups } from './detect-cgroups.ts';
import { findChromium } from './find-chromium.ts';

describe('the network of a bubblewrap sandbox', () => {
  const decisions: Record<string, string | number>[] = [];
  const policies = new Map<string, NetworkPolicy>();
  const lab = createSandboxLab({
    environmentOf: ({ sessionId }) =>
      Promise.resolve({ network: policies.get(sessionId) ?? { mode: 'none' } }),
    // The test's own server counts as a host on the internet.
    privateNetworks: ['127.0.0.0/8', '::1'],
    log: (message, details) => {
      if (message.startsWith('egress')) decisions.push(details ?? {});
    },
  });
  const web = createServer((request, response) => response.end(`served ${request.url}`));
  let url = '';

  const egressProcesses = (): string[] =>
    readdirSync('/proc').filter((name) => {
      try {
        const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\u0000');
        return words.some((word) => word.startsWith(lab.dataFolder) && word.endsWith('/egress/main.cjs'));
      } catch {
        return false;
      }
    });
  function sandboxWith(policy: NetworkPolicy) {
    const sandbox = lab.sandbox();
    policies.set(sandbox.spec.sessionId, policy);
    return sandbox;
  }
  beforeAll(async () => {
    await new Promise<void>((resolve) => {
      web.listen(0, '127.0.0.1', resolve);
    });
    const { port } = web.address() as AddressInfo;
    url = `http://127.0.0.1:${port}`;
  });
  afterAll(async () => {
    web.close();
    await lab.close();
  });

  /** Programs that reach the outside each in their own way; loopback is taken out of `no_proxy`, since the test's server is there. */
  const via = (command: string): string => `export no_proxy= NO_PROXY=; ${command}`;

  it('reaches allowed hosts with curl, python and node, and every decision is logged with its session', async () => {
    const sandbox = sandboxWith({ mode: 'unrestricted' });
    expect((await lab.bash(sandbox, via(`curl -sS ${url}/curl`))).text).toBe('served /curl');
    expect(
      (await lab.bash(sandbox, via(`node -e "fetch('${url}/node').then((r) => r.text()).then(console.log)"`)))
        .text,
    ).toBe('served /node\n');
    const python = `/usr/bin/python3 -c "import urllib.request as u; print(u.urlopen('${url}/python').read().decode())"`;
    expect((await lab.bash(sandbox, via(`[ ! -e /usr/bin/python3 ] || ${python}`))).text).toMatch(
      /^(served \/python\n)?$/,
    );
    expect(decisions).toContainEqual(
      expect.objectContaining({ session: sandbox.spec.sessionId, host: '127.0.0.1', decision: 'allowed' }),
    );
  });
  it('lets the usual programs through to an allowed host, also those that open a tunnel for plain HTTP', async () => {
    const sandbox = sandboxWith({ mode: 'limited', hosts: ['127.0.0.1'] });
    const { text } = await lab.bash(
      sandbox,
      via(
        `curl -sS ${url}/curl; curl -sS --proxytunnel ${url}/tunnel; node -e "fetch('${url}/node').then((r) => r.text()).then(console.log)"`,
      ),
    );
    expect(text).toBe('served /curlserved /tunnelserved /node\n');
    const other = await lab.bash(
      sandbox,
      via(`curl -sS -i --proxytunnel -H 'Host: hidden.example' ${url}/x`),
    );
    expect(other.text).toContain('the Host inside the tunnel is hidden.example');
  });
  it('is closed to everything that is not allowed', async () => {
    const sandbox = sandboxWith({ mode: 'limited', hosts: ['allowed.example'] });
    const refused = await lab.bash(sandbox, via(`curl -sS ${url}/`));
    expect(refused.text).toContain('not in allowed_hosts');
    expect((await lab.bash(sandbox, via('curl -sS -m 5 https://example.com/'))).text).toContain('403');
    expect((await lab.bash(sandbox, `curl -sS -m 5 --noproxy '*' ${url}/`)).text).toMatch(
      /Couldn't connect|Failed to connect|refused/,
    );
    expect((await lab.bash(sandbox, 'getent hosts example.com')).isError).toBe(true);
    expect((await lab.bash(sandbox, 'echo x > /dev/udp/1.1.1.1/53')).text).toContain(
      'Network is unreachable',
    );
  });
  it('reaches no port of this host, directly or through the proxy', async () => {
    const host = createSandboxLab({
      environmentOf: () => Promise.resolve({ network: { mode: 'unrestricted' } }),
    });
    try {
      const sandbox = host.sandbox();
      // Everything that the host's programs listen on now, in all address families.
      const ports = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((file) =>
        readFileSync(file, 'utf8')
          .split('\n')
          .flatMap((line) => {
            const [, local, , state] = line.trim().split(/\s+/);
            return state === '0A' ? [Number.parseInt(local?.split(':')[1] ?? '0', 16)] : [];
          }),
      );
      expect(ports).toContain((web.address() as AddressInfo).port);
      const scan = `
        const { connect } = require('net');
        const dial = (port, host, first) => new Promise((done) => {
          const socket = connect(port, host, () => { if (first) socket.write(first); else { socket.destroy(); done('open'); } });
          socket.once('data', (chunk) => { socket.destroy(); done(String(chunk).split('\\r\\n')[0]); });
          socket.once('error', () => done('closed'));
        });
        const ports = ${JSON.stringify([...new Set(ports)])};
        (async () => {
          const seen = {};
          for (const port of ports) {
            if (port === 3128) continue;
            for (const host of ['127.0.0.1', '::1']) seen[await dial(port, host)] = 1;
            for (const name of ['127.0.0.1', '[::1]', 'localhost', '0.0.0.0', '2130706433', '[::ffff:127.0.0.1]'])
              seen[await dial(3128, '127.0.0.1', 'CONNECT ' + name + ':' + port + ' HTTP/1.1\\r\\n\\r\\n')] = 1;
          }
          console.log(Object.keys(seen).sort().join(' | '));
        })();`;
      await host.perform(sandbox, { type: 'write', path: 'scan.cjs', content: scan });
      expect((await host.bash(sandbox, 'node scan.cjs')).text).toBe(
        'HTTP/1.1 403 Refused by the sandbox | closed\n',
      );
    } finally {
      await host.close();
    }
  });
  it.skipIf(findChromium() === null)('tells the model why its browser cannot go somewhere', async () => {
    const sandbox = sandboxWith({ mode: 'limited', hosts: ['allowed.example'] });
    const look = (address: string) =>
      lab.perform(sandbox, { type: 'browser', browser: { action: 'navigate', url: address } });
    for (const address of ['https://elsewhere.example/', 'https://169.254.169.254/x'])
      expect(await look(address)).toMatchObject({
        isError: true,
        text: `${address} cannot be reached from this sandbox: the host is not in allowed_hosts of this environment`,
      });
    // Without TLS the refusal is the page.
    expect((await look('http://169.254.169.254/x')).text).toContain('not in allowed_hosts');
    expect(decisions).toContainEqual(
      expect.objectContaining({
        session: sandbox.spec.sessionId,
        host: '169.254.169.254',
        decision: 'refused',
      }),
    );
  });
  it.skipIf(findChromium() === null)('lets its browser through, which shows the server name', async () => {
    const asked = Promise.withResolvers<Hello>();
    const server = createTcpServer((socket) => {
      let seen = Buffer.alloc(0);
      socket.on('error', () => {});
      socket.on('data', (chunk: Buffer) => {
        seen = Buffer.concat([seen, chunk]);
        const hello = readHello(seen);
        if (hello === 'incomplete') return;
        asked.resolve(hello);
        socket.destroy();
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    const sandbox = sandboxWith({ mode: 'limited', hosts: ['site.localhost'] });
    await lab.perform(sandbox, {
      type: 'browser',
      browser: { action: 'navigate', url: `https://site.localhost:${port}/` },
    });
    expect(await asked.promise).toEqual({ kind: 'named', serverName: 'site.localhost' });
    server.close();
  });
  it('does not exist without an environment that gives it', async () => {
    const sandbox = sandboxWith({ mode: 'none' });
    expect(
      (await lab.bash(sandbox, 'curl -sS -m 5 -x http://127.0.0.1:3128 http://example.com/')).isError,
    ).toBe(true);
    expect((await lab.bash(sandbox, 'env | grep -ci proxy; ls -A /run/network')).text).toBe('0\n');
  });
  it('cannot be used, or replaced, through another session', async () => {
    const sandbox = sandboxWith({ mode: 'unrestricted' });
    await lab.bash(sandbox, 'true');
    const attack = await lab.bash(
      sandbox,
      'rm /run/network/egress.sock; mv /run/network /tmp/; touch /run/network/x',
    );
    expect(attack.isError).toBe(true);
    expect((await lab.bash(sandbox, via(`curl -sS ${url}/still`))).text).toBe('served /still');
  });
  it.skipIf(detectCgroups(process.getuid?.() ?? -1).version === 'none')(
    'has a proxy with a control group of its own, also after it was killed (needs control groups)',
    async () => {
      const sandbox = sandboxWith({ mode: 'unrestricted' });
      for (const path of ['first', 'second']) {
        const again = `until curl -sS ${url}/${path}; do sleep 0.1; done 2> /dev/null`;
        expect((await lab.bash(sandbox, via(again))).text).toContain(`served /${path}`);
        const [pid = ''] = egressProcesses();
        expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toMatch(/\.egress$/m);
        process.kill(Number(pid), 'SIGKILL');
      }
    },
  );
  it('comes back by itself when the proxy is killed', async () => {
    const sandbox = sandboxWith({ mode: 'unrestricted' });
    expect((await lab.bash(sandbox, via(`curl -sS ${url}/before`))).text).toBe('served /before');
    const victims = egressProcesses();
    expect(victims.length).toBe(1);
    process.kill(Number(victims[0]), 'SIGKILL');
    const again = `until curl -sS ${url}/after; do sleep 0.1; done 2> /dev/null`;
    expect((await lab.bash(sandbox, via(again))).text).toContain('served /after');
  });
});
