/**
 * SIGHUP, from the moment this module is loaded: it never ends the process. An entry imports it before anything else, since what it starts
 * takes a while to load.
 */
let follow: (() => void) | null = null;
let missed = false;

process.on('SIGHUP', () => {
  if (follow === null) missed = true;
  else follow();
});

/** Calls `reload` at each SIGHUP from now on, and for one that came already. */
export function onHangUp(reload: () => void): void {
  follow = reload;
  if (missed) reload();
  missed = false;
}
