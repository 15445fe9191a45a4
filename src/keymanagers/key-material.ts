// Where a key manager's verification keys come from and how its servers are reached, as its DTO says. Nothing is fetched here.

import type { FieldProblem } from '../domain/field-problem.ts';
import type { Connection, KeySource } from '../domain/key-manager.ts';
import type { KeyManagerDto } from '../domain/key-manager-dto.ts';
import type { AdditionalProperties } from './additional-properties.ts';

/** Each is fetched for each refresh. */
const MAX_JWKS_URLS = 8;
const MAX_PEM_VALUES = 16;
/** Dozens of certificates. */
const MAX_PEM_CHARACTERS = 65_536;
const MAX_PATH_CHARACTERS = 1024;

/** `certificates`, and `additionalProperties.jwks` and `certificates`. */
export function keySource(
  { certificates }: KeyManagerDto,
  ours: AdditionalProperties,
): { readonly keys: KeySource; readonly problems: readonly FieldProblem[] } {
  const value = certificates?.value?.trim() ?? '';
  const isType = (type: 'JWKS' | 'PEM') => (value !== '' && certificates?.type === type ? [value] : []);
  const jwks = ours.section('jwks', (section) => ({
    urls: section.texts('urls', MAX_JWKS_URLS),
    authorizationFile: section.text('authorizationFile', MAX_PATH_CHARACTERS) ?? null,
  }));
  const urls = unique([...isType('JWKS'), ...(jwks?.urls ?? [])]);
  const values = unique([...isType('PEM'), ...ours.texts('certificates', MAX_PEM_VALUES, MAX_PEM_CHARACTERS)]);
  const problems: FieldProblem[] = [];
  if (urls.length > 0 && values.length > 0)
    problems.push({
      field: 'certificates',
      message: 'are given as JWKS and as PEM: which of them counts would be a guess; give one of them',
    });
  if (jwks?.authorizationFile != null && urls.length === 0)
    problems.push({
      field: 'additionalProperties.jwks.authorizationFile',
      message: 'has no effect without a JWKS URL',
    });
  if (urls.length > 0)
    return { keys: { kind: 'jwks', urls, authorizationFile: jwks?.authorizationFile ?? null }, problems };
  return { keys: values.length > 0 ? { kind: 'pem', values } : { kind: 'none' }, problems };
}

/** `additionalProperties.tls`. */
export function connectionSettings(ours: AdditionalProperties): Connection {
  const given = ours.section('tls', (section) => {
    const pem = (name: string) => section.text(name, MAX_PEM_CHARACTERS) ?? null;
    const tls: Connection = {
      ca: pem('ca'),
      serverName: section.text('serverName') ?? null,
      clientCert: pem('clientCert'),
      clientKey: pem('clientKey'),
    };
    if ((tls.clientCert === null) !== (tls.clientKey === null))
      section.refuse(
        tls.clientCert === null ? 'clientCert' : 'clientKey',
        'is missing; a client certificate goes with its key',
      );
    return tls;
  });
  return given ?? { ca: null, serverName: null, clientCert: null, clientKey: null };
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
