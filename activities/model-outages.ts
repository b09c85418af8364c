import type { AppError, ErrorCode } from '../core/errors.ts';

/** A vendor that asks for a longer wait than this is tried again after it all the same. */
const LONGEST_MS = 10 * 60_000;

/** Why a model is not asked. */
export interface Outage {
  code: ErrorCode;
  /** The failure, and when the model is tried again, in words for clients. */
  message: string;
}

/**
 * What this worker remembers of models that it gave up: for a while their turns begin with the next of the chain. After that one request
 * is let through, and what becomes of it decides. Nothing depends on it: it is lost with the process, and every worker finds out for
 * itself. What a turn does about it is in the journal.
 */
export interface ModelOutages {
  /** Whether anything is remembered of any model. */
  any(): boolean;
  /** Why a model is not to be asked now; null: it may be. Where it is to be tried again, the caller is the one who tries. */
  take(model: string): Outage | null;
  /** Whether a model is not to be asked now, without a claim to try it. */
  isDown(model: string): boolean;
  /** Whether a model failed and has not answered since: it is not worth several attempts. */
  isDoubtful(model: string): boolean;
  /** A model was given up. */
  failed(model: string, error: AppError): void;
  /** A model gave a whole answer. */
  answered(model: string): void;
}

interface Remembered {
  code: ErrorCode;
  text: string;
  failedAt: number;
  downUntil: number;
  /** Whoever tries it has until then; 0: nobody does. */
  triedUntil: number;
}

/**
 * @param coolDownMs - how long a model is not asked after it was given up; 0: nothing is remembered.
 * @param now - Unix milliseconds.
 */
export function createModelOutages(coolDownMs: number, now: () => number): ModelOutages {
  const models = new Map<string, Remembered>();

  const isDown = (known: Remembered): boolean => now() < Math.max(known.downUntil, known.triedUntil);

  return {
    any: () => models.size > 0,
    take(model) {
      const known = models.get(model);
      if (!known) return null;
      if (!isDown(known)) {
        known.triedUntil = now() + coolDownMs;
        return null;
      }
      const moment = now();
      const ago = Math.round((moment - known.failedAt) / 1000);
      const left = Math.ceil((known.downUntil - moment) / 1000);
      const next = left > 0 ? `is tried again in ${left} s` : 'is being tried again';
      const message = `${model} is not asked: it failed ${ago} s ago (${known.text}) and ${next}.`;
      return { code: known.code, message };
    },
    isDown(model) {
      const known = models.get(model);
      return known !== undefined && isDown(known);
    },
    isDoubtful: (model) => models.has(model),
    failed(model, error) {
      if (coolDownMs === 0) return;
      const moment = now();
      const waitMs = Math.min(LONGEST_MS, Math.max(coolDownMs, error.retryAfterMs ?? 0));
      models.set(model, {
        code: error.code,
        text: error.message,
        failedAt: moment,
        downUntil: moment + waitMs,
        triedUntil: 0,
      });
    },
    answered: (model) => void models.delete(model),
  };
}
