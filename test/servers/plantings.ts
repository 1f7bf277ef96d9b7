import { database } from './plantings/database.ts';
import { license } from './plantings/license.ts';
import { realm } from './plantings/realm.ts';
import { storage } from './plantings/storage.ts';

/** What the tests of the providers' contract plant, by kind of resource. */
export const plantings = { database, realm, storage, license };
