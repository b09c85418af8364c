/**
 * Reads a stream to its end in the background, so that its connection can be used again, but for a second at most: then it is
 * closed. What still comes, and how it ends, no longer matters.
 */
export function drain(stream: AsyncIterator<unknown>, abandon: () => void): void {
  const timer = setTimeout(() => void close(), 1_000);
  timer.unref();
  const close = async () => {
    clearTimeout(timer);
    abandon();
    await stream.return?.().then(undefined, ignore);
  };
  const readAll = async () => {
    for (;;) {
      const { done } = await stream.next();
      if (done === true) return;
    }
  };
  readAll().then(() => clearTimeout(timer), close);
}

function ignore(): void {
  // The response is complete; a connection that breaks after it costs nothing.
}
