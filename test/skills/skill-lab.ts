import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const SKILLS = fileURLToPath(new URL('../../skills/', import.meta.url));

export interface ScriptResult {
  code: number;
  out: string;
  error: string;
}

/** A working folder in which scripts of skills run. */
export interface SkillLab {
  folder: string;
  write(name: string, content: string | Uint8Array): Promise<void>;
  read(name: string): Promise<Buffer>;
  /** Runs `scripts/<script>` of a skill here. */
  run(skill: string, script: string, ...args: string[]): Promise<ScriptResult>;
  /** The same, and fails the test when the script fails. Gives what it printed. */
  ok(skill: string, script: string, ...args: string[]): Promise<string>;
  /** Runs Python text here. */
  python(code: string): Promise<string>;
  close(): Promise<void>;
}

/** @param python - the interpreter. */
export async function createSkillLab(python: string): Promise<SkillLab> {
  const folder = await mkdtemp(path.join(tmpdir(), 'skill-lab-'));

  async function start(args: string[]): Promise<ScriptResult> {
    const child = spawn(python, args, {
      cwd: folder,
      env: {
        PATH: '/usr/local/bin:/usr/bin:/bin',
        HOME: folder,
        PYTHONDONTWRITEBYTECODE: '1',
        GIT_CONFIG_GLOBAL: '/dev/null',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let error = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (error += text));
    const code = await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => resolve(status ?? -1));
    });
    return { code, out, error };
  }

  async function succeed(args: string[]): Promise<string> {
    const { code, out, error } = await start(args);
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}:\n${out}${error}`);
    return out;
  }

  const scriptOf = (skill: string, script: string) => path.join(SKILLS, skill, 'scripts', script);
  return {
    folder,
    write: async (name, content) => writeFile(path.join(folder, name), content),
    read: async (name) => readFile(path.join(folder, name)),
    run: async (skill, script, ...args) => start([scriptOf(skill, script), ...args]),
    ok: async (skill, script, ...args) => succeed([scriptOf(skill, script), ...args]),
    python: async (code) => succeed(['-c', code]),
    close: async () => rm(folder, { recursive: true }),
  };
}
