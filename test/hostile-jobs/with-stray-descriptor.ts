import path from 'node:path';
import { testDecoder } from '../harness/test-decoder.ts';

/** `node with-stray-descriptor.ts DESCRIPTOR`: prints what a decoder gets to read from an open file that this process was started with. */
const decoder = testDecoder({
  modules: { hostile: path.join(import.meta.dirname, 'hostile.ts') },
  isInnerOpen: true,
});
const value = { do: 'descriptor', port: Number(process.argv[2]), path: '' };
const job = { kind: 'hostile', workspaceId: 'w', value, parts: [], milliseconds: 30_000, answerBytes: 1_000 };
console.log(JSON.stringify(await decoder.decode(job, new AbortController().signal)));
await decoder.close();
