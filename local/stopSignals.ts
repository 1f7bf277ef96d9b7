/** The first signal asks to stop in good order, a second one to hurry; both are told apart from the launcher's own end. */
export interface StopSignals {
  asked: Promise<NodeJS.Signals>;
  hurried: Promise<NodeJS.Signals>;
  readonly wasAsked: boolean;
}

export function listenForStop(): StopSignals {
  const asked = Promise.withResolvers<NodeJS.Signals>();
  const hurried = Promise.withResolvers<NodeJS.Signals>();
  let count = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, () => {
      count += 1;
      if (count === 1) asked.resolve(signal);
      else if (count === 2) hurried.resolve(signal);
      else process.exit(130);
    });
  }
  return {
    asked: asked.promise,
    hurried: hurried.promise,
    get wasAsked() {
      return count > 0;
    },
  };
}
