/** What the doctor says of one thing: `unknown` when it could not be looked at. */
export interface Diagnosis {
  what: string;
  state: 'fine' | 'worth a look' | 'wrong' | 'unknown';
  text: string;
  /** What helps. */
  advice?: string;
}

export const fine = (what: string, text: string): Diagnosis => ({ what, state: 'fine', text });
export const wrong = (what: string, text: string, advice: string): Diagnosis => ({
  what,
  state: 'wrong',
  text,
  advice,
});
export const worthALook = (what: string, text: string, advice: string): Diagnosis => ({
  what,
  state: 'worth a look',
  text,
  advice,
});

/** What cannot be looked at is no reason to stop looking at the rest. */
export async function look(what: string, at: () => Promise<Diagnosis | Diagnosis[]>): Promise<Diagnosis[]> {
  try {
    return [await at()].flat();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return [{ what, state: 'unknown', text: `could not be looked at: ${code ?? message}` }];
  }
}
