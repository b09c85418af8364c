/** What the model is told of a call that has no result. */
export const ABANDONED = 'The call was ended before it started, and will not start any more.';
export const SANDBOX_GONE =
  'The sandbox stopped while the call ran. Whether, or how far, it took effect is unknown; look before you do it again.';
export const RUNNER_GONE =
  'The call was cut off while it ran. Whether, or how far, it took effect is unknown; look before you do it again.';
