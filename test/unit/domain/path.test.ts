import { describe, expect, test } from 'vitest';
import { MAX_PATH_BYTES, readPath } from '../../../src/domain/path.ts';

describe('a path with one reading', () => {
  test.each([
    ['/', []],
    ['/menu', ['menu']],
    ['/menu/', ['menu']],
    ['/pizza/1.0.0/menu?size=large&next=/../x', ['pizza', '1.0.0', 'menu']],
    ['/caf%c3%a9', ['caf%C3%A9']],
    ['/a%20b/%3Fq', ['a%20b', '%3Fq']],
    ['/...', ['...']],
    ['/a.b', ['a.b']],
    ['/100%25', ['100%25']],
    ['/a=1,b:2@c', ['a=1,b:2@c']],
    // One spelling for what every parser reads alike.
    ['/%40me%3a%24%21', ['@me:$!']],
    ['/a*b%2a{x}%7bx%7d', ['a%2Ab%2A%7Bx%7D%7Bx%7D']],
    ['/a|b%7c"%22', ['a%7Cb%7C%22%22']],
  ])('%s is read as %j', (path, segments) => {
    expect(readPath(path)).toMatchObject({ segments, encodedSlash: false, matrixParameters: false });
  });

  test.each([
    ['/a%2Fb', { encodedSlash: true, matrixParameters: false }],
    ['/a%5cb', { encodedSlash: true, matrixParameters: false }],
    ['/a;v=1', { encodedSlash: false, matrixParameters: true }],
    ['/a%3bv=1', { encodedSlash: false, matrixParameters: true }],
  ])('%s is marked, for only an API that keeps it opaque may be asked', (path, marks) => {
    expect(readPath(path)).toMatchObject(marks);
  });
});

describe('a path that two parsers could read differently is refused', () => {
  test.each([
    ['', 'not_origin_form'],
    ['*', 'not_origin_form'],
    ['menu', 'not_origin_form'],
    ['http://host/menu', 'not_origin_form'],
    ['//menu', 'empty_segment'],
    ['//', 'empty_segment'],
    ['/menu//', 'empty_segment'],
    ['/a//b', 'empty_segment'],
    ['/.', 'dot_segment'],
    ['/a/./b', 'dot_segment'],
    ['/a/../b', 'dot_segment'],
    ['/a/..', 'dot_segment'],
    ['/a/..;/b', 'dot_segment'],
    ['/a/.;x=1/b', 'dot_segment'],
    ['/;x', 'dot_segment'],
    ['/%3bx', 'dot_segment'],
    ['/a/..%3B/b', 'dot_segment'],
    ['/a/..%2Fadmin', 'dot_segment'],
    ['/a/x%2F..', 'dot_segment'],
    ['/a/x%5c.%2fb', 'dot_segment'],
    ['/a/%2e%2e/b', 'unreserved_escape'],
    ['/a/.%2E/b', 'unreserved_escape'],
    ['/%61dmin', 'unreserved_escape'],
    ['/%7Euser', 'unreserved_escape'],
    ['/a\\b', 'backslash'],
    ['/a%', 'bad_escape'],
    ['/a%2', 'bad_escape'],
    ['/a%zz', 'bad_escape'],
    ['/a%2G', 'bad_escape'],
    ['/%c0%ae%c0%ae/b', 'bad_escape'],
    ['/a%c0%afb', 'bad_escape'],
    ['/%c1%9c', 'bad_escape'],
    ['/%ed%a0%80', 'bad_escape'],
    ['/caf%c3', 'bad_escape'],
    ['/caf%e9', 'bad_escape'],
    ['/%252e%252e', 'double_escape'],
    ['/%2541', 'double_escape'],
    ['/%00', 'control_escape'],
    ['/%0d%0a', 'control_escape'],
    ['/%7f', 'control_escape'],
    ['/a b', 'byte'],
    ['/a\u0000', 'byte'],
    ['/a\tb', 'byte'],
    ['/caf\u00e9', 'byte'],
    ['/menu#x', 'fragment'],
    ['/menu?a=1#x', 'fragment'],
  ])('%s: %s', (path, problem) => {
    expect(readPath(path)).toBe(problem);
  });

  test('a path over the limit', () => {
    expect(readPath(`/${'a'.repeat(MAX_PATH_BYTES)}`)).toBe('too_long');
    expect(readPath(`/${'a'.repeat(MAX_PATH_BYTES - 1)}`)).toMatchObject({ matrixParameters: false });
  });
});
