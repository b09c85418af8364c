/**
 * An attempt gives back its place in a worker, since it would only wait there while others have something to do, and comes again after a
 * while. It is no failure: nothing is journaled, counted or told to clients.
 */
export class HandedBack extends Error {
  /** At least so long. */
  readonly delayMs: number;
  constructor(reason: string, delayMs: number) {
    super(`${reason} It comes again.`);
    this.name = 'HandedBack';
    // Scattered, so that those who were handed back together do not come back together.
    this.delayMs = Math.ceil(delayMs * (1 + Math.random()));
  }
}
