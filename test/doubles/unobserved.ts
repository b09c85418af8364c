import { NO_TELEMETRY } from '../../providers/telemetry/activity-telemetry.ts';
import { NO_TROUBLES } from '../../providers/telemetry/trouble-log.ts';

/** For activities that nobody watches. */
export const UNOBSERVED = { telemetry: NO_TELEMETRY, troubles: NO_TROUBLES };
