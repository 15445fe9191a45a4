// Addresses as they are written in settings.

import { expect, test } from 'vitest';
import { formatListenAddress, type ListenAddress, parseListenAddress } from '../../../src/grpc/listen-address.ts';

test.each<[string, ListenAddress]>([
  ['tcp://127.0.0.1:9191', { kind: 'tcp', host: '127.0.0.1', port: 9191 }],
  ['tcp://[::1]:0', { kind: 'tcp', host: '::1', port: 0 }],
  ['unix:/run/a.sock', { kind: 'unix', path: '/run/a.sock' }],
])('%s is read and written', (text, address) => {
  expect(parseListenAddress(text, null)).toEqual(address);
  expect(formatListenAddress(address)).toBe(text);
});

test('an address of another form is an error that says how to write it', () => {
  expect(() => parseListenAddress('localhost', null)).toThrow('tcp://host:port');
});
