import { expect, test } from 'vitest';
import { urlProblem } from '../../../../src/outbound/guard/url-problem.ts';

const strict = { allowHttp: false, allowLoopback: false };

test.each([
  ['https://idp.example/jwks', undefined],
  ['https://10.1.2.3:8443/jwks', undefined],
  ['http://idp.example/jwks', 'https://'],
  ['file:///etc/passwd', 'https://'],
  ['ftp://idp.example/', 'https://'],
  ['idp.example/jwks', 'absolute'],
  ['none', 'absolute'],
  ['', 'absolute'],
  ['https://user:secret@idp.example/', 'password'],
  ['https://user@idp.example/', 'password'],
  ['https://127.0.0.1/', 'outbound.allowLoopback'],
  ['https://[::1]/', 'outbound.allowLoopback'],
  ['https://169.254.169.254/latest/meta-data', 'never dialled'],
  ['https://2852039166/', 'never dialled'],
  ['https://0xa9.0xfe.0xa9.0xfe/', 'never dialled'],
  ['https://0251.0376.0251.0376/', 'never dialled'],
  ['https://[::ffff:169.254.169.254]/', 'never dialled'],
  ['https://[::ffff:a9fe:a9fe]/', 'never dialled'],
  ['https://[fd00:ec2::254]/', 'never dialled'],
  ['https://0/', 'never dialled'],
])('judges %s before it is dialled', (url, problem) => {
  if (problem === undefined) expect(urlProblem(url, strict)).toBeUndefined();
  else expect(urlProblem(url, strict)).toContain(problem);
});

test('a message about a URL does not repeat it', () => {
  expect(urlProblem('https://user:secret@idp.example/', strict)).not.toContain('secret');
});
