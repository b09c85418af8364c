/** Tells the user something, one line at a time. */
export type Say = (line: string) => void;

/** One thing that set-up makes ready. Each finds out first whether it is ready already, and does nothing then. */
export interface SetupStep {
  name: string;
  /** Makes it ready; the answer, shown after the name, says what was found or done. Throws with what the user must do. */
  run(say: Say): Promise<string>;
}
