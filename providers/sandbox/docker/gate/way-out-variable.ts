/** The gate's variable with the way out, as JSON: everybody on the host can read argument lists, and it may hold a password. */
export const WAY_OUT_VARIABLE = 'GATE_WAY_OUT';
