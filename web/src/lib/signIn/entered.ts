interface SetUp {
  mustSetUp: 'second_factor' | null;
}
/** What a door answers to who comes in: the platform the session itself, a portal who is there now. */
export type Entered = SetUp | { session: SetUp | object | null };

/** Whether something has to be set up before anything else. */
export const mustSetUp = (entered: Entered): boolean => {
  const session = 'session' in entered ? (entered.session ?? {}) : entered;
  return 'mustSetUp' in session && session.mustSetUp !== null;
};

/** What brought people to the sign-in who did not come by themselves. */
const notes: Record<string, string> = {
  password: 'Your password is changed. Sign in with the new one.',
};

export const signInNote = (url: URL): string | undefined => notes[url.searchParams.get('changed') ?? ''];
