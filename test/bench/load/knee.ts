/** The highest rate a second that is carried: doubles until it is too much, then halves the distance three times. */
export async function kneeOf(wantedRate: number, isCarried: (perSecond: number) => Promise<boolean>): Promise<number> {
  let carried = wantedRate / 2;
  let tooMuch = wantedRate;
  while (await isCarried(tooMuch)) [carried, tooMuch] = [tooMuch, tooMuch * 2];
  for (let halving = 0; halving < 3; halving++) {
    const middle = Math.round((carried + tooMuch) / 2);
    if (await isCarried(middle)) carried = middle;
    else tooMuch = middle;
  }
  return carried;
}
