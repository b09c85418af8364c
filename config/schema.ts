import { z } from 'zod';
import { ApiSettings, AuthSettings, RateLimitSettings, SimpleApiSettings } from './sections/access.ts';
import { ContextSettings } from './sections/context.ts';
import { SessionSettings, TemporalSettings, WorkerSettings } from './sections/engine.ts';
import { SandboxSettings, WebSearchSettings } from './sections/hands.ts';
import { ProviderSettings } from './sections/connections.ts';
import { DefaultModel, ModelList } from './sections/models.ts';
import { NetworkSettings } from './sections/network.ts';
import { LogSettings, TelemetrySettings } from './sections/operations.ts';
import {
  BlobSettings,
  DiskSettings,
  EncryptionSettings,
  FileSettings,
  RetentionSettings,
  StoreSettings,
} from './sections/storage.ts';

/** Every setting there is, with its type, default and meaning. Unknown ones are refused at every depth. */
export const Settings = z.strictObject({
  data_dir: z
    .string()
    .min(1)
    .default('./data')
    .describe('Folder of everything that the service keeps on disk.'),
  api: ApiSettings.prefault({}),
  auth: AuthSettings.prefault({}),
  temporal: TemporalSettings.prefault({}),
  store: StoreSettings.prefault({}),
  blobs: BlobSettings.prefault({}),
  disk: DiskSettings.prefault({}),
  files: FileSettings.prefault({}),
  providers: ProviderSettings.prefault({}),
  models: ModelList,
  default_model: DefaultModel,
  context: ContextSettings.prefault({}),
  worker: WorkerSettings.prefault({}),
  sandbox: SandboxSettings.prefault({}),
  network: NetworkSettings.prefault({}),
  web_search: WebSearchSettings.prefault({}),
  session: SessionSettings.prefault({}),
  simple_api: SimpleApiSettings.prefault({}),
  log: LogSettings.prefault({}),
  telemetry: TelemetrySettings.prefault({}),
  encryption: EncryptionSettings.prefault({}),
  rate_limits: RateLimitSettings.prefault({}),
  retention: RetentionSettings.prefault({}),
});
export type Settings = z.infer<typeof Settings>;
