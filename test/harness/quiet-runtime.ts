import { DefaultLogger, Runtime, makeTelemetryFilterString } from '@temporalio/worker';

let done = false;

/** Silences the Temporal runtime of a test process, save its errors. Call it before anything of Temporal starts; again is harmless. */
export function quietRuntime(): void {
  if (done) return;
  done = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
  });
}
