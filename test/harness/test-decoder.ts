import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  createConfinedDecoder,
  type ConfinedDecoderOptions,
} from '../../providers/decoder/confined-decoder.ts';
import type { Decoder } from '../../providers/decoder/decoder.ts';

/** A decoder as the service has it. Its runtime lies where all tests find it again, since making one takes seconds. */
export function testDecoder(options: Partial<ConfinedDecoderOptions> = {}): Decoder {
  const folder = path.join(tmpdir(), `managed-agent-tests-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  return createConfinedDecoder({ folder, ...options });
}
