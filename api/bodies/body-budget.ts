import { AppError } from '../../core/errors.ts';

/** What bounds the bytes of bodies that this process holds at once. */
export interface BodyBudget {
  /** Begins to count one request's body. */
  open(): BodyLease;
  /** Bytes that are held now. */
  held(): number;
}

/** What one request's body holds. */
export interface BodyLease {
  /** Says whose the body is, once that is known: one caller's large bodies leave room for those of others. */
  ownedBy(caller: string): void;
  /**
   * Counts bytes before they are kept, after decompression. Throws `unavailable` when too much is held by all, and `rate_limited` when
   * it is by this caller; the client tries again after a while, when others are through.
   */
  take(bytes: number): void;
  /** Gives everything back. May be called again. */
  release(): void;
}

/** A body up to here is a small one. */
const SMALL = 64 * 1024;
/** Share of the whole that only small bodies get, so that they pass while large ones wait for each other. */
const RESERVED = 1 / 8;
/** Share of the whole that one caller's large bodies get. */
const PER_CALLER = 1 / 2;
const RETRY_MS = 2_000;

/**
 * Counts bytes as they come, not as a client announces them: who announces much and sends nothing takes nothing from others.
 *
 * @param bytes - all that may be held. Half of it should be more than the largest body may come to: an archive of a skill, with what it packs.
 */
export function createBodyBudget(bytes: number): BodyBudget {
  let small = 0;
  let large = 0;
  const byCaller = new Map<string, number>();

  function open(): BodyLease {
    let taken = 0;
    let owner = '';
    const isLarge = () => taken > SMALL;
    const ofCaller = () => byCaller.get(owner) ?? 0;
    const change = (by: number) => {
      large += by;
      const sum = ofCaller() + by;
      if (sum > 0) byCaller.set(owner, sum);
      else byCaller.delete(owner);
    };
    return {
      ownedBy(caller) {
        const moved = isLarge() ? taken : 0;
        change(-moved);
        owner = caller;
        change(moved);
      },
      take(more) {
        const before = isLarge() ? taken : 0;
        const becomesLarge = taken + more > SMALL;
        const grows = becomesLarge ? taken + more - before : 0;
        if (small + large + more > bytes || (becomesLarge && large + grows > bytes * (1 - RESERVED))) {
          throw new AppError(
            'unavailable',
            'The service is reading as many request bodies as it can hold. Try again after the time in retry-after.',
            { retryAfterMs: RETRY_MS },
          );
        }
        if (becomesLarge && ofCaller() + grows > bytes * PER_CALLER) {
          throw new AppError(
            'rate_limited',
            'Your large request bodies together are more than the service reads at once of one caller. Send fewer at a time.',
            { retryAfterMs: RETRY_MS },
          );
        }
        if (becomesLarge) {
          if (before === 0) small -= taken;
          change(grows);
        } else {
          small += more;
        }
        taken += more;
      },
      release() {
        if (isLarge()) change(-taken);
        else small -= taken;
        taken = 0;
      },
    };
  }

  return { open, held: () => small + large };
}
