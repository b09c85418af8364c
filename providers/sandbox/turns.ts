/** Lets so many do something at once; the others wait in order. */
export interface Turns {
  /** Waits for a turn. The result gives it back; calling it again does nothing. */
  take(): Promise<() => void>;
}

export function createTurns(atOnce: number): Turns {
  const waiting: (() => void)[] = [];
  let taken = 0;

  function giveBack(): void {
    const next = waiting.shift();
    if (next === undefined) taken--;
    else next();
  }

  return {
    async take() {
      if (taken < atOnce) taken++;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      let isHeld = true;
      return () => {
        if (isHeld) giveBack();
        isHeld = false;
      };
    },
  };
}
