import { OwnerClaim, Session } from '#contracts/session.ts';
import { claimOwnership } from '#domain/people/ownership.ts';
import { defineRoute } from '../../route.ts';

/** The link of the first start is worth one owner; who used it is signed in. */
export const claimOwner = defineRoute({
  method: 'post',
  path: '/api/v1/owner',
  summary: "Set the first owner's password with the one-time link",
  permission: 'public',
  body: OwnerClaim,
  success: { status: 201, body: Session },
  errors: ['setup_link_invalid', 'password_weak', 'too_many_attempts'],
  async handle({ body }, { em, signIn, viewSession }) {
    const signedIn = await signIn(await claimOwnership(em, body), 'setup_link');
    return viewSession(signedIn);
  },
});
