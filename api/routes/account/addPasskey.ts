import { NewPasskey, PasskeyAdded } from '#contracts/identity/account.ts';
import { addPasskeyFactor } from '#domain/people/factors/secondFactors.ts';
import { defineRoute } from '../../route.ts';
import { sessionOf } from '../session/sessionOf.ts';

export const addPasskey = defineRoute({
  method: 'post',
  path: '/api/v1/account/passkeys',
  summary: 'Add the passkey that the browser made',
  permission: 'signed-in',
  beforeSetUp: true,
  stepUp: true,
  body: NewPasskey,
  success: { status: 201, body: PasskeyAdded },
  errors: ['passkey_refused'],
  async handle({ body, signedIn, actor }, { em, realm, relyingParty: party, browser, renewSession }) {
    const owner = sessionOf(signedIn);
    const name = body.name ?? browser.place.device;
    const wanted = { owner, party, passkey: body.passkey, name, boundTo: Buffer.from(owner.sessionId) };
    const added = await addPasskeyFactor(em, realm, wanted, actor);
    await renewSession();
    return added;
  },
});
