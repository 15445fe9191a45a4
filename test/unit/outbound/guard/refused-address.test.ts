import { expect, test } from 'vitest';
import { refusedAddresses } from '../../../../src/outbound/guard/refused-address.ts';

test.each([
  '0.0.0.0',
  '169.254.1.1',
  '224.0.0.1',
  '255.255.255.255',
  '100.100.100.200',
  'fe80::1',
  'ff02::1',
  '::',
  '::ffff:169.254.1.1',
  '64:ff9b::a9fe:a9fe',
  '64:ff9b::6464:64c8', // 100.100.100.200
  '64:ff9b::c000:c0', // 192.0.0.192
  '64:ff9b::168.63.129.16',
  '64:ff9b::1',
  '64:ff9b:1::a9fe:a9fe',
  '64:ff9b:1:a9fe:a9:fe00::',
  '64:ff9b:1:ffff::6464:64c8',
  '2002:a9fe:a9fe::1',
  '2002:6464:64c8::',
  '2002:c000:c0::1',
  '2002:a83f:8110:1::1',
  '2002::1',
  '::ffff:0:a9fe:a9fe',
  '::169.254.169.254',
  '::127.0.0.1',
  '::10.0.0.1',
  '::2',
])('%s is refused even where loopback is allowed', (address) => {
  expect(refusedAddresses({ allowLoopback: true })(address)).toBe(true);
});

test.each([
  ...['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'],
  ...['64:ff9b::7f00:1', '::ffff:0:7f00:1', '2002:7f00:1::1'],
])('%s is loopback', (address) => {
  expect(refusedAddresses({ allowLoopback: true })(address)).toBe(false);
  expect(refusedAddresses({ allowLoopback: false })(address)).toBe(true);
});

test.each([
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  'fd12::1',
  '8.8.8.8',
  '2001:db8::1',
  '64:ff9b::a00:1',
  '2002:a00:1::1',
])('%s may be dialled', (address) => {
  expect(refusedAddresses({ allowLoopback: false })(address)).toBe(false);
});
