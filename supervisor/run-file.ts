import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What `<data_dir>/run.json` says about the running service: where it is reached, and its processes. */
export interface RunFile {
  urls: {
    api: string;
    /** As `temporal.address`. */
    temporal: string;
    /** Where the api serves the UI; null: there is none. */
    temporal_ui: string | null;
  };
  /** Port on which the api listens; a public URL need not tell. */
  api_port: number;
  pids: { supervisor: number; postgres?: number; temporal?: number; api?: number; worker?: number };
}

export function writeRunFile(dataDir: string, content: RunFile): void {
  const file = path.join(dataDir, 'run.json');
  writeFileSync(`${file}.new`, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The file of the run before, so that picked ports stay the same; null when there is none. */
export function readRunFile(dataDir: string): RunFile | null {
  try {
    return JSON.parse(readFileSync(path.join(dataDir, 'run.json'), 'utf8')) as RunFile;
  } catch {
    return null;
  }
}
