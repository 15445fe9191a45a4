// Has a value out of a store the shape of a token's facts? Whoever sealed it may have been an older Gatehouse, or one with a defect.

import { isJsonObject } from '../../domain/json-object.ts';
import type { TokenFacts } from '../../domain/token.ts';

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === 'string';
const date: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const texts: Check = (value) => Array.isArray(value) && value.every(text);
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const SHAPE: Readonly<Record<keyof TokenFacts, Check>> = {
  keyManagerId: text,
  issuer: maybe(text),
  subject: maybe(text),
  consumerKey: maybe(text),
  scopes: texts,
  audiences: texts,
  expiresAt: date,
  notBefore: maybe(date),
  issuedAt: maybe(date),
  jti: maybe(text),
  keyThumbprint: maybe(text),
  keyId: maybe(text),
  claims: (value) => isJsonObject(value) && Object.values(value).every(text),
  certificateThumbprint: maybe(text),
};

/** True when every member is there, or may be absent, and of its type. */
export function hasTokenFactsShape(value: unknown): value is TokenFacts {
  return isJsonObject(value) && Object.entries(SHAPE).every(([name, check]) => check(value[name]));
}
