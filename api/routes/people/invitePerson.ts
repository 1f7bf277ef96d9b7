import { NewPerson, PersonInvited } from '#contracts/identity/people.ts';
import { assignRoles } from '#domain/access/assignRoles.ts';
import { requiredToAssign, whatRolesPermit } from '#domain/approvals/privilegedRoles.ts';
import { invitePerson as invite } from '#domain/people/invitations.ts';
import { findPerson } from '#domain/people/people.ts';
import { defineRoute } from '../../route.ts';
import { giverOf } from '../roles/giving.ts';

const namesOf = (roles: readonly { role: string }[]): string[] => roles.map(({ role }) => role);

/** Not idempotent by key: the answer would have to be kept, and with it the link. */
export const invitePerson = defineRoute({
  method: 'post',
  path: '/api/v1/people',
  summary: 'Invite somebody by mail, with the roles they are to have',
  permission: 'people:manage',
  people: true,
  stepUp: true,
  // Whoever invites a second account of their own would else approve by it what they ask for.
  approval: {
    act: 'grant_roles',
    required: ({ body }, em) => requiredToAssign(em, namesOf(body.roles)),
    boundTo: ({ body }, em) => whatRolesPermit(em, namesOf(body.roles)),
  },
  body: NewPerson,
  success: { status: 201, body: PersonInvited },
  errors: ['email_taken', 'role_exceeds_yours'],
  async handle({ body, actor, principal }, context) {
    const giver = await giverOf(principal, context);
    const { userId, ...link } = await context.changeAccess(async (em) => {
      const invited = await invite(em, context.realm, body, actor);
      const { epoch } = await assignRoles(em, invited.userId, body.roles, giver, actor);
      return { ...invited, epoch };
    });
    return { person: await findPerson(context.em, userId), ...link };
  },
});
