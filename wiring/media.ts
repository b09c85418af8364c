import type { Logger } from 'pino';
import type { MediaDeps } from '../api/media/pin-media.ts';
import type { Offered } from '../api/offered.ts';
import type { SendDeps } from '../api/sessions/send-events.ts';
import type { Config } from '../config.ts';
import { reachesFiles } from '../core/agent/reaches-files.ts';
import { MEDIA_LIMITS } from '../core/files/media-limits.ts';
import type { BlobStore } from '../providers/blob/blob-store.ts';
import type { Decoder } from '../providers/decoder/decoder.ts';
import { createDecodedPdfs } from '../providers/document/decoded-pdfs.ts';
import { createDecodedImages } from '../providers/image/decoded-images.ts';
import { createPublicHosts } from '../providers/network/public-hosts.ts';
import type { FileStore } from '../providers/store/files.ts';
import { createHttpFetcher } from '../providers/web/http-fetcher.ts';
import { newId } from './new-ids.ts';
import { networkSettings } from './network.ts';

/** What images and documents of messages are made ready with. */
export function mediaDeps(parts: {
  config: Config;
  files: FileStore;
  blobs: BlobStore;
  decoder: Decoder;
  log: Logger;
}): MediaDeps {
  const { config, files, blobs, decoder, log } = parts;
  return {
    files,
    quotaBytes: config.files.workspace_bytes,
    blobs,
    newId,
    now: Date.now,
    decided: (decision) =>
      log.info({ ...decision }, decision.decision === 'refused' ? 'egress refused' : 'egress of a message'),
    images: createDecodedImages(decoder),
    pdfs: createDecodedPdfs(decoder, {
      pages: MEDIA_LIMITS.pdfPages,
      characters: MEDIA_LIMITS.textCharacters,
    }),
    fetcher: createHttpFetcher({
      hosts: createPublicHosts({
        privateNetworks: config.sandbox.private_networks,
        network: networkSettings(config),
      }),
      limits: { bytes: MEDIA_LIMITS.fetchedBytes, totalMs: 20_000, redirects: 5 },
      userAgent: 'Managed-Agent/0.1 (media)',
    }),
  };
}

/** For whom the images and documents of a session are made ready. */
export function audienceOf({ models, absentTools }: Offered): SendDeps['audienceOf'] {
  return async (workspaceId, agent, resources) => {
    const model = agent.model.id;
    await models.confirm(model, 'agent.model');
    return {
      workspaceId,
      model,
      imageLimits: models.resolve(model)?.images ?? null,
      resources,
      reachesFiles: reachesFiles(agent.tools, absentTools()),
    };
  };
}
