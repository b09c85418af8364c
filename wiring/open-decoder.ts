import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { createConfinedDecoder } from '../providers/decoder/confined-decoder.ts';
import type { Decoder } from '../providers/decoder/decoder.ts';
import { placesOf } from '../providers/sandbox/places.ts';

/**
 * After a restart, runs that wait have the processors first; two slow cores may take ten seconds for them. Whoever brings an image or a
 * document sooner does not wait for this.
 */
const PROBE_AFTER_MS = 15_000;

/** What reads the bytes of strangers. How it is held on this host is found out, and logged, soon after the start. */
export function openDecoder(config: Config, log: Logger): Decoder {
  const { folder, uid_base: first, uid_count: count } = config.sandbox;
  const decoder = createConfinedDecoder({
    folder: placesOf(folder ?? config.data_dir, process.getuid?.() ?? -1).base,
    // The first one that no sandbox is given.
    uid: first + count,
  });
  const probing = setTimeout(() => {
    void decoder.probe().then(({ isolation, detail }) => {
      if (isolation === 'bubblewrap') log.info(detail);
      else log.warn(detail);
    });
  }, PROBE_AFTER_MS);
  probing.unref();
  return {
    ...decoder,
    async close() {
      clearTimeout(probing);
      await decoder.close();
    },
  };
}
