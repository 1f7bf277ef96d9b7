const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

const count = (number: number, unit: string): string => `${number} ${unit}${number === 1 ? '' : 's'}`;

/** What is left of a time, to two units: `12 days 4 h`, `3 h 12 min`, `4 min 07 s`, `9 s`; `over` when nothing is. */
export function leftText(milliseconds: number, over: string): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds <= 0) return over;
  if (seconds < minute) return `${seconds} s`;
  if (seconds < hour) return `${Math.floor(seconds / minute)} min ${String(seconds % minute).padStart(2, '0')} s`;
  if (seconds < day) return `${Math.floor(seconds / hour)} h ${Math.floor((seconds % hour) / minute)} min`;
  return `${count(Math.floor(seconds / day), 'day')} ${Math.floor((seconds % day) / hour)} h`;
}
