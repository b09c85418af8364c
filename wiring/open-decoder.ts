import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { createConfinedDecoder } from '../providers/decoder/confined-decoder.ts';
import type { Decoder } from '../providers/decoder/decoder.ts';
import { placesOf } from '../providers/sandbox/places.ts';

/** What reads the bytes of strangers. How it is held on this host is found out, and logged, while the service starts. */
export function openDecoder(config: Config, log: Logger): Decoder {
  const { folder, uid_base: first, uid_count: count } = config.sandbox;
  const decoder = createConfinedDecoder({
    folder: placesOf(folder ?? config.data_dir, process.getuid?.() ?? -1).base,
    // The first one that no sandbox is given.
    uid: first + count,
  });
  void decoder.probe().then(({ isolation, detail }) => {
    if (isolation === 'bubblewrap') log.info(detail);
    else log.warn(detail);
  });
  return decoder;
}
