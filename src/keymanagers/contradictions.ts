// What settings of a key manager cannot mean together: each would refuse all of its tokens, or take tokens that are nobody's.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { FieldProblem } from '../domain/field-problem.ts';
import type { KeyManagerDto } from '../domain/key-manager-dto.ts';
import { SIGNATURE_ALGORITHMS } from '../domain/signature-algorithm.ts';
import type { KeyManagerSettings } from './key-manager-settings.ts';
import { textPattern } from './text-pattern.ts';

/** Node's names of the keys that algorithms take. */
const KEY_TYPES = { RSA: 'rsa', EC: 'ec', OKP: 'ed25519' } as const;

const AUDIENCE_CLAIM = /^\/?aud(\/|$)/;

/** All of them, by field; `clientClaims` are those that the DTO itself names. */
export function contradictions(
  dto: KeyManagerDto,
  settings: KeyManagerSettings,
  clientClaims: readonly string[],
): readonly FieldProblem[] {
  return [
    ...issuerProblems(dto, settings),
    ...clientProblems(dto, settings, clientClaims),
    ...audienceProblems(settings),
    ...materialProblems(settings),
  ];
}

function issuerProblems(
  dto: KeyManagerDto,
  { type, issuers, jwtRules, keys, selfValidateJwt, tokenType }: KeyManagerSettings,
): readonly FieldProblem[] {
  const problems: FieldProblem[] = [];
  if ((dto.issuer ?? '').trim() !== (dto.issuer ?? ''))
    problems.push({ field: 'issuer', message: 'has white space around it; `iss` is compared character by character' });
  if (tokenType === 'EXCHANGED') return problems;
  if (!selfValidateJwt) return problems;
  const hint = 'or set enableSelfValidationJWT to false';
  if (issuers.length === 0 && jwtRules.length === 0 && !(dto.issuer ?? '').includes('{'))
    problems.push({
      field: 'issuer',
      message: `is needed to find the key manager of a JWT: give the exact \`iss\`, or, for tokens without \`iss\`, a JWT token handling rule, ${hint}`,
    });
  if (keys.kind === 'none')
    problems.push({
      field: 'certificates',
      message: `are needed to validate JWTs: give type JWKS with a URL, or type PEM, ${hint}`,
    });
  const { issuerForm } = type;
  const form = issuerForm && textPattern(issuerForm.pattern, 'part');
  if (form !== null && !('problem' in form) && issuers.some((issuer) => !form.matches(issuer)))
    problems.push({ field: 'issuer', message: issuerForm?.problem ?? '' });
  return problems;
}

function clientProblems(
  { consumerKeyClaim }: KeyManagerDto,
  { type }: KeyManagerSettings,
  clientClaims: readonly string[],
): readonly FieldProblem[] {
  if (!clientClaims.some((claim) => AUDIENCE_CLAIM.test(claim)) || type.consumerKeyClaims.includes('aud')) return [];
  const isMain = AUDIENCE_CLAIM.test(consumerKeyClaim ?? '');
  const message = `must not be \`aud\` for type ${type.type}: an audience is whom a token is for, not who got it; its servers set ${type.consumerKeyClaims.join(' or ')}`;
  return [{ field: isMain ? 'consumerKeyClaim' : 'additionalProperties.consumerKeyClaims', message }];
}

function audienceProblems({ type, audiences, tenancy, tokenType }: KeyManagerSettings): readonly FieldProblem[] {
  if (audiences.length > 0 || tokenType === 'EXCHANGED') return [];
  const field = 'additionalProperties.audiences';
  if (type.tokenKind === 'identity')
    return [{ field, message: 'are needed: an identity token proves nothing but whom it was made for; give your own' }];
  return tenancy === null
    ? []
    : [{ field, message: 'are needed: each tenant can get tokens for anything; give the ids of your API' }];
}

/** Keys and certificates of our own side; those that prove tokens are judged where they are used. */
function materialProblems({ type, connection, introspection }: KeyManagerSettings): readonly FieldProblem[] {
  const problems: FieldProblem[] = [];
  const note = (field: string, message: string) => problems.push({ field: `additionalProperties.${field}`, message });
  const auth = introspection?.auth;
  const { ca, clientCert, clientKey } = connection;
  if (ca !== null && certificateOf(ca) === undefined) note('tls.ca', 'is no PEM certificate');
  if (clientCert !== null && clientKey !== null) {
    const certificate = certificateOf(clientCert);
    const key = privateKeyOf(clientKey);
    if (certificate === undefined) note('tls.clientCert', 'is no PEM certificate');
    if (key === undefined) note('tls.clientKey', 'is no PEM private key without pass phrase');
    if (certificate !== undefined && key !== undefined && !certificate.checkPrivateKey(key))
      note('tls.clientKey', 'does not belong to the certificate');
  }
  if (auth?.kind === 'tls_client_auth' && clientCert === null)
    note('tls.clientCert', 'is missing; the method tls_client_auth needs it');
  const certificate = type.introspection?.credentials?.certificate;
  if (
    certificate &&
    introspection &&
    Object.hasOwn(introspection.headers, certificate.userHeader) &&
    clientCert === null
  )
    note('tls.clientCert', `is missing; ${certificate.setting} ${certificate.value} needs it`);
  if (auth?.kind === 'private_key_jwt' && auth.privateKey !== '') {
    const key = privateKeyOf(auth.privateKey);
    if (key === undefined) note('introspection.privateKey', 'is no PEM private key without pass phrase');
    else if (KEY_TYPES[SIGNATURE_ALGORITHMS.get(auth.alg)?.kty ?? 'RSA'] !== key.asymmetricKeyType)
      note('introspection.alg', `cannot be ${auth.alg} with this private key (${key.asymmetricKeyType})`);
  }
  return problems;
}

function certificateOf(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function privateKeyOf(pem: string): ReturnType<typeof createPrivateKey> | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
