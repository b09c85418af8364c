/** Gives what `ask` answers, the same answer to all who ask while it is under way and for `freshMs` after it. */
export function askedOnce<Answer>(freshMs: number, ask: () => Promise<Answer>): () => Promise<Answer> {
  let answer: Promise<Answer> | null = null;
  return async () => {
    if (answer === null) {
      const asked = ask();
      answer = asked;
      const forget = (): void => {
        setTimeout(() => {
          if (answer === asked) answer = null;
        }, freshMs).unref();
      };
      asked.then(forget, forget);
    }
    return answer;
  };
}
