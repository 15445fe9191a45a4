// A certificate authority for tests: X.509 certificates (RFC 5280) for P-256 keys, made with node:crypto alone, so that no key
// has to lie in the repository and nothing expires in it.

import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate and its key, both as PEM. */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly key: string;
}

const ECDSA_WITH_SHA256 = sequence(objectIdentifier('2a8648ce3d040302'));
const COMMON_NAME = '550403';
const BASIC_CONSTRAINTS = '551d13';
const SUBJECT_ALT_NAME = '551d11';
const TRUE = Buffer.from('0101ff', 'hex');

/** An authority with a key of its own. */
export class CertificateAuthority {
  readonly #name: string;
  readonly #key: KeyObject;
  /** The authority's own certificate, PEM. */
  readonly certificate: string;

  constructor(name: string) {
    this.#name = name;
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#key = privateKey;
    const constraints = extension(BASIC_CONSTRAINTS, sequence(TRUE));
    this.certificate = this.#certify(name, publicKey, Date.now(), constraints);
  }

  /** A certificate for a new key, for `localhost` and 127.0.0.1 or for these host names; valid for a day from an hour before `from`. */
  issue(name: string, hosts: readonly string[] = [], from = Date.now()): IssuedCertificate {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const local = [tagged(0x82, Buffer.from('localhost')), tagged(0x87, Buffer.from([127, 0, 0, 1]))];
    const names = sequence(...(hosts.length === 0 ? local : hosts.map((host) => tagged(0x82, Buffer.from(host)))));
    return {
      certificate: this.#certify(name, publicKey, from, extension(SUBJECT_ALT_NAME, names)),
      key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    };
  }

  #certify(subject: string, publicKey: KeyObject, from: number, ...extensions: Buffer[]): string {
    const version3 = tagged(0xa0, tagged(0x02, Buffer.from([2])));
    const serial = tagged(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)]));
    const valid = sequence(time(from - 3_600_000), time(from + 86_400_000));
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    const issuer = distinguishedName(this.#name);
    const facts = [version3, serial, ECDSA_WITH_SHA256, issuer, valid, distinguishedName(subject), spki];
    const body = sequence(...facts, tagged(0xa3, sequence(...extensions)));
    const signature = bitString(sign('sha256', body, this.#key));
    const base64 = sequence(body, ECDSA_WITH_SHA256, signature).toString('base64').replace(/.{64}/g, '$&\n');
    return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
  }
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const long = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...long]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function objectIdentifier(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

function bitString(bytes: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14);
  return tagged(0x17, Buffer.from(`${digits}Z`));
}

function distinguishedName(name: string): Buffer {
  const commonName = sequence(objectIdentifier(COMMON_NAME), tagged(0x0c, Buffer.from(name)));
  return sequence(tagged(0x31, commonName));
}

function extension(hexId: string, value: Buffer): Buffer {
  return sequence(objectIdentifier(hexId), tagged(0x04, value));
}
