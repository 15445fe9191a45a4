// Wires the JWT for upstreams: its keys from settings or catalog, its signing within the limits of first proofs.

import { randomUUID } from 'node:crypto';
import type { SigningKeyAdmin } from '../../admin/operation/signing-key-routes.ts';
import type { Admission, Assertions } from '../../authorize/ports.ts';
import { BackendJwtIssuer } from '../../backendjwt/backend-jwt-issuer.ts';
import { FollowedSigningKey } from '../../backendjwt/followed-signing-key.ts';
import { readSigningKey, type Signer } from '../../backendjwt/signing-key.ts';
import { SigningKeyRing } from '../../backendjwt/signing-key-ring.ts';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import type { DecidingCatalog } from '../../catalog/open-for-decisions.ts';
import { readConfiguredSecret } from '../../sealing/configured-secret.ts';
import type { Settings } from '../../settings/settings.ts';

/** Both sides of it. */
export interface BackendJwtSide {
  readonly assertions: Assertions;
  readonly signingKeys: SigningKeyAdmin;
}

/** PEM texts of the keys that the settings name; none where the catalog's own are used. Throws, in a sentence, where one cannot be read. */
export function configuredSigningKeys({ upstream: { backendJwt } }: Settings): readonly string[] {
  if (!backendJwt.enabled) return [];
  return backendJwt.keys.map((source, index) =>
    readConfiguredSecret(`upstream.backendJwt.keys[${index}]`, source, process.env),
  );
}

/** Undefined where none is wanted. Rejects, with a sentence for the operator, for a key that cannot be used. */
export async function openBackendJwt(
  { upstream: { backendJwt } }: Settings,
  given: readonly string[],
  { lists, writer }: Pick<OpenCatalog, 'lists' | 'writer'>,
  admission: Pick<Admission, 'prove'>,
): Promise<BackendJwtSide | undefined> {
  if (!backendJwt.enabled) return undefined;
  const ring = await SigningKeyRing.open({
    algorithm: backendJwt.algorithm,
    given,
    store: {
      list: () => lists.openSigningKeys(),
      rotate: async (next, retired, audit) => (await writer.rotateSigningKey(next, retired, audit)).kind === 'saved',
    },
    ttlSeconds: backendJwt.ttlSeconds,
    clock: Date.now,
  });
  const signingKeys: SigningKeyAdmin = {
    published: () => ring.published(Date.now()),
    list: () => ring.list(Date.now()),
    rotate: (audit) => ring.rotate(audit),
  };
  return { assertions: issuer(backendJwt, () => ring.current(), admission), signingKeys };
}

/** The same in a process that only decides: it rotates nothing, and signs by the key that the catalog has now. */
export async function followBackendJwt(
  { upstream: { backendJwt } }: Settings,
  given: readonly string[],
  { reader, openSigningKeys }: Pick<DecidingCatalog, 'reader' | 'openSigningKeys'>,
  admission: Pick<Admission, 'prove'>,
): Promise<Pick<BackendJwtSide, 'assertions'> | undefined> {
  if (!backendJwt.enabled) return undefined;
  const [first] = given;
  if (first !== undefined) {
    const key = await readSigningKey(first);
    return { assertions: issuer(backendJwt, () => key, admission) };
  }
  const followed = new FollowedSigningKey({ revision: () => reader.lastRevision, list: openSigningKeys });
  return { assertions: issuer(backendJwt, () => followed.current(), admission) };
}

function issuer(
  settings: Settings['upstream']['backendJwt'],
  currentKey: () => Signer,
  admission: Pick<Admission, 'prove'>,
): Assertions {
  const stopwatch = () => performance.now();
  return new BackendJwtIssuer({ ...settings, currentKey, admission, stopwatch, newId: randomUUID });
}
