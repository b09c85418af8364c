import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Service {
  restart?: string;
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  logging?: { options?: Record<string, string> };
  mem_limit?: string;
  cpus?: number | string;
  pids_limit?: number | string;
  healthcheck?: { test: string[] };
  environment?: Record<string, string>;
  networks?: string[];
  expose?: string[];
  ports?: string[];
  depends_on?: Record<string, { condition: string }>;
  tmpfs?: string[];
  stop_grace_period?: string;
}

const read = (file: string): string => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
const compose = read('docker-compose.yml');
const { services, networks } = parse(compose, { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, { internal?: boolean } | null>;
};
const named = Object.entries(services);
const longRunning = named.filter(([, { restart }]) => restart === 'unless-stopped');

/** Lines that loosen something, and have no comment right above them. */
const withoutReason = (text: string, pattern: RegExp): string[] => {
  const lines = text.split('\n');
  return lines.filter((line, index) => pattern.test(line) && !/^\s*#/.test(lines[index - 1] ?? ''));
};

describe('the compose file', () => {
  it('runs these for as long as the service does, and the others once', () => {
    expect(longRunning.map(([name]) => name)).toEqual([
      'postgres',
      'temporal-postgres',
      'temporal',
      'temporal-ui',
      'api',
      'worker',
    ]);
  });

  it.each(named)('bounds what %s may use, and rotates its logs', (_name, service) => {
    expect(service.mem_limit).toMatch(/^(\$\{\w+:-)?\d+[mg]\}?$/);
    expect(String(service.cpus)).toMatch(/^(\$\{\w+:-)?\d+\}?$/);
    expect(String(service.pids_limit)).toMatch(/^(\$\{\w+:-)?\d+\}?$/);
    expect(service.logging?.options).toMatchObject({
      'max-size': expect.any(String),
      'max-file': expect.any(String),
    });
  });

  it.each(named)(
    'gives %s a user by number that is not root, a root that is only read, no rights',
    (name, service) => {
      expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
      expect(service.read_only).toBe(true);
      expect(service.cap_drop).toEqual(['ALL']);
      expect(service.cap_add ?? []).toEqual(name === 'worker' ? ['SETUID', 'SETGID'] : []);
      if (name !== 'worker') expect(service.security_opt).toContain('no-new-privileges:true');
      expect(service.security_opt ?? []).not.toContain('seccomp=unconfined');
    },
  );

  it('says beside each wider right why it is needed', () => {
    for (const text of [compose, read('deploy/docker-sandboxes.yml')]) {
      expect(withoutReason(text, /unconfined|cap_add: \[|privileged: true/)).toEqual([]);
    }
    expect(compose).toContain('apparmor=unconfined');
  });

  it.each(longRunning)('asks %s whether it is well', (_name, { healthcheck }) => {
    expect(healthcheck?.test[0]).toMatch(/^CMD/);
    expect(healthcheck).toMatchObject({
      interval: expect.any(String),
      timeout: expect.any(String),
      retries: expect.any(Number),
    });
  });

  it.each(['postgres', 'temporal-postgres', 'temporal', 'api', 'worker'])(
    'lets operators give %s more memory and processors',
    (name) => {
      expect(services[name]?.mem_limit).toMatch(/^\$\{\w+_MEMORY:-/);
      expect(services[name]?.cpus).toMatch(/^\$\{\w+_CPUS:-/);
    },
  );

  it('names in env.example all that .env may say, with its defaults', () => {
    const used = [...compose.matchAll(/\$\{(\w+)(?::-([^}]*)|:\?[^}]*)\}/g)];
    const told = read('deploy/env.example').match(/^\w+=.*$/gm);
    expect(new Set(told)).toEqual(new Set(used.map(([, name, value = '']) => `${name}=${value}`)));
  });

  it('hides no file of an image behind a file system in memory', () => {
    const hiding = named.flatMap(([name, { tmpfs = [] }]) => tmpfs.map((folder) => `${name} ${folder}`));
    // The folder of the socket is empty in the image.
    const empty = /^\S+ \/tmp$|^(temporal-)?postgres \/var\/run\/postgresql$/;
    expect(hiding.filter((entry) => !empty.test(entry))).toEqual([]);
  });

  it.each(['postgres', 'temporal-postgres'])(
    'lets %s end by itself, and asks it as its clients do',
    (name) => {
      expect(services[name]?.stop_grace_period).toMatch(/^[6-9]\ds$/);
      // While the image makes a database, another server answers on the socket.
      expect(services[name]?.healthcheck?.test.join(' ')).toContain('pg_isready -h 127.0.0.1');
    },
  );

  it('asks the api and the worker where they answer', () => {
    const { api, worker } = services;
    expect(api?.healthcheck?.test.join(' ')).toContain('http://127.0.0.1:8080/livez');
    const port = worker?.environment?.['MANAGED_AGENT_TELEMETRY_WORKER_PORT'];
    expect(worker?.healthcheck?.test.join(' ')).toContain(`http://127.0.0.1:${port}/livez`);
  });

  it('lets the metrics of workers be read from its own network, and publishes none', () => {
    const { worker } = services;
    expect(worker?.environment).toMatchObject({
      MANAGED_AGENT_TELEMETRY_WORKER_HOST: '0.0.0.0',
      MANAGED_AGENT_TELEMETRY_WORKER_PORT: '9464',
    });
    expect(worker?.expose).toEqual(['9464']);
    expect(worker?.networks).toContain('internal');
  });

  it('lets Temporal and its UI be reached from its own network alone, so the UI only through the service', () => {
    expect(networks['internal']).toEqual({ internal: true });
    for (const name of ['temporal', 'temporal-ui', 'temporal-postgres', 'postgres']) {
      expect(services[name]?.networks, name).toEqual(['internal']);
      expect(services[name]?.ports, name).toBeUndefined();
    }
    expect(services['api']?.environment?.['MANAGED_AGENT_TEMPORAL_UI_URL']).toContain('//temporal-ui:');
  });

  it('starts each after what it needs is well', () => {
    const started = named.flatMap(([name, { depends_on: needs = {} }]) =>
      Object.entries(needs)
        .filter(([, { condition }]) => condition === 'service_started')
        .map(([need]) => `${name} ${need}`),
    );
    expect(started).toEqual([]);
  });
});

describe('the image', () => {
  const dockerfile = read('deploy/Dockerfile');

  it('has a user by number, and what gives sandboxes users of their own', () => {
    expect(dockerfile.match(/^USER .*$/gm)).toEqual(['USER 1000:1000']);
    expect(dockerfile).toMatch(/apt-get install .*\buidmap\b/);
    expect(dockerfile).toMatch(/setcap cap_setuid\+ep \S*newuidmap[^]*setcap cap_setgid\+ep \S*newgidmap/);
    expect(dockerfile).toMatch(/node:100000:65536 .*\/etc\/subuid.*\/etc\/subgid/);
  });

  it('writes only below the volume', () => {
    expect(dockerfile).toMatch(/^VOLUME \/data$/m);
    expect(dockerfile).toMatch(/^ENV .*MANAGED_AGENT_DATA_DIR=\/data .*HOME=\/data\//m);
  });
});

describe('what images are made of', () => {
  const patterns = read('.dockerignore').match(/^[^#\n].*$/gm) ?? [];
  /** As Docker reads the file: the last pattern that fits counts, also for what is inside of a folder. */
  const isTaken = (file: string): boolean => {
    const fits = patterns.filter((pattern) => {
      const glob = pattern.replace(/^!/, '');
      return glob === '*' || path.matchesGlob(file, glob) || path.matchesGlob(file, `${glob}/**`);
    });
    return fits.at(-1)?.startsWith('!') ?? true;
  };

  it('are the programs', () => {
    const programs = [
      'server.ts',
      'worker.ts',
      'package-lock.json',
      'console/index.html',
      'skills/pdf/SKILL.md',
    ];
    const folders = readdirSync(new URL('..', import.meta.url), { withFileTypes: true })
      .filter(
        (entry) =>
          entry.isDirectory() &&
          !/^\.|^(bench|coverage|data|deploy|dist.*|docs|examples|node_modules|test)$/.test(entry.name),
      )
      .map(({ name }) => `${name}/module.ts`);
    expect([...programs, ...folders].filter((file) => !isTaken(file))).toEqual([]);
    expect(programs.filter((file) => !existsSync(new URL(`../${file}`, import.meta.url)))).toEqual([]);
  });

  it('are no keys, settings and data, whatever their names', () => {
    const others = [
      '.env',
      '.env.production',
      'config.yaml',
      'config.live.yaml',
      'docker-compose.override.yml',
      'keys/anthropic',
      'id_ed25519',
      'backup-2026/tables.dump',
      'data/blobs/ab/abcd',
      '.git/config',
      'console/dist/assets/old.js',
      'console/node_modules/some/file.js',
    ];
    expect(others.filter(isTaken)).toEqual([]);
  });
});

describe('the system call filter', () => {
  const profile = JSON.parse(read('deploy/seccomp.json')) as {
    syscalls: { names: string[]; action: string }[];
  };
  const refused = new Set(
    profile.syscalls.flatMap(({ names, action }) => (action === 'SCMP_ACT_ERRNO' ? names : [])),
  );

  it('lets bubblewrap make sandboxes', () => {
    const needed = ['clone', 'unshare', 'setns', 'mount', 'umount2', 'pivot_root', 'sethostname', 'seccomp'];
    expect(needed.filter((call) => refused.has(call))).toEqual([]);
  });

  it('refuses what neither the service nor bubblewrap needs of the kernel', () => {
    const dangerous = [
      'bpf',
      'perf_event_open',
      'keyctl',
      'kexec_load',
      'init_module',
      'open_by_handle_at',
      'ptrace',
    ];
    expect(dangerous.filter((call) => !refused.has(call))).toEqual([]);
  });
});
