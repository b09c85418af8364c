import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  realDockerHost,
  startEngineUnderTest,
  type EngineUnderTest,
} from '../../../test/harness/docker-engine/under-test.ts';
import type { SandboxPackages } from '../environment.ts';
import type { Sandbox } from '../sandbox.ts';
import { createLabOn, type SandboxLab } from '../testing/sandbox-lab.ts';
import { createDockerDriver } from './driver.ts';
import { connectEngine } from './engine.ts';
import { LABELS } from './labels.ts';
import { createPackageVolumes } from './package-volumes.ts';

const none: SandboxPackages = { apt: [], cargo: [], gem: [], go: [], npm: [], pip: [] };
const canRun = realDockerHost !== undefined || process.getuid?.() === 0;

describe.skipIf(!canRun)('the packages of an environment, in volumes of the Docker engine,', () => {
  let engine: EngineUnderTest;
  let lab: SandboxLab;
  let packages: SandboxPackages = none;
  let wheel = '';
  let before: string[] = [];
  const starts: string[] = [];
  const installs = (): number => starts.filter((session) => session.startsWith('packages-')).length;
  async function packageVolumes(): Promise<string[]> {
    const filters = JSON.stringify({ label: [LABELS.packages] });
    const { Volumes } = await engine.docker.listVolumes({ filters });
    return Volumes.map(({ Name }) => Name)
      .filter((name) => !before.includes(name))
      .toSorted();
  }
  async function removeVolumes(): Promise<void> {
    for (const name of await packageVolumes()) await engine.docker.getVolume(name).remove();
  }

  beforeAll(async () => {
    engine = await startEngineUnderTest();
    before = await packageVolumes();
    const { host, image } = engine;
    lab = createLabOn((dataFolder) =>
      createDockerDriver({
        dataFolder,
        image,
        host,
        network: null,
        environmentOf: () => Promise.resolve({ network: { mode: 'none' }, packages }),
        log: (message, details) => {
          if (message === 'sandbox started') starts.push(String(details?.['session']));
        },
      }),
    );
    // Debian has wheels of its own, which can be installed without a network.
    const listed = await lab.bash(lab.sandbox(), 'ls /usr/share/python-wheels/setuptools-*.whl');
    wheel = listed.text.trim();
  });
  afterAll(async () => {
    await lab.close();
    await removeVolumes();
    await engine.close();
  });

  async function readsThem(sandbox: Sandbox): Promise<void> {
    const where = await lab.bash(sandbox, 'python3 -c "import setuptools; print(setuptools.__file__)"');
    expect(where.text).toMatch(
      /^(\[The sandbox was restarted.*\n)?\/opt\/packages\/python\/setuptools\/.*\n$/,
    );
    expect((await lab.bash(sandbox, 'touch /opt/packages/x')).text).toContain('Read-only file system');
  }

  it('are installed once, are there in every session, and cannot be changed by one', async () => {
    packages = { ...none, pip: [wheel] };
    const [one, other] = [lab.sandbox(), lab.sandbox()];
    await Promise.all([one, other].map(readsThem));
    expect(installs()).toBe(1);
    expect(await packageVolumes()).toHaveLength(2);
    await lab.driver.stop(one.spec.sessionId);
    await readsThem(one);
    expect(installs()).toBe(1);
  });
  it('are installed again when somebody removed their volumes', async () => {
    packages = { ...none, pip: [wheel] };
    const sandbox = lab.sandbox();
    await readsThem(sandbox);
    const count = installs();
    for (const { sessionId } of await lab.driver.list()) await lab.driver.stop(sessionId);
    const volumes = await packageVolumes();
    const content = volumes.toSorted((a, b) => b.length - a.length)[0] ?? '';
    await engine.docker.getVolume(content).remove();
    await readsThem(sandbox);
    expect(installs()).toBe(count + 1);
    expect(await packageVolumes()).not.toContain(content);
  });
  it('that cannot be installed are named in the error, and leave nothing', async () => {
    const volumes = await packageVolumes();
    packages = { ...none, pip: ['/usr/share/python-wheels/missing.whl'] };
    const failing = lab.sandbox();
    await expect(lab.bash(failing, 'true')).rejects.toThrow(
      /pip packages of the environment \(\/usr\/share\/python-wheels\/missing.whl\)/,
    );
    expect(await packageVolumes()).toEqual(volumes);
    expect(Object.values(await engine.names(failing.spec.sessionId)).flat()).toEqual([]);
    expect(Object.values(await engine.names('packages-')).flat()).toEqual([]);
  });
  it('that two hosts install at the same time are those of the first that was done, for both', async () => {
    const filled: string[] = [];
    let finish = (): void => {};
    const bothBegan = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const store = () =>
      createPackageVolumes({
        engine: connectEngine(engine.host),
        instance: `test${process.pid}`,
        async install(_name, volume) {
          filled.push(volume);
          if (filled.length === 2) finish();
          await bothBegan;
        },
      });
    const places = await Promise.all([store().install('set', none), store().install('set', none)]);
    expect(places[0]).toBe(places[1]);
    expect(filled).toContain(places[0]);
    expect(await store().find('set')).toBe(places[0]);
    expect((await packageVolumes()).filter((name) => filled.includes(name))).toEqual([places[0]]);
  });
  it('are not there when their installation was cut short, and what that left is removed by the next', async () => {
    const volumes: string[] = [];
    const store = createPackageVolumes({
      engine: connectEngine(engine.host),
      instance: `test${process.pid}`,
      install(_name, volume) {
        const isFirst = volumes.push(volume) === 1;
        return isFirst ? Promise.reject(new Error('the worker was stopped')) : Promise.resolve();
      },
    });
    await expect(store.install('cut', none)).rejects.toThrow('the worker was stopped');
    expect(await store.find('cut')).toBeUndefined();
    const place = await store.install('cut', none);
    expect(await store.find('cut')).toBe(place);
    expect((await packageVolumes()).filter((name) => volumes.includes(name))).toEqual([place]);
  });
});
