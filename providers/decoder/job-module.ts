/**
 * What every module in `jobs/` is. It runs in a decoder process and is given what its side of the service sent, in the shape that it sent.
 * An `invalid_request` that it throws is a refusal in words; any other error counts as the parser's.
 */
export interface JobModule {
  run(
    value: unknown,
    parts: readonly Uint8Array[],
  ): Promise<{ value: unknown; parts?: readonly Uint8Array[] }>;
}
