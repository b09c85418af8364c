import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isAppError } from '../../../core/errors.ts';
import { playRecording } from '../../../test/model-recordings/play-recording.ts';
import { readRecording, type Recording } from '../../../test/model-recordings/recording.ts';
import type { ModelResponse } from '../model-provider.ts';
import { collect, makeRequest, type ContractSubject } from './subject.ts';

/**
 * Plays every recording in a folder to the adapter and compares what it makes of it with what stands beside: `<name>.jsonl` and
 * `<name>.response.json`.
 */
export function itReadsRecordings(subject: ContractSubject, folder: string): void {
  const files = globSync(path.join(folder, '*.jsonl')).sort();
  it(`has recordings to read in ${path.basename(folder)}`, () => {
    expect(files.length).toBeGreaterThan(0);
  });

  describe.each(files.map((file) => [path.basename(file, '.jsonl'), file]))('%s', (_name, file) => {
    const recording = readRecording(file);
    const expected = JSON.parse(
      readFileSync(file.replace(/\.jsonl$/, '.response.json'), 'utf8'),
    ) as ModelResponse;

    it('is read as what stands beside it, and its previews add up to the text', async () => {
      const { response, previews } = await read(subject, recording);
      expect(response).toEqual(expected);
      expect([...previews.values()].join('')).toBe(textOf(expected));
    });

    it('is read the same in packets that end anywhere, with CRLF and a byte order mark', async () => {
      const text = recording.chunks.map(({ chunk }) => chunk).join('');
      const other = `\uFEFF${text.replaceAll(/\r?\n/g, '\r\n')}`;
      const chunks = other.match(/[^]{1,7}/gu)?.map((chunk) => ({ ms: 0, chunk })) ?? [];
      expect((await read(subject, { ...recording, chunks })).response).toEqual(expected);
    });

    it('gives a failure or the same answer when it ends after any of its pieces', async () => {
      for (let kept = 0; kept < recording.chunks.length; kept += 1) {
        const cut = { ...recording, chunks: recording.chunks.slice(0, kept) };
        const outcome = await read(subject, cut).catch((error: unknown) => error);
        if (isAppError(outcome)) expect(outcome.code).toBe('model_unreachable');
        else expect(outcome).toMatchObject({ response: { blocks: expected.blocks, stop: expected.stop } });
      }
    });
  });
}

async function read(
  subject: ContractSubject,
  recording: Recording,
): Promise<{ response: ModelResponse; previews: ReadonlyMap<number, string> }> {
  const played = await playRecording(recording);
  try {
    const provider = subject.make({ url: played.url });
    const { response, previews } = await collect(provider, makeRequest(subject, { maxOutputTokens: 60 }));
    // The name of the provider holds the port that the recording was played at.
    const named = JSON.stringify(response).replaceAll(provider.name, 'PROVIDER');
    return { response: JSON.parse(named) as ModelResponse, previews };
  } finally {
    await played.close();
  }
}

function textOf({ blocks }: ModelResponse): string {
  return blocks.map((block) => (block.type === 'text' ? block.text : '')).join('');
}
