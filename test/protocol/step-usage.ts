/** Of every response; no two numbers are alike, so that a mixed-up sum shows. */
export const STEP_USAGE = {
  input_tokens: 2,
  output_tokens: 3,
  cache_read_input_tokens: 5,
  cache_creation_5m_input_tokens: 7,
  cache_creation_1h_input_tokens: 11,
  list_cost_nano_usd: 130_000_000,
};
