import { onMount } from 'svelte';

/**
 * Whether the page's script runs yet. Forms that talk to the API keep their button disabled until then, so that an
 * early press or Enter cannot send a password to an address that knows no form.
 */
export function hydrated(): { readonly current: boolean } {
  let current = $state(false);
  onMount(() => {
    current = true;
  });
  return {
    get current() {
      return current;
    },
  };
}
