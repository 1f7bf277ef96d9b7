const longest = 365;

/** Days as they are typed, `3, 7, 14`; null where that is no growing list of whole days from 1 to 365. Nothing is no days. */
export function daysOf(text: string): number[] | null {
  const parts = text.split(/[\s,;]+/).filter((part) => part !== '');
  if (parts.some((part) => !/^\d{1,3}$/.test(part))) return null;
  const days = parts.map(Number);
  const grow = days.every((day, at) => day >= 1 && day <= longest && (at === 0 || day > days[at - 1]!));
  return grow ? days : null;
}
