import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  realDockerHost,
  startEngineUnderTest,
  type EngineUnderTest,
} from '../../../test/harness/docker-engine/under-test.ts';
import type { SandboxEnvironment } from '../environment.ts';
import type { Sandbox, SandboxDriver } from '../sandbox.ts';
import { createDockerDriver } from './driver.ts';

const logged: [message: string, details: Record<string, string | number>][] = [];
const environments: Record<string, SandboxEnvironment> = {};
let engine: EngineUnderTest;
let driver: SandboxDriver;
let folder: string;
let outside: Server;
let port: number;
const newDriver = (): SandboxDriver =>
  createDockerDriver({
    dataFolder: folder,
    image: engine.image,
    host: engine.host,
    network: null,
    environmentOf: ({ environmentId }) =>
      Promise.resolve(environments[environmentId] ?? { network: { mode: 'none' } }),
    // Where the host is on the outer network.
    privateNetworks: [engine.outer.subnet],
    log: (message, details = {}) => logged.push([message, details]),
  });

/** Tells this run's sessions from those of others at the same engine. */
const run = `sesn_${process.pid}_`;
let sessions = 0;
let calls = 0;
const open = (environmentId = 'none', sessionId = `${run}${++sessions}`): Sandbox =>
  driver.open({ workspaceId: 'wrk', sessionId, environmentId });
async function bash(sandbox: Sandbox, command: string): Promise<string> {
  const operation = { type: 'bash', command, timeoutMs: 60_000 } as const;
  const outcome = await sandbox.call({ id: `sevt_${++calls}`, operation }, 'start');
  if (outcome.state === 'lost') throw new Error(outcome.reason);
  return outcome.result.text.trim();
}
/** The host's addresses, as a sandbox would have to name them. */
const hostAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((rows) =>
    (rows ?? []).flatMap(({ address, family }) => (family === 'IPv4' ? [address] : [])),
  );

describe.skipIf(realDockerHost === undefined && process.getuid?.() !== 0)(
  'a sandbox of the docker driver (needs root for its double, or a real engine)',
  () => {
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'docker-isolation-'));
      chmodSync(folder, 0o755);
      engine = await startEngineUnderTest();
      driver = newDriver();
      outside = createServer((request, response) => response.end(`hello from ${request.headers.host}\n`));
      await new Promise<void>((resolve) => outside.listen(0, '0.0.0.0', resolve));
      ({ port } = outside.address() as AddressInfo);
      const { gateway } = engine.outer;
      environments['limited'] = { network: { mode: 'limited', hosts: [gateway] } };
      environments['open'] = { network: { mode: 'unrestricted' } };
    });
    afterAll(async () => {
      for (const { sessionId } of await driver.list()) await driver.destroy(sessionId);
      await driver.close();
      outside.close();
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    });

    it('runs commands as another user than sandboxd, without capabilities and new privileges', async () => {
      const status = await bash(
        open(),
        "grep -E '^(Uid|CapEff|CapPrm|CapInh|CapBnd|NoNewPrivs)' /proc/self/status",
      );
      expect(status).toMatch(/Uid:\t1000\t1000\t1000\t1000/);
      expect(status).toMatch(/CapEff:\t0{16}/);
      expect(status).toMatch(/CapPrm:\t0{16}/);
      expect(status).toMatch(/NoNewPrivs:\t1/);
    });
    it('has a root that cannot be written, and keeps its token and records from commands', async () => {
      const sandbox = open();
      for (const command of [
        'touch /x',
        'touch /etc/x',
        'touch /opt/sandbox/sandboxd/main.cjs',
        'cat /run/sandboxd/token',
        'cat /proc/1/environ',
        'ls /run/sandboxd/calls',
        'touch /run/claims/x',
        'touch /mnt/session/uploads/x',
        'kill -9 1',
      ]) {
        expect(await bash(sandbox, `${command} 2>&1; echo "exit $?"`), command).toMatch(/exit [12]$/);
      }
      expect(await bash(sandbox, 'env; cat /proc/*/cmdline 2>/dev/null | tr "\\0" " "')).not.toMatch(
        /[0-9a-f]{64}/,
      );
    });
    it('reaches neither its host nor the outside by itself, and nothing through the gate without a network', async () => {
      const sandbox = open();
      for (const address of [...hostAddresses(), '1.1.1.1']) {
        const said = await bash(
          sandbox,
          `timeout 2 bash -c 'exec 3<>/dev/tcp/${address}/${port}' 2>&1; echo "exit $?"`,
        );
        expect(said, address).not.toMatch(/exit 0$/);
      }
      expect(await bash(sandbox, 'env | grep -ci proxy')).toBe('0');
    });
    it('reaches what its environment allows through the gate; each decision is logged with the session', async () => {
      const { gateway } = engine.outer;
      const limited = open('limited');
      const get = (url: string): string => `curl -sS -m 10 -o - -w ' %{http_code}' ${url} 2>&1`;
      expect(await bash(limited, get(`http://${gateway}:${port}/`))).toBe(
        `hello from ${gateway}:${port}\n 200`,
      );
      expect(await bash(limited, get(`http://127.0.0.1:${port}/ --noproxy ''`))).toMatch(/ 403$/);
      expect(await bash(limited, get('http://example.com/'))).toMatch(/ 403$/);
      const anything = open('open');
      for (const url of [
        'http://169.254.169.254/',
        'http://10.234.0.1/',
        `http://localhost:${port}/ --noproxy ''`,
      ])
        expect(await bash(anything, get(url)), url).toMatch(/ 403$/);
      const decisions = logged.filter(([, { session }]) => session === limited.spec.sessionId);
      expect(decisions).toContainEqual([
        'egress',
        expect.objectContaining({ host: gateway, port, decision: 'allowed', address: gateway }),
      ]);
      expect(decisions).toContainEqual([
        'egress refused',
        expect.objectContaining({ host: 'example.com', decision: 'refused' }),
      ]);
    });
    it('cannot use another session’s gate, nor can the outside use it as a proxy', async () => {
      const one = open('open');
      await bash(one, 'true');
      const { NetworkSettings } = await (await engine.container('gate', one.spec.sessionId)).inspect();
      const outer = NetworkSettings.Networks['bridge']?.IPAddress ?? '';
      expect(outer.split('.')[0]).toBe(engine.outer.gateway.split('.')[0]);
      await expect(fetch(`http://${outer}:3128/`)).rejects.toThrow();
      await expect(fetch(`http://${outer}:8443/v1/status`)).resolves.toMatchObject({ status: 401 });
    });
    it('is found again by another worker, and survives the crash of its gate with a truthful outcome', async () => {
      const sandbox = open();
      await bash(sandbox, 'echo kept > file');
      const other = newDriver();
      const again = other.open(sandbox.spec);
      expect(await bash(again, 'cat file')).toBe('kept');
      await other.close();
      const operation = { type: 'bash', command: 'touch begun; sleep 600', timeoutMs: 600_000 } as const;
      const running = sandbox.call({ id: `sevt_${++calls}`, operation }, 'start');
      while ((await bash(sandbox, 'ls begun 2>/dev/null; true')) === '') continue;
      await engine.crash('gate', sandbox.spec.sessionId);
      expect(await running).toMatchObject({ state: 'lost' });
      expect(await bash(sandbox, 'cat file')).toMatch(/kept$/);
    });
    it('is one container, one gate, one network and five volumes, all of which go', async () => {
      const sandbox = open();
      const { sessionId } = sandbox.spec;
      const count = async (): Promise<number[]> =>
        Object.values(await engine.names(sessionId)).map(({ length }) => length);
      await bash(sandbox, 'true');
      expect(await count()).toEqual([2, 1, 5]);
      await driver.stop(sessionId);
      expect(await count()).toEqual([0, 0, 5]);
      await driver.destroy(sessionId);
      expect(await count()).toEqual([0, 0, 0]);
    });
    it('finds a subnet for its network where another network has the one that it had', async () => {
      const sandbox = open();
      const { sessionId } = sandbox.spec;
      await bash(sandbox, 'true');
      const [Name = ''] = (await engine.names(sessionId)).networks;
      const { IPAM } = (await engine.docker.getNetwork(Name).inspect()) as {
        IPAM: { Config: { Subnet: string }[] };
      };
      await driver.stop(sessionId);
      const other = await engine.docker.createNetwork({
        Name: `${run}other`,
        Internal: true,
        IPAM: { Driver: 'default', Config: [{ Subnet: IPAM.Config[0]?.Subnet ?? '' }] },
      });
      try {
        expect(await bash(sandbox, 'echo started')).toMatch(/started$/);
      } finally {
        await driver.stop(sessionId);
        await other.remove();
      }
    });
    it('is asked of the engine with every wall that the engine has', async () => {
      const { sessionId } = open().spec;
      await bash(open('none', sessionId), 'true');
      const { HostConfig: walls } = await (await engine.container('sandbox', sessionId)).inspect();
      expect(walls).toMatchObject({
        CapDrop: ['ALL'],
        ReadonlyRootfs: true,
        SecurityOpt: ['no-new-privileges:true'],
        PidsLimit: 512,
      });
      const added = (walls.CapAdd ?? []).map((name: string) => name.replace('CAP_', ''));
      expect(added.toSorted()).toEqual(['CHOWN', 'DAC_OVERRIDE', 'KILL', 'SETGID', 'SETUID']);
      expect(walls.Privileged ?? false).toBe(false);
      expect(walls.Binds ?? []).toEqual([]);
      const gate = await (await engine.container('gate', sessionId)).inspect();
      expect(gate.HostConfig).toMatchObject({ CapDrop: ['ALL'], ReadonlyRootfs: true });
      expect(gate.HostConfig.CapAdd ?? []).toEqual([]);
      expect(gate.Config.User).toBe('65534:65534');
    });
    it.skipIf(realDockerHost !== undefined)(
      'is refused, with what to do, by an engine that is too old',
      async () => {
        const { says } = engine.double ?? {};
        const { apiVersion } = says ?? {};
        Object.assign(says ?? {}, { apiVersion: '1.47' });
        expect(await driver.probe()).toMatchObject({ ok: false, why: expect.stringContaining('Docker 28') });
        Object.assign(says ?? {}, { apiVersion });
      },
    );
    it.skipIf(realDockerHost !== undefined)(
      'starts where the engine has no more subnets of its own to give',
      async () => {
        Object.assign(engine.double?.says ?? {}, { subnets: 0 });
        expect(await bash(open(), 'echo started')).toBe('started');
      },
    );
    it('is refused, with what to do, where the engine lacks the image, or is not there', async () => {
      expect(await driver.probe()).toMatchObject({ ok: true, isolation: 'container' });
      const without = createDockerDriver({
        dataFolder: folder,
        image: 'managed-agent-none',
        host: engine.host,
        network: null,
        log: () => {},
      });
      expect(await without.probe()).toMatchObject({
        ok: false,
        why: expect.stringContaining('docker build'),
      });
      await without.close();
      const gone = createDockerDriver({
        dataFolder: folder,
        image: 'x',
        host: 'unix:///nowhere/engine.sock',
        network: null,
        log: () => {},
      });
      expect(await gone.probe()).toMatchObject({ ok: false, why: expect.stringContaining('cannot be used') });
      await gone.close();
    });
  },
);
