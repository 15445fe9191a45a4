// Reads the spellings of WSO2's `certificates.value` for type PEM: PEM text, its base64, base64 of DER, any of them URL-encoded,
// certificates and bare public keys, several in a row. The key is what is trusted: dates and issuer of a certificate are not looked at.

import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type KeySet, keySetOf } from './key-set.ts';
import { type VerificationKey, verificationKeyOf } from './verification-key.ts';

/** What is wrong with a PEM value, as a sentence for the one who wrote it. */
export interface PemProblem {
  readonly problem: string;
}

/** Dozens of certificates fit; a value is held, digested and compared whole. */
const MAX_VALUE_CHARS = 65_536;
const BEGIN = '-----BEGIN ';

/** The keys of all values; one value that cannot be used refuses all, since an admin wrote it and can mend it. */
export function importPem(values: readonly string[]): KeySet | PemProblem {
  const keys: VerificationKey[] = [];
  for (const value of values) {
    if (value.length > MAX_VALUE_CHARS)
      return {
        problem: 'is longer than 64 KiB; give only the certificates or public keys that tokens are signed with',
      };
    const blocks = blocksOf(value);
    if (blocks.length === 0) return { problem: 'holds no PEM certificate or public key' };
    for (const block of blocks) {
      const key = importBlock(block);
      if (typeof key === 'string') return { problem: key };
      keys.push(key);
    }
  }
  return keys.length === 0 ? { problem: 'holds no PEM certificate or public key' } : keySetOf(keys);
}

interface Block {
  /** '' when only the bytes are given. */
  readonly label: string;
  readonly der: Buffer;
}

function blocksOf(value: string): readonly Block[] {
  const text = urlDecoded(value);
  if (text.includes(BEGIN)) return pemBlocks(text);
  const bytes = bytesOf(text);
  if (bytes === undefined || bytes.length === 0) return [];
  const inner = bytes.toString('latin1');
  return inner.includes(BEGIN) ? pemBlocks(inner) : [{ label: '', der: bytes }];
}

/** Each part is looked at once: the time must not grow with the square of the length, whatever is left open. */
function pemBlocks(text: string): readonly Block[] {
  const [, ...parts] = text.split(BEGIN);
  return parts.flatMap((part) => {
    const labelEnd = part.indexOf('-----');
    const label = part.slice(0, Math.max(0, labelEnd));
    const bodyEnd = part.indexOf(`-----END ${label}-----`, labelEnd + 5);
    const der = labelEnd > 0 && bodyEnd > 0 ? bytesOf(part.slice(labelEnd + 5, bodyEnd)) : undefined;
    return der === undefined ? [] : [{ label, der }];
  });
}

/** WSO2 decodes the value as a URL part; without an escape in it there is nothing to decode, and `+` stays what it is. */
function urlDecoded(value: string): string {
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Base64 with white space, real or as the two characters `\n` of a badly quoted value. */
function bytesOf(text: string): Buffer | undefined {
  const body = text.replace(/\\[rn]|\s/g, '');
  return /^[A-Za-z0-9+/_-]+=*$/.test(body) ? Buffer.from(body, 'base64') : undefined;
}

function importBlock({ label, der }: Block): VerificationKey | string {
  if (label.includes('PRIVATE KEY')) return 'holds a private key; give the certificate or the public key only';
  const certificate = label === '' || label.endsWith('CERTIFICATE') ? certificateOf(der) : undefined;
  const publicKey = certificate?.publicKey ?? publicKeyOf(der, label === 'RSA PUBLIC KEY' ? 'pkcs1' : 'spki');
  if (publicKey === undefined) return 'holds a block that is neither an X.509 certificate nor a public key';
  const digest = (hash: string) => certificate && createHash(hash).update(certificate.raw).digest('base64url');
  const unsaid = { kid: undefined, alg: undefined, issuer: undefined };
  const labels = { ...unsaid, x5t: digest('sha1'), x5tS256: digest('sha256') };
  const key = verificationKeyOf(publicKey, labels);
  return typeof key === 'string' ? `holds a key that is not accepted (${key})` : key;
}

function certificateOf(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

function publicKeyOf(der: Buffer, type: 'spki' | 'pkcs1'): KeyObject | undefined {
  try {
    return createPublicKey({ key: der, format: 'der', type });
  } catch {
    return undefined;
  }
}

/** What is wrong with one PEM value, as a sentence; undefined when it can be used. */
export function pemProblem(value: string): string | undefined {
  const imported = importPem([value]);
  return 'problem' in imported ? imported.problem : undefined;
}
