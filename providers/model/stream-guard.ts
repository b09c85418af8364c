import { AppError } from '../../core/errors.ts';

/** How long a model request may take, in milliseconds. */
export interface StreamLimits {
  /** The whole request. */
  totalMs: number;
  /** From one piece of content to the next, and from the request to the first. Pings and empty lines are no content. */
  stallMs: number;
}

/** Watches one request: ends it when the caller aborts, when no content comes, or when it takes too long. */
export interface StreamGuard {
  /** Hand this to the vendor's SDK. */
  readonly signal: AbortSignal;
  /** The limit from one piece of content to the next. */
  readonly stallMs: number;
  /** Content came. */
  progress(): void;
  /** The consumer has the floor: its own slowness is not the vendor's. Ends with the next `progress`. */
  hold(): void;
  /** Why the request was ended, or undefined while it was not: the caller's own reason, or an `AppError`. */
  reason(): { error: unknown } | undefined;
  /** Closes the connection for good; also after `stop`. */
  abandon(): void;
  /** Releases timers and listeners. */
  stop(): void;
}

export function createStreamGuard(limits: StreamLimits, vendor: string, outer: AbortSignal): StreamGuard {
  const controller = new AbortController();
  const started = performance.now();
  let last = started;
  let held = false;
  let failure: AppError | undefined;

  const fail = (message: string) => {
    failure = new AppError('model_unreachable', message);
    controller.abort(failure);
  };
  // One timer that re-arms itself for the time left costs nothing per token.
  const check = () => {
    const now = performance.now();
    if (now - started >= limits.totalMs) {
      fail(`${vendor} did not finish its answer within ${seconds(limits.totalMs)}.`);
      return;
    }
    const silent = held ? 0 : now - last;
    if (silent >= limits.stallMs) {
      fail(`${vendor} sent no content for ${seconds(limits.stallMs)}.`);
      return;
    }
    arm(Math.min(limits.stallMs - silent, limits.totalMs - (now - started)));
  };
  let timer: NodeJS.Timeout | undefined;
  const arm = (delayMs: number) => {
    timer = setTimeout(check, Math.min(Math.max(Math.ceil(delayMs), 1), 2_147_483_647));
    timer.unref();
  };
  const onAbort = () => controller.abort(outer.reason);

  if (outer.aborted) onAbort();
  else outer.addEventListener('abort', onAbort, { once: true });
  arm(Math.min(limits.stallMs, limits.totalMs));
  return {
    signal: controller.signal,
    stallMs: limits.stallMs,
    progress() {
      held = false;
      last = performance.now();
    },
    hold() {
      held = true;
    },
    reason() {
      if (outer.aborted) return { error: outer.reason };
      return failure === undefined ? undefined : { error: failure };
    },
    abandon() {
      controller.abort();
    },
    stop() {
      clearTimeout(timer);
      outer.removeEventListener('abort', onAbort);
    },
  };
}

function seconds(ms: number): string {
  return `${String(Math.round(ms) / 1000)} s`;
}
