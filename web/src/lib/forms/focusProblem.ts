import { tick } from 'svelte';

/** After an answer with problems: the first field that has one takes focus, opening what hides it. */
export async function focusProblem(form: HTMLElement | undefined): Promise<void> {
  await tick();
  const field = form?.querySelector<HTMLElement>('[aria-invalid="true"]');
  if (!field) return;
  const hidden = field.closest('details');
  if (hidden) hidden.open = true;
  field.focus();
}
