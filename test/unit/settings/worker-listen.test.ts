// The addresses of workers: one each, the same ones at every start, and none that cannot be had.

import { expect, test } from 'vitest';
import { formatProblem } from '../../../src/documents/reading/problem.ts';
import { loadSettings } from '../../../src/settings/load-settings.ts';
import { workerListen } from '../../../src/settings/worker-listen.ts';

const listensOf = (workers: number, ...listen: string[]) =>
  Array.from({ length: workers }, (_, worker) => workerListen({ workers, extauthz: { listen } }, worker));

const problemsOf = (workers: number, listen: readonly string[], admin: object = {}) => {
  const text = JSON.stringify({ workers, extauthz: { listen }, admin });
  const read = loadSettings({ file: { name: 'g.yaml', text }, insecure: ['extauthz', 'admin-http'] });
  return read.ok ? [] : read.problems.map(formatProblem);
};

test('one worker listens where the settings say', () => {
  expect(listensOf(1, 'unix:/run/x/gatehouse.sock', 'tcp://127.0.0.1:9191')).toEqual([
    ['unix:/run/x/gatehouse.sock', 'tcp://127.0.0.1:9191'],
  ]);
});

test('of several, each has a port of its own, one after the other, and a free port stays one', () => {
  expect(listensOf(3, 'tcp://127.0.0.1:9191')).toEqual([
    ['tcp://127.0.0.1:9191'],
    ['tcp://127.0.0.1:9192'],
    ['tcp://127.0.0.1:9193'],
  ]);
  expect(listensOf(2, 'tcp://[::1]:9199', 'tcp://127.0.0.1:0')).toEqual([
    ['tcp://[::1]:9199', 'tcp://127.0.0.1:0'],
    ['tcp://[::1]:9200', 'tcp://127.0.0.1:0'],
  ]);
});

test.each([
  ['/run/x/gatehouse.sock', ['/run/x/gatehouse-0.sock', '/run/x/gatehouse-1.sock']],
  ['/run/v1.2/gatehouse', ['/run/v1.2/gatehouse-0', '/run/v1.2/gatehouse-1']],
  ['gatehouse.sock', ['gatehouse-0.sock', 'gatehouse-1.sock']],
])('of several, each has a socket of its own beside %s', (path, expected) => {
  expect(listensOf(2, `unix:${path}`).flat()).toEqual(expected.map((own) => `unix:${own}`));
});

test('the last port that fits is taken, and one beyond it is told', () => {
  expect(problemsOf(4, ['tcp://127.0.0.1:65532'])).toEqual([]);
  expect(problemsOf(4, ['unix:/s', 'tcp://127.0.0.1:65533'])).toEqual([
    'settings extauthz.listen[1]: leads to a port above 65535: 4 workers take as many ports, one after the other. ' +
      'Fix: give a port up to 65532, or fewer workers',
  ]);
});

test.each([
  ['two ranges of ports', 2, ['tcp://127.0.0.1:9191', 'tcp://127.0.0.1:9192'], {}, 'tcp://127.0.0.1:9192'],
  ['the range of a wildcard', 2, ['tcp://0.0.0.0:9191', 'tcp://127.0.0.1:9190'], {}, 'tcp://127.0.0.1:9191'],
  ['the range of both protocols', 2, ['tcp://[::]:9191', 'tcp://127.0.0.1:9190'], {}, 'tcp://127.0.0.1:9191'],
  ['two names of one host', 2, ['tcp://localhost:9191', 'tcp://127.0.0.1:9190'], {}, 'tcp://127.0.0.1:9191'],
  ['one socket given twice', 2, ['unix:/s', 'unix:/s'], {}, 'unix:/s-0'],
  ['one port given twice', 1, ['tcp://127.0.0.1:9191', 'tcp://127.0.0.1:9191'], {}, 'tcp://127.0.0.1:9191'],
])('%s that meet are told', (_what, workers, listen, admin, address) => {
  const told = problemsOf(workers, listen, admin);
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(`extauthz.listen[1]: needs ${address}, which extauthz.listen[0] takes too`);
  expect(told[0]).toContain('Fix: move one of the two');
});

test('a range that reaches the port of the admin side is told', () => {
  expect(problemsOf(2, ['tcp://127.0.0.1:9442'])[0]).toContain(
    'needs tcp://127.0.0.1:9443, which admin.port takes too',
  );
  expect(problemsOf(1, ['tcp://127.0.0.1:9442'])).toEqual([]);
  expect(problemsOf(2, ['tcp://[::1]:9442'], { host: '::' })[0]).toContain('which admin.port takes too');
});

test('ranges that only look alike are not', () => {
  expect(problemsOf(2, ['tcp://127.0.0.1:9191', 'tcp://127.0.0.1:9193'])).toEqual([]);
  expect(problemsOf(2, ['tcp://127.0.0.1:9191', 'tcp://[::1]:9191', 'tcp://127.0.0.2:9191'])).toEqual([]);
  expect(problemsOf(2, ['tcp://0.0.0.0:9191', 'tcp://[::1]:9191'])).toEqual([]);
  expect(problemsOf(2, ['tcp://127.0.0.1:0', 'tcp://127.0.0.1:0'])).toEqual([]);
  expect(problemsOf(2, ['unix:/run/a.sock', 'unix:/run/a-0.sock'])).toEqual([]);
});
