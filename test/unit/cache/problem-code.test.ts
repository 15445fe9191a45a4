import { expect, test } from 'vitest';
import { problemCode } from '../../../src/cache/problem-code.ts';

const replyError = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });

test.each<[string, unknown, string]>([
  [
    'a code of the system',
    Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:6379'), { code: 'ECONNREFUSED' }),
    'econnrefused',
  ],
  ['a code of Redis', replyError('WRONGPASS invalid username-password pair or user is disabled.'), 'WRONGPASS'],
  ['a code alone', replyError('LOADING'), 'LOADING'],
  ['another reply of Redis', replyError("can't do that: secret-value"), 'reply_error'],
  [
    'what a node of a cluster said',
    Object.assign(new Error('Failed'), { lastNodeError: replyError('NOPERM this user') }),
    'NOPERM',
  ],
  [
    'no Sentinel',
    new Error('All sentinels are unreachable. Retrying from scratch after 10ms.'),
    'sentinels_unreachable',
  ],
  ['anything else', new Error('redis://user:secret@host is wrong'), 'connection_failed'],
  ['a code with more in it than a code', Object.assign(new Error('x'), { code: 'secret value' }), 'connection_failed'],
  ['no error at all', 'secret', 'unknown'],
])('names %s in one word that quotes nothing', (_name, error, code) => {
  expect(problemCode(error)).toBe(code);
});
