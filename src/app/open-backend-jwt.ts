// Wires the JWT for upstreams: its keys from settings or catalog, its signing within the limits of first proofs.

import { randomUUID } from 'node:crypto';
import type { SigningKeyAdmin } from '../admin/signing-key-routes.ts';
import type { Admission, Assertions } from '../authorize/ports.ts';
import { BackendJwtIssuer } from '../backendjwt/backend-jwt-issuer.ts';
import { SigningKeyRing } from '../backendjwt/signing-key-ring.ts';
import type { OpenCatalog } from '../catalog/open-catalog.ts';
import { readConfiguredSecret } from '../sealing/configured-secret.ts';
import type { Settings } from '../settings/settings.ts';

/** Both sides of it. */
export interface BackendJwtSide {
  readonly assertions: Assertions;
  readonly signingKeys: SigningKeyAdmin;
}

/** Undefined where none is wanted. Rejects, with a sentence for the operator, for a key that cannot be used. */
export async function openBackendJwt(
  { upstream: { backendJwt } }: Settings,
  { lists, writer }: Pick<OpenCatalog, 'lists' | 'writer'>,
  admission: Pick<Admission, 'prove'>,
): Promise<BackendJwtSide | undefined> {
  if (!backendJwt.enabled) return undefined;
  const ring = await SigningKeyRing.open({
    algorithm: backendJwt.algorithm,
    given: backendJwt.keys.map((source, index) =>
      readConfiguredSecret(`upstream.backendJwt.keys[${index}]`, source, process.env),
    ),
    store: {
      list: () => lists.openSigningKeys(),
      rotate: async (next, retired, audit) => (await writer.rotateSigningKey(next, retired, audit)).kind === 'saved',
    },
    ttlSeconds: backendJwt.ttlSeconds,
    clock: Date.now,
  });
  const assertions = new BackendJwtIssuer({
    ...backendJwt,
    currentKey: () => ring.current(),
    admission,
    stopwatch: () => performance.now(),
    newId: randomUUID,
  });
  const signingKeys: SigningKeyAdmin = {
    published: () => ring.published(Date.now()),
    list: () => ring.list(Date.now()),
    rotate: (audit) => ring.rotate(audit),
  };
  return { assertions, signingKeys };
}
