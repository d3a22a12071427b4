/** Questions to a Worker that wait for the answer with their number. */
export interface Requests<Answer> {
  ask(send: (request: number) => void): Promise<Answer>;
  answer(request: number, answer: Answer): void;
}

export function newRequests<Answer>(): Requests<Answer> {
  const waiting = new Map<number, (answer: Answer) => void>();
  let next = 1;
  return {
    ask: (send) =>
      new Promise((resolve) => {
        const request = next++;
        waiting.set(request, resolve);
        send(request);
      }),
    answer: (request, answer) => {
      waiting.get(request)?.(answer);
      waiting.delete(request);
    },
  };
}
