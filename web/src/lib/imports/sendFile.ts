import type { ImportAccepted } from '#contracts/imports/imports.ts';
import type { Problem } from '#contracts/problems.ts';
import { Refusal, unreachable } from '#lib/api/refusal.ts';

/** Sends a file as it is and tells how much of it has left; fetch cannot tell that. A failure is thrown as a `Refusal`. */
export function sendFile(path: string, file: File, onSent: (share: number) => void): Promise<ImportAccepted> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', path);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.setRequestHeader('accept', 'application/json');
    request.upload.addEventListener('progress', ({ loaded, total }) => onSent(total ? loaded / total : 0));
    request.addEventListener('error', () => reject(unreachable));
    request.addEventListener('load', () => {
      if (request.status === 202) return resolve(JSON.parse(request.responseText) as ImportAccepted);
      reject(new Refusal(request.status, problemIn(request.responseText)));
    });
    request.send(file);
  });
}

function problemIn(text: string): Partial<Problem> {
  try {
    return JSON.parse(text) as Partial<Problem>;
  } catch {
    return {};
  }
}
