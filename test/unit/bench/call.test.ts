// The request of the load is the one that Envoy would send, and as large whatever token is in it.

import { expect, test } from 'vitest';
import { CheckRequest } from '../../../src/extauthz/request/check-request.ts';
import { CHECK_BYTES, checkCall } from '../../bench/call.ts';
import { readReport } from '../../bench/h2load.ts';
import { forged } from '../../bench/token-batches.ts';
import { makeSigningKey, signJwt } from '../../rig/signing-key.ts';

const FRAME_BYTES = 5;
const names = { api: 'api', organization: 'organization', environment: 'env', metadataNamespace: 'gatehouse' };
const token = (algorithm: 'RS256' | 'ES256') =>
  signJwt(makeSigningKey(algorithm), { iss: 'https://km.example', sub: 'shop', azp: 'shop', scope: 'orders:read' });

test.each(['RS256', 'ES256'] as const)(
  'a check with an %s token has 1.8 KB, is framed, and says what it should',
  (algorithm) => {
    const bearer = token(algorithm);
    const { body = Buffer.alloc(0) } = checkCall({ token: bearer, path: '/api-0/1.0.0/orders/1' });
    expect(body.length).toBe(CHECK_BYTES + FRAME_BYTES);
    expect(body.readUInt32BE(1)).toBe(CHECK_BYTES);
    const request = new CheckRequest(body.subarray(FRAME_BYTES), names);
    expect(request).toMatchObject({ method: 'GET', path: '/api-0/1.0.0/orders/1', host: 'api.example.com' });
    expect(request.header('authorization')).toEqual([`Bearer ${bearer}`]);
  },
);

test('forged tokens differ from the genuine one in signature and claims, and from each other', () => {
  const genuine = token('RS256');
  const [first, second] = [forged(genuine, 1), forged(genuine, 2)].map((text) => text.split('.'));
  expect(first?.[2]).not.toBe(genuine.split('.')[2]);
  expect(first?.[1]).not.toBe(second?.[1]);
});

test('the report of h2load is read, in whatever unit it tells the time', () => {
  const report = (time: string) =>
    `finished in ${time}, 15023.21 req/s, 21.14MB/s\n` +
    'requests: 20000 total, 20000 started, 20000 done, 19999 succeeded, 1 failed, 0 errored, 0 timeout\n' +
    'traffic: 28.15MB (29514320) total, 98.10KB (100452) headers (space savings 96.39%), 27.48MB (28820000) data\n';
  expect(readReport(report('1.50s'))).toEqual({ seconds: 1.5, succeeded: 19_999, dataBytes: 28_820_000 });
  expect(readReport(report('250.00ms')).seconds).toBeCloseTo(0.25);
  expect(() => readReport('nothing')).toThrow();
});
