import { invalidate } from '$app/navigation';

/** Reads a list again every few seconds while something in it is changing and somebody is looking. For `$effect`. */
export function refreshWhile(isChanging: boolean, path: string, everyMilliseconds = 3000): (() => void) | undefined {
  if (!isChanging) return undefined;
  const timer = setInterval(() => {
    if (document.visibilityState === 'visible') void invalidate((url) => url.pathname === path);
  }, everyMilliseconds);
  return () => clearInterval(timer);
}
