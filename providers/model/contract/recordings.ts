import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { playRecording } from '../../../test/model-recordings/play-recording.ts';
import { readRecording } from '../../../test/model-recordings/recording.ts';
import { collect, makeRequest, type ContractSubject } from './subject.ts';

/**
 * Plays every recording in a folder to the adapter and compares what it makes of it with what stands beside: `<name>.jsonl` and
 * `<name>.response.json`.
 */
export function itReadsRecordings(subject: ContractSubject, folder: string, pattern: string): void {
  const files = globSync(path.join(folder, `${pattern}.jsonl`)).sort();
  it('has recordings to read', () => {
    expect(files.length).toBeGreaterThan(0);
  });
  it.each(files.map((file) => [path.basename(file, '.jsonl'), file]))(
    'reads the recorded stream %s as it did when it was recorded',
    async (_name, file) => {
      const expected: unknown = JSON.parse(readFileSync(file.replace(/\.jsonl$/, '.response.json'), 'utf8'));
      const recording = readRecording(file);
      const played = await playRecording(recording);
      try {
        const provider = subject.make({ url: played.url });
        const { response } = await collect(provider, makeRequest(subject, { maxOutputTokens: 60 }));
        expect(JSON.parse(JSON.stringify(response).replaceAll(provider.name, 'PROVIDER'))).toEqual(expected);
      } finally {
        await played.close();
      }
    },
  );
}
