/**
 * Shows a cloud who asks, by headers that hold for a while. It is asked at each request, and keeps by itself what holds still. Fails with an
 * `AppError`: `model_credentials_refused` where there is nobody to ask as, or who it is was refused; `model_unreachable` where whoever
 * hands out tokens did not answer.
 */
export interface Identity {
  /** What can be done where the server refuses it, for messages; absent where it is no more than a key. */
  readonly advice?: string;
  /** @param isRefused - the server did not take the last ones, although they should hold. */
  headers(isRefused?: boolean): Promise<Record<string, string>>;
}
